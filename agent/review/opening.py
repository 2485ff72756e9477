"""Opening a held batch: out of the very bytes that would be sent, and only if nobody has changed them."""

from enum import StrEnum

from msgspec import Struct

from agent.core.chain import Row
from agent.core.note import MAX_NOTE_BYTES, Note, unpacked
from agent.errors import OvertError
from schemas import age
from schemas.base import SchemaError, digest
from schemas.envelope import MAX_ENVELOPE_BYTES, EnvelopeError, EnvelopeHeader, parse, verify
from schemas.payload import Payload, unpack


class Fault(StrEnum):
    """Why a batch is not shown."""

    MISSING = "missing"  # its file is gone
    CHANGED = "changed"  # its bytes are not those that were sealed here
    SEALED_FOR_OTHERS = "sealed_for_others"  # another review key: of an earlier enrolment, say
    DAMAGED = "damaged"  # opened, but it makes no sense: a fault in Overt


IN_WORDS = {
    Fault.MISSING: "its file is gone from this machine",
    Fault.CHANGED: "its file was changed after it was sealed; what it holds is not believed and not shown",
    Fault.SEALED_FOR_OTHERS: "it was sealed for another review key than yours",
    Fault.DAMAGED: "it cannot be read by this version of Overt",
}
_REMEDY = "it can be deleted: overt delete --batch {sequence}"


class BatchRefusedError(OvertError):
    """A batch that is not shown."""

    def __init__(self, sequence: int, fault: Fault) -> None:
        super().__init__(f"batch {sequence} is not shown: {IN_WORDS[fault]}", _REMEDY.format(sequence=sequence))
        self.sequence = sequence
        self.fault = fault


class Opened(Struct, frozen=True):
    """A batch, opened.

    Attributes:
        row: what the index says of it.
        header: what the collector will see.
        digest: SHA-256 of the bytes that were opened, which are the bytes that will be sent.
        payload: the content.
    """

    row: Row
    header: EnvelopeHeader
    digest: str
    payload: Payload

    def __repr__(self) -> str:
        return f"Opened({self.row.sequence})"


class Opener:
    """Opens batches of one device.

    Args:
        identity: the person's review key.
        device: raw public key that signed them.
    """

    def __init__(self, identity: age.Identity, device: bytes) -> None:
        self._identity = identity
        self._device = device

    def open(self, row: Row, data: bytes) -> Opened:
        """Open a batch.

        Args:
            row: what the index says of it.
            data: its bytes, as they lie in the spool.

        Raises:
            BatchRefusedError: they are not what was sealed, or cannot be opened.
        """
        whole = digest(data)
        try:
            envelope = parse(data)
            verify(envelope, self._device)
        except EnvelopeError:
            raise BatchRefusedError(row.sequence, Fault.CHANGED) from None
        if whole != row.digest or envelope.header.sequence != row.sequence:
            raise BatchRefusedError(row.sequence, Fault.CHANGED)
        try:
            plain = age.decrypt(envelope.payload, [self._identity], limit=MAX_ENVELOPE_BYTES)
            return Opened(row, envelope.header, whole, unpack(plain))
        except age.NoMatchingIdentity:
            raise BatchRefusedError(row.sequence, Fault.SEALED_FOR_OTHERS) from None
        except age.AgeError:
            raise BatchRefusedError(row.sequence, Fault.CHANGED) from None
        except SchemaError:
            raise BatchRefusedError(row.sequence, Fault.DAMAGED) from None

    def note(self, sealed: bytes) -> Note | None:
        """What was noted of a batch; ``None`` if it cannot be read."""
        try:
            return unpacked(age.decrypt(sealed, [self._identity], limit=MAX_NOTE_BYTES))
        except (age.AgeError, SchemaError):
            return None


def identity_of(seed: bytes | None, recipient: str) -> age.Identity | None:
    """The review key of a seed, if it is the one that was registered."""
    if seed is None:
        return None
    try:
        found = age.Identity.from_seed(seed)
        return found if str(found.recipient) == recipient else None
    except (age.AgeError, ValueError):
        return None
