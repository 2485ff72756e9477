"""Opening sealed batches: the only place of this program that decrypts. Nothing is written to disk here."""

from research.errors import UnsealError
from research.verify import Opener
from schemas.age import AgeError, Identity, decrypt
from schemas.envelope import MAX_ENVELOPE_BYTES


def opener(identity: Identity) -> Opener:
    """A function that opens age files with a key.

    It raises UnsealError for a file that is for others or damaged; the error holds nothing of the content.
    """

    def open_(sealed: bytes) -> bytes:
        try:
            return decrypt(sealed, [identity], limit=MAX_ENVELOPE_BYTES)
        except AgeError as error:
            raise UnsealError(str(error), error.remedy) from None

    return open_
