"""What was captured, in lines for people and as plain data. Pure but for the time zone of this machine."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agent.core.chain import BatchState, Row
from agent.core.hold import FOREVER_S, Hold
from agent.core.redact.spans import ESCAPED_OPEN, OPEN
from agent.review.day import Band, BandKind, Day, Kind, Moment, dropped_by_reason
from agent.review.desk import Held
from agent.review.opening import IN_WORDS
from agent.review.words import named
from agent.tray.words import Words
from schemas.events import GapReason

SECOND_NS = 1_000_000_000


def clock(at_ns: int, *, seconds: bool = True) -> str:
    """A time of day on this machine's wall."""
    at = datetime.fromtimestamp(at_ns // SECOND_NS).astimezone()
    return f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"


def day_word(at_ns: int) -> str:
    """The date of a time."""
    return f"{datetime.fromtimestamp(at_ns // SECOND_NS).astimezone():%Y-%m-%d}"


def what(words: Words, moment: Moment) -> str:
    """What a moment was, in a few words."""
    if moment.kind is Kind.GAP:
        if moment.text == GapReason.DELETED:
            return f"{words('kind.deleted')} ({moment.count})"
        return f"{words('kind.gap')}: {named(words, 'gap', moment.text)}"
    kind = words(f"kind.{moment.kind.value}")
    match moment.kind:
        case Kind.TEXT:
            return f"{kind}: {flat(moment.text)}"
        case Kind.PICTURE:
            return f"{kind} {moment.frame}, {named(words, 'trigger', moment.text)}"
        case Kind.KEYS | Kind.POINTER | Kind.SCROLL:
            return f"{kind}, {words('times', count=moment.count)}"
        case _:
            return f"{kind}: {flat(moment.text)}" if moment.text else kind


def flat(text: str) -> str:
    """A text on one line; a bracket that was typed as it was typed, and no control codes."""
    shown = text.replace(ESCAPED_OPEN, OPEN).replace("\n", " ⏎ ").replace("\t", " ⇥ ")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def line(words: Words, moment: Moment, names: Mapping[str, str]) -> str:
    """A moment as a line: when, where, what."""
    parts = [clock(moment.begin_ns), names.get(moment.app, moment.app), what(words, moment)]
    return "  ".join(part for part in parts if part)


def counted(words: Words, day: Day) -> list[str]:
    """What was kept, what was not and why, what was masked."""
    kept = sum(day.account.kept.values())
    dropped = [
        words("review.dropped", count=count, what=named(words, "many", modality), why=told_reason(words, reason))
        for modality, reason, count in dropped_by_reason(day.account)
    ]
    said = words("review.counts", kept=kept, dropped=", ".join(dropped) or words("review.no_drop"))
    masked = [words("review.masked.item", count=n, cls=cls) for cls, n in sorted(day.masked.items())]
    return [said, words("review.masked", what=", ".join(masked)) if masked else words("review.masked.none")]


def told_reason(words: Words, reason: str) -> str:
    """Why something was not kept."""
    found = named(words, "why", reason)
    return found if found != reason.replace("_", " ") else named(words, "gap", reason)


def head(words: Words, lying: Sequence[Row], hold: Hold, review_s: int, now_s: float) -> list[str]:
    """How much lies here, and until when."""
    if not lying:
        return [words("review.head.none")]
    told = [words("review.head.one") if len(lying) == 1 else words("review.head", count=len(lying))]
    rows = [row for row in lying if row.state is BatchState.WAITING]
    if rows:
        until_s = hold.until_s(min(row.sealed_s for row in rows), review_s)
        if until_s >= FOREVER_S:
            told.append(words("review.goes_never"))
        elif until_s <= now_s:
            told.append(words("review.goes_now"))
        else:
            at_ns = int(until_s) * SECOND_NS
            same = day_word(at_ns) == day_word(int(now_s) * SECOND_NS)
            told.append(words("review.goes", time=clock(at_ns, seconds=False) if same else _full(at_ns)))
    return told


def _full(at_ns: int) -> str:
    return f"{day_word(at_ns)} {clock(at_ns, seconds=False)}"


def bands_told(words: Words, bands: Sequence[Band], names: Mapping[str, str]) -> list[str]:
    """The day's bands as lines, for terminals and screen readers."""
    return [
        f"{clock(b.begin_ns, seconds=False)}\N{EN DASH}{clock(b.end_ns, seconds=False)}  {band_word(words, b, names)}"
        for b in bands
    ]


def band_word(words: Words, band: Band, names: Mapping[str, str]) -> str:
    """What a band was, and where."""
    word = words(f"band.{band.kind.value}")
    if band.kind is BandKind.OTHER and band.why:
        word = f"{word}: {named(words, 'gap', band.why)}"
    return f"{names.get(band.app, band.app)}: {word}" if band.app else word


def as_data(day: Day, held: Held, moments: Sequence[Moment], names: Mapping[str, str]) -> dict[str, Any]:
    """Everything that is shown, as plain data."""
    return {
        "day": day_word(day.begin_ns),
        "batches": [
            {"batch": one.row.sequence, "digest": one.digest, "bytes": one.row.size, "state": one.row.state.value}
            for one in day.opened
        ],
        "refused": [{"batch": e.sequence, "fault": e.fault.value, "words": IN_WORDS[e.fault]} for e in held.refused],
        "bands": [
            {"kind": b.kind.value, "app": b.app, "begin_ns": b.begin_ns, "end_ns": b.end_ns, "why": b.why}
            for b in day.bands
        ],
        "moments": moments_data(moments, names),
        "kept": dict(day.account.kept),
        "dropped": {m: dict(r) for m, r in day.account.dropped.items()},
        "masked": dict(day.masked),
    }


def moments_data(moments: Sequence[Moment], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Moments as plain data."""
    return [
        {
            "kind": m.kind.value,
            "app": m.app,
            "app_name": names.get(m.app, m.app),
            "begin_ns": m.begin_ns,
            "end_ns": m.end_ns,
            "text": m.text,
            "count": m.count,
            "frame": m.frame,
            "batch": m.batch,
            "masked": m.masked,
        }
        for m in moments
    ]
