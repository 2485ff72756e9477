"""Raw events to steps, and steps to each target's own words and back to what they do."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from anthropic.types import beta as anthropic_types
from anthropic.types.beta.beta_computer_member_name import BETA_COMPUTER_MEMBER_NAME_VALUES
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.response_computer_tool_call import Action as OpenAiAction
from pydantic import TypeAdapter

from research import columnar
from research.adapters import ADAPTERS
from research.adapters.uitars import resized
from research.steps import StepWriter
from schemas.events import Button, Event, Modifier, Span
from schemas.payload import Payload, pack
from tests.research import replayers
from tests.research.bench import Bench
from tests.research.replayers import Computer
from tests.support.device_events import EventMaker, account_of

SIZE = (800, 600)
MS = 1_000_000
KEYSYMS = {"\b": 0xFF08, "\r": 0xFF0D, "\x1b": 0xFF1B}


class Hand:
    """Somebody at work: makes events a few milliseconds apart."""

    def __init__(self) -> None:
        self.make: EventMaker = Bench.make().person().make
        self.events: list[Event] = []
        self.wanted = Computer()

    def pause(self, ms: int) -> None:
        self.make.next_ns += (ms - 100) * MS

    def key(self, text: str, modifiers: int = 0) -> None:
        keysym = KEYSYMS.get(text, ord(text))
        made = self.make.key(text)
        self.events.append(msgspec.structs.replace(made, keysym=keysym, modifiers=modifiers, segment=None))
        self.events.append(self.make.key(text, down=False))
        if modifiers:
            self.wanted.keys([*(["ctrl"] if modifiers & Modifier.LEFT_CTRL else []), text])
        elif text.isprintable():
            self.wanted.type(text)
        else:
            self.wanted.keys([{"\b": "backspace", "\r": "enter", "\x1b": "escape"}[text]])

    def point(self, action: Any, x: int, y: int, button: int = Button.LEFT, *, held: bool = True) -> None:
        made = self.make.pointer(action, x + 100, y + 100)
        state = button if held and action != "up" else 0
        self.events.append(msgspec.structs.replace(made, button=None if action == "move" else button, buttons=state))
        self.pause(20)

    def click(self, x: int, y: int, button: int = Button.LEFT, times: int = 1) -> None:
        for _ in range(times):
            self.point("down", x, y, button)
            self.point("up", x + 1, y, button)
        self.wanted.click({1: "left", 2: "middle", 4: "right", 8: "back"}[button], (x, y), times)
        self.pause(900)

    def drag(self, points: list[tuple[int, int]]) -> None:
        self.point("down", *points[0])
        for where in points[1:]:
            self.point("move", *where)
        self.point("up", *points[-1])
        self.wanted.drag([*points, points[-1]])
        self.pause(900)

    def steps(self) -> list[dict[str, Any]]:
        """What an export writes, all batches of one event included."""
        writer = StepWriter("p", "d")
        tables = [writer.add(columnar.read(pack(Payload([e], b"", account_of([e]), "e")))) for e in self.events]
        at_once = StepWriter("p", "d")
        opened = columnar.read(pack(Payload(list(self.events), b"", account_of(self.events), "e")))
        whole = [row for t in (at_once.add(opened), at_once.close()) for row in t.to_pylist()]
        assert [row for t in (*tables, writer.close()) for row in t.to_pylist()] == whole
        return whole


def kinds(steps: list[dict[str, Any]]) -> list[str]:
    return [step["kind"] for step in steps if step["kind"] != "wait"]


def test_typing_joins_and_a_backspace_takes_back() -> None:
    hand = Hand()
    for char in "helo\b\blp\r":
        hand.key(char)
    steps = hand.steps()
    assert [(s["kind"], s["text"], s["keys"]) for s in steps] == [("type", "help", []), ("key", None, ["enter"])]
    assert steps[0]["children"] == [{"first": n, "last": n} for n in range(0, 16, 2)]
    assert {s["rules"] for s in steps} == {1}


def test_a_shortcut_is_told_as_such_and_a_lone_modifier_is_nothing() -> None:
    hand = Hand()
    hand.key("c", Modifier.LEFT_CTRL)
    hand.events.append(msgspec.structs.replace(hand.make.key("", segment=None), keysym=0xFFE1, text=None))
    assert [(s["kind"], s["keys"]) for s in hand.steps()] == [("hotkey", ["ctrl", "c"])]


@pytest.mark.parametrize(("times", "kind"), [(1, "click"), (2, "double_click"), (3, "triple_click")])
def test_clicks_in_one_place_count_up(times: int, kind: str) -> None:
    hand = Hand()
    hand.click(40, 50, times=times)
    hand.click(300, 50)
    steps = hand.steps()
    assert kinds(steps) == [kind, "click"]
    assert (steps[0]["x"], steps[0]["y"], steps[0]["button"]) == (40, 50, "left")


def test_slow_or_distant_clicks_stay_single_and_a_drag_keeps_its_path() -> None:
    hand = Hand()
    hand.click(40, 50)
    hand.click(40, 50)
    hand.drag([(10, 10), (50, 20), (200, 90)])
    steps = [s for s in hand.steps() if s["kind"] != "wait"]
    assert kinds(steps) == ["click", "click", "drag"]
    assert [(p["x"], p["y"]) for p in steps[2]["path"]] == [(10, 10), (50, 20), (200, 90), (200, 90)]


def test_a_wheel_turned_on_is_one_scroll_and_stillness_is_a_wait() -> None:
    hand = Hand()
    hand.events += [hand.make.scroll(1.0) for _ in range(3)]
    hand.pause(5_000)
    hand.key("a")
    first, wait, typed = hand.steps()
    assert (first["kind"], first["dy"], first["unit"]) == ("scroll", 3.0, "notch")
    assert (wait["kind"], typed["kind"]) == ("wait", "type")
    assert wait["seconds"] == pytest.approx(5.0, abs=0.2)


def test_nobody_waits_through_a_gap() -> None:
    hand = Hand()
    hand.key("a")
    hand.pause(60_000)
    hand.events.append(hand.make.gap())
    hand.key("b")
    assert [s["kind"] for s in hand.steps()] == ["type", "type"]


def test_a_redacted_segment_is_its_placeholder_and_never_its_keys() -> None:
    hand = Hand()
    span = Span(start=5, end=14, cls="EMAIL", detector="email", version=1, ordinal=1, length_bucket=16)
    hand.events += [hand.make.key(c, segment=7) for c in "mail "]
    hand.events.append(hand.make.text("mail ⟨EMAIL#1⟩", spans=[span], segment=7))
    writer = StepWriter("p", "d")
    opened = columnar.read(pack(Payload(list(hand.events), b"", account_of(hand.events), "e")))
    (step,) = [row for t in (writer.add(opened), writer.close()) for row in t.to_pylist()]
    assert (step["kind"], step["text"], step["redacted"], step["seq"]) == ("type", "mail ⟨EMAIL#1⟩", True, 0)


def test_a_segment_told_as_changes_of_text_is_typed_as_a_whole() -> None:
    hand = Hand()
    hand.events += hand.make.written("good day")
    writer = StepWriter("p", "d")
    opened = columnar.read(pack(Payload(list(hand.events), b"", account_of(hand.events), "e")))
    (step,) = [row for t in (writer.add(opened), writer.close()) for row in t.to_pylist()]
    assert (step["kind"], step["text"], step["redacted"]) == ("type", "good day", False)


def test_an_action_has_the_pictures_before_at_and_after() -> None:
    hand = Hand()
    replace = msgspec.structs.replace
    hand.events.append(replace(hand.make.frame(b"x"), trigger="before", size=0, sha256="0" * 64))
    hand.point("down", 40, 50)
    press = hand.events[-1].seq
    hand.events.append(replace(hand.make.frame(b"x"), trigger="press", press=press, size=0))
    hand.point("up", 40, 50)
    hand.events.append(replace(hand.make.frame(b"x"), trigger="settle", press=press, size=0))
    (step,) = hand.steps()
    assert (step["frame_before"], step["frame_press"], step["frame_settle"]) == (0, 1, 2)


# Round trips --------------------------------------------------------------------------------------------------------


def _anthropic(computer: Computer, item: Any) -> None:
    assert item["name"] in BETA_COMPUTER_MEMBER_NAME_VALUES
    camel = "".join(part.title() for part in item["name"].split("_"))
    model = getattr(anthropic_types, f"BetaComputer{camel}Input")
    assert item["input"].keys() <= model.model_fields.keys()
    read = TypeAdapter(model).validate_python(item["input"], strict=True)
    replayers.anthropic(computer, {"name": item["name"], "input": read.model_dump(exclude_none=True)})


def _openai(computer: Computer, item: Any) -> None:
    read: Any = TypeAdapter(OpenAiAction).validate_python(item, strict=True)
    assert read.model_dump(exclude_none=True) == item
    replayers.openai(computer, item)


def _uitars(computer: Computer, item: str) -> None:
    width, height = resized(*SIZE)
    replayers.uitars(computer, item, (SIZE[0] / width, SIZE[1] / height))


REPLAY: dict[str, tuple[Callable[[Computer, Any], None], float, bool]] = {
    "anthropic": (_anthropic, 0, True),
    "openai": (_openai, 0, True),
    "pyautogui": (replayers.python, 0, True),
    "agentnet": (lambda c, code: replayers.python(c, code, SIZE), 0.05, False),
    "ui-tars": (_uitars, 1.0, False),
}
"""Target → its replayer, how exact its coordinates are in pixels, whether it keeps the points in between of a drag."""

TYPED = st.text(st.sampled_from("abcXYZ 0'\"\\+-äß⟨⟩\b\r"), min_size=1, max_size=12)
PLACES = st.tuples(st.integers(0, 799), st.integers(0, 599))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("type"), TYPED),
            st.tuples(st.just("hotkey"), st.sampled_from("acvz")),
            st.tuples(st.just("click"), PLACES),
            st.tuples(st.just("double"), PLACES),
            st.tuples(st.just("triple"), PLACES),
            st.tuples(st.just("right"), PLACES),
            st.tuples(st.just("drag"), PLACES),
        ),
        max_size=6,
    )
)
def test_every_adapter_replays_to_the_same_text_and_pointer_path(drawn: list[tuple[str, Any]]) -> None:
    hand = Hand()
    for what, given_ in drawn:
        act(hand, what, given_)
    steps = hand.steps()
    for target, (replay, exact, between) in REPLAY.items():
        computer = Computer()
        for step in steps:
            for item in ADAPTERS[target](step, SIZE).items:
                replay(computer, item)
        assert computer.text == hand.wanted.text, target
        assert [k for k in computer.shortcuts if "escape" not in k] == hand.wanted.shortcuts, target
        assert len(computer.pointer) == len(hand.wanted.pointer), target
        for (button, path), (own, wanted) in zip(computer.pointer, hand.wanted.pointer, strict=True):
            kept = wanted if between or len(wanted) == 1 else (wanted[0], wanted[-1])
            assert button == own
            assert [x for p in path for x in p] == pytest.approx([x for p in kept for x in p], abs=exact)


def act(hand: Hand, what: str, given_: Any) -> None:
    """Let a hand do something; the benchmark does the same."""
    if what == "type":
        for char in given_:
            hand.key(char)
    elif what == "hotkey":
        hand.key(given_, Modifier.LEFT_CTRL)
    elif what == "drag":
        x, y = given_
        hand.drag([given_, (min(799, x + 40), y), ((x + 400) % 800, (y + 200) % 600)])
    else:
        button = Button.RIGHT if what == "right" else Button.LEFT
        hand.click(given_[0], given_[1], button, {"double": 2, "triple": 3}.get(what, 1))


@pytest.mark.parametrize("target", ADAPTERS)
def test_what_a_target_cannot_say_is_left_out_and_named(target: str) -> None:
    hand = Hand()
    hand.click(10, 10, Button.BACK)
    (step,) = hand.steps()
    made = ADAPTERS[target](step, SIZE)
    assert (made.items == [], made.lost) == ((False, ()) if target == "openai" else (True, ("button",)))


@pytest.mark.parametrize(("target", "sign"), [("anthropic", 1), ("openai", 1), ("pyautogui", 1), ("agentnet", 1)])
def test_scrolling_keeps_amount_and_direction(target: str, sign: int) -> None:
    hand = Hand()
    hand.events += [hand.make.scroll(-2.0), hand.make.scroll(-1.0)]
    computer = Computer()
    for item in ADAPTERS[target](hand.steps()[0], SIZE).items:
        REPLAY[target][0](computer, item)
    assert computer.scrolled == [0, -3 * sign]
