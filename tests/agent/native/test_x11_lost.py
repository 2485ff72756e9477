"""When the display goes away, or was never there."""

import select
import time
from contextlib import closing

import pytest

from agent.native.base import DisplayLost, NativeUnavailable
from agent.native.x11 import X11Grabber, X11Native
from agent.native.x11.times import Times
from schemas.events import ClockSource, Modality
from tests.agent.native.x11_rig import Plain, Ticks, wait_focus
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Rectangle

MS = 1_000_000


def test_a_killed_server_is_told_once() -> None:
    with Desktop(tray=None) as desktop:
        native, grabber = X11Native(desktop.env, time), X11Grabber(desktop.env, time)
        with (
            closing(Plain(desktop.display, Rectangle(200, 200, 100, 100))) as window,
            Driver(desktop.display) as driver,
        ):
            driver.focus_window(window.id)
            wait_focus(native, window.id)
            native.hook(window.id, frozenset(Modality))
            desktop.kill_display()
        assert select.select([native], [], [], 10)[0]
        signals = until(lambda: [s for s in native.read() if isinstance(s, DisplayLost)], what="the loss")
        assert len(signals) == 1
        assert native.read() == []
        assert native.focused() is None
        assert native.hooked() == frozenset()
        assert native.poll_pointer() is None
        with pytest.raises(NativeUnavailable):
            native.hook(window.id, frozenset(Modality))
        native.unhook()
        assert grabber.grab(window.id) is None
        for one in (native, grabber):
            one.close()
            one.close()


def test_unhooking_from_a_killed_server_returns() -> None:
    with Desktop(tray=None) as desktop, closing(X11Native(desktop.env, time)) as native:
        native.hook(1, frozenset(Modality))
        desktop.kill_display()
        native.unhook()
        assert native.hooked() == frozenset()
        assert [type(s) for s in native.read()] == [DisplayLost]
        assert native.read() == []


@pytest.mark.parametrize("display", [{}, {"DISPLAY": ":65001"}])
@pytest.mark.parametrize("backend", [X11Native, X11Grabber])
def test_no_display(backend: type[X11Native] | type[X11Grabber], display: dict[str, str]) -> None:
    with pytest.raises(NativeUnavailable) as refusal:
        backend(display, time)
    assert refusal.value.remedy


def test_a_server_with_another_clock_is_not_believed(desktop: Desktop) -> None:
    with closing(X11Native(desktop.env, time)) as native:
        assert native._times.trusted
    with closing(X11Native(desktop.env, Ticks(skew_ns=60_000 * MS))) as native:
        assert not native._times.trusted


def test_the_servers_time_wraps() -> None:
    clock = Ticks()
    times = Times(clock, trusted=True)
    times.now = (2**32 + 5) * MS + 7
    assert times.of_server(5) == ((2**32 + 5) * MS, ClockSource.DRIVER)
    assert times.of_server(2**32 - 1) == ((2**32 - 1) * MS, ClockSource.DRIVER)
    assert times.of_server(6) == (times.now, ClockSource.HOOK)  # from the future
    assert times.in_order(10) == 10
    assert times.in_order(9) == 10
