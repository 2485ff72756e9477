"""How much leaks, how much is masked needlessly, and what it costs: ``python -m benchmarks.redaction``.

Texts are generated from a seed at run time; a corpus of other authors can be given by ``--corpus FILE``. Presidio runs
on the same texts in the same call, if it is installed: give its Python by ``--presidio``, or its rows stay empty.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import policies
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.segment import RedactedSegment, redact_segment
from agent.core.redact.text import TextRedactor
from agent.core.text import Char, End, Segment
from agent.redacting import Window
from benchmarks.redaction_held import held
from benchmarks.redaction_texts import Planted, benign, from_file, planted
from benchmarks.report import Measured, report

KEY: Final = b"0" * 32
COVERED: Final = 0.9
"""Share of a value's letters and digits that must be masked for it to count as caught."""
SECRETS: Final = frozenset({"password", "secret", "PASSWORD", "SECRET", "BAREPASS", "USERPASS_URL", "B64SECRET",
                            "AWSSECRET", "HEXSECRET", "SEEDPHRASE"})  # fmt: skip
NAMES: Final = frozenset({"PERSON", "PERSON_X", "NAME", "ADDRESS", "LOCATION"})
HELD_OF: Final = 10
"""Each class stands in some ten of the texts that were held out."""
PEER_TEXTS: Final = 200
"""Texts that the peer gets: it needs some 10 ms for each."""
PRESIDIO: Final = Path(".bench-peers/presidio/bin/python")
PEER_LIMIT_S: Final = 300
IMPORTED: Final = (
    "kib = lambda: int(next(r for r in open('/proc/self/status') if r.startswith('VmRSS')).split()[1]); before = kib();"
    "import policies; from agent.core.redact.rules import RuleSet; from agent.core.redact.text import TextRedactor;"
    "from agent.core.redact.names import Names;"
    "r = TextRedactor(RuleSet(policies.redaction_rules()), b'0' * 32, Names(policies.names_model));"
    "r.redact('call 020 7946 0958, nr 44051401359, a@x.example');"
    "print((kib() - before) / 1024)"
)
"""Loads all of it, the numbering plans too, and tells by how much the process grew."""
PEER: Final = """
import json, sys, tempfile, time
import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
name = "en_core_web_sm"
if not spacy.util.is_package(name):
    name = tempfile.mkdtemp()
    spacy.blank("en").to_disk(name)
model = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": name}]}
engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=model).create_engine())
texts = json.load(sys.stdin)
engine.analyze("warm up", language="en")
begun, found = time.process_time(), []
for text in texts:
    found.append([(r.start, r.end) for r in engine.analyze(text, language="en")])
print(json.dumps({"seconds": time.process_time() - begun, "found": found}))
"""
"""Without its model for English, Presidio has its patterns and no names; it is quicker then."""

PEER_NOTE: Final = "Presidio's own patterns; its names only if its Python has en_core_web_sm"

Found = list[list[tuple[int, int]]]


def leaks(texts: list[Planted], found: Found) -> dict[str, tuple[int, int]]:
    """Leaked and planted values by class."""
    lost, total = Counter[str](), Counter[str]()
    for text, spans in zip(texts, found, strict=True):
        covered = {i for start, end in spans for i in range(start, end)}
        for start, end, cls in text.spans:
            solid = [i for i in range(start, end) if text.text[i].isalnum()]
            total[cls] += 1
            lost[cls] += sum(i in covered for i in solid) < COVERED * len(solid)
    return {cls: (lost[cls], total[cls]) for cls in total}


def split_differs(texts: list[Planted], redactor: TextRedactor) -> int:
    """Texts whose outcome hangs on how they came: in two pieces through the window, or typed with a break.

    At some ten places each: what comes out of the window must be the same, and every key that is hidden without a
    break must be hidden with the text up to the break as a draft.
    """
    return sum(_differs(text.text, redactor) for text in texts)


def _differs(text: str, redactor: TextRedactor) -> bool:
    def typed(*drafts: int) -> RedactedSegment:
        chars = tuple(Char(char, key) for key, char in enumerate(text))
        return redact_segment(
            Segment(0, chars, tuple(chars[:at] for at in drafts), overflowed=False, complete=True, end=End.FOCUS),
            redactor,
        )

    def streamed(*parts: str) -> str:
        window = Window(redactor, KEY)
        return "".join([*map(window.take, parts), window.rest()])

    whole, once = typed(), streamed(text)
    return any(
        streamed(text[:at], text[at:]) != once
        or not whole.secret <= typed(at).secret
        or [(s.start, s.end, s.cls) for s in typed(at).spans] != [(s.start, s.end, s.cls) for s in whole.spans]
        for at in range(1, len(text), max(1, len(text) // 10))
    )


def _ours(texts: list[str], redactor: TextRedactor) -> tuple[Found, float]:
    begun = time.process_time()
    found = [[(s.start, s.end) for s in redactor.find(text)] for text in texts]
    return found, time.process_time() - begun


def _peer(python: Path | None, texts: list[str]) -> tuple[Found, float] | str:
    if python is None:
        return "no --presidio PYTHON was given"
    try:
        done = subprocess.run([python, "-c", PEER], input=json.dumps(texts), capture_output=True, text=True, check=True,
                              timeout=PEER_LIMIT_S)  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return f"Presidio did not run: {type(error).__name__}"
    told = json.loads(done.stdout.splitlines()[-1])
    return [[(s, e) for s, e in spans] for spans in told["found"]], told["seconds"]


def _rates(name: str, texts: list[Planted], ours: Found, peer: Found | None) -> list[Measured]:
    theirs = leaks(texts[:: _step(texts)], peer) if peer is not None else {}
    rows = []
    for cls, (lost, total) in leaks(texts, ours).items():
        target = 15.0 if cls in NAMES else 3.0 if cls in SECRETS else 1.0
        beside = f"of {total}"
        if cls in theirs:
            beside += f"; Presidio {100 * theirs[cls][0] / theirs[cls][1]:.1f} % of {theirs[cls][1]}"
        rows.append(Measured(f"leaked, {name}: {cls}", 100 * lost / total, "%", target, beside))
    return rows


def _step(texts: list[Planted]) -> int:
    return max(1, len(texts) // PEER_TEXTS)


def measure(seed: int, each: int, corpus: Path | None, presidio: Path | None) -> list[Measured]:
    """All figures."""
    redactor = TextRedactor(RuleSet(policies.redaction_rules()), KEY, Names(policies.names_model))
    redactor.redact("call 020 7946 0958, nr 44051401359")  # what is loaded at the first candidate
    made = {"generated": planted(seed, each), "held out": held(seed, max(1, each // HELD_OF))} | (
        {"given": from_file(corpus)} if corpus else {}
    )
    rows: list[Measured] = []
    for name, texts in made.items():
        ours, seconds = _ours([t.text for t in texts], redactor)
        sample = [t.text for t in texts[:: _step(texts)]]
        peer = _peer(presidio, sample)
        rows += _rates(name, texts, ours, None if isinstance(peer, str) else peer[0])
        rows.append(Measured(f"CPU of a text, {name}", 1e3 * seconds / len(texts), "ms", 1.0))
        rows.append(_slower(name, sample, redactor, peer))
    dull = list(benign(seed))
    found, seconds = _ours(dull, redactor)
    size = sum(map(len, dull))
    masked = sum(end - start for spans in found for start, end in spans)
    rows.append(Measured("benign characters masked", 100 * masked / size, "%", 3.0, f"of {size}: standard library"))
    rows.append(Measured("CPU of 1,000 benign characters", 1e6 * seconds / size, "ms", None))
    differs = split_differs(made["generated"][:: max(1, each // 20)], redactor)
    rows.append(Measured("outcomes that hang on splitting", float(differs), "texts", 0.0))
    rows.append(_memory())
    return rows


def _memory() -> Measured:
    label = "memory of text redaction, all libraries loaded"
    if not Path("/proc/self/status").exists():
        return Measured(label, None, "MB", 40.0, "only measured on Linux")
    grown = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True).stdout
    return Measured(label, float(grown), "MB", 40.0)


def _slower(name: str, sample: list[str], redactor: TextRedactor, peer: tuple[Found, float] | str) -> Measured:
    label = f"our time as a share of Presidio's, {name}"
    if isinstance(peer, str):
        return Measured(label, None, "%", 10.0, peer)
    return Measured(label, 100 * _ours(sample, redactor)[1] / peer[1], "%", 10.0, f"{len(sample)} texts; {PEER_NOTE}")


def main() -> None:
    """Measure, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=200, help="values of each class")
    parser.add_argument("--corpus", type=Path, help="JSON lines with text and spans")
    parser.add_argument("--presidio", type=Path, default=PRESIDIO if PRESIDIO.exists() else None,
                        help="a Python with presidio-analyzer; see benchmarks/peers/presidio.txt")  # fmt: skip
    asked = parser.parse_args()
    sys.exit(not report("Redaction of text", measure(asked.seed, asked.each, asked.corpus, asked.presidio), asked.json))


if __name__ == "__main__":
    main()
