"""The one error tree of the collector. Only `cli.py` exits, with the error's own code."""

from schemas.wire import Refusal, RefusalReason

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2

R = RefusalReason


class CollectorError(Exception):
    """Something that the operator has to know. Never carries content, codes or keys."""

    remedy = "Run `overt-collector doctor`."
    exit_code = EXIT_ERROR


class SettingsError(CollectorError):
    """An option that cannot be used."""

    remedy = "See `overt-collector serve --help`."
    exit_code = EXIT_USAGE


class StorageError(CollectorError):
    """Database or blobs could not be read or written."""

    remedy = "Check free space and permissions of the data folder; run `overt-collector doctor`."


class SchemaBehindError(StorageError):
    """The database's schema is not this program's."""

    remedy = "Run `overt-collector migrate --database URL` once, with the newest version that is to serve."


class BlobMissingError(StorageError):
    """A blob that a row names is not there."""

    remedy = "Restore the blobs from a backup; the device still counts this batch as delivered."


class NotNowError(CollectorError):
    """A request that may be right but cannot be served at this moment.

    Becomes 503, never a `Refusal`: clients take a refusal for final, and this must be sent again.
    """

    remedy = "Sign the request anew and send it again."


class KeyFileError(CollectorError):
    """The receipt key's file cannot be used."""

    remedy = "Restore `receipt.key` from a backup, 32 bytes with mode 0600. A new key orphans old receipts."


_OWN_WORDS: dict[RefusalReason, tuple[int, str]] = {
    R.MALFORMED: (400, "Send the document as this version's published schema describes it."),
    R.TOO_LARGE: (413, "Send less at once."),
    R.UNKNOWN_STUDY: (404, "Check the collector's address: it serves another study, or none yet."),
    R.UNKNOWN_DEVICE: (403, "Enrol this device first, and send only what its own key sealed."),
    R.UNKNOWN_KEY: (401, "Sign with a key that this collector knows for this role."),
    R.BAD_SIGNATURE: (401, "Check the machine's clock and the signing key, then sign and send again."),
    R.REPLAYED: (409, "Sign the request anew, with a new nonce, and send it again."),
    R.BAD_CODE: (403, "Ask the organisation for a new enrolment code."),
    R.CHAIN_BROKEN: (409, "Send what comes before first, then this."),
    R.SEQUENCE_TAKEN: (409, "Stop sending: this place in the chain holds something else. Report it."),
    R.WRONG_RECIPIENTS: (
        422,
        "Seal to exactly those whom the agreed manifest names, and to the person's own key.",
    ),
    R.UNKNOWN_CONSENT: (422, "Send the consent record first."),
    R.CONSENT_NOT_LIVE: (403, "Erase this batch: it was not agreed to when it was sealed."),
    R.UNKNOWN_POLICY: (422, "Fetch the study's policy from this collector."),
    R.WRONG_NOTICE: (422, "Ask for consent again with the notice of the agreed manifest."),
    R.OLDER_VERSION: (409, "Publish with a version above the current one."),
    R.NO_REASON: (400, "Say in the overt-reason header why you pull; participants can read it."),
    R.NOT_FOUND: (404, "Check the address."),
    R.WRONG_OFFSET: (409, "Ask with HEAD how much is here, and go on from there."),
    R.RATE_LIMITED: (429, "Wait as long as Retry-After says, then send again."),
    R.ERASED: (410, "Delete your copies of it, and pull again."),
}
"""HTTP status and remedy of each reason."""


def own_words(reason: RefusalReason) -> str:
    """What helps against a refusal."""
    return _OWN_WORDS[reason][1]


class Refused(CollectorError):  # noqa: N818  # the wire's own word
    """A request that is not served; becomes a `Refusal` body.

    Args:
        reason: stable name.
        detail: a sentence that holds nothing of what was sent.
        status: HTTP status where the reason's own one does not say it well.
        retry_after_s: seconds after which it may be sent again (RFC 9110 §10.2.3).
    """

    def __init__(
        self, reason: RefusalReason, detail: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s
        own_status, self.remedy = _OWN_WORDS[reason]
        self.status = status or own_status

    def body(self) -> bytes:
        """The JSON that is sent."""
        refusal = Refusal(reason=self.reason, detail=self.detail[:500], remedy=self.remedy)
        return refusal.model_dump_json().encode()
