"""What is inside a batch, event by event, against the consent, policy and study that it cites. Pure.

Every event is looked at, but a column at a time: each rule is one comparison over all events of the batch.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from research.columnar import Columnar, Words
from research.headers import NS, Terms
from research.reasons import Reason
from schemas.base import MAX_INTEGER, digest
from schemas.envelope import HOUR_S, EnvelopeHeader
from schemas.events import EVENT_TYPES, MODALITY_OF, GapEvent, LossAccount, Modality, Stamp, kind_of
from schemas.times import unix_ns

CLOCK_SLACK_NS = 600 * NS
"""How far an event may seem to lie behind the sealing of its batch: clocks are set back, hours are sharp."""

_KINDS: Final = {kind_of(t): t for t in EVENT_TYPES}


class Tally:
    """Faults of one batch's content: for each reason the first event, a word about it, and how many there are."""

    def __init__(self) -> None:
        self.faults: dict[Reason, tuple[int | None, str, int]] = {}

    def add(self, reason: Reason, event: int | None = None, detail: str = "", count: int = 1) -> None:
        """Count some; the first that is told of is the one that is named."""
        first, word, before = self.faults.get(reason, (event, detail, 0))
        self.faults[reason] = (first, word, before + count)


class _Fault(Struct, frozen=True):
    """One rule broken by some events of a batch."""

    reason: Reason
    first: int  # place of the first of them, in the order of sequence
    count: int
    detail: str = ""


def check(opened: Columnar, header: EnvelopeHeader, terms: Terms, last_seq: int) -> Tally:
    """Check everything that a batch holds.

    Args:
        opened: the opened content.
        header: of its envelope, verified.
        terms: what the header cites.
        last_seq: sequence number of the device's last event before this batch; -1 for none.
    """
    tally = Tally()
    if not balanced(opened.account):
        tally.add(Reason.LOSS_UNBALANCED)
    reused = _mask(Reason.SEQUENCE_REUSED, opened.seq <= last_seq, f"the device had reached {last_seq}")
    for faults in (reused, _times(opened, header, terms), _all_rights(opened, terms)):
        for fault in sorted(faults, key=lambda f: f.first):
            tally.add(fault.reason, int(opened.seq[fault.first]), fault.detail, fault.count)
    for frame in opened.pictures:
        if digest(opened.image(frame)) != frame.sha256:
            tally.add(Reason.FRAME_DIGEST, frame.seq, f"frame {frame.frame}")
    return tally


def balanced(account: LossAccount) -> bool:
    """True if what was seen is what was kept plus what was dropped, and each count is one that can be."""
    dropped = [count for reasons in account.dropped.values() for count in reasons.values()]
    counts = [*account.seen.values(), *account.kept.values(), *dropped]
    return account.balances() and all(0 <= count <= MAX_INTEGER for count in counts)


def _mask(reason: Reason, wrong: NDArray[np.bool_], detail: str = "") -> list[_Fault]:
    count = int(np.count_nonzero(wrong))
    return [_Fault(reason, int(np.argmax(wrong)), count, detail)] if count else []


def _times(opened: Columnar, header: EnvelopeHeader, terms: Terms) -> Iterable[_Fault]:
    when = opened.numbers("wall_ns")
    sealed_by = (header.sealed_hour + HOUR_S) * NS + CLOCK_SLACK_NS
    return [
        *_mask(Reason.EVENT_OTHER_CONSENT, _cites_other(opened, header.consent)),
        *_outside(when, terms.interval.begin_ns, terms.interval.end_ns),
        *_mask(Reason.EVENT_AFTER_POLICY, when >= unix_ns(terms.policy.expires)),
        *_mask(Reason.EVENT_AFTER_SEALING, when >= sealed_by),
    ]


def _outside(when: NDArray[np.int64], begin: int, end: int) -> list[_Fault]:
    found = _mask(Reason.EVENT_OUTSIDE_CONSENT, (when < begin) | (when >= end))
    for fault in found:
        first = int(when[fault.first])
        how = f"{begin - first} ns before it began" if first < begin else f"{first - end} ns after it ended"
        return [_Fault(fault.reason, fault.first, fault.count, how)]
    return []


def _cites_other(opened: Columnar, consent: str) -> NDArray[np.bool_]:
    wrong = np.zeros(opened.size, np.bool_)
    for kind in opened.kinds.values():
        cited: Words = kind.columns["consent"]
        wrong[kind.places] = np.array([word != consent for word in cited.words])[cited.codes]
    return wrong


def _all_rights(opened: Columnar, terms: Terms) -> Iterable[_Fault]:
    for name, kind in opened.kinds.items():
        apps: Words = kind.columns["app"]
        for code, app in enumerate(apps.words):
            reasons = _rights(_KINDS[name], app, terms)
            if reasons:
                places = kind.places[apps.codes == code]
                first, count = int(places.min()), len(places)
                yield from (_Fault(reason, first, count, f"of kind {name}") for reason in reasons)


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
