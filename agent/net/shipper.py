"""Obeys :mod:`agent.core.upload`: sends consents, erasures and sealed batches, in order, from a thread of its own."""

import logging
import threading
from collections.abc import Callable, Sequence
from itertools import takewhile
from random import SystemRandom

from agent.core.hold import FOREVER_S, Hold
from agent.core.link import UNKNOWN, Link, Terms, Throttle, held_by
from agent.core.upload import Done, Send, Uploads, Wait
from agent.disk.consent_store import ConsentStore
from agent.disk.spool import Row, Spool
from agent.net.collector import PART_BYTES, PART_S, Collector, Refused, Unreachable
from schemas.base import SchemaError
from schemas.envelope import HOUR_S
from schemas.erasure import MAX_ERASED, ErasedBatch, ErasureRequest
from schemas.receipt import Receipt, ReceiptKind
from schemas.signed import SignedDocument, fingerprint, verify
from schemas.status import Waiting
from schemas.wire import RefusalReason

LINK_S = 60.0
"""Seconds between two questions about network and power."""
RETRY_S = 5.0
"""Seconds between tries while the spool's index cannot be read."""
PASSING = frozenset(
    {
        RefusalReason.BAD_SIGNATURE,  # this machine's clock may be off
        RefusalReason.REPLAYED,
        RefusalReason.RATE_LIMITED,
        RefusalReason.WRONG_OFFSET,  # another attempt went on meanwhile: ask again how far it came
        RefusalReason.UNKNOWN_STUDY,
        RefusalReason.UNKNOWN_DEVICE,  # the collector may have been restored from a backup
        RefusalReason.UNKNOWN_CONSENT,  # the record before it may still be under way
        RefusalReason.UNKNOWN_POLICY,  # the organisation may not have published it yet
        RefusalReason.CHAIN_BROKEN,  # the batch before it was refused, and may be taken later
    }
)
"""Refusals that may pass by themselves: tried again like a collector that is out of reach."""
_log = logging.getLogger(__name__)


class Shipper:
    """Ships until stopped.

    Args:
        collector: where to.
        collector_key: raw key that signs its receipts; an unsigned word is no receipt.
        spool: sealed batches.
        ledger: consent records; they go before the batches that cite them.
        review_s: seconds that a batch is held for the person to look at.
        monotonic_s: clock for waiting.
        now_s: Unix time.
        terms: what the policy says of sending; ``None``: nothing.
        link: asks the system about network and power.
    """

    def __init__(  # noqa: PLR0913  # what it stands between
        self,
        collector: Collector,
        collector_key: bytes,
        spool: Spool,
        ledger: ConsentStore,
        review_s: int,
        *,
        monotonic_s: Callable[[], float],
        now_s: Callable[[], float],
        terms: Terms | None = None,
        link: Callable[[], Link] = lambda: UNKNOWN,
    ) -> None:
        self._collector = collector
        self._keys = {fingerprint(collector_key): collector_key}
        self._spool = spool
        self._ledger = ledger
        self.review_s = review_s
        self.held: Callable[[], Hold] = Hold
        """How much longer the person wants batches held; asked with each look, so that it is obeyed at once."""
        self.owner: tuple[str, str] | None = None
        """Study and device, in whose name erasure is asked for; until it is set, none is."""
        self._monotonic_s = monotonic_s
        self._now_s = now_s
        self._link = link
        self._asked_s = float("-inf")
        self.waits: Waiting | None = None
        """Why batches wait, though the collector could be asked."""
        self.terms = terms
        self._throttle = Throttle(terms.bytes_s) if terms else None
        collector.pace = self._pace
        self._uploads = Uploads()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self._known = UNKNOWN
        self.reached: bool | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def nudge(self) -> None:
        """There is something new."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """End after the request under way, or after ``timeout_s`` without it."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def refused(self) -> dict[str, str]:
        """What the collector will not take, and why."""
        return dict(self._uploads.refused)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            match self._next():
                case Send(item):
                    self._send(item)
                case Wait(seconds):
                    self._wait(seconds)
                case Done():
                    self._wait(LINK_S if self.waits else self._until_review())

    def _next(self) -> Send | Wait | Done:
        try:
            batches = self._batches()
            return self._uploads.step(batches, self._monotonic_s(), SystemRandom().random(), self._urgent())
        except OSError as error:
            _log.warning("the spool cannot be read: %s", type(error).__name__)
            return Wait(RETRY_S)

    def _urgent(self) -> list[str]:
        """A person's word, which goes first and over any link: consents, then erasures."""
        told = self._spool.told()
        consents = [f"consent {n}" for n in range(self._ledger.stamp()) if n not in told]
        if self._spool.deletions(unfinished=True):
            return consents  # what will be sent is still being decided
        return consents + [f"erasure {row.sequence}" for row, _ in self._spool.to_erase(1) if self.owner]

    def _batches(self) -> list[str]:
        if self._spool.deletions(unfinished=True):
            return []
        found = [f"batch {row.sequence}" for row in self._ripe(self._spool.waiting())]
        self.waits = self._held_by() if found else None
        return [] if self.waits else found

    def _held_by(self) -> Waiting | None:
        """Why batches wait; the system is asked once in a while, not for each of them."""
        if self.terms is None:
            return None
        if self._monotonic_s() >= self._asked_s + LINK_S:
            self._asked_s, self._known = self._monotonic_s(), self._link()
        return held_by(self._known, self.terms)

    def _pace(self, length: int) -> None:
        """Wait until so many bytes may leave."""
        if self.terms is None or self._throttle is None:
            return
        self._throttle.bytes_s = self.terms.bytes_s
        self._collector.part_bytes = min(PART_BYTES, self.terms.bytes_s * PART_S)
        until_s = self._monotonic_s() + self._throttle.wait_s(length, self._monotonic_s())
        while not self._stopping and (left_s := until_s - self._monotonic_s()) > 0:
            self._wake.wait(left_s)
            self._wake.clear()  # what is new is looked at after this upload

    def _ripe(self, waiting: Sequence[Row]) -> list[Row]:
        """What may go now: batches go in order, so nothing goes past one that is held."""
        hold, now_s = self.held(), self._now_s()
        return list(takewhile(lambda row: hold.until_s(row.sealed_s, self.review_s) <= now_s, waiting))

    def _until_review(self) -> float | None:
        """Seconds until the next batch that is held may go; ``None`` if none is, or until the person says so."""
        waiting = self._spool.waiting()
        held = waiting[len(self._ripe(waiting)) :]
        until_s = self.held().until_s(held[0].sealed_s, self.review_s) if held else FOREVER_S
        return None if until_s >= FOREVER_S else max(0.0, until_s - self._now_s())

    def _wait(self, seconds: float | None) -> None:
        if not self._stopping:  # set before the wake-up, which the loop may have cleared since
            self._wake.wait(seconds)

    def _send(self, item: str) -> None:
        kind, _, number = item.partition(" ")
        try:
            self._deliver(kind, int(number))
        except Refused as error:
            _log.info("%s refused: %s", item, error.refusal.reason)
            self.reached = True
            if error.refusal.reason in PASSING:
                self._uploads.failed(self._monotonic_s(), SystemRandom().random())
            else:
                self._uploads.refuse(item, error.refusal.reason)
        except OSError as error:  # the disk, not the network: httpx's errors arrive as Unreachable
            _log.info("%s cannot be read or its receipt kept: %s", item, type(error).__name__)
            self._uploads.failed(self._monotonic_s(), SystemRandom().random())
        except (Unreachable, SchemaError) as error:
            _log.info("%s not sent: %s", item, error)
            self.reached = False
            asked = error.retry_after_s if isinstance(error, Unreachable) else None
            self._uploads.failed(self._monotonic_s(), SystemRandom().random(), asked)
        else:
            self.reached = True
            self._uploads.sent(self._monotonic_s(), SystemRandom().random(), self._left())

    def _left(self) -> int:
        try:
            return len(self._ripe(self._spool.waiting()))
        except OSError:
            return 0

    def _deliver(self, kind: str, number: int) -> None:
        if kind == "consent":
            entry = self._ledger.entries()[number]
            receipt = self._collector.consent(entry)
            self._check(receipt, entry.digest)
            self._spool.tell(number, receipt.to_bytes())
            return
        if kind == "erasure":
            self._deliver_erasures()
            return
        for row in self._spool.waiting():
            if row.sequence == number:
                self._deliver_batch(row)

    def _deliver_batch(self, row: Row) -> None:
        body = self._spool.begin(row)
        if body is None:
            return  # it was deleted meanwhile
        receipt = self._collector.batch(row.digest, body)
        self._check(receipt, row.digest)
        self._spool.sent(row.sequence, receipt.to_bytes())

    def _deliver_erasures(self) -> None:
        rows = self._spool.to_erase(MAX_ERASED)
        if not rows or self.owner is None:
            return
        study, device = self.owner
        now_s = int(self._now_s())
        request = ErasureRequest(
            version=1,
            study=study,
            device=device,
            requested_hour=now_s - now_s % HOUR_S,
            batches=tuple(ErasedBatch(sequence=r.sequence, digest=r.digest, previous=p) for r, p in rows),
        )
        signed, receipt = self._collector.erasure(request)
        self._check(receipt, signed.digest, ReceiptKind.ERASURE)
        self._spool.erased([row.sequence for row, _ in rows], receipt.to_bytes())

    def _check(self, signed: SignedDocument, subject: str, kind: ReceiptKind | None = None) -> None:
        """A receipt counts only if the pinned collector signed it for exactly this."""
        receipt = verify(signed, Receipt, self._keys)
        if receipt.subject != subject or kind not in (None, receipt.kind):
            raise SchemaError("receipt is for something else")
