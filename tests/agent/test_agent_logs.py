"""G12: logs are read by others. From WARNING on, which is the default, no line depends on what a person answered."""

import ast
from collections.abc import Iterator
from pathlib import Path

AGENT = Path(__file__).parents[2] / "agent"
QUIET = ("debug", "info")
LOUD = {
    "cannot begin: %s": "of whoever is enrolled: nothing starts with a yes",
    "enrolment: %s": "a damaged or foreign file",
    "ledger: %s": "a damaged file; it exists as soon as somebody was asked",
    "text cannot be read (%s): all of it stays masked": "of whoever reads pictures; what it was to say is not told",
    "the clock was stepped, or the machine slept": "of every daemon, whatever was answered",
    "the ledger cannot be written yet: %s": "a disk that refuses; what it was to say is not told",
    "the spool cannot be read: %s": "of whoever is enrolled",
    "the switch file cannot be written; trying again": "a disk that refuses; what it was to say is not told",
}
"""Every line that is written by default, and why it tells nobody's answer. A new one is thought about here first."""
TELLING = ("withdraw", "refus", "agree", "captur", "batch", "pause", " off", " yes", " no ", "hook", "window")


def lines() -> Iterator[tuple[Path, str, str]]:
    """Each call of a module's logger: where, how loud, and its text."""
    for path in sorted(AGENT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"), attr=level), args=[text, *_]):
                    assert isinstance(text, ast.Constant), f"{path}:{node.lineno}: not a plain text"
                    yield path, level, str(text.value)


def test_what_is_logged_by_default_tells_no_answer() -> None:
    loud = {text for _, level, text in lines() if level not in QUIET}
    assert loud == set(LOUD)
    assert not [text for text in loud for word in TELLING if word in text]


def test_nothing_is_logged_but_through_a_modules_logger() -> None:
    roots = ("logging.warning", "logging.error", "logging.info", "logging.exception", "syslog", "traceback.print")
    for path in AGENT.rglob("*.py"):
        text = path.read_text()
        assert not [root for root in roots if root in text], path
