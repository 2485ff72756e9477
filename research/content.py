"""What is inside a batch, event by event, against the consent, policy and study that it cites. Pure."""

from collections.abc import Iterable

from research.headers import NS, Terms
from research.reasons import Reason
from schemas.base import MAX_INTEGER, digest
from schemas.envelope import HOUR_S, EnvelopeHeader
from schemas.events import MODALITY_OF, Event, FrameEvent, GapEvent, LossAccount, Modality, Stamp, kind_of
from schemas.payload import Payload
from schemas.times import unix_ns

CLOCK_SLACK_NS = 600 * NS
"""How far an event may seem to lie behind the sealing of its batch: clocks are set back, hours are sharp."""


class Tally:
    """Faults of one batch's content: for each reason the first event, a word about it, and how many there are."""

    def __init__(self) -> None:
        self.faults: dict[Reason, tuple[int | None, str, int]] = {}

    def add(self, reason: Reason, event: int | None = None, detail: str = "") -> None:
        """Count one."""
        first, word, count = self.faults.get(reason, (event, detail, 0))
        self.faults[reason] = (first, word, count + 1)


def check(payload: Payload, header: EnvelopeHeader, terms: Terms, last_seq: int) -> Tally:
    """Check everything that a batch holds.

    Args:
        payload: the opened content.
        header: of its envelope, verified.
        terms: what the header cites.
        last_seq: sequence number of the device's last event before this batch; -1 for none.
    """
    tally = Tally()
    if not balanced(payload.account):
        tally.add(Reason.LOSS_UNBALANCED)
    _check_sequence(payload.events, last_seq, tally)
    _check_times(payload.events, header, terms, tally)
    _check_rights(payload.events, terms, tally)
    for event in payload.events:
        if isinstance(event, FrameEvent) and digest(payload.image(event)) != event.sha256:
            tally.add(Reason.FRAME_DIGEST, event.seq, f"frame {event.frame}")
    return tally


def balanced(account: LossAccount) -> bool:
    """True if what was seen is what was kept plus what was dropped, and each count is one that can be."""
    dropped = [count for reasons in account.dropped.values() for count in reasons.values()]
    counts = [*account.seen.values(), *account.kept.values(), *dropped]
    return account.balances() and all(0 <= count <= MAX_INTEGER for count in counts)


def _check_sequence(events: Iterable[Event], last_seq: int, tally: Tally) -> None:
    for event in events:
        if event.seq <= last_seq:
            tally.add(Reason.SEQUENCE_REUSED, event.seq, f"the device had reached {last_seq}")
        last_seq = max(last_seq, event.seq)


def _check_times(events: Iterable[Event], header: EnvelopeHeader, terms: Terms, tally: Tally) -> None:
    begin, end = terms.interval.begin_ns, terms.interval.end_ns
    policy_end = unix_ns(terms.policy.expires)
    sealed_by = (header.sealed_hour + HOUR_S) * NS + CLOCK_SLACK_NS
    for event in events:
        when = event.wall_ns
        if event.consent != header.consent:
            tally.add(Reason.EVENT_OTHER_CONSENT, event.seq)
        if when < begin:
            tally.add(Reason.EVENT_OUTSIDE_CONSENT, event.seq, f"{begin - when} ns before it began")
        elif when >= end:
            tally.add(Reason.EVENT_OUTSIDE_CONSENT, event.seq, f"{when - end} ns after it ended")
        if when >= policy_end:
            tally.add(Reason.EVENT_AFTER_POLICY, event.seq)
        if when >= sealed_by:
            tally.add(Reason.EVENT_AFTER_SEALING, event.seq)


def _check_rights(events: Iterable[Event], terms: Terms, tally: Tally) -> None:
    known: dict[tuple[type[Stamp], str], list[Reason]] = {}
    for event in events:
        key = (type(event), event.app)
        reasons = known.get(key)
        if reasons is None:
            reasons = known[key] = _rights(*key, terms)
        for reason in reasons:
            tally.add(reason, event.seq, f"of kind {kind_of(type(event))}")


def _rights(kind: type[Stamp], app: str, terms: Terms) -> list[Reason]:
    """Why an event of this kind may not exist in this app. A gap between apps names no app and shows nothing."""
    if kind is GapEvent and app == "":
        return []
    modality = MODALITY_OF[kind]
    rule = next((r for r in terms.policy.apps if r.id == app), None)
    allowed = frozenset(rule.modalities) if rule else frozenset[Modality]()
    agreed = terms.interval.scope.of(app)
    found = []
    if not agreed:
        found.append(Reason.EVENT_APP_NOT_AGREED)
    elif modality and modality not in agreed:
        found.append(Reason.EVENT_MODALITY_NOT_AGREED)
    if rule is None:
        found.append(Reason.EVENT_APP_NOT_IN_POLICY)
    elif (modality and modality not in allowed) or not allowed:
        found.append(Reason.EVENT_MODALITY_NOT_IN_POLICY)
    if modality and modality not in terms.manifest.modalities:
        found.append(Reason.EVENT_MODALITY_NOT_IN_STUDY)
    return found
