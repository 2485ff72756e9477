"""Admission of what an organisation publishes."""

import pytest

from collector.admit_document import PublishContext, admit_document, read_published
from collector.verdicts import Duplicate, Refuse, Store
from schemas.signed import SignedDocument, fingerprint, public_bytes, sign
from schemas.wire import RefusalReason as R
from tests.support.devices import World, draw_key

WORLD = World.make("documents")
TRUSTED = {fingerprint(public_bytes(WORLD.org_key)): public_bytes(WORLD.org_key)}


def reason_of(verdict: object) -> R:
    assert isinstance(verdict, Refuse)
    return verdict.reason


@pytest.mark.parametrize("document", WORLD.publications(), ids=lambda d: d.payloadType)
def test_what_a_trusted_organisation_signs_is_read(document: SignedDocument) -> None:
    assert not isinstance(read_published(document, TRUSTED), Refuse)


def test_what_others_sign_is_refused() -> None:
    stranger = draw_key(WORLD.rng)
    assert reason_of(read_published(sign(WORLD.manifest, stranger), TRUSTED)) is R.BAD_SIGNATURE
    assert reason_of(read_published(WORLD.signed_manifest, {})) is R.BAD_SIGNATURE


def test_other_documents_are_not_published() -> None:
    device = WORLD.device()
    assert reason_of(read_published(device.registration, TRUSTED)) is R.MALFORMED


def test_a_document_under_another_type_is_refused() -> None:
    posing = WORLD.signed_policy.model_copy(update={"payloadType": WORLD.signed_manifest.payloadType})
    assert reason_of(read_published(posing, TRUSTED)) is R.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("study", "version", "known", "expected"),
    [
        (None, 0, False, Store()),
        (WORLD.manifest.study, 0, False, Store()),
        (WORLD.manifest.study, 1, True, Duplicate()),
        (WORLD.manifest.study, 1, False, R.OLDER_VERSION),
        (WORLD.manifest.study, 2, False, R.OLDER_VERSION),
        ("other-study", 0, False, R.UNKNOWN_STUDY),
    ],
)
def test_versions_count_up_within_one_study(
    study: str | None,
    version: int,
    known: bool,  # noqa: FBT001
    expected: object,
) -> None:
    verdict = admit_document(WORLD.manifest, PublishContext(TRUSTED, study, version, known))
    assert (verdict.reason if isinstance(verdict, Refuse) else verdict) == expected


def test_code_lists_have_no_version() -> None:
    codes = read_published(WORLD.signed_codes, TRUSTED)
    assert not isinstance(codes, Refuse)
    assert admit_document(codes, PublishContext(TRUSTED, WORLD.manifest.study, 9, known=False)) == Store()
