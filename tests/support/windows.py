"""Windows of an X display as a test sees them: find them, know where they are, and start real programs in them.

Every function takes the display's name (":7") and opens a connection of its own, so nothing goes stale.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from Xlib import X
from Xlib import error as x_error
from Xlib.display import Display
from Xlib.ext import res
from Xlib.xobject.drawable import Window as XWindow

from tests.support.desktop import Desktop
from tests.support.processes import Process
from tests.support.waiting import PATIENCE_S, NotInTimeError, until


@dataclass(frozen=True)
class Rectangle:
    """A rectangle in pixels; x and y from the screen's upper left corner, unless said otherwise."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True)
class Window:
    """What a window said of itself when it was looked at, and which process the server knows for it.

    Attributes:
        id: The client's window, not the window manager's frame around it.
        pid: Of the process that holds the connection, by XRes: programs cannot fake it. 0 where unknown.
        wm_class: Instance and class, either of them empty where unset.
        title: `_NET_WM_NAME`, else `WM_NAME`.
        managed: Whether the window manager knows it; badges, menus and tooltips are not managed.
        rectangle: Without the window manager's frame.
    """

    id: int
    pid: int
    wm_class: tuple[str, str]
    title: str
    managed: bool
    rectangle: Rectangle


@dataclass(frozen=True)
class Program:
    """A real program on a desktop, and its window."""

    process: Process
    window: Window
    display: str

    @property
    def text_point(self) -> tuple[int, int]:
        """The middle of its window as it is now: for editors and terminals, a point in their text."""
        return geometry(self.display, self.window.id).centre


def geometry(display: str, wid: int) -> Rectangle:
    """Where a window is now, without its frame.

    Raises:
        LookupError: There is no such window.
    """
    with connected(display) as x:
        try:
            return _rectangle(x, x.create_resource_object("window", wid))
        except (x_error.BadWindow, x_error.BadDrawable):
            raise LookupError(f"no window {wid:#x} on display {display}") from None


def stacking(display: str) -> list[Window]:
    """All windows that are mapped and viewable, lowest first, also those that no window manager manages."""
    with connected(display) as x:
        root = x.screen().root
        clients = {frame: client for client in managed_ids(x) for frame in _frames(x, client)}
        found = []
        for child in root.query_tree().children:
            client = clients.get(child.id)
            with contextlib.suppress(x_error.BadWindow, x_error.BadDrawable):
                window = x.create_resource_object("window", client or child.id)
                if window.get_attributes().map_state == X.IsViewable:
                    found.append(_describe(x, window, managed=client is not None))
        return found


def wait_for_window(
    display: str,
    *,
    pid: int | None = None,
    title_contains: str | None = None,
    wm_class: str | None = None,
    managed: bool | None = True,
    timeout: float = PATIENCE_S,
) -> Window:
    """Wait for a viewable window for which everything given holds; of several, return the uppermost.

    Args:
        display: The display's name.
        pid: Of the process that owns the window.
        title_contains: A part of its title, in this case of letters.
        wm_class: Its instance or its class, in any case of letters.
        managed: Whether the window manager manages it; None where either will do.
        timeout: Seconds.

    Raises:
        NotInTimeError: There was none; the text lists which windows there are.
    """

    def fits(window: Window) -> bool:
        return (
            (pid is None or window.pid == pid)
            and (title_contains is None or title_contains in window.title)
            and (wm_class is None or wm_class.lower() in (part.lower() for part in window.wm_class))
            and (managed is None or window.managed == managed)
        )

    wanted = f"a window with pid={pid} title_contains={title_contains!r} wm_class={wm_class!r} managed={managed}"
    try:
        return until(lambda: next(filter(fits, reversed(stacking(display))), None), timeout, wanted)
    except NotInTimeError as late:
        raise NotInTimeError(f"{late}; there are {stacking(display)}") from None


def open_mousepad(desktop: Desktop, path: Path) -> Program:
    """Open a file in mousepad, a GTK editor; by itself, though it would share one instance a bus."""
    return _opened(desktop, desktop.start(["mousepad", "--disable-server", path]))


def open_geany(desktop: Desktop, path: Path) -> Program:
    """Open a file in geany, a GTK editor, without the session of last time and without its extras."""
    options = ("--new-instance", "--no-session", "--no-msgwin", "--no-plugins", "--no-terminal", "--no-ctags")
    return _opened(desktop, desktop.start(["geany", *options, path]))


def open_xterm(desktop: Desktop, *command: str) -> Program:
    """Run a command, by default a plain shell, in xterm."""
    return _opened(desktop, desktop.start(["xterm", "-geometry", "80x24+40+60", "-e", *(command or ("sh",))]))


def find_colour(image: NDArray[np.uint8], rgb: tuple[int, int, int], tolerance: int = 8) -> Rectangle | None:
    """The smallest rectangle around all pixels of a colour (each channel within `tolerance`), if there are any."""
    near = (np.abs(image.astype(np.int16) - np.array(rgb, np.int16)) <= tolerance).all(axis=2)
    rows, columns = np.nonzero(near)
    if not rows.size:
        return None
    left, top = int(columns.min()), int(rows.min())
    return Rectangle(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)


@contextlib.contextmanager
def connected(display: str) -> Iterator[Display]:
    """A connection to a display, for the length of a `with` block."""
    x = Display(display)
    try:
        yield x
    finally:
        x.close()


def managed_ids(x: Display) -> list[int]:
    """The window manager's own list, lowest first (`_NET_CLIENT_LIST_STACKING`, EWMH 1.3)."""
    listed = x.screen().root.get_full_property(x.intern_atom("_NET_CLIENT_LIST_STACKING"), X.AnyPropertyType)
    return list(listed.value) if listed else []


def ancestors(x: Display, wid: int) -> list[int]:
    """A window and all that it lies in, up to but without the root; empty if it is gone."""
    chain: list[int] = []
    root = x.screen().root.id
    with contextlib.suppress(x_error.BadWindow):
        while wid not in {X.NONE, root}:
            parent = x.create_resource_object("window", wid).query_tree().parent
            chain.append(wid)
            wid = getattr(parent, "id", X.NONE)
    return chain


def _frames(x: Display, client: int) -> list[int]:
    """The child of the root that a client lies in: its frame, or itself where it has none."""
    return ancestors(x, client)[-1:]


def _opened(desktop: Desktop, process: Process) -> Program:
    return Program(process, wait_for_window(desktop.display, pid=process.pid), desktop.display)


def _describe(x: Display, window: XWindow, *, managed: bool) -> Window:
    return Window(
        id=window.id,
        pid=_owner(x, window.id),
        wm_class=window.get_wm_class() or ("", ""),
        title=_title(x, window),
        managed=managed,
        rectangle=_rectangle(x, window),
    )


def _title(x: Display, window: XWindow) -> str:
    for name in ("_NET_WM_NAME", "WM_NAME"):
        prop = window.get_full_property(x.intern_atom(name), X.AnyPropertyType)
        if prop is not None:
            value = prop.value
            return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return ""


def _owner(x: Display, wid: int) -> int:
    """The process behind a window, as the server knows it (X-Resource 1.2, QueryClientIds)."""
    answer = x.res_query_client_ids([{"client": wid, "mask": res.LocalClientPIDMask}])
    return next((int(one.value[0]) for one in answer.ids if one.value), 0)


def _rectangle(x: Display, window: XWindow) -> Rectangle:
    size = window.get_geometry()
    corner = x.screen().root.translate_coords(window, 0, 0)
    return Rectangle(corner.x, corner.y, size.width, size.height)
