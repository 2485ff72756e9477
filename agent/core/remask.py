"""Masking in held batches what should have been masked before: texts, titles, names, and the keys that typed them."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from agent.core.cut import text_of
from agent.core.redact.personal import CLASS, DETECTOR, VERSION, Personal
from agent.core.redact.spans import CLOSE, LENGTH_BUCKETS, OPEN
from schemas.events import (
    Event,
    FocusEvent,
    KeyEvent,
    LossAccount,
    Modality,
    PointerEvent,
    RedactionState,
    Span,
    TextDeltaEvent,
    TextEvent,
)
from schemas.payload import Payload

REDACTED = "redacted"
"""The reason under which keys are counted that typed something masked."""
MARK = f"{OPEN}{CLASS}#0{CLOSE}"
"""Ordinal 0: whether two of them were alike is not told."""

Text = tuple[str, int]
"""Episode and number of a typed text."""


def texts_with(payloads: Sequence[Payload], personal: Personal) -> frozenset[Text]:
    """The typed texts that hold something to mask, as they came to be or while they were typed."""
    found, typed = set[Text](), dict[Text, list[str]]()
    for payload in payloads:
        for event in payload.events:
            for text in text_of(payload, event):
                if isinstance(event, TextEvent) and _spans(event.text, event.spans, personal):
                    found.add(text)
                elif event_text := _typed_by(event):
                    typed.setdefault(text, []).append(event_text)
    return frozenset(found | {text for text, keys in typed.items() if personal.find("".join(keys))})


def masked(payload: Payload, personal: Personal, texts: frozenset[Text]) -> tuple[Payload, int]:
    """A batch with it masked, and how many places were; all keys of a text that holds some go."""
    events, gone, count = list[Event](), 0, 0
    for event in payload.events:
        if isinstance(event, KeyEvent | TextDeltaEvent) and not texts.isdisjoint(text_of(payload, event)):
            gone += 1
            continue
        changed, places = _masked_event(event, personal)
        count += places
        events.append(changed)
    if not (gone or count):
        return payload, 0
    account = _moved(payload.account, gone)
    return Payload(events, payload.frames, account, payload.episode), max(count, 1)


def _typed_by(event: Event) -> str:
    """What a key or an insertion brought."""
    if isinstance(event, KeyEvent):
        return (event.text or "") if event.down else ""
    return (event.text or "") if isinstance(event, TextDeltaEvent) else ""


def _masked_event(event: Event, personal: Personal) -> tuple[Event, int]:
    if isinstance(event, TextEvent):
        text, spans, count = _masked_text(event.text, event.spans, personal)
        return (replace(event, text=text, spans=spans, redaction=RedactionState.REDACTED) if count else event), count
    if isinstance(event, FocusEvent) and event.title:
        title, spans, count = _masked_text(event.title, event.spans, personal)
        return (replace(event, title=title, spans=spans, redaction=RedactionState.REDACTED) if count else event), count
    if isinstance(event, PointerEvent) and event.element is not None and event.element.name:
        name, spans, count = _masked_text(event.element.name, event.element.spans, personal)
        element = replace(event.element, name=name, spans=spans)
        return (replace(event, element=element, redaction=RedactionState.REDACTED) if count else event), count
    return event, 0


def _spans(text: str, old: Sequence[Span], personal: Personal) -> list[tuple[int, int]]:
    """Where there is something to mask that is no placeholder already, each place once."""
    found = list[tuple[int, int]]()
    for span in sorted(personal.find(text), key=lambda s: (s.start, -s.end)):
        start = span.start
        overlaps = any(o.start < span.end and start < o.end for o in old)
        if not overlaps and not (found and start < found[-1][1]):
            found.append((start, span.end))
    return found


def _masked_text(text: str, old: Sequence[Span], personal: Personal) -> tuple[str, list[Span], int]:
    """The text with placeholders for it. What stood there before moves along."""
    places = _spans(text, old, personal)
    parts, spans, at, shift = list[str](), list[Span](), 0, 0
    marks: list[tuple[int, int, Span | None]] = [(start, end, None) for start, end in places]
    marks += [(span.start, span.end, span) for span in old]
    for start, end, span in sorted(marks, key=lambda mark: mark[0]):
        parts.append(text[at:start])
        if span is not None:
            parts.append(text[start:end])
            spans.append(replace(span, start=start + shift, end=end + shift))
        else:
            parts.append(MARK)
            bucket = next((top for top in LENGTH_BUCKETS if end - start <= top), 0)
            new = start + shift
            spans.append(
                Span(
                    start=new,
                    end=new + len(MARK),
                    cls=CLASS,
                    detector=DETECTOR,
                    version=VERSION,
                    ordinal=0,
                    length_bucket=bucket,
                )
            )
            shift += len(MARK) - (end - start)
        at = end
    return "".join([*parts, text[at:]]), spans, len(places)


def _moved(account: LossAccount, gone: int) -> LossAccount:
    name = Modality.KEYBOARD.value
    if gone > account.kept.get(name, 0):
        raise ValueError("a batch holds more than its account says")
    kept = {m: n - (gone if m == name else 0) for m, n in account.kept.items()}
    dropped = {m: Counter(reasons) for m, reasons in account.dropped.items()}
    if gone:
        dropped.setdefault(name, Counter())[REDACTED] += gone
    return LossAccount(
        seen=dict(account.seen),
        kept={m: n for m, n in kept.items() if n},
        dropped={m: dict(reasons) for m, reasons in dropped.items()},
    )
