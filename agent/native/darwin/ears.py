"""pynput's listeners on macOS: event taps in threads of their own, that only listen, and hear no moves.

pynput's keyboard listener looks up the input source in its thread (``keycode_context``), which macOS allows on the main
thread only and otherwise ends the process for (``dispatch_assert_queue``; pynput's issues 99, 511, 512). It then never
uses it. Ours goes past it, and past NSSystemDefined, whose NSEvent is as particular about threads (issue 510).
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from agent.native.base import NativeUnavailable
from agent.native.permissions import require
from agent.native.strokes import ButtonHeard, Heard, KeyHeard, WheelHeard
from agent.native.usage import usage_of_mac
from schemas.events import Button, Lock, Modality

JOIN_S = 10
"""Seconds within which a listener has to end: its run loop turns once a second."""
BUTTONS = {0: Button.LEFT, 1: Button.RIGHT, 2: Button.MIDDLE, 3: Button.BACK, 4: Button.FORWARD}
"""kCGMouseEventButtonNumber."""
FLAG_OF_USAGE = {
    0xE0: 0x0001, 0xE1: 0x0002, 0xE5: 0x0004, 0xE3: 0x0008, 0xE7: 0x0010, 0xE2: 0x0020, 0xE6: 0x0040, 0xE4: 0x2000,
}  # fmt: skip
"""Device-dependent modifier flags, by side (IOLLEvent.h, NX_DEVICELCTLKEYMASK …)."""
CAPS_LOCK = 0x39
CAPS_FLAG = 1 << 16
"""kCGEventFlagMaskAlphaShift."""


def modifier_down(usage: int | None, flags: int) -> bool:
    """Whether a modifier key went down, by the flags that came with its event."""
    return usage is not None and bool(flags & FLAG_OF_USAGE.get(usage, 0))


if sys.platform == "darwin":
    import Quartz
    from pynput._util.darwin import ListenerMixin
    from pynput.keyboard import Listener as KeyboardListener
    from pynput.mouse import Listener as MouseListener

    from agent.native.darwin.secure import permissions
    from agent.native.darwin.watcher import main_scale

    def _mask(*kinds: int) -> int:
        mask = 0
        for kind in kinds:
            mask |= Quartz.CGEventMaskBit(kind)
        return mask

    DISABLED = (Quartz.kCGEventTapDisabledByTimeout, Quartz.kCGEventTapDisabledByUserInput)
    DOWNS = (Quartz.kCGEventLeftMouseDown, Quartz.kCGEventRightMouseDown, Quartz.kCGEventOtherMouseDown)
    UPS = (Quartz.kCGEventLeftMouseUp, Quartz.kCGEventRightMouseUp, Quartz.kCGEventOtherMouseUp)

    class _Keys(KeyboardListener):  # type: ignore[misc]
        _EVENTS = _mask(Quartz.kCGEventKeyDown, Quartz.kCGEventKeyUp, Quartz.kCGEventFlagsChanged)
        raw: Callable[[int, Any, bool], None]

        def _run(self) -> None:
            ListenerMixin._run(self)  # noqa: SLF001  # past keycode_context: see the module

        def _handle_message(self, _proxy: Any, kind: int, event: Any, _refcon: Any, injected: bool) -> None:  # noqa: FBT001
            self.raw(kind, event, injected)

    class _Buttons(MouseListener):  # type: ignore[misc]
        _EVENTS = _mask(*DOWNS, *UPS, Quartz.kCGEventScrollWheel)
        raw: Callable[[int, Any, bool], None]

        def _handle_message(self, _proxy: Any, kind: int, event: Any, _refcon: Any, injected: bool) -> None:  # noqa: FBT001
            self.raw(kind, event, injected)

    class DarwinEars:
        """A :class:`agent.native.pynput_source.Ears`.

        Args:
            over: whether a window's own pixels are at a point.
        """

        def __init__(self, over: Callable[[int, int, int], bool]) -> None:
            self._over = over
            self._running: list[Any] = []
            self._disabled = False

        def start(self, modalities: frozenset[Modality], window: int, heard: Callable[[Heard], None]) -> None:
            """See the Protocol."""
            found = permissions()
            for modality in modalities:
                require(found, modality)
            self._disabled = False
            if Modality.KEYBOARD in modalities:
                self._begin(_Keys(), lambda kind, event, injected: self._key(kind, event, injected, heard))
            if Modality.POINTER in modalities:
                told = lambda kind, event, injected: self._pointer(kind, event, injected, window, heard)  # noqa: E731
                self._begin(_Buttons(), told)

        def alive(self) -> bool:
            """See the Protocol. macOS disables a tap that is slow, and pynput does not notice."""
            return not self._disabled and all(one.is_alive() for one in self._running)

        def stop(self) -> None:
            """See the Protocol."""
            running, self._running = self._running, []
            for one in running:
                one.stop()
            for one in running:
                threading.Thread.join(one, JOIN_S)

        def _begin(self, listener: Any, raw: Callable[[int, Any, bool], None]) -> None:
            listener.raw = raw
            self._running.append(listener)
            listener.start()
            listener.wait()
            if not listener.is_alive():
                raise NativeUnavailable("macOS refuses the event tap", "allow Input Monitoring for Overt")

        def _key(self, kind: int, event: Any, injected: bool, heard: Callable[[Heard], None]) -> None:  # noqa: FBT001
            if kind in DISABLED:
                self._disabled = True
                return
            code = Quartz.CGEventGetIntegerValueField(event, Quartz.kCGKeyboardEventKeycode)
            flags, usage = Quartz.CGEventGetFlags(event), usage_of_mac(code)
            changed = kind == Quartz.kCGEventFlagsChanged
            text = None if changed else Quartz.CGEventKeyboardGetUnicodeString(event, 4, None, None)[1]
            down = modifier_down(usage, flags) if changed else kind == Quartz.kCGEventKeyDown
            one = KeyHeard(
                down=down, usage=usage, keycode=code, text=text if text and text.isprintable() else None,
                locks=int(Lock.CAPS) if flags & CAPS_FLAG else 0, injected=injected, lag_ns=_lag(event),
            )  # fmt: skip
            heard(one)
            if changed and code == CAPS_LOCK:  # told once for press and release
                heard(KeyHeard(down=True, usage=usage, keycode=code, locks=one.locks, injected=injected))
                heard(KeyHeard(down=False, usage=usage, keycode=code, locks=one.locks, injected=injected))

        def _pointer(  # a tap's callback and where it goes
            self,
            kind: int,
            event: Any,
            injected: bool,  # noqa: FBT001
            window: int,
            heard: Callable[[Heard], None],
        ) -> None:
            if kind in DISABLED:
                self._disabled = True
                return
            at, scale = Quartz.CGEventGetLocation(event), main_scale()
            x, y = int(at.x * scale), int(at.y * scale)
            over, field = self._over(window, x, y), Quartz.CGEventGetIntegerValueField
            if kind == Quartz.kCGEventScrollWheel:
                dx, dy = (field(event, f) for f in (Quartz.kCGScrollWheelEventDeltaAxis2,
                                                    Quartz.kCGScrollWheelEventDeltaAxis1))  # fmt: skip
                heard(WheelHeard(dx=-float(dx), dy=-float(dy), x=x, y=y, over=over, injected=injected,
                                 lag_ns=_lag(event)))  # fmt: skip
                return
            button = BUTTONS.get(field(event, Quartz.kCGMouseEventButtonNumber))
            if button is not None:
                heard(ButtonHeard(down=kind in DOWNS, button=button, x=x, y=y, over=over, injected=injected,
                                  lag_ns=_lag(event)))  # fmt: skip

    def _lag(event: Any) -> int:
        """Nanoseconds since the system took an event in: its stamp counts from the start of the machine."""
        return max(0, time.clock_gettime_ns(time.CLOCK_UPTIME_RAW) - int(Quartz.CGEventGetTimestamp(event)))
