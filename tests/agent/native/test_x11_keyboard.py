"""What is typed into a hooked window is told exactly, whatever the layout."""

import select
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from Xlib import X

from agent.core.observe import KeyObserved
from agent.native.usage import USAGE_OF_EVDEV
from agent.native.x11 import X11Native
from agent.native.x11.backend import MAX_AT_ONCE
from agent.native.x11.repeat import Repeater, RepeatRules
from agent.native.xkb import locale_of
from schemas.events import ClockSource, Lock, Modality, Modifier
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Keys, Plain, everything, presses, read_until, typed, wait_focus
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.windows import Program, open_mousepad, open_xterm

KEYBOARD = frozenset({Modality.KEYBOARD})
A, E_KEY, Q, Y, MINUS = 38, 26, 24, 29, 20
GRAVE_DE, ACUTE_DE = 49, 21
O_KEY, KEYPAD_7, NUM_LOCK, PLAY, F9 = 32, 79, 77, 172, 75
SHIFT_L, SHIFT_R, CTRL_L, ALT_L, ALTGR, CAPS = 50, 62, 37, 64, 108, 66


def set_layout(desktop: Desktop, *arguments: str) -> None:
    subprocess.run(["setxkbmap", *arguments], env=desktop.env, check=True)


@pytest.mark.parametrize("editor", ["xterm", "mousepad"])
def test_real_programs_get_what_is_told(desktop: Desktop, driver: Driver, native: X11Native, editor: str) -> None:
    path = desktop.home / "note.txt"
    path.write_text("")
    program: Program = open_xterm(desktop, "cat") if editor == "xterm" else open_mousepad(desktop, path)
    driver.focus_window(program.window.id)
    wait_focus(native, program.window.id)
    native.hook(program.window.id, KEYBOARD)
    text = 'Dear "Anna", 3 < 5 & x_y{z}!\b?\nNew line~'
    driver.type_text(text)
    assert typed(read_until(native, lambda got: typed(got).endswith(text[-1]))) == text
    driver.close_connection()
    program.process.stop()


def test_fields_of_a_key(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    keys.down(SHIFT_R)
    keys.tap(A)
    keys.up(SHIFT_R)
    shift, a, a_up, shift_up = (s for s in everything(native) if isinstance(s, KeyObserved))
    assert (shift.keysym, shift.text, shift.modifiers, shift.usage) == (0xFFE2, None, 0, 0xE5)
    assert (a.down, a.text, a.keysym, a.usage, a.keycode) == (True, "A", 0x41, 0x04, A)
    assert (a.modifiers, a.layout, a.injected, a.clock) == (
        Modifier.RIGHT_SHIFT,
        "English (US)",
        True,
        ClockSource.DRIVER,
    )
    assert (a_up.down, a_up.text, a_up.modifiers) == (False, None, Modifier.RIGHT_SHIFT)
    assert shift_up.modifiers == Modifier.RIGHT_SHIFT
    assert a.window == target.id
    assert "A" not in repr(a)


def test_times_do_not_run_backwards_or_ahead(target: Plain, native: X11Native, driver: Driver) -> None:
    native.hook(target.id, KEYBOARD)
    driver.type_text("abcdefghij")
    got = everything(native)
    times = [s.mono_ns for s in got if isinstance(s, KeyObserved)]
    assert times == sorted(times)
    assert times[-1] <= native._times.now
    walls = {s.wall_ns - s.mono_ns for s in got if isinstance(s, KeyObserved)}
    assert len(walls) == 1


def test_layout_changes_under_way(desktop: Desktop, target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    try:
        keys.tap(Y)
        assert typed(everything(native)) == "y"
        set_layout(desktop, "de")
        keys.tap(Y, MINUS)
        german = everything(native)
        assert typed(german) == "zß"
        assert {p.layout for p in presses(german)} == {"German"}
        keys.down(ALTGR)
        keys.tap(Q, E_KEY)
        keys.up(ALTGR)
        alt_gr = presses(everything(native))
        assert [p.text for p in alt_gr] == [None, "@", "€"]
        assert alt_gr[1].modifiers == Modifier.RIGHT_ALT
        keys.tap(ACUTE_DE, E_KEY, GRAVE_DE, A)
        assert typed(everything(native))[:1] == "é"
    finally:
        set_layout(desktop, "us")


def test_a_dead_key_gives_one_character(desktop: Desktop, target: Plain, native: X11Native, keys: Keys) -> None:
    set_layout(desktop, "us", "-variant", "intl")
    try:
        native.hook(target.id, KEYBOARD)
        keys.tap(48, E_KEY, 48, 65)
        assert [p.text for p in presses(everything(native))] == [None, "é", None, "'"]
    finally:
        set_layout(desktop, "us", "-variant", "")


def test_a_dead_key_does_not_reach_over_a_focus_change(
    desktop: Desktop, target: Plain, plain: OpenPlain, native: X11Native, keys: Keys
) -> None:
    other = plain()
    set_layout(desktop, "us", "-variant", "intl")
    try:
        target.focus()
        wait_focus(native, target.id)
        native.hook(target.id, KEYBOARD)
        keys.tap(48)
        other.focus()
        target.focus()
        keys.tap(E_KEY)
        assert typed(everything(native)) == "e"
    finally:
        set_layout(desktop, "us", "-variant", "")


def test_groups_switch_in_one_keymap(desktop: Desktop, target: Plain, native: X11Native, keys: Keys) -> None:
    set_layout(desktop, "us,de", "-option", "grp:alt_shift_toggle")
    try:
        native.hook(target.id, KEYBOARD)
        keys.tap(Y)
        keys.down(ALT_L)
        keys.tap(SHIFT_L)
        keys.up(ALT_L)
        keys.tap(Y)
        got = [p for p in presses(everything(native)) if p.text]
        assert [(p.text, p.layout) for p in got] == [("y", "English (US)"), ("z", "German")]
    finally:
        set_layout(desktop, "us", "-option", "")


def test_commands_type_nothing_and_locks_are_told(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    for modifier in (CTRL_L, ALT_L):
        keys.down(modifier)
        keys.tap(A)
        keys.up(modifier)
    keys.tap(CAPS)
    keys.tap(A)
    keys.tap(CAPS)
    got = [p for p in presses(everything(native)) if p.keycode == A]
    assert [(p.text, p.modifiers, p.locks) for p in got] == [
        (None, Modifier.LEFT_CTRL, 0),
        (None, Modifier.LEFT_ALT, 0),
        ("A", 0, Lock.CAPS),
    ]


def test_a_burst_is_read_in_parts_and_nothing_of_it_is_lost(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    everything(native)
    sent = [(A, E_KEY, Q, Y)[number % 4] for number in range(3 * MAX_AT_ONCE)]
    keys.tap(*sent)
    native._link.confirm()
    parts = [native.read()]
    while select.select([native.fileno()], [], [], 0)[0]:
        parts.append(native.read())
    assert all(len(part) <= MAX_AT_ONCE for part in parts)
    told = [one for part in parts for one in part if isinstance(one, KeyObserved)]
    assert [one.keycode for one in told if one.down] == sent
    assert not any(one.repeat for one in told)


def test_a_held_key_repeats(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    keys.down(A)
    got = read_until(native, lambda got: sum(p.repeat for p in presses(got)) >= 3)
    keys.up(A)
    got += everything(native)
    first, *others = presses(got)
    assert (first.repeat, first.text) == (False, "a")
    assert {(p.repeat, p.text, p.keycode) for p in others} == {(True, "a", A)}
    assert len(target.keys()) > 1  # how many is worked out, not heard: the server sends no raw event for a repeat


def test_modifiers_held_before_the_hook_count(target: Plain, native: X11Native, keys: Keys) -> None:
    keys.down(SHIFT_L)
    native.hook(target.id, KEYBOARD)
    keys.tap(A)
    keys.up(SHIFT_L)
    got = [s for s in everything(native) if isinstance(s, KeyObserved)]
    assert [(s.keycode, s.down, s.text, s.modifiers) for s in got] == [
        (A, True, "A", Modifier.LEFT_SHIFT),
        (A, False, None, Modifier.LEFT_SHIFT),
    ]  # and not Shift's release, whose press was before


def test_locale_for_compose() -> None:
    assert locale_of({"LANG": "C.UTF-8"}) == "en_US.UTF-8"
    assert locale_of({"LANG": "de_DE.UTF-8", "LC_ALL": "fr_FR.UTF-8"}) == "fr_FR.UTF-8"


def test_every_usage_is_of_one_key() -> None:
    assert len(set(USAGE_OF_EVDEV.values())) == len(USAGE_OF_EVDEV)
    assert USAGE_OF_EVDEV[57] == 0x2C  # Space
    assert USAGE_OF_EVDEV[194] == 0x73  # F24


@given(st.integers(1, 500), st.integers(1, 100), st.lists(st.integers(0, 2_000), max_size=5))
def test_repeats_do_not_depend_on_when_they_are_asked_for(delay: int, interval: int, looks: list[int]) -> None:
    rules = RepeatRules(on=True, delay_ms=delay, interval_ms=interval, keys=b"\xff" * 32)
    often, once = Repeater(rules), Repeater(rules)
    often.press(A, 0)
    once.press(A, 0)
    end = 2_000 * 1_000_000
    split = [r for look in sorted(looks) for r in often.until(look * 1_000_000)] + list(often.until(end))
    assert split == list(once.until(end))


def test_a_compose_sequence_gives_one_character(desktop: Desktop, target: Plain, native: X11Native, keys: Keys) -> None:
    """Multi_key, o, e: the ligature, at the last of the three."""
    set_layout(desktop, "us", "-option", "compose:ralt")
    try:
        native.hook(target.id, KEYBOARD)
        keys.tap(ALTGR, O_KEY, E_KEY, A)
        assert [p.text for p in presses(everything(native))] == [None, None, "œ", "a"]
    finally:
        set_layout(desktop, "us", "-option", "")


def test_the_keypad_is_what_num_lock_makes_of_it(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    keys.tap(KEYPAD_7, NUM_LOCK, KEYPAD_7, NUM_LOCK)
    home, _, seven, _ = presses(everything(native))
    assert (home.keysym, home.text, home.usage, home.locks) == (0xFF95, None, 0x5F, 0)
    assert (seven.keysym, seven.text, seven.usage, seven.locks) == (0xFFB7, "7", 0x5F, Lock.NUM)


def test_media_keys_have_a_name_and_no_text(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    keys.tap(PLAY)
    (play,) = presses(everything(native))
    assert (play.keysym, play.text, play.usage, play.keycode) == (0x1008FF14, None, None, PLAY)


def test_of_a_key_that_another_program_takes_for_itself_the_press_alone_is_told(
    target: Plain, plain: OpenPlain, native: X11Native, keys: Keys
) -> None:
    """A shortcut of the desktop: the server tells of the press before the grab that it begins, and then no more."""
    other = plain()
    other.x.screen().root.grab_key(F9, X.AnyModifier, True, X.GrabModeAsync, X.GrabModeAsync)
    other.x.sync()
    target.focus()
    wait_focus(native, target.id)
    native.hook(target.id, KEYBOARD)
    keys.down(F9)
    keys.tap(A)  # goes to whoever took the keyboard
    keys.up(F9)
    keys.tap(A)
    told = [(s.keycode, s.down) for s in everything(native) if isinstance(s, KeyObserved)]
    taken = other.keys()
    assert [code for code in taken if code in {F9, A}] == [F9, A]
    assert told == [(F9, True), (A, True), (A, False)]
    assert target.keys() == [A]
