"""Everything that verification can find wrong, with a sentence for each: the table that ``verify`` prints from."""

from enum import StrEnum

from msgspec import Struct


class Reason(StrEnum):
    """Why something does not verify. Stable names: scripts act on these."""

    # Documents
    MANIFEST_UNTRUSTED = "manifest_untrusted"
    POLICY_UNTRUSTED = "policy_untrusted"
    REGISTRATION_BROKEN = "registration_broken"
    LEDGER_BROKEN = "ledger_broken"
    ERASURE_UNTRUSTED = "erasure_untrusted"
    STALE = "stale"
    FEED_BROKEN = "feed_broken"
    LOG_BROKEN = "log_broken"
    LOG_MISSING = "log_missing"
    NOT_LOGGED = "not_logged"
    # The envelope
    ENVELOPE_BROKEN = "envelope_broken"
    DIGEST_MISMATCH = "digest_mismatch"
    OTHER_STUDY = "other_study"
    UNKNOWN_DEVICE = "unknown_device"
    BAD_SIGNATURE = "bad_signature"
    # The chain
    CHAIN_GAP = "chain_gap"
    CHAIN_BROKEN = "chain_broken"
    REPLAYED = "replayed"
    MISSING = "missing"
    UNLISTED = "unlisted"
    ERASED = "erased"
    # What the header cites
    UNKNOWN_CONSENT = "unknown_consent"
    CONSENT_NOT_GIVEN = "consent_not_given"
    SEALED_BEFORE_CONSENT = "sealed_before_consent"
    UNKNOWN_MANIFEST = "unknown_manifest"
    WRONG_NOTICE = "wrong_notice"
    UNKNOWN_POLICY = "unknown_policy"
    OLDER_POLICY = "older_policy"
    POLICY_BLOCKED = "policy_blocked"
    WRONG_RECIPIENTS = "wrong_recipients"
    UNNAMED_RECIPIENT = "unnamed_recipient"
    STANZAS_DIFFER = "stanzas_differ"
    # The content
    CANNOT_OPEN = "cannot_open"
    PAYLOAD_BROKEN = "payload_broken"
    LOSS_UNBALANCED = "loss_unbalanced"
    SEQUENCE_REUSED = "sequence_reused"
    EVENT_OTHER_CONSENT = "event_other_consent"
    EVENT_OUTSIDE_CONSENT = "event_outside_consent"
    EVENT_APP_NOT_AGREED = "event_app_not_agreed"
    EVENT_MODALITY_NOT_AGREED = "event_modality_not_agreed"
    EVENT_APP_NOT_IN_POLICY = "event_app_not_in_policy"
    EVENT_MODALITY_NOT_IN_POLICY = "event_modality_not_in_policy"
    EVENT_MODALITY_NOT_IN_STUDY = "event_modality_not_in_study"
    EVENT_AFTER_POLICY = "event_after_policy"
    EVENT_AFTER_SEALING = "event_after_sealing"
    FRAME_DIGEST = "frame_digest"


MEANING: dict[Reason, str] = {
    Reason.MANIFEST_UNTRUSTED: "a study manifest is not signed by the organisation",
    Reason.POLICY_UNTRUSTED: "a policy is not signed by the organisation",
    Reason.REGISTRATION_BROKEN: "a device's registration is not signed by that device's own key",
    Reason.LEDGER_BROKEN: "a device's consent ledger does not hold together, so nothing of it counts as consented to",
    Reason.ERASURE_UNTRUSTED: "a request for erasure is not signed by the device that it names",
    Reason.STALE: "the folder was pulled too long ago to know what was withdrawn since: pull again",
    Reason.FEED_BROKEN: "the feed of what was withdrawn is not signed by the collector, or has gaps",
    Reason.LOG_BROKEN: "the transparency log in the folder does not prove what it should",
    Reason.LOG_MISSING: "the folder holds no proof that its documents are in the transparency log: pull again",
    Reason.NOT_LOGGED: "documents that prove consent are not in the transparency log",
    Reason.ENVELOPE_BROKEN: "not an intact envelope: header, length or sealed bytes were altered",
    Reason.DIGEST_MISMATCH: "the file's bytes are not those that its name, a digest, promises",
    Reason.OTHER_STUDY: "the batch belongs to another study",
    Reason.UNKNOWN_DEVICE: "the device never registered for this study",
    Reason.BAD_SIGNATURE: "the header is not signed by the device that it names",
    Reason.CHAIN_GAP: "batches before this one are missing or not authentic",
    Reason.CHAIN_BROKEN: "the batch does not name the one before it",
    Reason.REPLAYED: "a sequence number of the device comes more than once",
    Reason.MISSING: "the collector lists the batch, but it is not in the folder",
    Reason.UNLISTED: "the collector does not list the batch any more: it may have been withdrawn, so do not use it",
    Reason.ERASED: "the batch was erased at the participant's wish: delete your copy and do not use it",
    Reason.UNKNOWN_CONSENT: "the consent record that the batch cites is not in the device's ledger",
    Reason.CONSENT_NOT_GIVEN: "the consent record that the batch cites does not allow anything",
    Reason.SEALED_BEFORE_CONSENT: "the batch says that it was sealed before the consent that it cites",
    Reason.UNKNOWN_MANIFEST: "the manifest that was shown for consent is not one of the organisation's",
    Reason.WRONG_NOTICE: "the notice that the batch cites is not the one that was agreed to",
    Reason.UNKNOWN_POLICY: "the policy that the batch cites is not one of the organisation's",
    Reason.OLDER_POLICY: "the policy that the batch cites is older than the one in force at consent",
    Reason.POLICY_BLOCKED: "the policy that the batch cites forbids all capture",
    Reason.WRONG_RECIPIENTS: "the batch is not sealed to exactly the manifest's researchers and the person's own key",
    Reason.UNNAMED_RECIPIENT: "the consent record does not name everybody who can decrypt",
    Reason.STANZAS_DIFFER: "the sealed file has not as many recipients as the header says, or some of another kind",
    Reason.CANNOT_OPEN: "this key does not open the sealed file",
    Reason.PAYLOAD_BROKEN: "the sealed file opened, but its content is not an intact payload",
    Reason.LOSS_UNBALANCED: "the loss account does not balance: seen is not kept plus dropped",
    Reason.SEQUENCE_REUSED: "an event's sequence number was used before by this device",
    Reason.EVENT_OTHER_CONSENT: "an event cites another consent record than its batch",
    Reason.EVENT_OUTSIDE_CONSENT: "an event lies outside the time for which consent was given",
    Reason.EVENT_APP_NOT_AGREED: "an event is from an app that was not agreed to",
    Reason.EVENT_MODALITY_NOT_AGREED: "an event is of a kind that was not agreed to in its app",
    Reason.EVENT_APP_NOT_IN_POLICY: "an event is from an app that the policy does not allow",
    Reason.EVENT_MODALITY_NOT_IN_POLICY: "an event is of a kind that the policy does not allow in its app",
    Reason.EVENT_MODALITY_NOT_IN_STUDY: "an event is of a kind that the study does not ask for",
    Reason.EVENT_AFTER_POLICY: "an event is later than the policy's end",
    Reason.EVENT_AFTER_SEALING: "an event is later than the sealing of its batch",
    Reason.FRAME_DIGEST: "a picture's bytes are not those that its event names",
}

ABOUT_OTHERS = frozenset({Reason.CHAIN_GAP, Reason.MISSING})
"""Found at a batch or device, but the fault is in what is absent: the batch itself may be used."""


class Finding(Struct, frozen=True):
    """One thing that is wrong."""

    reason: Reason
    batch: str | None = None  # digest that the file's name claims
    device: str | None = None
    sequence: int | None = None  # of the batch, among the device's
    event: int | None = None  # sequence number of the first event concerned
    count: int = 1  # how many events, documents or batches
    detail: str = ""  # never holds anything recorded

    @property
    def disqualifies(self) -> bool:
        """True if the batch must not be used."""
        return self.batch is not None and self.reason not in ABOUT_OTHERS
