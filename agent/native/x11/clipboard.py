"""Copying, cutting and pasting while keys are hooked: that it happened and with which kind of thing, never what.

The server tells who owns the clipboard (XFixes 1, SelectionNotify). The owner is asked for the list of forms that it
can give (ICCCM §2.6.2, target TARGETS) and for none of them. Only CLIPBOARD is followed, not what is merely selected.
"""

import struct
from collections.abc import Iterator
from typing import Literal

import xcffib
import xcffib.xfixes
import xcffib.xproto
from msgspec import Struct

from agent.native.x11.keyboard import Stroke
from agent.native.x11.link import Link, property_bytes, words
from agent.native.x11.times import NS_IN_MS
from schemas.events import ClipboardType, Modifier

Action = Literal["copy", "cut", "paste"]

SELECTION_NOTIFY = 31
"""Core event: the owner answered a request."""
XFIXES = "XFIXES"
OWNER_AT, TIME_AT = 8, 16
"""Where XFixes's event holds the new owner, which the selection and the server's time follow."""
ANY_TYPE = 0
"""GetProperty's AnyPropertyType: old programs give the list another type than ATOM."""
MAX_TARGETS = 256
"""Forms that an answer is read up to; office programs offer fifty."""
LIMIT_NS = 500 * NS_IN_MS
"""An owner that takes longer has not said of which kind it is."""
KEYS_NS = 2_000 * NS_IN_MS
"""A program takes the clipboard within this time of the keys for it: a long list of files takes a while."""
MAX_ASKED = 8
"""Questions under way; each has a property of its own, so that a late answer is not taken for another's."""
SECRET = "x-kde-passwordManagerHint"  # noqa: S105  # a target's name: what offers it is a password
"""Password managers offer this with what must leave no trace: nothing at all is told of it."""

_CTRL = Modifier.LEFT_CTRL | Modifier.RIGHT_CTRL
_SHIFT = Modifier.LEFT_SHIFT | Modifier.RIGHT_SHIFT
_OTHER = Modifier.LEFT_ALT | Modifier.LEFT_SUPER | Modifier.RIGHT_SUPER
_INSERT, _DELETE = 0xFF63, 0xFFFF
_LATIN = 0xFF
"""Key symbols up to here are Latin letters; on other layouts programs go by the key's place."""
_BY_PLACE = {0x06: "c", 0x1B: "x", 0x19: "v"}
"""USB HID usages of the keys that are C, X and V on a US keyboard."""
_LETTERS: dict[str, Action] = {"c": "copy", "x": "cut", "v": "paste"}

_TEXT = ("UTF8_STRING", "STRING", "TEXT", "COMPOUND_TEXT", "text/plain", "text/plain;charset=utf-8")
_HTML = ("text/html", "application/xhtml+xml")
_IMAGE = ("image/png", "image/jpeg", "image/bmp", "image/tiff", "image/gif", "image/webp", "image/svg+xml")
_FILES = ("text/uri-list", "x-special/gnome-copied-files", "application/x-kde-cutselection")


def called_for(stroke: Stroke) -> Action | None:
    """What a key press does with the clipboard in nearly every program; Ctrl with Shift is what terminals take."""
    held = Modifier(stroke.modifiers)
    if not stroke.down or stroke.repeat or stroke.keysym is None or held & _OTHER:
        return None
    if held & _CTRL:
        letter = chr(stroke.keysym).lower() if stroke.keysym <= _LATIN else _BY_PLACE.get(stroke.usage or 0, "")
        return "copy" if stroke.keysym == _INSERT else _LETTERS.get(letter)
    if held & _SHIFT:
        return {_INSERT: "paste", _DELETE: "cut"}.get(stroke.keysym)  # type: ignore[return-value]  # both are actions
    return None


class Asked(Struct):
    """Something happened with the clipboard, and its owner was asked of which kind it is."""

    action: Action
    mono_ns: int
    injected: bool
    atom: int  # the property for the answer


class Told(Struct, frozen=True):
    """What is known of it by now."""

    action: Action
    content_type: ClipboardType
    mono_ns: int
    injected: bool


class Clipboard:
    """The clipboard, as long as keys are hooked. Its connection has called :func:`owner_event` before."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._fixes = link.xcb(xcffib.xfixes.key)
        self._own_bits: int = link.xcb.setup.resource_id_mask
        self._selection = link.atom("CLIPBOARD")
        self._window: int = link.xcb.generate_id()  # answers are put there
        link.core.CreateWindow(
            0, self._window, link.root, -1, -1, 1, 1, 0, xcffib.xproto.WindowClass.InputOnly, 0, 0, []
        )
        self._select(xcffib.xfixes.SelectionEventMask.SetSelectionOwner)
        self._asked: list[Asked] = []
        self._turn = 0
        self._keys: tuple[Action, int, bool] | None = None  # what keys called for last, when, and if they were injected

    def __repr__(self) -> str:
        return "<Clipboard>"

    def stop(self) -> None:
        """Stop being told. The caller waits for the server's confirmation."""
        self._select(0)
        self._link.core.DestroyWindow(self._window)
        self._asked.clear()

    def pressed(self, stroke: Stroke, server_ms: int, mono_ns: int, *, injected: bool) -> None:
        """A key went down in the hooked window."""
        action = called_for(stroke)
        if action == "paste":
            self.paste(server_ms, mono_ns, injected=injected)
        elif action is not None:
            self._keys = action, mono_ns, injected

    def paste(self, server_ms: int, mono_ns: int, *, injected: bool) -> None:
        """The person called for what is in the clipboard."""
        self._ask("paste", server_ms, mono_ns, injected=injected)

    def taken(self, data: bytes, window: int, mono_ns: int) -> None:
        """The clipboard has a new owner. That of another program is none of ours."""
        owner, selection, server_ms = struct.unpack_from("=III", data, OWNER_AT)
        if selection != self._selection or not owner or (owner ^ window) & ~self._own_bits:
            return
        (action, at_ns, injected), self._keys = self._keys or ("copy", mono_ns, False), None
        late = mono_ns - at_ns > KEYS_NS
        self._ask("copy" if late else action, server_ms, mono_ns, injected=injected and not late)

    def answered(self, data: bytes, *, sent: bool) -> Iterator[Told]:
        """An owner's answer, or the server's that there is none."""
        requestor, selection, _, at = struct.unpack_from("=IIII", data, 8)
        if requestor != self._window or selection != self._selection:
            return
        if not at:  # does not say which question it is about: the oldest
            asked = self._asked.pop(0) if self._asked else None
            if asked is not None and sent:
                yield self._told(asked, ClipboardType.UNKNOWN)
            return  # the server itself says that nobody owns it: nothing was pasted
        asked = next((one for one in self._asked if one.atom == at), None)
        if asked is None:
            return
        self._asked.remove(asked)
        found = self._read(at)
        if found is not None:
            yield self._told(asked, found)

    def overdue(self, now_ns: int) -> Iterator[Told]:
        """Questions that nobody answered in time."""
        while self._asked and self._asked[0].mono_ns + LIMIT_NS < now_ns:
            yield self._told(self._asked.pop(0), ClipboardType.UNKNOWN)

    def given_up(self) -> Iterator[Told]:
        """Questions whose answers nobody will be there to take: somebody copies and turns to another window."""
        asked, self._asked = self._asked, []
        yield from (self._told(one, ClipboardType.UNKNOWN) for one in asked)

    def _ask(self, action: Action, server_ms: int, mono_ns: int, *, injected: bool) -> None:
        if len(self._asked) >= MAX_ASKED:
            return  # somebody leans on the key, and the owner sleeps
        self._turn += 1
        atom = self._link.atom(f"Overt targets {self._turn % (2 * MAX_ASKED)}")
        self._asked.append(Asked(action, mono_ns, injected, atom))
        self._link.core.ConvertSelection(self._window, self._selection, self._link.atom("TARGETS"), atom, server_ms)
        self._link.xcb.flush()

    def _read(self, atom: int) -> ClipboardType | None:
        """The kind by the forms on offer; ``None`` for what a password manager put there."""
        asked = self._link.core.GetProperty(1, self._window, atom, ANY_TYPE, 0, MAX_TARGETS)
        offered = set(words(property_bytes(asked)))
        return kind_of(
            {name for name in (SECRET, *_TEXT, *_HTML, *_IMAGE, *_FILES) if self._link.atom(name) in offered}
        )

    @staticmethod
    def _told(asked: Asked, content_type: ClipboardType) -> Told:
        return Told(asked.action, content_type, asked.mono_ns, asked.injected)

    def _select(self, mask: int) -> None:
        self._fixes.SelectSelectionInput(self._link.root, self._selection, mask)


def owner_event(link: Link) -> int:
    """The number of XFixes's event that tells of a new owner, after the handshake that the extension asks for.

    Raises:
        xcffib.XcffibException: The server lacks the extension.
    """
    told = link.core.QueryExtension(len(XFIXES), XFIXES).reply()
    if not told.present:
        raise xcffib.XcffibException
    link.xcb(xcffib.xfixes.key).QueryVersion(1, 0).reply()
    return int(told.first_event)


def kind_of(offered: set[str]) -> ClipboardType | None:
    """The kind of thing that is offered in these forms; ``None``: a password.

    Programs offer several: a picture on a page also as HTML, a table of a spreadsheet also as a picture, files also as
    text. The first that fits counts.
    """
    if SECRET in offered:
        return None
    text, html = bool(offered & {*_TEXT}), bool(offered & {*_HTML})
    if offered & {*_FILES}:
        return ClipboardType.FILES
    if text:
        return ClipboardType.HTML if html else ClipboardType.TEXT
    if offered & {*_IMAGE}:
        return ClipboardType.IMAGE
    return ClipboardType.HTML if html else ClipboardType.OTHER
