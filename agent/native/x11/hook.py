"""A hook: exists while one window's keys or pointer may be observed, and judges each raw event against that window."""

import struct
from collections.abc import Iterator
from typing import Literal, TypedDict

import xcffib
import xcffib.xinput
from msgspec import Struct

from agent.core.observe import ClipboardObserved, KeyObserved, Observation, PointerObserved, ScrollObserved, WindowInfo
from agent.native.x11.clipboard import SELECTION_NOTIFY, TIME_AT, Clipboard, Told
from agent.native.x11.keyboard import Keyboard, Stroke
from agent.native.x11.link import Link
from agent.native.x11.pointer import BUTTONS, NOTCHES, Look, Pointer
from agent.native.x11.times import Times
from agent.native.x11.windows import Windows
from agent.native.xkb import Keymap
from schemas.events import Button, ClockSource, Modality

RAW_KEY_PRESS, RAW_KEY_RELEASE, RAW_BUTTON_PRESS, RAW_BUTTON_RELEASE = 13, 14, 15, 16
"""XI2 event types (XI2proto.h)."""
MASKS = {
    Modality.KEYBOARD: 1 << RAW_KEY_PRESS | 1 << RAW_KEY_RELEASE,
    Modality.POINTER: 1 << RAW_BUTTON_PRESS | 1 << RAW_BUTTON_RELEASE,
}
"""What is selected for each modality. No motion: see :meth:`Hook.poll`."""
ALL_MASTER_DEVICES = 1
TESTING = (" XTEST pointer", " XTEST keyboard")
"""How the server ends the names of the devices that programs type with (XTEST extension)."""


class Raw(Struct, frozen=True):
    """A raw XInput event. All of it lies in the first 32 bytes (XI2proto.h, xXIRawEvent)."""

    kind: int
    time_ms: int
    detail: int  # key code or physical button
    source: int  # the device, not the master that it belongs to

    def __repr__(self) -> str:
        return "<Raw>"

    __str__ = __repr__


def read_raw(data: bytes) -> Raw:
    """Take the fields out of the wire's bytes."""
    return Raw(*struct.unpack_from("=8xH2xIIH", data))


class Base(TypedDict):
    """The fields that every observation has."""

    window: int
    mono_ns: int
    wall_ns: int
    clock: ClockSource
    injected: bool


class Hook:
    """Selects raw input on the root for all master devices, until :meth:`stop`.

    Raises:
        xcffib.ConnectionException: The server is gone.
    """

    def __init__(self, link: Link, windows: Windows, times: Times, window: int) -> None:
        self._link, self._windows, self._times = link, windows, times
        self._xi = link.xcb(xcffib.xinput.key)
        self.window = window
        self.modalities: frozenset[Modality] = frozenset()
        self.keyboard: Keyboard | None = None
        self.pointer: Pointer | None = None
        self.clipboard: Clipboard | None = None
        self._frame = 0
        self._since = 0

    def __repr__(self) -> str:
        return f"<Hook {self.window:#x} {sorted(self.modalities)}>"

    def start(self, modalities: frozenset[Modality], keymap: Keymap | None) -> None:
        """Begin. The server has confirmed when this returns. ``keymap`` is needed for keys only."""
        devices = self._xi.XIQueryDevice(0).reply().infos
        self._testing = frozenset(d.deviceid for d in devices if d.name.to_string().endswith(TESTING))
        self.read_frame()
        if Modality.KEYBOARD in modalities and keymap:
            self._windows.watch_held(self.window)
            self.keyboard = Keyboard(self._link, keymap)
            self.clipboard = Clipboard(self._link)
        if Modality.POINTER in modalities:
            self.pointer = Pointer(self._link)
        self.modalities = modalities
        self._since = self._select(sum(MASKS[modality] for modality in modalities))

    def stop(self) -> None:
        """End. The caller waits for the server's confirmation, then calls :meth:`free`."""
        self._select(0)
        if self.keyboard:
            self._windows.watch_held(None)
            self.keyboard.deselect()
        if self.clipboard:
            self.clipboard.stop()

    def free(self) -> None:
        """Forget what was held and pressed."""
        self.keyboard = self.pointer = self.clipboard = None
        self.modalities = frozenset()

    def read_frame(self) -> None:
        """Find the child of the root that the window lies in: its frame, or itself where it has none."""
        self._frame = next(reversed(self._windows.lineage(self.window)), 0)

    def lose(self) -> None:
        """The window has no longer the keyboard."""
        if self.keyboard:
            self.keyboard.lose()
        if self.pointer:
            self.pointer.pressed = Button(0)

    def raw(self, seq: int, raw: Raw, info: WindowInfo | None) -> Iterator[Observation]:
        """Judge one event. ``info`` is the hooked window if it has focus at this point of the stream, else ``None``."""
        if seq < self._since:
            return  # was on its way when an earlier hook ended
        mono_ns, clock = self._times.of_server(raw.time_ms)
        base = self._base(self._times.in_order(mono_ns), clock, injected=raw.source in self._testing)
        if raw.kind in {RAW_KEY_PRESS, RAW_KEY_RELEASE} and self.keyboard:
            down = raw.kind == RAW_KEY_PRESS
            press, release = self.keyboard.press, self.keyboard.release
            stroke = press(raw.detail, base["mono_ns"], ours=info is not None) if down else release(raw.detail)
            if stroke and info:
                yield _key(stroke, base)
                if self.clipboard:
                    self.clipboard.pressed(stroke, raw.time_ms, base["mono_ns"], injected=base["injected"])
        elif raw.kind == RAW_BUTTON_PRESS and self.pointer and info:
            yield from self._press(self.pointer, raw, base, info)
        elif raw.kind == RAW_BUTTON_RELEASE and self.pointer and info:
            button = BUTTONS.get(self.pointer.logical(raw.detail), Button(0))
            if button & self.pointer.pressed:
                self.pointer.pressed &= ~button
                yield self._button(self.pointer, "up", button, self.pointer.look(), base)

    def repeats(self, until_ns: int) -> Iterator[Observation]:
        """What the held key repeated since the last time, up to a moment."""
        if self.keyboard:
            for keycode, mono_ns in self.keyboard.repeater.until(until_ns):
                base = self._base(self._times.in_order(mono_ns), ClockSource.POLL, injected=False)
                yield _key(self.keyboard.again(keycode), base)

    def lifts(self) -> Iterator[PointerObserved]:
        """Buttons that we told a press of and that are up by now."""
        if self.pointer and self.pointer.pressed:
            look = self.pointer.look()
            base = self._polled(self.pointer)
            while (button := self.pointer.lifted(look)) is not None:
                yield self._button(self.pointer, "up", button, look, base)

    def told(self, kind: int, data: bytes, info: WindowInfo | None, *, sent: bool) -> Iterator[ClipboardObserved]:
        """Something about the clipboard. What another window's program did with it is not told."""
        if self.clipboard is None:
            return
        if kind == SELECTION_NOTIFY:
            yield from map(self._clip, self.clipboard.answered(data, sent=sent))
        elif info and not sent:
            mono_ns, _ = self._times.of_server(struct.unpack_from("=I", data, TIME_AT)[0])
            self.clipboard.taken(data, self.window, self._times.in_order(mono_ns))

    def leaving(self) -> Iterator[ClipboardObserved]:
        """The window loses the keyboard: what happened with the clipboard in it is told, answered or not."""
        if self.clipboard:
            yield from map(self._clip, self.clipboard.given_up())

    def unanswered(self) -> Iterator[ClipboardObserved]:
        """What happened with the clipboard, where its owner did not say of which kind it is."""
        if self.clipboard:
            yield from map(self._clip, self.clipboard.overdue(self._times.now))

    def poll(self, look: Look, info: WindowInfo) -> PointerObserved | None:
        """A button that went up, else a move, if there is either."""
        if self.pointer is None:
            return None
        base = self._polled(self.pointer)
        lifted = self.pointer.lifted(look)
        if lifted is not None:
            return self._button(self.pointer, "up", lifted, look, base)
        moved = (look.x, look.y) != self.pointer.at
        if not moved or not self._over(look, info):
            return None
        self.pointer.at = (look.x, look.y)
        return self._button(self.pointer, "move", None, look, base | {"injected": False})

    def _press(self, pointer: Pointer, raw: Raw, base: Base, info: WindowInfo) -> Iterator[Observation]:
        look, number = pointer.look(), pointer.logical(raw.detail)
        button = BUTTONS.get(number, Button(0))
        again = pointer.pressed & button
        if again:  # its release stayed hidden by a grab
            pointer.pressed &= ~button
            yield self._button(pointer, "up", button, look, base | {"clock": ClockSource.POLL})
        if not self._over(look, info):
            return
        if button:
            pointer.pressed |= button
            pointer.injected = base["injected"]
            if button is Button.MIDDLE and self.clipboard:
                self.clipboard.paste(raw.time_ms, base["mono_ns"], injected=base["injected"])
            yield self._button(pointer, "down", button, look, base)
        elif number in NOTCHES:
            dx, dy = NOTCHES[number]
            modifiers = self._modifiers(look)
            yield ScrollObserved(dx=dx, dy=dy, unit="notch", x=look.x, y=look.y, modifiers=modifiers, **base)

    def _button(
        self, pointer: Pointer, action: Literal["move", "down", "up"], button: Button | None, look: Look, base: Base
    ) -> PointerObserved:
        return PointerObserved(
            action=action,
            button=None if button is None else button.value,
            buttons=pointer.pressed.value,
            x=look.x,
            y=look.y,
            modifiers=self._modifiers(look),
            **base,
        )

    def _modifiers(self, look: Look) -> int:
        return (self.keyboard.modifiers() if self.keyboard else look.modifiers).value

    def _clip(self, told: Told) -> ClipboardObserved:
        base = self._base(told.mono_ns, ClockSource.HOOK, injected=told.injected)
        return ClipboardObserved(action=told.action, content_type=told.content_type, **base)

    def _over(self, look: Look, info: WindowInfo) -> bool:
        """Whether the pointer is over the window's own pixels: in its rectangle, and no other window on top."""
        return look.child == self._frame and look.within(info.rect)

    def _polled(self, pointer: Pointer) -> Base:
        return self._base(self._times.in_order(self._times.now), ClockSource.POLL, injected=pointer.injected)

    def _base(self, mono_ns: int, clock: ClockSource, *, injected: bool) -> Base:
        return Base(
            window=self.window, mono_ns=mono_ns, wall_ns=self._times.wall(mono_ns), clock=clock, injected=injected
        )

    def _select(self, mask: int) -> int:
        masks = [xcffib.xinput.EventMask.synthetic(ALL_MASTER_DEVICES, 1, [mask])]
        cookie = self._xi.XISelectEventsChecked(self._link.root, 1, masks)
        cookie.check()
        return int(cookie.sequence)


def _key(stroke: Stroke, base: Base) -> KeyObserved:
    return KeyObserved(
        down=stroke.down,
        repeat=stroke.repeat,
        usage=stroke.usage,
        keycode=stroke.keycode,
        keysym=stroke.keysym,
        text=stroke.text,
        modifiers=stroke.modifiers,
        locks=stroke.locks,
        layout=stroke.layout,
        **base,
    )
