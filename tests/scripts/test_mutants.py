"""The mutation tool makes the mutants that it says it makes, and counts honestly."""

import ast

import pytest

from scripts.mutants import TARGETS, _source, report
from scripts.mutations import Mutant, mutants_of

SOURCE = '''"""A module."""
from enums import R

OPEN = {R.ONE, R.TWO}

def may(a: int, b: bool) -> bool:
    """Says."""
    if a < 3 and not b:
        return False
    if b:
        return a in OPEN
    return True
'''


@pytest.mark.parametrize(
    "code",
    [
        "OPEN = {R.TWO}",
        "OPEN = {R.TWO, R.TWO}",
        "if a <= 3 and (not b):",
        "if a < 3 or not b:",
        "if a < 3:",
        "if not b:",
        "if a < 3 and b:",
        "if a < 4 and (not b):",
        "if True:",
        "if False:",
        "return True\n    if b:",
        "return a not in OPEN",
        "return None",
        '"""Says."""\n    return True\n    if',
        "if b:\n        return a in OPEN\n    if a < 3",
    ],
)
def test_it_makes(code: str) -> None:
    made = [ast.unparse(mutant.tree) for mutant in mutants_of("toy", SOURCE)]
    normal = ast.unparse(ast.parse(SOURCE))
    assert code not in normal
    assert any(code in text or code.replace("{R.TWO}", "[R.TWO]") in text for text in made), "\n\n".join(made)


def test_names_are_distinct_and_nothing_is_made_of_words_and_types() -> None:
    made = mutants_of("toy", SOURCE)
    assert len({mutant.name for mutant in made}) == len(made)
    original = ast.dump(ast.parse(SOURCE))
    for mutant in made:
        assert ast.dump(mutant.tree) != original
        text = ast.unparse(mutant.tree)
        assert "a: int, b: bool" in text
        assert "import R" in text


def test_every_target_has_mutants() -> None:
    for module in TARGETS:
        assert len(mutants_of(module, _source(module))) > 50


@pytest.mark.parametrize(
    ("alive", "listed", "code", "score"),
    [
        ((), (), 0, "100.0 % of 3"),
        (("a",), (), 1, "66.7 % of 3"),
        (("a",), ("a",), 0, "100.0 % of 2"),
        ((), ("a",), 1, "100.0 % of 3"),
        (("a", "b"), ("b",), 1, "50.0 % of 2"),
    ],
)
def test_the_score(
    alive: tuple[str, ...], listed: tuple[str, ...], code: int, score: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [Mutant("toy", name, 1, "") for name in "abc"]
    left = [mutant for mutant in made if mutant.name in alive]
    assert report(made, left, dict.fromkeys(listed, "why"), 1.0) == code
    assert score in capsys.readouterr().out
