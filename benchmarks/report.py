"""What every benchmark says in the end: a table for people and, if asked for, JSON for programs (DESIGN §6)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Measured:
    """One figure. One that was not measured is ``None``, and not met."""

    measure: str
    value: float | None
    unit: str
    target: float | None  # at most this (or at least); None: there is no promise
    beside: str = ""  # what it is to be compared with, measured in the same call, or what it means
    at_least: bool = False

    @property
    def met(self) -> bool:
        """True if it was measured and keeps its promise."""
        if self.value is None or self.target is None:
            return self.value is not None
        return self.value >= self.target if self.at_least else self.value <= self.target


def report(title: str, rows: Sequence[Measured], file: Path | None = None) -> bool:
    """Print the table, write the JSON; gives whether everything was met."""
    table = Table(title=title, title_justify="left")
    for name in ("measure", "value", "unit", "target", "met", "beside"):
        table.add_column(name, justify="right" if name in ("value", "target") else "left")
    for row in rows:
        value = "not measured" if row.value is None else f"{row.value:,.3f}".rstrip("0").rstrip(".")
        target = "" if row.target is None else f"{'≥' if row.at_least else '≤'} {row.target:g}"
        table.add_row(row.measure, value, row.unit, target, "yes" if row.met else "NO", row.beside)
    Console(width=150).print(table)
    if file is not None:
        file.write_text(json.dumps([asdict(row) | {"met": row.met} for row in rows], indent=2) + "\n")
    return all(row.met for row in rows)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed; ``None`` of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, -(-int(share * 1000) * len(ranked) // 1000) - 1)]
