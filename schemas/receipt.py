"""Receipts: the collector's signed word that something is durable."""

from enum import StrEnum

from schemas.base import Digest, Document, Sensitivity, Slug, note
from schemas.envelope import HOUR_S

__all__ = ["HOUR_S", "Receipt", "ReceiptKind"]


class ReceiptKind(StrEnum):
    """What was received."""

    BATCH = "batch"
    CONSENT = "consent"
    ENROLMENT = "enrolment"
    ERASURE = "erasure"  # carried out: the batches that the request names are deleted
    SWEEP = "sweep"  # kept, and shown to the participants whose batches it names


class Receipt(Document):
    """Given out only after what it names is on durable storage. Signed by the collector's key."""

    kind: ReceiptKind = note("what was received")
    study: Slug = note("the study")
    subject: Digest = note("digest of what was received", sensitivity=Sensitivity.PSEUDONYM)
    device: Digest = note("who sent it", sensitivity=Sensitivity.PSEUDONYM)
    received_hour: int = note(
        "Unix time of receipt, rounded down to the hour", unit="s", sensitivity=Sensitivity.BEHAVIOUR, ge=0
    )
