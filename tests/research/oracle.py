"""The checks and tables again, an event at a time and in plain Python: what the columns must agree with."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec
import pyarrow as pa

from research import table
from research.content import CLOCK_SLACK_NS, Tally, _rights, balanced
from research.headers import NS, Terms
from research.reasons import Reason
from schemas.base import digest
from schemas.envelope import HOUR_S, EnvelopeHeader
from schemas.events import Event, FrameEvent, kind_of
from schemas.payload import Payload
from schemas.times import unix_ns


def check(payload: Payload, header: EnvelopeHeader, terms: Terms, last_seq: int) -> Tally:
    """As :func:`research.content.check`."""
    tally = Tally()
    if not balanced(payload.account):
        tally.add(Reason.LOSS_UNBALANCED)
    for event in payload.events:
        if event.seq <= last_seq:
            tally.add(Reason.SEQUENCE_REUSED, event.seq, f"the device had reached {last_seq}")
    for event in payload.events:
        _check_times(event, header, terms, tally)
    for event in payload.events:
        for reason in _rights(type(event), event.app, terms):
            tally.add(reason, event.seq, f"of kind {kind_of(type(event))}")
    for event in payload.events:
        if isinstance(event, FrameEvent) and digest(payload.image(event)) != event.sha256:
            tally.add(Reason.FRAME_DIGEST, event.seq, f"frame {event.frame}")
    return tally


def _check_times(event: Event, header: EnvelopeHeader, terms: Terms, tally: Tally) -> None:
    begin, end, when = terms.interval.begin_ns, terms.interval.end_ns, event.wall_ns
    if event.consent != header.consent:
        tally.add(Reason.EVENT_OTHER_CONSENT, event.seq)
    if when < begin:
        tally.add(Reason.EVENT_OUTSIDE_CONSENT, event.seq, f"{begin - when} ns before it began")
    elif when >= end:
        tally.add(Reason.EVENT_OUTSIDE_CONSENT, event.seq, f"{when - end} ns after it ended")
    if when >= unix_ns(terms.policy.expires):
        tally.add(Reason.EVENT_AFTER_POLICY, event.seq)
    if when >= (header.sealed_hour + HOUR_S) * NS + CLOCK_SLACK_NS:
        tally.add(Reason.EVENT_AFTER_SEALING, event.seq)


def events_table(events: Sequence[Event], origin: dict[str, Any]) -> Any:
    """As :func:`research.table.events_table`, with plain strings."""
    given = {**{n: [v] * len(events) for n, v in origin.items()}, "kind": [kind_of(type(e)) for e in events]}
    arrays = [
        pa.array(given[name] if name in given else [_plain(getattr(e, name, None)) for e in events], type=kind)
        for name, kind in table.EVENTS.items()
    ]
    return pa.table(arrays, names=list(table.EVENTS))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, list | tuple | Enum | msgspec.Struct) else value
