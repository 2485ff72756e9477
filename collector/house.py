"""The collector's parts, put together once."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.access import Access
from collector.admit_rate import Rates
from collector.erasure import Erasure
from collector.feed import Feed
from collector.intake import Intake
from collector.library import Library
from collector.limits import LOG_PERIOD_S, STUDY_REQUESTS_S
from collector.log import Log
from collector.metrics import Metrics
from collector.nonces import Nonces
from collector.outlet import Outlet
from collector.pages.views import Views
from collector.partial import Partials
from collector.ports import Blobs, Ledger
from collector.publishing import Publishing
from collector.receipts import ReceiptDesk
from collector.reception import Reception
from collector.retention import Retention
from collector.sessions import Sessions
from collector.tally import Tally
from schemas.base import unbase64url
from schemas.signed import fingerprint


@dataclass(frozen=True)
class House:
    """Everything that routes call. `metrics_token` is what Prometheus must send; None: nobody is answered."""

    ledger: Ledger
    blobs: Blobs
    publishing: Publishing
    intake: Intake
    erasure: Erasure
    outlet: Outlet
    reception: Reception
    partials: Partials
    access: Access
    log: Log
    feed: Feed
    retention: Retention
    library: Library
    clock: Callable[[], float]
    sessions: Sessions
    views: Views
    tally: Tally
    metrics: Metrics
    metrics_token: bytes | None = None
    auditors: Mapping[str, bytes] = field(default_factory=dict)

    async def auditor_keys(self, fingerprints: list[str]) -> dict[str, bytes]:
        """Raw signing keys of those fingerprints that are auditors'."""
        return {name: self.auditors[name] for name in fingerprints if name in self.auditors}


def build_house(  # noqa: PLR0913, PLR0917  # what the settings say
    ledger: Ledger,
    blobs: Blobs,
    receipt_key: Ed25519PrivateKey,
    trust: Iterable[str],
    clock: Callable[[], float],
    incoming: Path | None = None,
    log_period_s: int = LOG_PERIOD_S,
    study_requests_s: float = STUDY_REQUESTS_S,
) -> House:
    """Put the parts together.

    Args:
        ledger: the rows store, not opened yet.
        blobs: the blob store, not opened yet.
        receipt_key: signs receipts.
        trust: base64url public keys of the organisations whose documents are published.
        clock: Unix time, seconds.
        incoming: folder for bodies on their way in; None for the system's own.
        log_period_s: seconds between two extensions of the transparency log.
        study_requests_s: requests a second of all devices together.
    """
    library, desk = Library(ledger), ReceiptDesk(receipt_key)
    intake = Intake(ledger, blobs, library, desk, clock)
    log = Log(ledger, library, receipt_key, clock, log_period_s)
    erasure = Erasure((ledger, blobs), intake, library, desk, clock)
    access, retention, tally = Access(ledger, library, desk, clock), Retention(ledger, erasure, library, clock), Tally()
    feed = Feed(ledger, library, desk, log, clock)
    trusted = {fingerprint(raw): raw for raw in map(unbase64url, trust)}
    return House(
        ledger=ledger,
        blobs=blobs,
        publishing=Publishing(ledger, library, trusted, desk.public_key),
        intake=intake,
        erasure=erasure,
        outlet=Outlet(ledger, blobs, library, feed, clock),
        reception=Reception(Nonces(int(clock())), Rates(study_requests_s), ledger.first_time, clock, incoming),
        partials=Partials((incoming or Path(tempfile.gettempdir())) / "parts"),
        access=access,
        log=log,
        feed=feed,
        retention=retention,
        library=library,
        clock=clock,
        sessions=Sessions(ledger, clock),
        views=Views(ledger, library, access, log, retention, tally, clock),
        tally=tally,
        metrics=Metrics(tally, retention, ledger, clock),
    )
