"""What became of what was observed, added up over sealed batches. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.events import KeyEvent, PointerEvent
from schemas.payload import Payload


@dataclass
class Tally:
    """Counts of sealed events, and of the loss accounts beside them.

    Attributes:
        seen: Observations, by modality.
        kept: Those of them that became events, by modality.
        dropped: The others, by modality and reason.
        presses: Keys that went down, without those that the server repeated.
        actions: What the pointer did.
    """

    seen: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    presses: int = 0
    actions: Counter[str] = field(default_factory=Counter)

    @property
    def unaccounted(self) -> int:
        """Observations that were neither kept nor dropped, or more of either than were seen; 0 if all is well."""
        return abs(self.seen.total() - self.kept.total() - self.dropped.total())

    @property
    def keys(self) -> int:
        """Presses and releases that were kept, or dropped because they typed what redaction hides."""
        return self.kept["keyboard"] + self.dropped["keyboard", "redacted"]

    @property
    def reasons(self) -> str:
        """Why what was dropped was, in words."""
        told = (f"{modality} {reason} {number}" for (modality, reason), number in sorted(self.dropped.items()))
        return ", ".join(told) or "none"


def tally(contents: Iterable[Payload]) -> Tally:
    """Add up batches."""
    found = Tally()
    for content in contents:
        found.seen.update(content.account.seen)
        found.kept.update(content.account.kept)
        for modality, reasons in content.account.dropped.items():
            found.dropped.update({(modality, reason): number for reason, number in reasons.items()})
        for event in content.events:
            found.presses += isinstance(event, KeyEvent) and event.down and not event.repeat
            if isinstance(event, PointerEvent):
                found.actions[event.action] += 1
    return found
