"""Whose keys are whose: never those of a window that is not hooked, whatever the order of things."""

import select
from itertools import cycle, islice

import pytest
from Xlib import X
from Xlib.protocol import event

from agent.core.observe import KeyObserved
from agent.native.base import FocusChanged, Signal
from agent.native.x11 import X11Native
from agent.native.x11.events import CONFIGURE, PROPERTY
from agent.native.x11.focus import (
    GRAB,
    INFERIOR,
    NONLINEAR,
    NONLINEAR_VIRTUAL,
    NORMAL,
    POINTER,
    UNGRAB,
    WHILE_GRABBED,
    FocusTrack,
)
from schemas.events import Modality
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Keys, Plain, everything, presses, wait_focus
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Rectangle, open_mousepad, open_xterm

KEYBOARD = frozenset({Modality.KEYBOARD})
LETTERS = [*range(24, 34), *range(38, 47), *range(52, 59)]
"""Key codes of the letters' keys."""
ALTERNATIONS = 300
MANY_ALTERNATIONS = 10_000
QUIET_MS = 300
"""How long nothing must arrive for it to count as nothing: a key takes one millisecond."""


@pytest.mark.parametrize(
    "alternations", [ALTERNATIONS, pytest.param(MANY_ALTERNATIONS, marks=pytest.mark.soak, id="many")]
)
def test_changes_of_focus_with_keys_at_each(
    target: Plain, plain: OpenPlain, native: X11Native, keys: Keys, alternations: int
) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    target.focus()
    wait_focus(native, target.id)
    native.hook(target.id, KEYBOARD)
    windows = cycle([target, other])
    signals: list[Signal] = []
    for number, code in enumerate(islice(cycle(LETTERS), alternations * 3)):
        if number % 3 == 0:
            # On the driver's own connection, so that nothing but the server's order separates key and focus.
            keys.x.create_resource_object("window", next(windows).id).set_input_focus(X.RevertToParent, X.CurrentTime)
        keys.tap(code)
        if number % 7 == 0:
            signals += native.read()
    signals += everything(native)
    told, got = [p.keycode for p in presses(signals)], target.keys()
    assert len(got) > alternations
    assert other.keys()
    assert told == got  # none of the other's, and all of ours


def test_hooking_as_the_agent_does_takes_nothing_foreign(
    target: Plain, plain: OpenPlain, native: X11Native, keys: Keys
) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    mine, foreign = LETTERS[:10], LETTERS[10:20]
    told = []
    for number in range(60):
        window, codes = (target, mine) if number % 2 else (other, foreign)
        keys.x.create_resource_object("window", window.id).set_input_focus(X.RevertToParent, X.CurrentTime)
        keys.tap(codes[number % 10])
        for signal in native.read():
            if isinstance(signal, FocusChanged) and signal.window and signal.window.window == target.id:
                native.hook(target.id, KEYBOARD)
            elif isinstance(signal, FocusChanged):
                native.unhook()
            elif isinstance(signal, KeyObserved):
                told.append(signal.keycode)
        keys.tap(codes[number % 10])
    told += [s.keycode for s in everything(native) if isinstance(s, KeyObserved)]
    assert told
    assert set(told) <= set(mine)


def settled(native: X11Native) -> bool:
    """Whether nothing is told for a while: a program that opens slowly moves and renames its window."""
    everything(native)
    return not select.select([native], [], [], QUIET_MS / 1000)[0]


def typed_unheard(native: X11Native, driver: Driver) -> bool:
    """Type, and say whether not a byte came of it."""
    driver.type_text("secret words")
    return not select.select([native], [], [], QUIET_MS / 1000)[0]


def test_nothing_arrives_while_not_hooked(target: Plain, native: X11Native, driver: Driver) -> None:
    everything(native)
    assert typed_unheard(native, driver)
    native.hook(target.id, KEYBOARD)
    assert not typed_unheard(native, driver)
    native.unhook()
    assert native.hooked() == frozenset()
    assert everything(native) == []
    assert typed_unheard(native, driver)


def test_clicks_tell_only_of_windows_while_not_hooked(target: Plain, native: X11Native, driver: Driver) -> None:
    info = native.focused()
    assert info is not None
    driver.click(info.rect[0] + 20, info.rect[1] + 20)
    until(target.buttons, what="the click to arrive")
    native._link.confirm()
    assert {wire.kind for wire in native._link.take()} <= {PROPERTY, CONFIGURE}


def test_an_editor_is_not_heard_while_not_hooked(desktop: Desktop, native: X11Native, driver: Driver) -> None:
    path = desktop.home / "quiet.txt"
    path.write_text("")
    editor = open_mousepad(desktop, path)
    driver.focus_window(editor.window.id)
    wait_focus(native, editor.window.id)
    until(lambda: settled(native), what="the editor to have opened and nothing more to be told of it")
    assert typed_unheard(native, driver)
    editor.process.stop()


def test_what_was_on_its_way_at_unhooking_is_thrown_away(target: Plain, native: X11Native, driver: Driver) -> None:
    native.hook(target.id, KEYBOARD)
    driver.type_text("abc")
    native.unhook()
    native.hook(target.id, KEYBOARD)
    driver.type_text("d")
    assert [p.text for p in presses(everything(native))] == ["d"]
    native.unhook()
    native.unhook()


def test_the_descriptor_tells_of_what_a_request_found(
    target: Plain, plain: OpenPlain, native: X11Native, driver: Driver
) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    everything(native)
    driver.focus_window(target.id)
    native.hook(target.id, KEYBOARD)  # takes the focus events off the socket
    assert select.select([native], [], [], 0)[0]
    driver.focus_window(other.id)
    wait_focus(native, other.id)


def test_another_clients_grab_hides_keys(target: Plain, plain: OpenPlain, native: X11Native, keys: Keys) -> None:
    locker = plain(Rectangle(0, 0, 50, 50), unmanaged=True)
    native.hook(target.id, KEYBOARD)
    assert locker.window.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime) == X.GrabSuccess
    keys.tap(LETTERS[0])
    assert presses(everything(native)) == []
    assert (native.focused(), native.grabbed()) == (None, True)
    locker.x.ungrab_keyboard(X.CurrentTime)
    locker.x.sync()
    keys.tap(LETTERS[1])
    assert [p.keycode for p in presses(everything(native))] == [LETTERS[1]]
    assert not native.grabbed()
    assert locker.keys() == [LETTERS[0]]


def test_a_faked_focus_event_changes_nothing(target: Plain, plain: OpenPlain, native: X11Native, keys: Keys) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    native.hook(target.id, KEYBOARD)
    other.focus()
    wait_focus(native, other.id)
    fake = event.FocusIn(window=target.window, mode=X.NotifyNormal, detail=X.NotifyNonlinear)
    target.window.send_event(fake, X.FocusChangeMask)
    target.x.sync()
    keys.tap(*LETTERS)
    assert presses(everything(native)) == []
    assert other.keys() == LETTERS


def test_focus_inside_a_window_counts_for_the_window(target: Plain, native: X11Native, keys: Keys) -> None:
    child = target.window.create_window(10, 10, 50, 50, 0, target.x.screen().root_depth, event_mask=X.KeyPressMask)
    child.map()
    native.hook(target.id, KEYBOARD)
    child.set_input_focus(X.RevertToParent, X.CurrentTime)
    target.x.sync()
    keys.tap(LETTERS[0])
    target.focus()
    keys.tap(LETTERS[1])
    assert [p.keycode for p in presses(everything(native))] == LETTERS[:2]


def test_a_release_whose_press_was_foreign_is_foreign(
    target: Plain, plain: OpenPlain, native: X11Native, keys: Keys
) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    native.hook(target.id, KEYBOARD)
    other.focus()
    keys.down(LETTERS[0])
    target.focus()
    keys.up(LETTERS[0])
    assert [s for s in everything(native) if isinstance(s, KeyObserved)] == []


def test_what_a_window_is(desktop: Desktop, native: X11Native, driver: Driver) -> None:
    terminal = open_xterm(desktop, "cat")
    driver.focus_window(terminal.window.id)
    wait_focus(native, terminal.window.id)
    info = native.focused()
    assert info is not None
    assert info.executable is not None
    assert info.executable.endswith("/xterm")
    assert (info.pid, info.wm_class, info.fullscreen) == (terminal.process.pid, "XTerm", False)
    place = terminal.window.rectangle
    assert info.rect == (place.x, place.y, place.x + place.width, place.y + place.height)
    assert info.started
    assert info.scale == 1.0
    terminal.process.stop()
    until(lambda: (native.read(), native.focused() is None or native.focused() != info)[1], what="it to be gone")


def test_moves_and_titles_are_told(target: Plain, native: X11Native, driver: Driver) -> None:
    everything(native)
    driver.move_resize(target.id, Rectangle(500, 300, 320, 240))

    def moved() -> bool:
        native.read()
        info = native.focused()
        return info is not None and info.rect == (500, 300, 820, 540)

    until(moved, what="the new place")
    native.hook(target.id, KEYBOARD)
    target.window.set_wm_name("renamed")
    target.x.sync()
    until(lambda: (native.read(), getattr(native.focused(), "title", ""))[1] == "renamed", what="the new title")
    assert "renamed" not in repr(native.focused())


def test_windows_that_vanish_at_once_do_no_harm(plain: OpenPlain, native: X11Native) -> None:
    for _ in range(10):
        plain().close()
        native.read()
    everything(native)
    native.hook(0x7FFFFF, frozenset(Modality))
    assert everything(native) == []
    native.unhook()


A, B = 1, 2


@pytest.mark.parametrize(
    ("events", "holder"),
    [
        ([(A, NORMAL, NONLINEAR, True)], A),
        ([(A, NORMAL, NONLINEAR, True), (A, NORMAL, INFERIOR, False)], A),
        ([(A, NORMAL, NONLINEAR_VIRTUAL, True), (A, NORMAL, NONLINEAR_VIRTUAL, False)], None),
        ([(A, NORMAL, NONLINEAR, True), (A, GRAB, NONLINEAR, False)], None),
        ([(A, NORMAL, NONLINEAR, True), (A, GRAB, NONLINEAR, False), (A, UNGRAB, NONLINEAR, True)], A),
        ([(A, GRAB, NONLINEAR, False), (B, WHILE_GRABBED, NONLINEAR, True)], None),
        ([(A, GRAB, NONLINEAR, False), (B, WHILE_GRABBED, NONLINEAR, True), (B, UNGRAB, NONLINEAR, True)], B),
        ([(A, NORMAL, NONLINEAR, True), (B, GRAB, NONLINEAR, True), (B, UNGRAB, NONLINEAR, False)], A),
        ([(A, NORMAL, NONLINEAR, True), (A, NORMAL, NONLINEAR, False), (A, NORMAL, POINTER, True)], None),
        ([(A, NORMAL, NONLINEAR, True), (B, NORMAL, NONLINEAR, False)], A),
    ],
)
def test_the_table_of_focus_events(events: list[tuple[int, int, int, bool]], holder: int | None) -> None:
    track = FocusTrack()
    for window, mode, detail, gained in events:
        track.event(window, mode, detail, gained=gained)
    assert track.window == holder


def test_a_window_that_goes_takes_its_focus_along() -> None:
    track = FocusTrack()
    track.told(A)
    track.gone(B)
    assert track.window == A
    track.gone(A)
    assert track.window is None
