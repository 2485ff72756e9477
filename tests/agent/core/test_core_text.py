"""Typing is followed as a plain editor would follow it, and what was deleted is remembered."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.text import MAX_CHARS, MAX_DRAFTS, MAX_KEYS, Char, End, Typist, as_text
from schemas.events import Modifier
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import BACKSPACE, DELETE, END, HOME, LEFT, RETURN, RIGHT, TAB, key_seen

CLOCK = FakeClock()
LETTERS = st.sampled_from("abcXYZ 019@é€😀")
MOVES = st.sampled_from([BACKSPACE, BACKSPACE, DELETE, LEFT, RIGHT])
ACTS = st.lists(st.one_of(LETTERS, LETTERS, MOVES), max_size=60)
Act = str | int


@dataclass
class Editor:
    """The reference: a line and a caret. ``deleted`` holds the line as it stood at each deletion's beginning."""

    line: str = ""
    caret: int = 0
    left: bool = False  # the caret went where the text is not known
    deleted: list[str] = field(default_factory=list)
    erasing: bool = False

    def do(self, act: Act) -> None:
        if isinstance(act, str):
            self.line = self.line[: self.caret] + act + self.line[self.caret :]
            self.caret += 1
        elif act in (LEFT, RIGHT):
            self.caret += 1 if act == RIGHT else -1
            self.left = not 0 <= self.caret <= len(self.line)
        else:
            self._erase(self.caret - 1 if act == BACKSPACE else self.caret)
            return
        self.erasing = False

    def _erase(self, at: int) -> None:
        if 0 <= at < len(self.line):
            if not self.erasing:
                self.deleted.append(self.line)
            self.line = self.line[:at] + self.line[at + 1 :]
            self.caret = at
            self.erasing = True


def press(typist: Typist, act: Act, modifiers: int = 0) -> End | None:
    if isinstance(act, str):
        return typist.press(key_seen(CLOCK, act, modifiers=modifiers))
    return typist.press(key_seen(CLOCK, keysym=act, modifiers=modifiers))


def typed(acts: list[Act]) -> Typist:
    typist = Typist(1)
    for act in acts:
        press(typist, act)
    return typist


@given(ACTS)
def test_the_text_is_the_editors(acts: list[Act]) -> None:
    typist, editor = Typist(7), Editor()
    for act in acts:
        editor.do(act)
        ended = press(typist, act)
        assert (ended is End.CARET) is editor.left
        if editor.left:
            break
    segment = typist.finish(End.IDLE)
    assert as_text(segment.final) == editor.line
    assert [as_text(d) for d in segment.drafts] == editor.deleted[:MAX_DRAFTS]
    assert segment.overflowed is (len(editor.deleted) > MAX_DRAFTS)
    assert (segment.number, segment.end) == (7, End.IDLE)


@given(ACTS)
def test_every_character_knows_the_key_that_typed_it(acts: list[Act]) -> None:
    typist = Typist(1)
    done: list[Act] = []
    for act in acts:
        done.append(act)
        if press(typist, act):
            break
    segment = typist.finish(End.IDLE)
    for draft in (segment.final, *segment.drafts):
        assert all(done[c.key] == c.char for c in draft)
    kept = {c.key for draft in (segment.final, *segment.drafts) for c in draft}
    assert kept == {index for index, act in enumerate(done) if isinstance(act, str)}


@given(st.text("abcdefgh", min_size=1, max_size=30), st.integers(1, 40))
def test_what_was_erased_is_a_draft(text: str, erased: int) -> None:
    segment = typed([*text, *[BACKSPACE] * erased, "z"]).finish(End.IDLE)
    assert as_text(segment.final) == text[: max(0, len(text) - erased)] + "z"
    assert [as_text(d) for d in segment.drafts] == [text]
    assert segment.complete is (erased <= len(text))


def test_enter_and_tab_are_text_whatever_the_layout_says() -> None:
    typist = Typist(1)
    for keysym, text in ((RETURN, "\r"), (0xFF8D, None), (TAB, "\t")):
        assert typist.press(key_seen(CLOCK, text, keysym=keysym)) is None
    assert as_text(typist.finish(End.IDLE).final) == "\n\n\t"


@pytest.mark.parametrize("keysym", [HOME, END, 0xFF52, 0xFF54, 0xFF55, 0xFF56, 0xFF1B])
def test_leaving_the_known_text_ends_the_segment(keysym: int) -> None:
    assert press(typed(["a"]), keysym) is End.CARET


@pytest.mark.parametrize(
    ("modifiers", "text", "types"),
    [
        (Modifier.LEFT_SHIFT, "A", True),
        (Modifier.RIGHT_ALT, "@", True),
        (Modifier.LEFT_CTRL | Modifier.LEFT_ALT, "€", True),
        (Modifier.LEFT_CTRL, "\x16", False),
        (Modifier.LEFT_CTRL, "1", False),
        (Modifier.RIGHT_CTRL, "+", False),
        (Modifier.LEFT_SUPER, "l", False),
        (Modifier.RIGHT_SUPER, "l", False),
        (0, "\x01", False),
    ],
)
def test_commands_type_nothing_and_make_the_text_uncertain(modifiers: int, text: str, *, types: bool) -> None:
    typist = typed(["x"])
    assert press(typist, text, modifiers) is None
    segment = typist.finish(End.IDLE)
    assert as_text(segment.final) == ("x" + text if types else "x")
    assert segment.complete is types
    assert [as_text(d) for d in segment.drafts] == ([] if types else ["x"])


def test_releases_and_dead_keys_type_nothing() -> None:
    typist = typed(["a"])
    assert typist.press(key_seen(CLOCK, "a", down=False)) is None
    assert typist.press(key_seen(CLOCK, keysym=0xFE51)) is None
    assert as_text(typist.finish(End.IDLE).final) == "a"
    assert typist.keys == 3


def test_a_repeated_key_makes_the_text_uncertain() -> None:
    typist = typed(["a"])
    repeated = key_seen(CLOCK, "a")
    typist.press(type(repeated)(**{f: getattr(repeated, f) for f in repeated.__struct_fields__} | {"repeat": True}))
    assert not typist.finish(End.IDLE).complete


def test_a_segment_ends_at_its_greatest_length() -> None:
    typist = Typist(1)
    assert [press(typist, "a") for _ in range(MAX_CHARS)] == [None] * (MAX_CHARS - 1) + [End.LENGTH]


def test_a_segment_ends_at_its_greatest_number_of_keys() -> None:
    typist = Typist(1)
    held = key_seen(CLOCK, keysym=0xFFE1, down=False)
    assert [typist.press(held) for _ in range(MAX_KEYS)] == [None] * (MAX_KEYS - 1) + [End.LENGTH]


def test_too_many_drafts_overflow() -> None:
    acts: list[Act] = []
    for _ in range(MAX_DRAFTS):
        acts += ["a", BACKSPACE]
    assert not typed(acts).finish(End.IDLE).overflowed
    assert typed([*acts, "a", BACKSPACE]).finish(End.IDLE).overflowed


def test_raw_text_is_not_printed() -> None:
    segment = typed([*"topsecret"]).finish(End.FOCUS)
    assert repr(segment) == "<Segment 1>"
    assert repr(Char("s", 3)) == "<Char by key 3>"
    assert "topsecret" not in f"{segment} {segment.final}"


def test_where_an_input_method_may_write_no_text_is_certain() -> None:
    typist = Typist(1, composes=True)
    press(typist, "a")
    assert not typist.finish(End.IDLE).complete


@pytest.mark.parametrize(("keysym", "whole"), [(0xFF20, True), (0xFF21, False), (0xFF2A, False), (0xFF31, False)])
def test_a_key_that_steers_an_input_method_makes_the_text_uncertain(keysym: int, *, whole: bool) -> None:
    """``Multi_key`` composes by the layout's own table; ``Kanji``, ``Zenkaku_Hankaku`` and ``Hangul`` do not."""
    typist = typed(["a"])
    typist.press(key_seen(CLOCK, keysym=keysym))
    assert typist.finish(End.IDLE).complete is whole
