"""Bodies of the collector's HTTP API, version 1. Routes are listed in ``collector/routes.py``."""

from enum import StrEnum
from urllib.parse import urlsplit

from schemas.base import Bytes32, Digest, Document, SchemaError, Sensitivity, note
from schemas.signed import SignedDocument

MAX_LEDGER_DEVICES = 200
"""Devices of one page of the ledger: about 2 MiB at a handful of consent records each."""
MAX_PAGE_ROWS = 500
"""Rows of one page of a listing: about 100 KiB."""
REASON_HEADER = "overt-reason"
"""Request header in which a researcher says why they pull; participants see it."""
MAX_REASON_CHARS = 200
"""A sentence, not an essay."""


LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts to which plain HTTP is allowed: it never leaves the machine."""


class AddressError(SchemaError):
    """Not an address at which a collector may be asked."""

    remedy = "Write it as https://collector.example; plain http is for this machine only."


def collector_url(text: str) -> str:
    """A collector's address without a slash at its end.

    Raises:
        AddressError: not an http(s) address, with more than scheme, host, port and path, or unencrypted to another
            machine.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # raises where it is not a number
    except ValueError:
        raise AddressError("not a collector's address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise AddressError("not a collector's address")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise AddressError("the collector's address must begin with https://")
    return text.rstrip("/")


class RefusalReason(StrEnum):
    """Why the collector did not take or give something. Stable: clients act on these."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_STUDY = "unknown_study"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    REPLAYED = "replayed"
    BAD_CODE = "bad_code"
    CHAIN_BROKEN = "chain_broken"
    SEQUENCE_TAKEN = "sequence_taken"
    WRONG_RECIPIENTS = "wrong_recipients"
    UNKNOWN_CONSENT = "unknown_consent"
    CONSENT_NOT_LIVE = "consent_not_live"
    UNKNOWN_POLICY = "unknown_policy"
    WRONG_NOTICE = "wrong_notice"
    OLDER_VERSION = "older_version"
    NO_REASON = "no_reason"
    NOT_FOUND = "not_found"
    ERASED = "erased"
    RATE_LIMITED = "rate_limited"
    WRONG_OFFSET = "wrong_offset"


class Refusal(Document):
    """Why a request was refused, and what would mend it."""

    reason: RefusalReason = note("stable name of the reason")
    detail: str = note("a sentence for people; never holds what was sent", max_length=500)
    remedy: str = note("what to do about it", max_length=500)


class StudyReply(Document):
    """``GET /v1/study``: what a device or a researcher needs before anything else."""

    manifest: SignedDocument = note("StudyManifest, signed by the organisation")
    policy: SignedDocument = note("Policy, signed by the organisation")
    collector_key: Bytes32 = note("Ed25519 key with which this collector signs receipts")


class EnrolRequest(Document):
    """``POST /v1/enrol``: a one-time code for the registration of a device's own key."""

    code: str = note("the code as it was handed out", repr=False, min_length=16, max_length=100)
    registration: SignedDocument = note("DeviceRegistration, signed by the device")


class BatchRow(Document):
    """One batch, as the collector knows it."""

    cursor: int = note("position in this collector's listing", ge=1)
    digest: Digest = note("digest of the envelope", sensitivity=Sensitivity.PSEUDONYM)
    device: Digest = note("who sealed it", sensitivity=Sensitivity.PSEUDONYM)
    sequence: int = note("batches of the device, from 0", ge=0)
    size: int = note("length of the envelope; 0 once it is erased", unit="byte", ge=0)
    erased: bool | None = note("true: its device had it deleted; only its place is left", default=None)


class BatchPage(Document):
    """``GET /v1/batches?after=CURSOR&limit=N`` (researcher)."""

    rows: tuple[BatchRow, ...] = note("in order of the cursor", max_length=MAX_PAGE_ROWS)
    next: int | None = note("pass as `after` for more; absent at the end", default=None)


class LedgerReply(Document):
    """``GET /v1/ledger`` (researcher): what is needed to prove each batch's consent.

    With ``?limit=N`` it comes in pages of so many devices; policies and manifests are in the first one.
    """

    registrations: tuple[SignedDocument, ...] = note("DeviceRegistration of each device")
    consents: tuple[SignedDocument, ...] = note("ConsentRecord chain of each device, oldest first")
    policies: tuple[SignedDocument, ...] = note("every version of the policy that was ever published")
    manifests: tuple[SignedDocument, ...] = note("every version of the manifest")
    erasures: tuple[SignedDocument, ...] = note(
        "ErasureRequest of devices that had batches deleted, as they signed them", default=()
    )
    expired: tuple[SignedDocument, ...] = note(
        "FeedPage, signed by the collector, of batches that went because the notice's time was over", default=()
    )
    next: Digest | None = note("pass as `after` for more devices; absent at the end", default=None)
