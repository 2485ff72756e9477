"""Writes docs/lifecycle.md from the tables of the agent's core; ``--check`` says whether it still tells the truth."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from agent.core.happenings import HAPPENINGS, LIVE, Change, Happening, Value, after
from agent.core.lifecycle import EFFECT_WORDS, Effect, Facts, changed, closed_by, effects, state
from agent.core.reasons import REASONS
from schemas.status import ClosedReason, State

PAGE = Path(__file__).parents[1] / "docs" / "lifecycle.md"
HEAD = """# The lifecycle

*Written by `scripts/lifecycle_doc.py` from `agent/core/lifecycle.py`, `agent/core/happenings.py` and
`agent/core/reasons.py`; `make check` fails while they differ. After a change, run `make lifecycle`.*

Whether the gate is open is never stored. There are facts; each happening changes some of them; each fact that is not
as it must be is a reason; the gate is open if there is no reason. The first reason, in the order of the table below,
names the state. What has to be done follows from the state before and the state after alone.

The picture shows each happening as it comes to an agent that captures, and what undoes it. With several reasons at
once, the first that is left names the state, so a state may also give way to any other one.
"""


def opened() -> Facts:
    """The facts with nothing in the way."""
    changes = [change for row in HAPPENINGS.values() for change in row.changes]
    return changed(Facts(), **{change.fact: change.to for change in changes if change.to in (None, True)})


def page() -> str:
    """The whole page."""
    parts = [HEAD, _diagram(), _reasons(), _happenings(), _effects()]
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or check it; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is not as it would be")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/lifecycle.md is not what the tables say: run `make lifecycle`")
    return 1


def _diagram() -> str:
    capturing = opened()
    closes: dict[State, list[Happening]] = {}
    opens: dict[State, list[Happening]] = {}
    for happening in Happening:
        reached = state(after(capturing, happening))
        if reached is not State.CAPTURING:
            closes.setdefault(reached, []).append(happening)
        for reason in REASONS:
            before = _closed(capturing, reason)
            back = opens.setdefault(state(before), [])
            if state(after(before, happening)) is State.CAPTURING and happening not in back:
                back.append(happening)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> off"]
    for name in (name for name in State if name in closes):
        lines.append(f"    capturing --> {name.value}: {_listed(closes[name])}")
        lines.append(f"    {name.value} --> capturing: {_listed(opens[name])}")
    return "\n".join([*lines, "```", ""])


def _closed(facts: Facts, reason: ClosedReason) -> Facts:
    fact, value = _where(facts, reason)
    return changed(facts, **{fact: value})


def _where(capturing: Facts, reason: ClosedReason) -> tuple[str, Value]:
    """The fact, and the value of it, that is this reason.

    Raises:
        LookupError: nothing that can happen brings it about.
    """
    candidates = [(c.fact, c.to) for row in HAPPENINGS.values() for c in row.changes]
    for fact, value in candidates:
        if closed_by(changed(capturing, **{fact: value})) == [reason]:
            return fact, value
    raise LookupError(reason.value)


def _reasons() -> str:
    capturing = opened()
    rows = [
        (
            str(n),
            f"`{reason.value}`",
            words.state.value,
            f"`{_where(capturing, reason)[0]}`",
            words.closed,
            words.remedy,
        )
        for n, (reason, words) in enumerate(REASONS.items(), 1)
    ]
    return _table("Reasons", ("", "reason", "state", "fact", "what people are told", "remedy"), rows)


def _happenings() -> str:
    rows = [
        (f"`{happening.value}`", row.words, "; ".join(_told(change) for change in row.changes))
        for happening, row in HAPPENINGS.items()
    ]
    text = _table("Happenings", ("happening", "what it is", "changes"), rows)
    kept = ", ".join(f"`{name}`" for name in Facts.__struct_fields__ if name not in LIVE)
    return f"{text}\nA start forgets every fact but those that the disk keeps: {kept}.\n"


def _told(change: Change) -> str:
    told = f"`{change.fact}` becomes {_word(change.to)}"
    if change.only_from is None:
        return told
    return f"{told}, if it is {' or '.join(sorted(_word(value) for value in change.only_from))}"


def _word(value: Value) -> str:
    if isinstance(value, ClosedReason):
        return value.value
    return {None: "fine", True: "yes", False: "no"}[value]


def _effects() -> str:
    some = {state(facts): facts for facts in [opened(), *(_closed(opened(), reason) for reason in REASONS)]}
    rows = [
        (f"**{before.value}**", *(_listed(effects(some[before], some[then])) or "nothing" for then in State))
        for before in State
    ]
    text = _table("Effects", ("from \\ to", *(then.value for then in State)), rows)
    meanings = "\n".join(f"- `{effect.value}`: {EFFECT_WORDS[effect]}" for effect in Effect)
    return f"{text}\nIn this order:\n\n{meanings}\n"


def _listed(items: Iterable[Happening | Effect]) -> str:
    return ", ".join(item.value for item in items)


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", _line(head), "|" + "---|" * len(head), *(_line(row) for row in rows), ""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
