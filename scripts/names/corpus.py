"""Labelled texts for training, drawn from a seed: sentences with holes, and texts in which nobody is named."""

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django

from agent.core.redact.names import ADDRESS, PERSON
from scripts.names.machine import Machine
from scripts.names.templates import LANGUAGES
from scripts.names.values import Values

_HOLE = re.compile(r"\{([PFSABCOETDNMR])\}")
_MARKED = {"P": PERSON, "F": PERSON, "S": PERSON, "A": ADDRESS, "B": ADDRESS}
_MESSAGE = re.compile(r'^msgstr(?:\[\d\])? ((?:".*"\n?)+)', re.MULTILINE)
SHARES = (("en", 30), ("de", 9), ("fr", 9), ("es", 7), ("it", 7), ("nl", 6), ("pl", 6), ("xx", 10), ("", 16))
"""How often a language is drawn; "" has nobody in it."""


@dataclass(frozen=True)
class Sample:
    """A text, and what is named in it: (start, end, label)."""

    text: str
    spans: tuple[tuple[int, int, int], ...]


def sentence(values: Values, language: str) -> Sample:
    """One sentence of a language with its holes filled."""
    template = values.rng.choice(_templates(language))
    text, spans, at = "", [], 0
    for hole in _HOLE.finditer(template):
        text += template[at : hole.start()].replace("{{", "{").replace("}}", "}")
        at = hole.end()
        value = values.fill(hole.group(1), language)
        label = _MARKED.get(hole.group(1))
        if label:
            spans.append((len(text), len(text) + len(value), label))
        text += value
    return Sample(text + template[at:].replace("{{", "{").replace("}}", "}"), tuple(spans))


def _templates(language: str) -> list[str]:
    return [line.replace("\\n", "\n").replace("\\t", "\t") for line in LANGUAGES[language].splitlines() if line]


def messages() -> list[str]:
    """What Django says to people, in some hundred languages: prose in which nobody is named."""
    root = Path(django.__file__).parent
    found = []
    for path in sorted(root.glob("**/LC_MESSAGES/*.po")):
        body = path.read_text("utf-8").partition("\n\n")[2]
        for match in _MESSAGE.finditer(body):
            said = "".join(ast.literal_eval(line) for line in match.group(1).splitlines())
            if len(said) > 3:
                found.append(said)
    return found


def sources() -> list[str]:
    """Pieces of Django's own code."""
    root = Path(django.__file__).parent
    pieces = []
    for path in sorted(
        [*root.glob("db/**/*.py"), *root.glob("http/*.py"), *root.glob("forms/*.py"), *root.glob("utils/*.py")]
    ):
        lines = path.read_text("utf-8").splitlines()
        pieces += ["\n".join(lines[i : i + 8]) for i in range(0, len(lines), 8)]
    return pieces


def samples(seed: int, count: int) -> Iterator[Sample]:
    """Labelled texts: sentences, single or joined, sometimes in small letters; and prose and code without anybody."""
    rng = random.Random(seed)  # noqa: S311 - training data
    values = Values(rng)
    said, code, machine = messages(), sources(), Machine(rng)
    names, weights = zip(*SHARES, strict=True)
    for _ in range(count):
        luck = rng.random()
        if luck < 0.14:
            yield Sample(rng.choice(said), ())
        elif luck < 0.20:
            yield Sample(rng.choice(code), ())
        elif luck < 0.35:
            yield Sample(machine.text(), ())
        elif luck < 0.42:
            yield _amid(values, machine)
        else:
            language = rng.choices(names, weights)[0]
            joined = [sentence(values, language) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            if rng.random() < 0.2:
                joined.insert(rng.randint(0, len(joined)), Sample(rng.choice(said), ()))
            yield _small(_join(joined, rng.choice((" ", "\n", "\n\n", " - "))), rng)


def _amid(values: Values, machine: Machine) -> Sample:
    """A name anywhere in a sentence of any words: what is on a list is a name wherever it stands."""
    before = [machine.word() for _ in range(values.rng.randint(0, 5))]
    if before:
        before[0] = before[0].capitalize()
    after = [machine.word() for _ in range(values.rng.randint(1, 5))]
    name = values.rng.choice((values.given, values.given, values.person, values.family))(
        values.rng.choice(("en", "de", "fr", "es"))
    )
    head = "".join(word + " " for word in before)
    return Sample(head + name + values.rng.choice((" ", " ", " ", "'s ", ", ")) + " ".join(after) + ".",
                  ((len(head), len(head) + len(name), PERSON),))  # fmt: skip


def _join(pieces: list[Sample], between: str) -> Sample:
    text, spans = "", []
    for piece in pieces:
        text += between if text else ""
        spans += [(len(text) + a, len(text) + b, label) for a, b, label in piece.spans]
        text += piece.text
    return Sample(text, tuple(spans))


def _small(sample: Sample, rng: random.Random) -> Sample:
    low = sample.text.lower()
    return Sample(low, sample.spans) if len(low) == len(sample.text) and rng.random() < 0.14 else sample
