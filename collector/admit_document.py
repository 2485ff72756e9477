"""Admission of what an organisation publishes: pure, like `admit`."""

from collections.abc import Mapping

from msgspec import Struct

from collector.verdicts import Duplicate, Refuse, Store, Verdict
from schemas.base import SchemaError
from schemas.policy import Policy
from schemas.signed import SignatureError, SignedDocument, media_type, verify
from schemas.study import EnrolmentCodes, StudyManifest
from schemas.wire import RefusalReason as R

Published = StudyManifest | Policy | EnrolmentCodes

KINDS: dict[str, type[Published]] = {media_type(kind): kind for kind in (StudyManifest, Policy, EnrolmentCodes)}
"""What may be published, by payload type."""


class PublishContext(Struct, frozen=True):
    """What the collector knows when a document comes.

    `study` is the one that it serves, None as long as nothing was published. `version` is the newest of the document's
    kind, 0 if there is none. `known` says that a document with this digest is stored.
    """

    trusted: Mapping[str, bytes]
    study: str | None
    version: int
    known: bool


def read_published(document: SignedDocument, trusted: Mapping[str, bytes]) -> Published | Refuse:
    """The document, if a trusted organisation signed it as one of `KINDS`."""
    kind = KINDS.get(document.payloadType)
    if kind is None:
        return Refuse(R.MALFORMED, "only manifests, policies and enrolment codes are published")
    try:
        return verify(document, kind, trusted)
    except SignatureError:
        return Refuse(R.BAD_SIGNATURE, "not signed by an organisation that this collector trusts")
    except SchemaError:
        return Refuse(R.MALFORMED, f"not a {kind.__name__} of this version")


def admit_document(document: Published, context: PublishContext) -> Verdict:
    """Whether a verified document is published."""
    if context.known:
        return Duplicate()
    if context.study not in (None, document.study):
        return Refuse(R.UNKNOWN_STUDY, "this collector serves another study")
    if not isinstance(document, EnrolmentCodes) and document.version <= context.version:
        return Refuse(R.OLDER_VERSION, "a version at least as new is already published")
    return Store()
