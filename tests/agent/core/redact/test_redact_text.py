# ruff: noqa: RUF001, RUF003 - look-alike characters are what is tested here
"""The redactor over whole texts: nothing hides, nothing is half covered, failures are loud and say nothing."""

import random
from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from agent.core.redact import validators
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.fold import fold
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from tests.agent.core.redact.redact_examples import make

RULES = RuleSet(policies.redaction_rules())
REDACTOR = TextRedactor(RULES, b"0" * 32)
SHAPES = [
    "{lower}@{lower}.example.org",
    "sk_" + "live_{alnum}",
    "password: {mixed}",
    "{card}",
    "{iban}",
    "+46 70 {d3} 55 50",
]


def _planted(seed: int, shape: str) -> str:
    rng = random.Random(seed)  # noqa: S311 - test data
    values = {"lower": make(rng, "lower", "6"), "alnum": make(rng, "alnum", "24"), "mixed": make(rng, "mixed", "12")}
    values |= {
        "card": make(rng, "digits-luhn", "16", "4"),
        "iban": make(rng, "iban", "DE"),
        "d3": make(rng, "digits", "3"),
    }
    return shape.format(**values)


def _covers(text: str, value: str) -> bool:
    start = text.rindex(value)
    wanted = set(range(start, start + len(value)))
    return wanted <= {i for s in REDACTOR.find(text) for i in range(s.start, s.end)}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 999), st.sampled_from(SHAPES))
def test_any_text_around_a_value_leaves_it_whole(before: str, after: str, seed: int, shape: str) -> None:
    planted = _planted(seed, shape)
    text = f"{before}\n{planted}\n{after}"
    spans = REDACTOR.find(text)
    assert spans == TextRedactor(RULES, b"1" * 32).find(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    start = len(before) + 1
    value = planted.removeprefix("password: ")
    wanted = set(range(start + len(planted) - len(value), start + len(planted)))
    assert wanted <= {i for s in spans for i in range(s.start, s.end)}
    assert value not in REDACTOR.redact(text).text


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_no_text_breaks_it_and_the_fold_maps_back(text: str) -> None:
    REDACTOR.redact(text)
    REDACTOR.redact_url(text)
    reading = fold(text)
    assert len(reading.text) == len(reading.lower)
    for at in range(len(reading.text)):
        start, end = reading.original(at, at + 1)
        assert 0 <= start < end <= len(text)


@pytest.mark.parametrize("hidden", ["\u200b", "\u2060", "\u00ad", "\u202e", "\u0301", "\ufe0f", "\u3164", "\x00"])
@pytest.mark.parametrize("shape", SHAPES)
def test_characters_that_do_not_show_hide_nothing(hidden: str, shape: str) -> None:
    planted = hidden.join(_planted(7, shape))
    found = {i for s in REDACTOR.find(planted) for i in range(s.start, s.end)}
    value = planted.split(hidden.join(": "))[-1]
    # What follows the last visible character shows nothing either.
    start = planted.rindex(value)
    assert {i for i in range(start, len(planted)) if planted[i] != hidden} <= found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("раssword: hunter2xy", "hunter2xy"),  # Cyrillic р and а
        ("ｐａｓｓｗｏｒｄ：ｈｕｎｔｅｒ２", "ｈｕｎｔｅｒ２"),  # full width
        ("ann.lee＠example．org", "ann.lee＠example．org"),
        ("tel ٠٧٠١٢٣٤٥٦٧٨٩", "٠٧٠١٢٣٤٥٦٧٨٩"),  # Arabic-Indic digits
        ("call +46\u00a070\u00a0142\u00a055\u00a050", "+46\u00a070\u00a0142\u00a055\u00a050"),
        ("🙂🙂 mail ann@example.org 🙂", "ann@example.org"),
        ("пароль: солнце77", "солнце77"),
        ("密码：guess3me", "guess3me"),
        ("비밀번호는 abcd1234", "abcd1234"),
        ("סיסמה: shalom12", "shalom12"),
        ("कृपया पासवर्ड: raja2024", "raja2024"),
        ("dr.müller@bücher.example", "dr.müller@bücher.example"),
    ],
)
def test_scripts_and_look_alikes(text: str, value: str) -> None:
    assert _covers(text, value)


def test_the_same_value_comes_back_under_the_same_ordinal() -> None:
    redactor = TextRedactor(RULES, b"0" * 32)
    assert redactor.redact("ann@x.example to bob@x.example").text == "⟨EMAIL#1⟩ to ⟨EMAIL#2⟩"
    assert redactor.redact("again Ann@x.example").text == "again ⟨EMAIL#1⟩"


def test_a_failing_detector_fails_the_text_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, start: int, end: int) -> None:
        raise RuntimeError(text[start:end])

    names = {**validators.VALIDATORS, "email": broken}
    monkeypatch.setattr("agent.core.redact.rules.VALIDATORS", MappingProxyType(names))
    redactor = TextRedactor(RuleSet(policies.redaction_rules()), b"0" * 32)
    with pytest.raises(RedactionFailed) as caught:
        redactor.redact("ann@x.example")
    assert caught.value.detector == "email"
    assert caught.value.kind == "RuntimeError"
    assert "ann" not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://ann:pw1@Shop.example:8443/orders/8812/edit?token=a#x", "https://shop.example:8443/orders/{}/edit"),
        ("https://x.example/users/ann/settings", "https://x.example/users/{}/settings"),
        ("https://x.example", "https://x.example"),
        ("x.example/inbox?q=1", "x.example/inbox"),
        ("localhost:8000/admin", "localhost:8000/admin"),
        ("file:///home/ann/taxes.pdf", "file:{}"),
        ("mailto:ann@x.example", "mailto:{}"),
        ("https://81.2.69.144/x", "https://⟨IP#1⟩/x"),
        ("https://x.example/a%40b/ok", "https://x.example/{}/ok"),
        ("not a url at all", "{}"),
        ("", "{}"),
    ],
)
def test_addresses_tell_origin_and_path_template_only(url: str, told: str) -> None:
    assert TextRedactor(RULES, b"0" * 32).redact_url(url).text == told


BENIGN = (
    "The passage of time is secret to nobody. Token gestures are key to success; the code is in the repository.",
    "for key, value in tokens.items():\n    password = get_password(user)\n    print(password)",
    "2024-03-02T10:11:12.123Z INFO [worker-12] GET /api/v1/items/331 200 12ms 8550502 bytes",
    "commit 0c85a838a599907c17454c61cddca6f6af34389e",
    "sha256:9dcb0bec917951af0dc901e968bc8478780de0108c396b61315e6f5e36f6ecd3",
    "npm install react@18.2.0 && pip install numpy==2.2.0",
    "Meet at 10:30 on 12/05/2024 in room 4-112; it costs $1,299.00 for 3 people.",
    "<input type='password' name='password' placeholder='Enter your password'>",
    "Forgot your password? Click here to reset it. Your password must be at least 12 characters.",
    "x = [-83.564024, -57.418591, 95.973324]; y = 0x7fff5fbff8c0",
)


@pytest.mark.parametrize("text", BENIGN)
def test_dull_text_stays(text: str) -> None:
    assert [text[s.start : s.end] for s in REDACTOR.find(text)] == []
