"""One enrolled study's working parts: pipeline, sealing, spool, shipper. Made once the keys are at hand."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from agent.core.batch import Authority
from agent.core.ceremony import Agreement, Asked
from agent.core.erase import Span
from agent.core.link import Terms
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor, works
from agent.core.seal import Sealer, recipients_of
from agent.daemon.standing import Standing
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import Enrolment
from agent.disk.epoch import NUMBERS_PER_EPOCH
from agent.disk.erasing import Eraser
from agent.disk.hold import read_hold
from agent.disk.masks import Masks, read_masks
from agent.disk.places import Places
from agent.disk.spool import Spool
from agent.native.link import read_link
from agent.net.collector import Collector
from agent.net.shipper import Shipper
from agent.pipeline.pipe import Pipeline
from agent.pipeline.sealing import SealingRoom
from policies import names_model, redaction_rules
from schemas import age
from schemas.base import unbase64url

_log = logging.getLogger(__name__)

SECOND_NS = 1_000_000_000
DAY_S = 86_400
EPISODE_BYTES = 16
EPISODE_KEY_BYTES = 32
STOP_S = 5.0
"""Seconds for the last batch to reach the disk at an orderly end."""


@dataclass(frozen=True)
class Tools:
    """What the outside gives: clocks, entropy, and a way to wake the daemon's loop from another thread."""

    now_s: Callable[[], float]
    monotonic_s: Callable[[], float]
    entropy: Callable[[int], bytes]
    wake: Callable[[], None]
    watchdog: AbstractContextManager[None] = field(default_factory=nullcontext)
    """Ends what is within and does not come back."""


class Session:
    """The parts that capture and ship for one study.

    Raises:
        OSError: the spool cannot be used, or the enrolment does not fit together.
        AgeError: a recipient is damaged.
    """

    def __init__(self, places: Places, found: Standing, epoch: int, tools: Tools) -> None:
        if found.asked is None or found.key is None or found.enrolment is None:
            raise OSError("not enrolled")
        asked = found.asked
        review = age.Recipient.parse(found.enrolment.review_recipient)
        if review.fingerprint != asked.registration.review_fingerprint:
            raise OSError("the review recipient is not the one that was registered")
        recipients_of(asked.manifest)  # damaged ones are told now, not when the first batch is sealed
        self.spool = Spool(places)
        sealer = Sealer(asked.manifest.study, found.key, review, tools.entropy)
        self.sealing = SealingRoom(sealer, self.spool, tools.now_s, self._sealed)
        self._eraser = Eraser(self.spool, sealer, readers_of(asked))
        if self.spool.deletions(unfinished=True):
            self.sealing.do(self._eraser.finish)  # before anything new joins the chain
        collector = Collector(found.enrolment.collector, found.key, now_s=tools.now_s, entropy=tools.entropy)
        self.shipper = Shipper(
            collector,
            unbase64url(found.enrolment.collector_key),
            self.spool,
            ConsentStore(places.consents),
            asked.policy.review_s,
            monotonic_s=tools.monotonic_s,
            now_s=tools.now_s,
            terms=Terms.of(asked.policy),
            link=read_link,
        )
        self.shipper.owner = (asked.manifest.study, asked.registration.device)
        self.shipper.held = lambda: read_hold(places.hold)
        self._tools = tools
        self._made_for = _made_for(found.enrolment)
        self._policy = asked.policy
        key = tools.entropy(EPISODE_KEY_BYTES)
        redactor = TextRedactor(RuleSet(redaction_rules()), key, Names(names_model), tools.monotonic_s, tools.watchdog)
        self._redactor, self._key, self._places = redactor, found.key, places
        self._rules_work = works(redactor)
        self.masks: Masks | None = None
        """What the person wants masked beyond the rules; ``None``: it cannot be read, so nothing is captured."""
        self.read_masks()
        self.pipeline = Pipeline(
            redactor,
            tools.entropy(EPISODE_BYTES).hex(),
            self.sealing.put,
            asked.policy.batch_s * SECOND_NS,
            epoch * NUMBERS_PER_EPOCH,
        )

    @property
    def redaction_works(self) -> bool:
        """Whether every detector is there, the person's own among them."""
        return self._rules_work and self.masks is not None

    def read_masks(self) -> None:
        """Obey the person's own masks as they stand on the disk now."""
        try:
            self.masks = read_masks(self._places.masks)
        except OSError as error:
            _log.info("%s", error)
            self.masks = None
        if self.masks is not None:
            self._redactor.personal = self.masks.finder(self._key)

    def start(self) -> None:
        """Start sealing and shipping."""
        self.sealing.start()
        self.shipper.start()

    def authority(self, agreement: Agreement) -> Authority:
        """Under what events are captured now. The session obeys its policy from here on."""
        self._policy = agreement.policy
        self.shipper.review_s = agreement.review_s
        self.shipper.terms = Terms.of(agreement.policy)
        self.pipeline.max_age_ns = agreement.policy.batch_s * SECOND_NS
        notice = agreement.record.processing.privacy_notice
        return Authority(agreement.consent, agreement.policy_digest, notice, agreement.readers)

    def serves(self, found: Standing) -> bool:
        """True while device and collector are those for which these parts were made.

        A newer study or policy is not another session: each batch is sealed under what was agreed to when its gate
        opened.
        """
        return found.enrolment is None or _made_for(found.enrolment) == self._made_for

    def spool_room(self) -> bool:
        """True if more may be sealed."""
        if self.sealing.disk_refuses:
            return False
        waiting, oldest_s = self.spool.load()
        old_s = self._tools.now_s() - self._policy.spool_days * DAY_S
        return waiting < self._policy.spool_bytes and (oldest_s is None or oldest_s > old_s)

    def delete(self, since_ns: int, unsealed: int) -> int:
        """Delete what is closed or sealed and was captured since a time (Unix, ns; 0: ever); gives the wish's number.

        What waits to be sealed is emptied at once, what is sealed in its turn by the sealing thread.

        Args:
            since_ns: from when on.
            unsealed: observations that were wiped before.

        Raises:
            OSError: it could not be noted durably. What was not sealed is gone all the same.
        """
        unsealed += self.sealing.empty(Span(since_ns))
        number = self.spool.intend(since_ns, int(self._tools.now_s()), unsealed)
        self.sealing.do(self._eraser.finish)
        return number

    def carry(self) -> None:
        """Carry out what the review program noted, in its turn."""
        self.sealing.do(self._eraser.finish)

    def stop(self) -> None:
        """Seal what is closed, stop shipping."""
        self.sealing.stop(STOP_S)
        self.shipper.stop(STOP_S)
        self.spool.close()

    def _sealed(self) -> None:
        self.shipper.nudge()
        self._tools.wake()


def _made_for(enrolment: Enrolment) -> tuple[str, str, str]:
    """What a session is tied to: the registration, and the collector with its key."""
    return enrolment.registration.digest, enrolment.collector, enrolment.collector_key


def readers_of(asked: Asked) -> list[str]:
    """Age recipients of everybody for whom a batch on this machine may have been sealed."""
    return sorted({r.recipient for m in (asked.manifest, *asked.manifests.values()) for r in m.researchers})


def note_deletion(places: Places, session: Session | None, since_ns: int, now_ns: int, unsealed: int) -> int:
    """Have the session delete; where there is none (no key, no study), delete here without signing anything anew.

    Raises:
        OSError: it could not be noted durably.
    """
    if session is not None:
        return session.delete(since_ns, unsealed)
    spool = Spool(places)
    try:
        number = spool.intend(since_ns, now_ns // SECOND_NS, unsealed)
        Eraser(spool, None, ()).finish()
    finally:
        spool.close()
    return number


def anything_kept(places: Places) -> bool:
    """Whether there is a batch, here or at the collector, that was not deleted yet; also where that cannot be told."""
    if not (places.state / "index.sqlite").exists():
        return False
    try:
        spool = Spool(places, adopt=False)
    except OSError:
        return True
    try:
        return any(row.deletion is None for row in spool.history())
    except OSError:
        return True
    finally:
        spool.close()


def carry_out(places: Places, session: Session | None) -> None:
    """Have what the review program noted carried out; without a session nothing is signed anew, so batches go whole."""
    if session is not None:
        session.carry()
        return
    try:
        spool = Spool(places)
        try:
            Eraser(spool, None, ()).finish()
        finally:
            spool.close()
    except OSError as error:
        _log.info("what was noted is not carried out yet: %s", type(error).__name__)
