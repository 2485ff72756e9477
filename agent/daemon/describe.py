"""The daemon's state as people and programs read it."""

import os
from collections import Counter

from agent.core.account import EMPTY
from agent.core.ceremony import ask_not_before_ns, ends_ns
from agent.core.gate import Open
from agent.core.lifecycle import Facts, conditions, sentence, state
from agent.core.reasons import REASONS
from agent.daemon.session import Session
from agent.daemon.standing import Standing
from agent.disk.keys import Keys
from agent.disk.spool import BatchState
from schemas.events import LossAccount, Modality
from schemas.status import Condition, Counts, Status

SECOND_NS = 1_000_000_000


def describe(
    facts: Facts,
    found: Standing,
    session: Session | None,
    gate: Open | None,
    *,
    keys: Keys,
    hooked: frozenset[Modality],
) -> Status:
    """A status, as of now."""
    asked = found.asked
    until = found.switched.until_ns
    app = gate.app.name if gate else None
    until_ns = ends_ns(asked, found.ledger) if asked and facts.consent is None else None
    put_off_ns = ask_not_before_ns(found.ledger)
    return Status(
        state=state(facts),
        sentence=sentence(facts, app),
        conditions=tuple(
            Condition(
                reason=reason,
                holds=holds,
                sentence=REASONS[reason].fine if holds else REASONS[reason].closed,
                remedy=REASONS[reason].remedy,
            )
            for reason, holds in conditions(facts)
        ),
        app=app,
        modalities=tuple(sorted(gate.modalities)) if gate else (),
        hooks=tuple(sorted(hooked)),
        study=asked.manifest.title if asked else None,
        organisation=asked.manifest.controller.party_name if asked else None,
        collector=found.enrolment.collector if found.enrolment else None,
        paused_until=until // SECOND_NS if until else None,
        consent_until=until_ns // SECOND_NS if until_ns else None,
        ask_not_before=put_off_ns // SECOND_NS if put_off_ns else None,
        collector_reached=session.shipper.reached if session else None,
        sending_waits=session.shipper.waits if session else None,
        policy_problem=found.managed.problem.words if found.managed.problem else None,
        keys_in=keys.where if found.enrolment else None,
        counts=_counts(session),
        pid=os.getpid(),
    )


def _counts(session: Session | None) -> Counts:
    account: LossAccount = session.pipeline.totals() if session else EMPTY
    dropped: Counter[str] = Counter()
    for reasons in account.dropped.values():
        dropped.update(reasons)
    batches = session.spool.tally.batches if session else {}
    return Counts(
        seen=sum(account.seen.values()),
        kept=sum(account.kept.values()),
        dropped=dict(sorted(dropped.items())),
        held=session.pipeline.held if session else 0,
        unsealed=session.pipeline.unsealed if session else 0,
        batches_waiting=batches.get(BatchState.WAITING, 0) + (session.sealing.pending if session else 0),
        batches_sent=batches.get(BatchState.SENT, 0),
        batches_erasing=batches.get(BatchState.ERASING, 0),
    )
