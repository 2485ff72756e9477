"""A day of what was captured, as people look at it: bands of time, and moments one after the other. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from agent.core.account import EMPTY, add
from agent.core.chain import BatchState, Row
from agent.core.note import Note, spans_in
from agent.review.opening import Opened
from schemas.events import (
    ClipboardEvent,
    Event,
    FocusEvent,
    FrameEvent,
    GapEvent,
    GapReason,
    KeyEvent,
    LossAccount,
    PointerEvent,
    ScrollEvent,
    TextDeltaEvent,
    TextEvent,
)

JOIN_NS = 30_000_000_000
"""Nanoseconds: moves, scrolls and shortcuts with less between them are one moment."""

LOOK_BACK = 4
"""Moments between a press and its release, at most: pictures that it called for, and what was dragged."""


class Kind(StrEnum):
    """What a moment is."""

    TEXT = "text"
    KEYS = "keys"  # that made no text: shortcuts, arrows
    POINTER = "pointer"  # moves only
    CLICK = "click"
    SCROLL = "scroll"
    PICTURE = "picture"
    CLIPBOARD = "clipboard"
    WINDOW = "window"
    GAP = "gap"


class BandKind(StrEnum):
    """What a band of time was."""

    CAPTURE = "capture"
    PAUSED = "paused"
    OFF = "off"
    OTHER = "other"  # nothing captured, for another reason that is told
    DELETED = "deleted"
    SENT = "sent"  # captured, and at the collector by now


_BAND_OF = {GapReason.PAUSED: BandKind.PAUSED, GapReason.OFF: BandKind.OFF, GapReason.DELETED: BandKind.DELETED}


class Moment(Struct, frozen=True):
    """One line of the list.

    Attributes:
        kind: what it is.
        app: the policy's id of the app; empty for a gap.
        begin_ns: Unix time; so is ``end_ns``.
        text: what was typed, with placeholders; a window's title; a gap's reason.
        count: how many observations it stands for.
        seqs: the events that it is made of.
        frame: number of the picture.
        batch: sequence of the batch that it lies in.
        masked: how many placeholders it holds.
    """

    kind: Kind
    app: str
    begin_ns: int
    end_ns: int
    text: str
    count: int
    seqs: tuple[int, ...]
    frame: int | None
    batch: int
    masked: int = 0

    def __repr__(self) -> str:
        return f"Moment({self.kind.value}, {self.count})"


class Band(Struct, frozen=True):
    """A stretch of time."""

    kind: BandKind
    app: str  # empty where it belongs to none
    begin_ns: int
    end_ns: int
    why: str = ""


class Day(Struct, frozen=True):
    """What is known of a stretch of time, mostly a day."""

    begin_ns: int
    end_ns: int
    bands: tuple[Band, ...]
    moments: tuple[Moment, ...]  # in order of time
    account: LossAccount  # of the batches that are open
    masked: Mapping[str, int]  # placeholders by class
    opened: tuple[Opened, ...]

    def __repr__(self) -> str:
        return f"Day({len(self.moments)} moments)"

    @property
    def apps(self) -> list[str]:
        """Ids of the apps in it, the one with most moments first."""
        seen = Counter(moment.app for moment in self.moments if moment.app)
        seen.update(dict.fromkeys((band.app for band in self.bands if band.app and band.app not in seen), 0))
        return [app for app, _ in seen.most_common()]


def make_day(begin_ns: int, end_ns: int, opened: Sequence[Opened], sent: Iterable[tuple[Row, Note | None]] = ()) -> Day:
    """The day of these batches. ``sent``: batches that cannot be opened here any more, with what was noted of them."""
    inside = [one for one in opened if any(begin_ns <= e.wall_ns < end_ns for e in one.payload.events)]
    moments, bands, masked = list[Moment](), list[Band](), Counter[str]()
    account = EMPTY
    for one in inside:
        events = [e for e in one.payload.events if begin_ns <= e.wall_ns < end_ns]
        moments += _moments(events, one.row.sequence)
        bands += _bands(events)
        account = add(account, one.payload.account)
        masked.update(span.cls for event in events for span in spans_in(event))
    bands += [band for row, note in sent for band in _sent(row, note) if begin_ns <= band.end_ns < end_ns]
    moments.sort(key=lambda m: m.begin_ns)
    bands.sort(key=lambda b: b.begin_ns)
    return Day(begin_ns, end_ns, tuple(_joined(bands)), tuple(moments), account, dict(masked), tuple(inside))


def search(moments: Iterable[Moment], words: str, names: Mapping[str, str]) -> list[Moment]:
    """Those in whose text, app or kind every word occurs; case does not count."""
    wanted = words.casefold().split()
    return [
        moment
        for moment in moments
        if all(
            word in f"{moment.text} {names.get(moment.app, moment.app)} {moment.kind.value}".casefold()
            for word in wanted
        )
    ]


def around(moments: Sequence[Moment], begin_ns: int, end_ns: int) -> list[Moment]:
    """Those that lie in a stretch of time, if only in part."""
    return [moment for moment in moments if moment.begin_ns < end_ns and moment.end_ns >= begin_ns]


class _Run(Struct):
    """Moments of one kind that go on."""

    first: Moment
    end_ns: int
    count: int
    seqs: list[int]

    def goes_on(self, moment: Moment) -> bool:
        return self.first.app == moment.app and 0 <= moment.begin_ns - self.end_ns <= JOIN_NS

    def whole(self) -> Moment:
        return replace(self.first, end_ns=self.end_ns, count=self.count, seqs=tuple(self.seqs))


_RUNS = frozenset({Kind.KEYS, Kind.POINTER, Kind.SCROLL})
"""What is one moment as long as it goes on."""


def _moments(events: Sequence[Event], batch: int) -> list[Moment]:
    texts = _keys_of_texts(events)
    made, runs = list[Moment](), dict[Kind, _Run]()
    for event in events:
        if isinstance(event, KeyEvent | TextDeltaEvent) and event.segment in texts:
            continue
        if isinstance(event, TextEvent):
            made.append(_typed(event, texts[event.segment], batch))
            continue
        moment = _moment(event, batch)
        if isinstance(event, PointerEvent) and event.action == "up" and _let_go(made, moment):
            continue
        if moment.kind not in _RUNS:
            if moment.kind is not Kind.PICTURE:
                made += [run.whole() for run in runs.values()]
                runs.clear()
            made.append(moment)
            continue
        run = runs.get(moment.kind)
        if run is not None and run.goes_on(moment):
            run.end_ns, run.count = moment.end_ns, run.count + moment.count
            run.seqs += moment.seqs
            continue
        made += [run.whole()] if run is not None else []
        runs[moment.kind] = _Run(moment, moment.end_ns, moment.count, list(moment.seqs))
    return made + [run.whole() for run in runs.values()]


def _let_go(made: list[Moment], up: Moment) -> bool:
    """Count a button that goes up with the press before it; false if there is none at hand."""
    for place in range(len(made) - 1, max(-1, len(made) - LOOK_BACK - 1), -1):
        click = made[place]
        if click.kind is Kind.CLICK and click.app == up.app and up.begin_ns - click.end_ns <= JOIN_NS:
            seqs = (*click.seqs, *up.seqs)
            made[place] = replace(click, end_ns=up.end_ns, count=click.count + up.count, seqs=seqs)
            return True
    return False


def _keys_of_texts(events: Sequence[Event]) -> dict[int | None, list[KeyEvent | TextDeltaEvent]]:
    """For each text, the keys that typed it."""
    found: dict[int | None, list[KeyEvent | TextDeltaEvent]] = {
        e.segment: [] for e in events if isinstance(e, TextEvent)
    }
    for event in events:
        if isinstance(event, KeyEvent | TextDeltaEvent) and event.segment in found:
            found[event.segment].append(event)
    return found


def _typed(event: TextEvent, keys: Sequence[KeyEvent | TextDeltaEvent], batch: int) -> Moment:
    end_ns = max((key.wall_ns for key in keys), default=event.wall_ns)
    seqs = (event.seq, *(key.seq for key in keys))
    return Moment(
        Kind.TEXT, event.app, event.wall_ns, end_ns, event.text, len(keys), seqs, None, batch, len(event.spans)
    )


def _moment(event: Event, batch: int) -> Moment:
    kind, text, frame, count, end_ns = Kind.KEYS, "", None, 1, event.wall_ns
    match event:
        case PointerEvent(action="move"):
            kind = Kind.POINTER
        case PointerEvent(element=element):
            kind, text = Kind.CLICK, (element.name or element.role) if element else ""
        case ScrollEvent():
            kind = Kind.SCROLL
        case FrameEvent():
            kind, frame, text = Kind.PICTURE, event.frame, event.trigger
        case ClipboardEvent():
            kind, text = Kind.CLIPBOARD, event.action
        case FocusEvent():
            kind, text, count = Kind.WINDOW, event.title or "", 0
        case GapEvent():
            kind, text, count = Kind.GAP, event.reason.value, event.count
            end_ns = event.wall_ns + max(0, event.until_ns - event.mono_ns)
        case _:
            pass
    masked = len(spans_in(event))
    return Moment(kind, event.app, event.wall_ns, end_ns, text, count, (event.seq,), frame, batch, masked)


def _bands(events: Sequence[Event]) -> list[Band]:
    bands, since, last = list[Band](), dict[str, int](), dict[str, int]()
    for event in events:
        if isinstance(event, GapEvent):
            end_ns = event.wall_ns + max(0, event.until_ns - event.mono_ns)
            kind = _BAND_OF.get(event.reason, BandKind.OTHER)
            bands += [Band(BandKind.CAPTURE, app, begin_ns, last[app]) for app, begin_ns in since.items()]
            since.clear()  # what was captured ends here, and may go on after it
            bands.append(Band(kind, "", event.wall_ns, end_ns, event.reason.value))
            continue
        since.setdefault(event.app, event.wall_ns)
        last[event.app] = event.wall_ns
        if isinstance(event, FocusEvent) and not event.gained:
            bands.append(Band(BandKind.CAPTURE, event.app, since.pop(event.app), event.wall_ns))
    bands += [Band(BandKind.CAPTURE, app, begin_ns, last[app]) for app, begin_ns in since.items()]
    return bands


def _sent(row: Row, note: Note | None) -> list[Band]:
    if row.extent is None or row.state is not BatchState.SENT:
        return []
    apps = sorted(note.events) if note and note.events else [""]
    return [Band(BandKind.SENT, app, row.extent.begin_ns, row.extent.end_ns) for app in apps]


def _joined(bands: Sequence[Band]) -> list[Band]:
    """Neighbours of one kind and app as one: a band goes on over the border of two batches."""
    made = list[Band]()
    place: dict[tuple[BandKind, str, str], int] = {}
    for band in bands:
        key = (band.kind, band.app, band.why)
        at = place.get(key)
        if at is not None and band.begin_ns - made[at].end_ns <= JOIN_NS:
            made[at] = Band(band.kind, band.app, made[at].begin_ns, max(made[at].end_ns, band.end_ns), band.why)
        else:
            place[key] = len(made)
            made.append(band)
    return made


def dropped_by_reason(account: LossAccount) -> list[tuple[str, str, int]]:
    """Modality, reason and number of what was observed and not kept, most first."""
    found = [(m, reason, n) for m, reasons in account.dropped.items() for reason, n in reasons.items() if n]
    return sorted(found, key=lambda f: (-f[2], f[0], f[1]))


_PLACEHOLDER = re.compile("⟨([A-Z_]+)#[0-9]+⟩")


def placeholders(text: str) -> list[tuple[int, int, str]]:
    """Where placeholders stand in a redacted text, and their class. A bracket that was typed is never one."""
    return [(m.start(), m.end(), m[1]) for m in _PLACEHOLDER.finditer(text)]
