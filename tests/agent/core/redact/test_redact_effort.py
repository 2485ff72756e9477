"""A detector that raises, is missing, is late or works too hard drops the text; nothing that people type comes near."""

import random
import string
from collections.abc import Callable, Iterator
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from agent.core.redact import national, validators
from agent.core.redact.effort import LIMIT_S, STEPS_AT_LEAST, STEPS_PER_CHAR, Effort
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.fold import fold
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor, works

KEY = b"0" * 32
RULES = RuleSet(policies.redaction_rules())
NAMES = Names(policies.names_model)
SIZE = 4_000
"""Code points of the longest segment."""
USUAL = 130
"""Steps for each code point that no row of numbers, words or marks exceeds: far below what is allowed."""


def _steps(text: str) -> int:
    effort = Effort(10**9)
    reading = fold(text)
    assert list(RULES.find(reading, effort)) is not None
    NAMES.find(reading, effort)
    return effort.spent


def _rows() -> Iterator[tuple[str, str]]:
    rng = random.Random(5)  # noqa: S311 - test data
    for piece in (
        "1 2 3 4 ", "12 34 56 78 ", "123 456 789 ", "12345678901 ", "a=b ", "+49 ", "+49 151 ", "(((", "1.2.3.4 ",
        "4111 1111 1111 1111 ", "::", "1:", "0-", "1.0 ", "DE12 ", "password: ", "password ", "key ", "token: x ",
        "born ", "code 1 ", "http://a:", "-p ", "eyJa.", "a@b.", "Anna ", "Anna, ", "12 Main St ", "hi ", "é", "я",
        "abandon ", "A1 ", "name ",
    ):  # fmt: skip
        yield piece, piece * (SIZE // len(piece))
    letters = string.ascii_letters + string.digits + "+/"
    yield "base64", "".join(rng.choices(letters, k=SIZE))
    yield "base64 lines", "\n".join("".join(rng.choices(letters, k=76)) for _ in range(SIZE // 76))
    yield "csv", ",".join(str(rng.randint(0, 10**6)) for _ in range(SIZE // 7))
    yield "table", "\n".join(" ".join(f"{rng.random() * 1e4:.2f}" for _ in range(10)) for _ in range(SIZE // 80))
    yield "digits", "".join(rng.choices(string.digits + " -.", k=SIZE))
    yield "bytes", ":".join(f"{rng.randrange(256):02x}" for _ in range(SIZE // 3))
    yield "long numbers", " ".join(str(rng.randrange(10**10, 10**11)) for _ in range(SIZE // 12))


ROWS = dict(_rows())


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_anything_cost_in_proportion_to_their_length(name: str) -> None:
    text = ROWS[name]
    half, whole = _steps(text[: len(text) // 2]), _steps(text)
    assert whole <= max(3 * half, 20_000), "twice the text, about twice the work"
    assert whole <= USUAL * len(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"0123456789 .,-/+:=@()#'\"\n\tabeipswxAEXé¹", "key ", "pass", "token", "tel ", "Anna "]),
        min_size=1,
        max_size=12,
    ).map("".join),
)
def test_whatever_is_repeated_stays_far_below_the_limit(piece: str) -> None:
    text = piece * (1_000 // len(piece) + 1)
    assert _steps(text) <= STEPS_AT_LEAST // 2 + STEPS_PER_CHAR * len(text) // 4


def test_too_many_steps_drop_the_text_and_say_nothing() -> None:
    text = "canary" + "?token=" * 2_500
    with pytest.raises(RedactionFailed) as caught:
        TextRedactor(RULES, KEY).find(text)
    assert caught.value.kind == "TooManySteps"
    assert "canary" not in str(caught.value)


def test_the_same_text_takes_the_same_steps() -> None:
    assert _steps(ROWS["table"]) == _steps(ROWS["table"])


def _redactor(detector: Callable[[str, int, int], None], clock: Callable[[], float] | None = None) -> TextRedactor:
    names = MappingProxyType({**validators.VALIDATORS, "email": detector})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.core.redact.rules.VALIDATORS", names)
        return TextRedactor(RuleSet(policies.redaction_rules()), KEY, NAMES, clock)


def test_a_late_detector_drops_the_text() -> None:
    now = [0.0]

    def slow(_text: str, _start: int, _end: int) -> None:
        now[0] += LIMIT_S + 1

    redactor = _redactor(slow, lambda: now[0])
    assert redactor.find("nothing for it") == []
    with pytest.raises(RedactionFailed) as caught:
        redactor.find("ann@x.example")
    assert (caught.value.detector, caught.value.kind) == ("email", "TooLate")
    assert not works(redactor)


def test_a_missing_library_drops_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_name: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(national, "_format", gone)
    redactor = TextRedactor(RULES, KEY, NAMES)
    with pytest.raises(RedactionFailed) as caught:
        redactor.find("nr 44051401359 ok")
    assert caught.value.detector == "id-checked"


def _absent() -> bytes:
    raise FileNotFoundError


@pytest.mark.parametrize(
    "load", [_absent, lambda: b"", lambda: policies.names_model()[:-99], lambda: b"overt-names-1\nx"]
)
def test_a_missing_or_damaged_model_drops_the_text(load: Callable[[], bytes]) -> None:
    redactor = TextRedactor(RULES, KEY, Names(load))
    with pytest.raises(RedactionFailed) as caught:
        redactor.find("anything at all")
    assert caught.value.detector == "names"
    assert caught.value.__context__ is None
    assert not works(redactor)


def test_all_layers_work_as_shipped() -> None:
    assert works(TextRedactor(RULES, KEY, NAMES, lambda: 0.0))
    assert not works(TextRedactor(RULES, KEY)), "without the model a layer is missing"
