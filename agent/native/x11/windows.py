"""The window manager's windows: which there are, and what each of them is.

Only windows that a window manager lists (``_NET_CLIENT_LIST``, EWMH 1.5) can ever be captured; without such a manager
there are none. Who owns one is asked of the server (X-Resource 1.2) and the kernel, never of the window.
"""

import re
import struct
from typing import Any

import xcffib
import xcffib.res
import xcffib.xproto

from agent.core.observe import WindowInfo
from agent.native.process import running
from agent.native.x11.link import Link, answer, property_bytes, words
from agent.native.x11.methods import composes, served

_MASK = xcffib.xproto.EventMask
WATCH: int = _MASK.FocusChange | _MASK.StructureNotify
"""What we hear of every managed window: focus and geometry. No properties: GTK programs change one of theirs
(``_NET_WM_USER_TIME``) at every key and click, which would tell us of other programs' typing."""
WATCH_HELD: int = WATCH | _MASK.PropertyChange | _MASK.KeymapState
"""The same, its title, and on each FocusIn which keys are down: only for the window whose keys are hooked."""
LOCAL_PID = 2
"""X-Resource 1.2, ClientIdMask: the process id by the server's socket."""
REFERENCE_DPI = 96
MAX_DEPTH = 32
"""Deepest window tree that is climbed: none is deeper than a dozen; guards against a tree that changes under us."""


class Windows:
    """Managed windows and their descriptions."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._res = link.xcb(xcffib.res.key)
        version = answer(self._res.QueryVersion(1, 2))
        self._has_ids = version is not None and (version.server_major, version.server_minor) >= (1, 2)
        self.managed: frozenset[int] = frozenset()
        self._held: int | None = None
        self._watch(link.root, _MASK.PropertyChange)
        self.scale = 1.0
        self.read_scale()

    def __repr__(self) -> str:
        return f"<Windows {len(self.managed)}>"

    def refresh(self) -> None:
        """Read the manager's list and watch all that is in it.

        All, not only what is new: a number can have been given to another window since, which nobody tells.
        """
        listed = frozenset(words(property_bytes(self._link.ask_property(self._link.root, "_NET_CLIENT_LIST"))))
        for window in listed:
            self._watch(window, WATCH_HELD if window == self._held else WATCH)
        for window in self.managed - listed:
            self._watch(window, 0)
        self.managed = listed

    def watch_held(self, window: int | None) -> None:
        """Also hear of this window's title, and which keys are down as it gets focus; of no other one."""
        if self._held is not None:
            self._watch(self._held, WATCH if self._held in self.managed else 0)
        self._held = window
        if window is not None:
            self._watch(window, WATCH_HELD)

    def ask_focus(self) -> tuple[int, int | None]:
        """The number of the request that asked, and the managed window that has focus (grabs are not told)."""
        cookie = self._link.core.GetInputFocus()
        focus: int = cookie.reply().focus
        lineage = self.lineage(focus)
        return int(cookie.sequence), next((w for w in lineage if w in self.managed), None)

    def lineage(self, window: int) -> list[int]:
        """A window and its ancestors, without the root; as far as they still exist."""
        line: list[int] = []
        while window > xcffib.xproto.InputFocus.PointerRoot and len(line) < MAX_DEPTH:
            tree = answer(self._link.core.QueryTree(window))
            if tree is None or window == tree.root:
                break
            line.append(window)
            window = tree.parent
        return line

    def read_scale(self) -> None:
        """``Xft.dpi`` of the X resources over 96, as toolkits on X11 scale; 1 where it is not set."""
        cookie = self._link.ask_property(self._link.root, "RESOURCE_MANAGER")
        found = re.search(rb"^Xft\.dpi:\s*(\d+(?:\.\d+)?)", property_bytes(cookie), re.MULTILINE)
        self.scale = float(found[1]) / REFERENCE_DPI if found and float(found[1]) > 0 else 1.0

    def describe(self, window: int) -> WindowInfo | None:
        """Everything about a window in one round trip; ``None`` if it is gone."""
        core = self._link.core
        geometry, corner = core.GetGeometry(window), core.TranslateCoordinates(window, self._link.root, 0, 0)
        names = ("_NET_WM_NAME", "WM_NAME", "WM_CLASS", "_NET_WM_STATE")
        properties = [self._link.ask_property(window, name) for name in names]
        pid = self._pid(self._ask_pid(window))
        size, at = answer(geometry), answer(corner)
        title, old_title, wm_class, state = map(property_bytes, properties)
        if size is None or at is None:
            return None
        program = running(pid) if pid else None
        return WindowInfo(
            window=window,
            pid=pid,
            executable=program.executable if program else None,
            started=program.started if program else None,
            wm_class=_class(wm_class),
            title=title.decode(errors="replace") or old_title.decode("latin-1") or None,
            rect=(at.dst_x, at.dst_y, at.dst_x + size.width, at.dst_y + size.height),
            scale=self.scale,
            fullscreen=self._link.atom("_NET_WM_STATE_FULLSCREEN") in words(state),
            composes=composes(pid) or served(self._link),
        )

    def _ask_pid(self, window: int) -> Any:
        if not self._has_ids:
            return None
        return self._res.QueryClientIds(1, [xcffib.res.ClientIdSpec.synthetic(window, LOCAL_PID)])

    def _pid(self, cookie: Any) -> int | None:
        reply = answer(cookie) if cookie is not None else None
        ids = [one.value[0] for one in reply.ids if len(one.value)] if reply is not None else []
        return int(ids[0]) if ids and ids[0] else None

    def _watch(self, window: int, mask: int) -> None:
        # Unchecked: where the window is gone already, the server's complaint is an event that nobody reads.
        self._link.core.ChangeWindowAttributes(window, xcffib.xproto.CW.EventMask, [mask])


def _class(value: bytes) -> str | None:
    """The class of ``WM_CLASS``, which is instance and class, each ended by a zero byte (ICCCM §4.1.2.5)."""
    parts = value.decode("latin-1").split("\0")
    return parts[1] if len(parts) > 1 and parts[1] else None


def window_of(data: bytes) -> int:
    """The window that a focus, property or input event is about."""
    return int(struct.unpack_from("=I", data, 4)[0])


def subject_of(data: bytes) -> int:
    """The window that a structure event is about; at byte 4 is the one that was listened to."""
    return int(struct.unpack_from("=I", data, 8)[0])
