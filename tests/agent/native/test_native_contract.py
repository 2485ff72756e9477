"""The contract of :class:`agent.native.base.Native`, for each backend that can run here, on a real X server."""

import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle, islice
from typing import Any

import pytest
from Xlib import X

from agent.core.observe import KeyObserved, PointerObserved, ScrollObserved
from agent.native.attribution import GUARD_NS
from agent.native.base import DisplayLost, FocusChanged, NativeUnavailable
from agent.native.pynput_source import PynputNative
from agent.native.strokes import Heard, KeyHeard
from agent.native.x11 import X11Native
from schemas.events import Button, ClockSource, Modality
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Keys, Plain
from tests.support.contract import Differs, Subject, observed, pressed
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.pynput_x11 import X11Ears, X11Watcher, listeners, open_pynput
from tests.support.waiting import until
from tests.support.windows import Rectangle

KEYBOARD, POINTER = frozenset({Modality.KEYBOARD}), frozenset({Modality.POINTER})
BOTH = KEYBOARD | POINTER
A, B, Q, E_KEY, Y = 38, 56, 24, 26, 29
SHIFT_L, ALTGR, CAPS, DEAD_ACUTE_INTL = 50, 108, 66, 48
MINE, FOREIGN = [24, 25, 26, 27, 28], [38, 39, 40, 41, 42]
QUIET_S = 0.5
"""How long nothing must arrive for it to count as nothing: a key takes one millisecond, pynput's judge waits 0.2 s."""


def subject_on(desktop: Desktop, name: str) -> Subject:
    if name == "x11":
        return Subject(name, X11Native(desktop.env, time))
    return Subject(name, open_pynput(desktop.env), frozenset(Differs), GUARD_NS)


@pytest.fixture(params=["x11", "pynput"])
def subject(request: pytest.FixtureRequest, desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    monkeypatch.setenv("DISPLAY", desktop.display)
    one = subject_on(desktop, request.param)
    with closing(one.native):
        yield one


@pytest.fixture
def mine(subject: Subject, plain: OpenPlain, driver: Driver) -> Plain:
    """A window that has the focus, and the backend knows."""
    one = plain()
    driver.focus_window(one.id)
    subject.wait_focus(one.id)
    one.keys()
    return one


def unheard(subject: Subject, window: Plain, keys: Keys) -> bool:
    """Type into a window until it has it, and say whether nothing was observed."""
    window.keys()
    keys.tap(*MINE)
    until(lambda: set(MINE) <= set(window.keys()), what="the window to get the keys")
    select.select([], [], [], QUIET_S)
    return not observed(subject.native.read())


def test_nothing_is_observed_before_hook_and_after_unhook(subject: Subject, mine: Plain, keys: Keys) -> None:
    native = subject.native
    assert native.hooked() == frozenset()
    assert unheard(subject, mine, keys)
    native.hook(mine.id, KEYBOARD)
    assert native.hooked() == KEYBOARD
    keys.tap(*MINE)
    subject.read_until(lambda got: pressed(got) == MINE)
    native.unhook()
    native.unhook()
    assert native.hooked() == frozenset()
    assert unheard(subject, mine, keys)


def test_what_was_heard_and_not_read_is_gone_after_unhook(subject: Subject, mine: Plain, keys: Keys) -> None:
    subject.native.hook(mine.id, KEYBOARD)
    keys.tap(*MINE)
    until(lambda: set(MINE) <= set(mine.keys()), what="the window to get the keys")
    subject.native.unhook()
    subject.native.hook(mine.id, KEYBOARD)
    select.select([], [], [], QUIET_S)
    assert not observed(subject.native.read())


def test_keys_come_in_order_with_their_times_and_window(subject: Subject, mine: Plain, keys: Keys) -> None:
    subject.native.hook(mine.id, BOTH)
    before = time.monotonic_ns()
    keys.down(SHIFT_L)
    keys.tap(A)
    keys.up(SHIFT_L)
    keys.tap(*MINE)
    got = [s for s in subject.read_until(lambda got: len(observed(got)) >= 4 + 2 * len(MINE))
           if isinstance(s, KeyObserved)]  # fmt: skip
    expected = [(SHIFT_L, True), (A, True), (A, False), (SHIFT_L, False)]
    expected += [(code, down) for code in MINE for down in (True, False)]
    assert [(s.keycode, s.down) for s in got] == expected
    assert {s.window for s in got} == {mine.id}
    times = [s.mono_ns for s in got]
    assert times == sorted(times)
    assert before - 20_000_000 <= times[0] <= times[-1] <= time.monotonic_ns()
    assert abs(got[0].wall_ns - time.time_ns()) < 60_000_000_000
    assert (got[1].usage, got[1].modifiers, got[1].text) == (0x04, 1, "A")
    assert not any(s.repeat for s in got)
    clocks = {s.clock for s in got}
    assert clocks == {ClockSource.DRIVER} or (Differs.TIMES in subject.differs and ClockSource.HOOK in clocks)


def test_only_what_was_asked_for_is_hooked(subject: Subject, mine: Plain, keys: Keys, driver: Driver) -> None:
    info = subject.native.focused()
    assert info is not None
    subject.native.hook(mine.id, POINTER | {Modality.SCREEN})
    assert subject.native.hooked() == POINTER
    assert unheard(subject, mine, keys)
    subject.native.hook(mine.id, KEYBOARD)
    driver.click(info.rect[0] + 20, info.rect[1] + 20)
    until(mine.buttons, what="the click to arrive")
    assert unheard_but_keys(subject, mine, keys)
    subject.native.hook(mine.id, frozenset({Modality.SCREEN}))
    assert subject.native.hooked() == frozenset()


def unheard_but_keys(subject: Subject, window: Plain, keys: Keys) -> bool:
    window.keys()
    keys.tap(*MINE)
    got = subject.read_until(lambda got: pressed(got)[-1:] == MINE[-1:])
    return all(isinstance(s, KeyObserved) for s in observed(got))


def test_focus_changes_are_told_with_who_it_is(subject: Subject, mine: Plain, plain: OpenPlain, driver: Driver) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    driver.focus_window(other.id)

    def at(window: int) -> Any:
        return lambda got: [s for s in got if isinstance(s, FocusChanged) and s.window and s.window.window == window]

    changes = at(other.id)(subject.read_until(at(other.id), "the other window's focus"))
    info = changes[-1].window
    assert info == subject.native.focused()
    assert (info.pid, info.wm_class) == (__import__("os").getpid(), "Plain")
    assert "python" in info.executable
    assert info.started
    driver.focus_window(mine.id)
    subject.read_until(at(mine.id), "the first window's focus")


def test_no_key_of_another_window_is_ever_told(subject: Subject, mine: Plain, plain: OpenPlain, keys: Keys) -> None:
    """Keys of one alphabet into one window and of another into the other, focus and keys through one connection."""
    other = plain(Rectangle(600, 200, 300, 200))
    mine.focus()
    subject.wait_focus(mine.id)
    subject.native.hook(mine.id, KEYBOARD)
    signals = list(subject.native.read())
    for number, place in enumerate(islice(cycle(range(5)), 60)):
        window, codes = (mine, MINE) if number % 2 else (other, FOREIGN)
        keys.x.create_resource_object("window", window.id).set_input_focus(X.RevertToParent, X.CurrentTime)
        keys.tap(codes[place])
        signals += subject.native.read()
        if number % 10 == 9:
            subject.wait_focus(mine.id)
            keys.tap(codes[place])  # long after the change: told by all
            signals += subject.read_until(lambda got, code=codes[place]: code in pressed(got))  # type: ignore[misc]
    until(other.keys, what="the other window to get its keys")
    told = pressed(signals)
    assert set(told) <= set(MINE)
    if Differs.LOSES_AT_SWITCH not in subject.differs:
        assert told == mine.keys()
    else:
        assert len(told) >= 6


def test_hooks_follow_the_focus_as_the_agent_moves_them(
    subject: Subject, mine: Plain, plain: OpenPlain, keys: Keys
) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    told: list[int] = []
    for number in range(20):
        window, codes = (mine, MINE) if number % 2 else (other, FOREIGN)
        keys.x.create_resource_object("window", window.id).set_input_focus(X.RevertToParent, X.CurrentTime)
        keys.tap(codes[number % 5])
        for signal in subject.native.read():
            if isinstance(signal, FocusChanged):
                subject.native.unhook()
                if signal.window and signal.window.window == mine.id:
                    subject.native.hook(mine.id, KEYBOARD)
            told += pressed([signal])
        keys.tap(codes[number % 5])
    select.select([], [], [], QUIET_S)
    told += pressed(subject.native.read())
    assert set(told) <= set(MINE)


def test_buttons_and_wheel_over_the_window_only(
    subject: Subject, mine: Plain, plain: OpenPlain, driver: Driver
) -> None:
    info = subject.native.focused()
    assert info is not None
    x, y = info.rect[0] + 40, info.rect[1] + 30
    subject.native.hook(mine.id, POINTER)
    driver.click(x, y)
    driver.scroll(x, y, 1)

    def told(got: Any) -> bool:
        kinds = [s.action if isinstance(s, PointerObserved) else "wheel" for s in observed(got)
                 if isinstance(s, PointerObserved | ScrollObserved)]  # fmt: skip
        subject.native.poll_pointer()
        return {"down", "up", "wheel"} <= set(kinds)

    got = observed(subject.read_until(told, "a click and a notch"))
    down = next(s for s in got if isinstance(s, PointerObserved) and s.action == "down")
    assert (down.button, down.buttons, down.x, down.y) == (Button.LEFT, Button.LEFT, x, y)
    wheel = next(s for s in got if isinstance(s, ScrollObserved))
    assert (wheel.dx, wheel.dy, wheel.unit, wheel.x, wheel.y) == (0.0, 1.0, "notch", x, y)
    plain(Rectangle(info.rect[0], info.rect[1], 100, 100), unmanaged=True)
    driver.click(x, y)
    driver.scroll(x, y, 1)
    driver.click(5, 5)
    select.select([], [], [], QUIET_S)
    assert not observed(subject.native.read())


def test_moves_are_looked_for_and_only_over_the_window(
    subject: Subject, mine: Plain, plain: OpenPlain, driver: Driver
) -> None:
    info = subject.native.focused()
    assert info is not None
    left, top = info.rect[:2]
    driver.move(5, 5)
    subject.native.hook(mine.id, POINTER)
    assert subject.native.poll_pointer() is None
    driver.move(left + 50, top + 60)
    subject.native.read()
    moved = subject.native.poll_pointer()
    assert moved is not None
    assert (moved.action, moved.x, moved.y, moved.clock) == ("move", left + 50, top + 60, ClockSource.POLL)
    assert subject.native.poll_pointer() is None
    plain(Rectangle(left, top, 100, 100), unmanaged=True)
    driver.move(left + 20, top + 20)
    subject.native.read()
    assert subject.native.poll_pointer() is None
    subject.native.unhook()
    driver.move(left + 150, top + 150)
    assert subject.native.poll_pointer() is None


def test_nothing_is_in_a_repr(subject: Subject, mine: Plain, driver: Driver) -> None:
    subject.native.hook(mine.id, BOTH)
    driver.type_text("zebra")
    got = subject.read_until(lambda got: len(pressed(got)) >= 5)
    for one in (*observed(got), subject.native, subject.native.focused()):
        assert "zebra"[0] not in repr(one).lower().replace("unhooked", "")
        assert "plain" not in repr(one)
        assert "keycode" not in repr(one)


@pytest.mark.parametrize("name", ["x11", "pynput"])
def test_a_display_that_goes_is_told_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Desktop(tray=None) as desktop:
        monkeypatch.setenv("DISPLAY", desktop.display)
        subject = subject_on(desktop, name)
        native = subject.native
        with (
            closing(Plain(desktop.display, Rectangle(200, 200, 100, 100))) as window,
            Driver(desktop.display) as driver,
        ):
            driver.focus_window(window.id)
            subject.wait_focus(window.id)
            native.hook(window.id, BOTH)
            ears = list(native._ears.running) if isinstance(native, PynputNative) else []  # type: ignore[attr-defined]
            running = [ear.running for ear in ears]
            desktop.kill_display()
        assert select.select([native], [], [], 10)[0]
        lost = subject.read_until(lambda got: [s for s in got if isinstance(s, DisplayLost)], "the loss")
        assert [type(s) for s in lost].count(DisplayLost) == 1
        assert list(native.read()) == []
        assert native.hooked() == frozenset()
        assert native.focused() is None
        assert native.poll_pointer() is None
        assert running == [True] * len(ears)
        with pytest.raises(NativeUnavailable):
            native.hook(window.id, BOTH)
        native.unhook()
        native.close()
        native.close()


def test_closed_is_closed(subject: Subject, mine: Plain, keys: Keys) -> None:
    native = subject.native
    native.hook(mine.id, BOTH)
    keys.tap(*MINE)
    native.close()
    native.close()
    assert native.hooked() == frozenset()
    assert list(native.read()) == []
    assert native.focused() is None
    with pytest.raises(NativeUnavailable):
        native.hook(mine.id, BOTH)


# --- what pynput is known to do differently: each is looked for ---


@contextmanager
def grabbed(desktop: Desktop) -> Iterator[Plain]:
    """Another program holds the keyboard, as PIN dialogs and screen lockers do."""
    with closing(Plain(desktop.display, Rectangle(5, 5, 20, 20), unmanaged=True)) as pin:
        pin.window.grab_keyboard(True, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        pin.x.sync()
        yield pin


def test_keys_under_another_programs_grab_are_never_told(
    desktop: Desktop, subject: Subject, mine: Plain, keys: Keys
) -> None:
    subject.native.hook(mine.id, KEYBOARD)
    with grabbed(desktop) as pin:
        keys.tap(*FOREIGN)
        until(lambda: set(FOREIGN) <= set(pin.keys()), what="the PIN dialog to get the keys")
        select.select([], [], [], QUIET_S)
        assert not observed(subject.native.read())


def test_known_pynputs_listener_hears_grabs(
    desktop: Desktop, plain: OpenPlain, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """:attr:`Differs.HEARS_GRABS`: why the judge and not the listener decides."""
    monkeypatch.setenv("DISPLAY", desktop.display)
    window, heard = plain(), list[Heard]()
    watcher = X11Watcher(desktop.env)
    watcher.start(lambda _: None)
    ears = X11Ears(watcher)
    ears.start(KEYBOARD, window.id, heard.append)
    try:
        with grabbed(desktop):
            keys.tap(B)
            until(lambda: any(isinstance(one, KeyHeard) and one.keycode == B for one in heard), what="pynput to hear")
    finally:
        ears.stop()
        watcher.stop()


LAYOUTS: dict[str, tuple[list[str], list[int], list[int], str]] = {
    "a change of layout": (["de"], [], [Y], "z"),
    "AltGr": (["de"], [ALTGR], [Q], "@"),
    "a dead key": (["us", "-variant", "intl"], [], [DEAD_ACUTE_INTL, E_KEY], "é"),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_text_is_right_but_for_pynputs(desktop: Desktop, subject: Subject, mine: Plain, keys: Keys, case: str) -> None:
    """:attr:`Differs.TEXT`."""
    layout, held, codes, text = LAYOUTS[case]
    subject.native.hook(mine.id, KEYBOARD)
    try:
        subprocess.run(["setxkbmap", *layout], env=desktop.env, check=True)
        for code in held:
            keys.down(code)
        keys.tap(*codes)
        for code in reversed(held):
            keys.up(code)
        got = subject.read_until(lambda got: len(pressed(got)) >= len(held) + len(codes))
        told = "".join(s.text or "" for s in got if isinstance(s, KeyObserved) and s.down)
        assert (told == text) == (Differs.TEXT not in subject.differs)
    finally:
        subprocess.run(["setxkbmap", "us", "-variant", ""], env=desktop.env, check=True)


def test_caps_lock_is_right_but_for_pynputs(subject: Subject, mine: Plain, keys: Keys) -> None:
    """:attr:`Differs.TEXT`."""
    subject.native.hook(mine.id, KEYBOARD)
    keys.tap(CAPS)
    try:
        keys.tap(A)
        got = subject.read_until(lambda got: A in pressed(got))
        text = next(s.text for s in got if isinstance(s, KeyObserved) and s.keycode == A)
        assert (text == "A") == (Differs.TEXT not in subject.differs)
    finally:
        keys.tap(CAPS)


def test_known_no_listener_of_pynputs_hears_moves(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """:attr:`Differs.MOVES_LATE`: its own would, ours of it does not."""
    monkeypatch.setenv("DISPLAY", desktop.display)
    ours = listeners()[1]
    first, last = ours.__mro__[1]._EVENTS
    assert first <= X.MotionNotify <= last
    first, last = ours._EVENTS
    assert not first <= X.MotionNotify <= last
