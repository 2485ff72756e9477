"""Loss accounts of several batches as one."""

from collections import Counter
from collections.abc import Mapping
from typing import Any


class Account:
    """Loss accounts, added up."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.dropped: dict[str, Counter[str]] = {}

    def add(self, seen: Mapping[str, int], kept: Mapping[str, int], dropped: Mapping[str, Mapping[str, int]]) -> None:
        """Add one."""
        self.seen.update(seen)
        self.kept.update(kept)
        for modality, reasons in dropped.items():
            self.dropped.setdefault(modality, Counter()).update(reasons)

    def rows(self) -> list[dict[str, Any]]:
        """One row a modality, in the order of their names."""
        return [
            {
                "modality": name,
                "seen": self.seen[name],
                "kept": self.kept[name],
                "dropped": [{"reason": r, "count": n} for r, n in sorted(self.dropped.get(name, {}).items())],
            }
            for name in sorted(self.seen.keys() | self.kept.keys() | self.dropped.keys())
        ]

    def plain(self) -> dict[str, Any]:
        """As JSON: modality → seen, kept, dropped by reason."""
        return {
            row["modality"]: {**row, "dropped": {d["reason"]: d["count"] for d in row["dropped"]}}
            for row in self.rows()
        }
