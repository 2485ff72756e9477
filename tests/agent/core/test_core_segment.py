"""A secret that was typed, mistyped, corrected or erased leaves neither its text nor the keys that typed it."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.redact.errors import RedactionFailed
from agent.core.redact.rules import RuleSet
from agent.core.redact.segment import RedactedSegment, redact_segment
from agent.core.redact.text import TextRedactor
from agent.core.text import End, Segment, Typist, as_text
from policies import redaction_rules
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import BACKSPACE, LEFT, RIGHT, key_seen

CLOCK = FakeClock()
RULES = RuleSet(redaction_rules())
Act = str | int


def redactor() -> TextRedactor:
    return TextRedactor(RULES, bytes(range(32)))


def secret(seed: int) -> str:
    """A value with a known shape, drawn so that no file holds it: a token, an address or a password with its name."""
    rng = random.Random(seed)  # noqa: S311  # a failing test must be repeatable
    mixed = "".join(rng.choices(string.ascii_letters + string.digits, k=36))
    name = "".join(rng.choices(string.ascii_lowercase, k=8))
    return rng.choice(["gh" + "p_" + mixed, f"{name}@{name[::-1]}.org", f"{mixed[:10]}7!aB"])


def announced(value: str) -> str:
    """How it is typed: a password is only known by what stands before it."""
    return value if "@" in value or "_" in value else f"password: {value}"


def typed(acts: list[Act]) -> tuple[Segment, RedactedSegment]:
    typist = Typist(1)
    for act in acts:
        seen = key_seen(CLOCK, act) if isinstance(act, str) else key_seen(CLOCK, keysym=act)
        assert typist.press(seen) is None
    segment = typist.finish(End.FOCUS)
    return segment, redact_segment(segment, redactor())


def with_slips(rng: random.Random, text: str) -> list[Act]:
    """Keys that come to the same text: slips that are erased, and steps back to put in what was left out."""
    acts: list[Act] = []
    index = 0
    while index < len(text):
        if rng.random() < 0.15:
            acts += ["x", BACKSPACE]
        if rng.random() < 0.1 and index + 1 < len(text):
            acts += [text[index + 1], LEFT, text[index], RIGHT]
            index += 2
            continue
        acts.append(text[index])
        index += 1
    return acts


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_a_secret_typed_with_corrections_goes_with_all_its_keys(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    value = secret(seed)
    acts = with_slips(rng, f"hello {announced(value)} and bye")
    segment, redacted = typed(acts)
    text = as_text(segment.final)
    assert text == f"hello {announced(value)} and bye"
    assert value not in redacted.text
    assert redacted.spans
    start = text.index(value)
    keys = [c.key for c in segment.final[start : start + len(value)]]
    assert all(redacted.hides(key) for key in range(min(keys), max(keys) + 1))
    kept = "".join(act for i, act in enumerate(acts) if isinstance(act, str) and not redacted.hides(i))
    assert value not in kept
    assert not redacted.hides(0)  # "h" of "hello" is nobody's secret


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.booleans())
def test_an_erased_secret_hides_its_keys(seed: int, more: bool) -> None:  # noqa: FBT001  # hypothesis asks for it
    value = secret(seed)
    before = announced(value)
    acts: list[Act] = [*before, *[BACKSPACE] * len(before), *("fine then" if more else "")]
    segment, redacted = typed(acts)
    assert as_text(segment.final) == ("fine then" if more else "")
    start = before.index(value)
    assert all(redacted.hides(start + i) for i in range(len(value)))
    assert value not in redacted.text
    erasers = range(len(before), len(before) + len(value))
    assert all(redacted.hides(i) for i in erasers), "their number would tell the length"


@given(st.integers(0, 10**6))
def test_a_secret_that_was_half_erased_goes_too(seed: int) -> None:
    value = secret(seed)
    before = announced(value)
    segment, redacted = typed([*before, *[BACKSPACE] * (len(value) // 2), *" no"])
    assert len(segment.drafts) == 1
    start = before.index(value)
    assert all(redacted.hides(start + i) for i in range(len(value)))


@given(st.lists(st.sampled_from(["the", "green", "tea", "is", "here"]), min_size=1, max_size=12))
def test_plain_words_stay_with_all_their_keys(words: list[str]) -> None:
    text = " ".join(words)
    _, redacted = typed([*text])
    assert redacted.text == text
    assert not redacted.secret
    assert not any(redacted.hides(i) for i in range(len(text)))


def test_a_failing_detector_raises_without_content(monkeypatch: pytest.MonkeyPatch) -> None:
    made = redactor()
    value = secret(1)

    def fail(_reading: object, _effort: object) -> list[object]:
        raise RedactionFailed("broken", "ValueError")

    monkeypatch.setattr(made, "_rules", type("Rules", (), {"find": staticmethod(fail)})())
    typist = Typist(1)
    for char in value:
        typist.press(key_seen(CLOCK, char))
    with pytest.raises(RedactionFailed) as caught:
        redact_segment(typist.finish(End.FOCUS), made)
    assert value not in str(caught.value)
    assert caught.value.__context__ is None
