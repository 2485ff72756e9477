"""What macOS and Windows share and needs neither: who owns an event, what covers what, permissions, key codes."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.observe import KeyObserved, PointerObserved, WindowInfo
from agent.core.sign import Claim
from agent.core.stripe import stripe
from agent.native.attribution import GUARD_NS, HOLD_NS, Attribution, Judged
from agent.native.base import Capability, FocusChanged, NativeUnavailable, Pixels
from agent.native.darwin.ears import modifier_down
from agent.native.darwin.watcher import parse
from agent.native.layers import Listed, Scene, front_of, owns, physical, scene, top_at
from agent.native.permissions import DARWIN, capabilities, look, require
from agent.native.pictures import ListedWitness, MaskedGrabber
from agent.native.strokes import Base, ButtonHeard, Held, KeyHeard, lag_of_ms
from agent.native.usage import USAGE_OF_EVDEV, USAGE_OF_MAC, USAGE_OF_SCAN, usage_of_mac, usage_of_scan
from agent.native.windows.ears import button_of, signed_high
from schemas.events import Button, ClockSource, Modality, Modifier, Rect

MS = 1_000_000
BASE = Base(1, 5, 6, ClockSource.HOOK)
SCREEN = (0, 0, 1000, 800)


def info(number: int) -> WindowInfo:
    return WindowInfo(window=number, pid=1, executable="/x", started=1, wm_class=None, title=None,
                      rect=(0, 0, 9, 9), scale=1.0, fullscreen=False)  # fmt: skip


# --- attribution ---


@given(st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["key", "one", "two", "none"])), max_size=40))
def test_only_events_far_from_every_change_of_focus_are_ours(steps: list[tuple[int, str]]) -> None:
    """Whatever the order: an event is ours only if the hooked window had the focus all around it."""
    judge: Attribution[int] = Attribution(info(1), 0)
    judge.hook(1)
    now, changes, asked, told = 0, [(0, 1)], 1, []
    for wait, what in steps:
        now += wait * MS
        if what == "key":
            judge.heard(now, now, asked)
        else:
            asked = {"one": 1, "two": 2, "none": 0}[what]
            told += list(judge.focus(info(asked) if asked else None, now))
            changes.append((now, asked))
        told += list(judge.settle(now))
    told += list(judge.settle(now + 2 * HOLD_NS))
    times = [one.mono_ns for one in told]
    assert times == sorted(times)
    for one in told:
        if isinstance(one, Judged) and one.ours:
            around = [w for at, w in changes if one.event - GUARD_NS < at <= one.event + HOLD_NS - 1]
            before = [w for at, w in changes if at <= one.event]
            assert set(around) <= {1}
            assert before[-1] == 1
    assert judge.deadline_ns() is None


def test_an_event_waits_and_what_waits_is_forgotten_by_unhooking() -> None:
    judge: Attribution[str] = Attribution(info(1), -GUARD_NS)
    judge.heard("before the hook", 1, 1)
    judge.hook(1)
    judge.heard("a", GUARD_NS, 1)
    assert judge.deadline_ns() == GUARD_NS + HOLD_NS
    assert list(judge.settle(GUARD_NS + HOLD_NS - 1)) == []
    assert [one.event for one in judge.settle(GUARD_NS + HOLD_NS)] == ["a"]
    judge.heard("b", 3 * GUARD_NS, 1)
    judge.hook(None)
    assert list(judge.settle(9 * GUARD_NS)) == []
    assert [type(one) for one in judge.focus(None, 10 * GUARD_NS)] == [FocusChanged]
    assert list(judge.focus(None, 10 * GUARD_NS)) == []
    assert "a" not in repr(judge).replace("Attribution", "").replace("waiting", "")


# --- what is held ---


def key(usage: int, code: int, *, down: bool, text: str | None = None) -> KeyHeard:
    return KeyHeard(down=down, usage=usage, keycode=code, text=text, injected=False)


def test_repeats_releases_and_modifiers() -> None:
    held = Held()
    assert isinstance(held.turn(key(0xE5, 60, down=True), BASE, ours=True), KeyObserved)
    first = held.turn(key(4, 38, down=True, text="A"), BASE, ours=True)
    again = held.turn(key(4, 38, down=True, text="A"), BASE, ours=True)
    up = held.turn(key(4, 38, down=False, text="A"), BASE, ours=True)
    assert isinstance(first, KeyObserved)
    assert isinstance(again, KeyObserved)
    assert isinstance(up, KeyObserved)
    assert (first.repeat, again.repeat, first.modifiers, up.text) == (False, True, Modifier.RIGHT_SHIFT, None)
    assert held.turn(key(4, 38, down=False), BASE, ours=True) is None  # its press was not told
    assert held.turn(key(5, 39, down=True), BASE, ours=False) is None
    assert held.turn(key(5, 39, down=False), BASE, ours=True) is None
    assert "A" not in repr(key(4, 38, down=True, text="A"))


def test_a_button_counts_only_over_the_window() -> None:
    held = Held()

    def press(*, down: bool, over: bool) -> PointerObserved | None:
        one = ButtonHeard(down=down, button=Button.LEFT, x=3, y=4, over=over, injected=False)
        told = held.turn(one, BASE, ours=True)
        assert told is None or isinstance(told, PointerObserved)
        return told

    assert press(down=True, over=False) is None
    assert press(down=False, over=True) is None
    down = press(down=True, over=True)
    assert down is not None
    assert (down.action, down.buttons, down.x, down.y) == ("down", Button.LEFT, 3, 4)
    up = press(down=False, over=False)
    assert up is not None
    assert up.buttons == 0


def test_a_counter_that_wraps() -> None:
    assert lag_of_ms(5, 2**32 - 5) == 10 * MS
    assert lag_of_ms(12, 7) == 5 * MS


# --- layers ---


def windows() -> list[Listed]:
    return [
        Listed(3, 30, (0, 0, 50, 50), normal=False),
        Listed(2, 20, (100, 100, 300, 300)),
        Listed(1, 10, (0, 0, 200, 200)),
    ]


def test_scene_and_masks() -> None:
    found = scene(windows(), 1, SCREEN)
    assert found is not None
    assert found.client == (0, 0, 200, 200)
    assert found.covered() == ((0, 0, 50, 50), (100, 100, 200, 200))
    assert scene(windows(), 9, SCREEN) is None
    assert scene([Listed(1, 1, (2000, 0, 2100, 50))], 1, SCREEN) is None
    part = scene(windows(), 1, SCREEN, (10, 10, 90, 90))
    assert part == Scene((10, 10, 90, 90), ((3, (0, 0, 50, 50)),))
    front = front_of(windows(), 10)
    assert front is not None
    assert front.window == 1
    assert front_of(windows(), 30) is None
    assert (top_at(windows(), (10, 10)), top_at(windows(), (60, 60)), top_at(windows(), (900, 9))) == (3, 1, None)


@given(st.tuples(*[st.floats(-2000, 2000) for _ in range(2)]), st.tuples(*[st.floats(0, 2000) for _ in range(2)]),
       st.sampled_from([1.0, 1.25, 1.5, 2.0]))  # fmt: skip
def test_physical_pixels_hold_the_points(at: tuple[float, float], size: tuple[float, float], scale: float) -> None:
    left, top, right, bottom = physical(*at, *size, scale)
    assert left <= at[0] * scale + 1e-6
    assert top <= at[1] * scale + 1e-6
    assert right >= (at[0] + size[0]) * scale - 1e-6
    assert bottom >= (at[1] + size[1]) * scale - 1e-6
    assert right - left <= size[0] * scale + 2


def test_rows_of_the_window_server() -> None:
    row = {"kCGWindowBounds": {"X": 1, "Y": 2, "Width": 3, "Height": 4}, "kCGWindowLayer": 0, "kCGWindowNumber": 7,
           "kCGWindowOwnerPID": 8, "kCGWindowName": "secret title", "kCGWindowAlpha": 1.0}  # fmt: skip
    one = parse(row, 2.0)
    assert one == Listed(7, 8, (2, 4, 8, 12), normal=True, title="secret title")
    assert "secret" not in repr(one)
    assert parse(row | {"kCGWindowAlpha": 0.0}, 1.0) is None
    assert parse({}, 1.0) is None


# --- pictures and the badge ---


class FakeCamera:
    """A screen in memory."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.taken: Callable[[], None] = lambda: None

    def take(self, rect: Rect) -> Pixels | None:
        self.taken()
        return self.pixels[rect[1] : rect[3], rect[0] : rect[2]].copy()

    def close(self) -> None:
        """Nothing is held."""


def test_what_lies_over_is_filled_and_what_moved_is_thrown_away() -> None:
    camera, stack = FakeCamera(np.full((800, 1000, 3), 9, np.uint8)), windows()
    grabber = MaskedGrabber(lambda w: scene(stack, w, SCREEN), camera, time, lambda _: 1.0)
    frame = grabber.grab(1)
    assert frame is not None
    assert frame.covered == ((0, 0, 50, 50), (100, 100, 200, 200))
    assert not frame.pixels[:50, :50].any()
    assert not frame.pixels[100:, 100:].any()
    assert (frame.pixels[50:100, :] == 9).all()
    assert grabber.grab(9) is None
    camera.taken = lambda: stack.insert(0, Listed(8, 80, (0, 0, 9, 9)))
    assert grabber.grab(1) is None


def test_the_badge_is_seen_only_on_top_and_only_its_own() -> None:
    nonce = bytes(range(8))
    screen = np.zeros((800, 1000, 3), np.uint8)
    rect = (10, 20, 10 + 64 * 3, 23)
    screen[20:23, 10 : 10 + 64 * 3] = stripe(nonce, 3, 3)
    stack = [Listed(5, 50, (0, 0, 400, 100))]
    witness = ListedWitness(lambda: stack, FakeCamera(screen))
    assert witness.sees(Claim(rect, nonce, 50))
    assert not witness.sees(Claim(rect, nonce, None))
    assert not witness.sees(Claim(rect, nonce, 51))
    assert not witness.sees(Claim(rect, bytes(8), 50))
    stack.insert(0, Listed(6, 60, (0, 0, 11, 800)))
    assert not witness.sees(Claim(rect, nonce, 50))
    assert not owns([], rect, 50)


# --- permissions ---


def test_each_lacking_permission_names_its_page() -> None:
    for lacking in DARWIN:
        found = look(DARWIN, {one.id: one is not lacking for one in DARWIN})
        with pytest.raises(NativeUnavailable) as refusal:
            require(found, next(iter(lacking.needed_for)))
        assert lacking.page in refusal.value.remedy
        assert lacking.name in capabilities(found, "all").why
        assert "x-apple.systempreferences:" in lacking.page
    nothing = capabilities(look(DARWIN, {}), "all")
    assert {nothing.keyboard, nothing.pointer, nothing.screen} == {Capability.REFUSED}
    full = look(DARWIN, {one.id: True for one in DARWIN})
    assert capabilities(full, "all").why == "all"
    for modality in Modality:
        require(full, modality)


# --- key codes ---


def test_the_same_place_has_the_same_usage_on_all_systems() -> None:
    letters = {"a": (30, 0x1E, 0x00), "q": (16, 0x10, 0x0C), "z": (44, 0x2C, 0x06), "0": (11, 0x0B, 0x1D),
               "Enter": (28, 0x1C, 0x24), "left Shift": (42, 0x2A, 0x38), "right Ctrl": (97, 0xE01D, 0x3E),
               "Up": (103, 0xE048, 0x7E), "Delete": (111, 0xE053, 0x75), "F1": (59, 0x3B, 0x7A),
               "F12": (88, 0x58, 0x6F), "keypad 5": (76, 0x4C, 0x57), "keypad Enter": (96, 0xE01C, 0x4C)}  # fmt: skip
    for name, (evdev, scan, mac) in letters.items():
        assert USAGE_OF_EVDEV[evdev] == usage_of_scan(scan) == usage_of_mac(mac), name
    for table in (USAGE_OF_SCAN, USAGE_OF_MAC):
        assert set(table.values()) <= set(USAGE_OF_EVDEV.values()) | {0x87, 0x85}
    assert len(set(USAGE_OF_MAC.values())) == len(USAGE_OF_MAC)


def test_messages_and_flags_of_the_systems() -> None:
    assert button_of(0x020B, 1 << 16) == (Button.BACK, True)
    assert button_of(0x020C, 2 << 16) == (Button.FORWARD, False)
    assert button_of(0x0204, 0) == (Button.RIGHT, True)
    assert button_of(0x0200, 0) is None
    assert (signed_high(120 << 16), signed_high((-120 & 0xFFFF) << 16)) == (120, -120)
    assert modifier_down(0xE5, 0x4)
    assert not modifier_down(0xE1, 0x4)
    assert not modifier_down(None, 0xFFFF)
