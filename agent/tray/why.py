"""Every condition of capture, fulfilled or not, with what would change it."""

from agent.tray.panel import Lines, Panel, label
from agent.tray.view import put_off_s, sentence
from agent.tray.when import day_of
from agent.tray.words import Words
from schemas.status import Condition, Status

SIZE_PX = (680, 560)


class Why(Panel):
    """A list to read.

    Args:
        words: the language.
        status: ``None`` where the daemon cannot be reached.
        now_s: Unix time.
    """

    def __init__(self, words: Words, status: Status | None, now_s: float) -> None:
        parts = [label(line) for line in facts(words, status, now_s)]
        listed = _conditions(words, status.conditions if status else ())
        super().__init__(words, words("why.title"), sentence(words, status, now_s), [*parts, listed], SIZE_PX)


def facts(words: Words, status: Status | None, now_s: float) -> list[str]:
    """Which study it is, and which dates matter."""
    if status is None or status.study is None:
        return [words("why.no_study")]
    told = [words("why.study", study=status.study, organisation=status.organisation or "")]
    if status.consent_until is not None:
        told.append(words("why.ends", date=day_of(words, status.consent_until)))
    put_off = put_off_s(status, now_s)
    return [*told, words("put_off", date=day_of(words, put_off))] if put_off is not None else told


def _conditions(words: Words, conditions: tuple[Condition, ...]) -> Lines:
    lines = Lines(words("why.list"))
    # What stands in the way comes first: it is what people came to read.
    for condition in sorted(conditions, key=lambda c: c.holds):
        told = words.state_of(condition)
        if not condition.holds:
            told += "\n" + words("why.remedy", remedy=words.remedy_of(condition))
        heard = words("why.holds" if condition.holds else "why.fails")
        lines.add(told, "✔" if condition.holds else "✘", f"{heard}: {told}")
    return lines
