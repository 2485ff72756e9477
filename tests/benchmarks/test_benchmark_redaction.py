"""The redaction benchmark counts rightly: what it plants is there, a leak is a leak, and cutting is noticed."""

import policies
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from benchmarks.redaction import leaks, split_differs
from benchmarks.redaction_texts import MAKERS, Planted, planted


def test_the_same_seed_plants_the_same_values_of_every_class() -> None:
    texts = planted(3, 2)
    assert texts == planted(3, 2) != planted(4, 2)
    assert {cls for text in texts for _, _, cls in text.spans} == set(MAKERS)
    assert all(text.text[start:end].strip() for text in texts for start, end, _ in text.spans)


def test_a_value_half_covered_is_a_leak() -> None:
    text = Planted("a 0123456789 b", ((2, 12, "x"),))
    assert leaks([text], [[(2, 12)]]) == {"x": (0, 1)}
    assert leaks([text], [[(2, 11)]]) == {"x": (0, 1)}
    assert leaks([text], [[(2, 10)]]) == {"x": (1, 1)}
    assert leaks([text], [[]]) == {"x": (1, 1)}


def test_what_is_planted_is_found_and_cutting_changes_nothing() -> None:
    redactor = TextRedactor(RuleSet(policies.redaction_rules()), b"0" * 32)
    texts = planted(11, 3)
    found = [[(span.start, span.end) for span in redactor.find(text.text)] for text in texts]
    assert {cls: lost for cls, (lost, _) in leaks(texts, found).items() if lost} == {}
    assert split_differs(texts[::4], redactor) == 0
