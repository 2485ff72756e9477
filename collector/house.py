"""The collector's parts, put together once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.access import Access
from collector.erasure import Erasure
from collector.intake import Intake
from collector.library import Library
from collector.nonces import Nonces
from collector.outlet import Outlet
from collector.ports import Blobs, Ledger
from collector.publishing import Publishing
from collector.receipts import ReceiptDesk
from collector.reception import Reception
from schemas.base import unbase64url
from schemas.signed import fingerprint


@dataclass(frozen=True)
class House:
    """Everything that routes call."""

    ledger: Ledger
    blobs: Blobs
    publishing: Publishing
    intake: Intake
    erasure: Erasure
    outlet: Outlet
    reception: Reception
    access: Access


def build_house(
    ledger: Ledger,
    blobs: Blobs,
    receipt_key: Ed25519PrivateKey,
    trust: Iterable[str],
    clock: Callable[[], float],
    incoming: Path | None = None,
) -> House:
    """Put the parts together.

    Args:
        ledger: the rows store, not opened yet.
        blobs: the blob store, not opened yet.
        receipt_key: signs receipts.
        trust: base64url public keys of the organisations whose documents are published.
        clock: Unix time, seconds.
        incoming: folder for bodies on their way in; None for the system's own.
    """
    library, desk = Library(ledger), ReceiptDesk(receipt_key)
    intake = Intake(ledger, blobs, library, desk, clock)
    trusted = {fingerprint(raw): raw for raw in map(unbase64url, trust)}
    return House(
        ledger=ledger,
        blobs=blobs,
        publishing=Publishing(ledger, library, trusted, desk.public_key),
        intake=intake,
        erasure=Erasure((ledger, blobs), intake, library, desk, clock),
        outlet=Outlet(ledger, blobs, library, clock),
        reception=Reception(Nonces(int(clock())), clock, incoming),
        access=Access(ledger, library, desk, clock),
    )
