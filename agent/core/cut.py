"""Taking a part out of a batch before it leaves: which events go, and the batch without them.

What goes together goes together: a typed text with all of its keys, and a picture with every later one that is painted
over it. So a cut may take more than was named, never less. Each run of events that goes leaves one gap, which counts
what was observed in it, and the loss account goes on to balance.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from agent.core.erase import DELETED
from schemas.events import (
    MODALITY_OF,
    ClipboardEvent,
    ClockSource,
    Event,
    FrameEvent,
    GapEvent,
    GapReason,
    KeyEvent,
    LossAccount,
    PointerEvent,
    RedactionState,
    ScrollEvent,
    TextDeltaEvent,
    TextEvent,
)
from schemas.payload import Payload

OBSERVED = (KeyEvent, PointerEvent, ScrollEvent, FrameEvent, ClipboardEvent, TextDeltaEvent)
"""Events that stand for something observed; the others are made by the agent and not in the account."""


class Selection(Struct, frozen=True):
    """What is to go: what is named one by one, and what fits every one of the other conditions, if there is any."""

    begin_ns: int | None = None  # Unix time
    end_ns: int | None = None  # not part of it
    app: str | None = None
    frames: frozenset[int] = frozenset()
    events: frozenset[int] = frozenset()  # sequence numbers

    def names(self, event: Event) -> bool:
        """True if this very event is meant. A gap never is: it holds nothing but counts."""
        if isinstance(event, GapEvent):
            return False
        if event.seq in self.events or (isinstance(event, FrameEvent) and event.frame in self.frames):
            return True
        if self.begin_ns is None and self.end_ns is None and self.app is None:
            return False
        return self.in_time(event.wall_ns, event.wall_ns) and self.app in (None, event.app)

    def in_time(self, begin_ns: int, end_ns: int) -> bool:
        """True if something that lasted from then to then may lie in it."""
        return not (self.begin_ns is not None and end_ns < self.begin_ns) and not (
            self.end_ns is not None and begin_ns >= self.end_ns
        )


def chosen(payloads: Sequence[Payload], selection: Selection) -> list[frozenset[int]]:
    """The sequence numbers that go, for each batch. All batches that may hold a part of the same text are needed."""
    texts, frames = set[tuple[str, int]](), set[int]()
    for payload in payloads:
        for event in payload.events:
            if selection.names(event):
                texts.update(text_of(payload, event))
                frames.update([event.frame] if isinstance(event, FrameEvent) else ())
    _painted_over(payloads, frames)
    return [
        frozenset(
            event.seq
            for event in payload.events
            if selection.names(event)
            or (isinstance(event, FrameEvent) and event.frame in frames)
            or not texts.isdisjoint(text_of(payload, event))
        )
        for payload in payloads
    ]


def without(payload: Payload, seqs: Collection[int]) -> Payload:
    """The batch without these events."""
    going = frozenset(seqs)
    events, images, size = list[Event](), list[bytes](), 0
    for run in _runs(payload.events, going):
        if run[0].seq in going:
            events.append(_gap(run))
            continue
        for event in run:
            kept = _unpressed(event, going)
            if isinstance(kept, FrameEvent):
                images.append(payload.image(kept))
                kept = replace(kept, offset=size)
                size += kept.size
            events.append(kept)
    return Payload(events, b"".join(images), _account(payload, going), payload.episode)


def observed(payload: Payload, seqs: Collection[int]) -> int:
    """How many observations of a batch these events stand for."""
    going = frozenset(seqs)
    return sum(event.seq in going and isinstance(event, OBSERVED) for event in payload.events)


def text_of(payload: Payload, event: Event) -> list[tuple[str, int]]:
    """The typed text that an event is a part of, if any: episode and number."""
    if isinstance(event, KeyEvent | TextDeltaEvent | TextEvent) and event.segment is not None:
        return [(payload.episode, event.segment)]
    return []


def _painted_over(payloads: Sequence[Payload], frames: set[int]) -> None:
    """Add every picture that is painted over one of these. Numbers grow, so one pass in their order finds all."""
    every = sorted(
        (e for payload in payloads for e in payload.events if isinstance(e, FrameEvent)), key=lambda e: e.frame
    )
    for event in every:
        if event.base in frames:
            frames.add(event.frame)


def _runs(events: Iterable[Event], going: frozenset[int]) -> list[list[Event]]:
    """Neighbours that go or stay together; what goes also shares its clock epoch."""
    runs, last = list[list[Event]](), None
    for event in events:
        now = (True, event.epoch) if event.seq in going else (False, 0)
        if now != last:
            runs.append([])
            last = now
        runs[-1].append(event)
    return runs


def _gap(run: Sequence[Event]) -> GapEvent:
    first = run[0]
    return GapEvent(
        seq=first.seq,
        mono_ns=first.mono_ns,
        wall_ns=first.wall_ns,
        epoch=first.epoch,
        clock=ClockSource.HOOK,
        injected=False,
        app="",
        window=0,
        redaction=RedactionState.NONE,
        consent=first.consent,
        reason=GapReason.DELETED,
        until_ns=max(event.mono_ns for event in run),
        count=sum(isinstance(event, OBSERVED) for event in run),
    )


def _unpressed(event: Event, going: frozenset[int]) -> Event:
    """A picture that belonged to a press which goes belongs to none."""
    return replace(event, press=None) if isinstance(event, FrameEvent) and event.press in going else event


def _account(payload: Payload, going: frozenset[int]) -> LossAccount:
    account = payload.account
    gone = Counter(
        modality.value
        for event in payload.events
        if event.seq in going and isinstance(event, OBSERVED) and (modality := MODALITY_OF[type(event)])
    )
    kept = {name: count - gone[name] for name, count in account.kept.items()}
    if not all(gone[name] <= account.kept.get(name, 0) for name in gone):
        raise ValueError("a batch holds more than its account says")
    dropped = {name: Counter(reasons) for name, reasons in account.dropped.items()}
    for name, count in gone.items():
        dropped.setdefault(name, Counter())[DELETED] += count
    return LossAccount(
        seen=dict(account.seen),
        kept={name: count for name, count in kept.items() if count},
        dropped={name: dict(reasons) for name, reasons in dropped.items()},
    )
