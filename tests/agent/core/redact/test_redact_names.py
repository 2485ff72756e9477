"""Names and addresses: found in sentences that the model never saw, the same however they are typed or cut."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.segment import redact_segment
from agent.core.redact.text import TextRedactor
from agent.core.text import End, Typist
from agent.redacting import Window
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import BACKSPACE, key_seen

KEY = b"0" * 32
REDACTOR = TextRedactor(RuleSet(policies.redaction_rules()), KEY, Names(policies.names_model))
CLOCK = FakeClock()
MAX_MODEL = 2_000_000

PEOPLE = (
    "Helene Achterberg", "Jürgen Klinsberg", "María Fontanals", "Giulia Bertolucci", "Sjoerd Veenstra",
    "Zofia Wrońska", "Thomas Whitcombe",
    "Priya Raghunathan", "Olivier Marchand", "Katarzyna Zielińska", "Ingrid Solheim", "Carlos Ibarra",
)  # fmt: skip
PLACES = (
    "14 Maple Avenue, Springfield, IL 62704", "7 Church Lane, Oxford OX4 2RD", "Lindenstraße 23, 10969 Berlin",
    "12 rue de la République, 69002 Lyon", "Calle Mayor 8, 28013 Madrid", "Via Garibaldi 31, 20121 Milano",
    "Keizersgracht 241, 1016 EA Amsterdam", "ul. Długa 17, 31-147 Kraków",
)  # fmt: skip
SENTENCES = (
    "Hello {}, thank you for the quick answer", "Could you forward this to {} please?", "the contract was signed by {}",
    "Guten Tag {}, anbei das Angebot", "Bonjour {}, voici le devis", "Le pregunté a {} ayer", "Gentile {}, grazie",
    "Beste {}, dank je wel", "Pozdrawiam,\n{}", "Name: {}\nRoom: 4", "{} sent you a message", "meeting with {} at ten",
)  # fmt: skip
MOVES = (
    "We moved to {}.",
    "Please ship it to {} by Friday",
    "Address: {}",
    "my new address is {}",
    "Ich wohne in der {}.",
)


def _masked(text: str, value: str) -> bool:
    start = text.index(value)
    found = {i for s in REDACTOR.find(text) for i in range(s.start, s.end)}
    solid = [i for i in range(start, start + len(value)) if text[i].isalnum()]
    return sum(i in found for i in solid) >= 0.9 * len(solid)


@pytest.mark.parametrize(("values", "sentences"), [(PEOPLE, SENTENCES), (PLACES, MOVES)])
def test_most_are_found_in_sentences_of_others(values: tuple[str, ...], sentences: tuple[str, ...]) -> None:
    pairs = [(sentence.format(value), value) for value in values for sentence in sentences]
    missed = [text for text, value in pairs if not _masked(text, value)]
    assert len(missed) <= 0.15 * len(pairs), missed


@pytest.mark.parametrize("text", [
    "Please review the attached document before Monday.", "Die Rechnung ist am Freitag eingegangen.",
    "Microsoft Teams and Visual Studio Code were updated in March.", "Open the Settings page and choose Network.",
    "La réunion de mardi est annulée.", "def get_name(self, address): return self.names[address]",
    "region: eu-central-1\nreplicas: 3", "SELECT name, city FROM orders WHERE id = 12;", "The train to Munich is late.",
])  # fmt: skip
def test_nobody_is_found_where_nobody_is(text: str) -> None:
    assert [text[s.start : s.end] for s in REDACTOR.find(text)] == []


def _text(seed: int) -> tuple[str, str]:
    rng = random.Random(seed)  # noqa: S311 - a choice of sentences
    person, place = rng.choice(PEOPLE), rng.choice(PLACES)
    return f"{rng.choice(SENTENCES).format(person)}. {rng.choice(MOVES).format(place)}", person


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_where_it_is_cut_or_corrected_changes_nothing(seed: int, data: st.DataObject) -> None:
    text, _ = _text(seed)
    at = data.draw(st.integers(1, len(text) - 1))
    whole, cut = Window(REDACTOR, KEY), Window(REDACTOR, KEY)
    assert cut.take(text[:at]) + cut.take(text[at:]) + cut.rest() == whole.take(text) + whole.rest()
    plain, slipped = Typist(1), Typist(1)
    for char in text:
        plain.press(key_seen(CLOCK, char))
    for char in [*text[:at], "x", BACKSPACE, *text[at:]]:
        slipped.press(key_seen(CLOCK, char) if isinstance(char, str) else key_seen(CLOCK, keysym=char))
    once = redact_segment(plain.finish(End.FOCUS), REDACTOR)
    again = redact_segment(slipped.finish(End.FOCUS), REDACTOR)
    assert [(s.start, s.end, s.cls) for s in once.spans] == [(s.start, s.end, s.cls) for s in again.spans]
    assert {key if key < at else key + 2 for key in once.secret} <= again.secret


def test_an_erased_name_takes_its_keys_along() -> None:
    typist = Typist(1)
    text = "Dear Katarzyna Zielińska,"
    for char in [*text, *[BACKSPACE] * len(text)]:
        typist.press(key_seen(CLOCK, char) if isinstance(char, str) else key_seen(CLOCK, keysym=char))
    redacted = redact_segment(typist.finish(End.FOCUS), REDACTOR)
    start = text.index("Katarzyna")
    assert all(redacted.hides(key) for key in range(start, len(text) - 1))
    assert redacted.text == ""


@pytest.mark.parametrize("hidden", ["\u200b", "\u2060", "\u00ad"])
def test_invisible_and_look_alike_letters_hide_no_name(hidden: str) -> None:
    name = hidden.join("Thomas Whitcombe")
    assert _masked(f"Best regards, {name}", name)
    assert _masked("Dear Тhоmas Whitcombe,", "Тhоmas Whitcombe")  # noqa: RUF001 - Cyrillic letters among them


@pytest.mark.parametrize("title", ["Helene Achterberg | Microsoft Teams", "Contract Thomas Whitcombe.pdf - Viewer"])
def test_titles_and_names_of_documents_pass_the_same_door(title: str) -> None:
    told = REDACTOR.redact(title).text
    assert "Achterberg" not in told
    assert "Whitcombe" not in told


def test_the_model_is_small_and_its_libraries_few() -> None:
    assert len(policies.names_model()) < MAX_MODEL
    code = (
        "import sys; from agent.core.redact.names import Names; import policies;"
        "from agent.core.redact.effort import Effort; from agent.core.redact.fold import fold;"
        "assert Names(policies.names_model).find(fold('Dear Anna Smith,'), Effort(99));"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_training_makes_the_same_file_again(tmp_path: Path) -> None:
    target = tmp_path / "names.bin"
    subprocess.run([sys.executable, "-m", "scripts.names.train", "--out", str(target)], check=True, timeout=1700)
    assert target.read_bytes() == policies.names_model()
