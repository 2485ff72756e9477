"""The published JSON Schemas: complete, valid, as strict as the models, and what lies in the repository."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from schemas import publish
from schemas.access import (
    AccessReply,
    ErasedRow,
    ErasureCause,
    ErasureState,
    PageTicket,
    Pulled,
    PullPage,
    PullRow,
    SweptRow,
)
from schemas.base import SCHEMA_BASE, Document, Sensitivity, canonical
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.events import EVENT_TYPES, Event, LossAccount, kind_of, to_builtins
from schemas.feed import FeedEntry, FeedPage, GoneBatch
from schemas.limits import Limits
from schemas.log import LogKind, Opening, OpeningPage
from schemas.receipt import Receipt, ReceiptKind
from schemas.signed import media_type
from schemas.status import ClosedReason, Condition, Counts, State, Status
from schemas.study import EnrolmentCodes
from schemas.sweep import SweepReceipt
from schemas.wire import BatchPage, BatchRow, LedgerReply, Refusal, RefusalReason, StudyReply
from tests.schemas.material import ACCOUNT, EVENTS, MASK, SPAN, device, header_of, world

REPOSITORY = Path(__file__).resolve().parents[2]
ALL = publish.schemas()
DIGEST = "0" * 64
COUNTS = Counts(seen=3, kept=2, dropped={"moves": 1}, held=0, batches_waiting=0, batches_sent=1)
CONDITION = Condition(reason=ClosedReason.NO_SIGN, holds=True, sentence="The sign shows.", remedy="None needed.")


def instances() -> dict[str, Document]:
    """A document of each published model, with every optional field where there is one."""
    org, person = world(), device()
    manifest, policy, registration = org.signed_manifest, org.signed_policy, person.registration
    row = BatchRow(cursor=1, digest=DIGEST, device=person.fingerprint, sequence=0, size=70_000)
    kind, reason = ReceiptKind.BATCH, RefusalReason.NOT_FOUND
    return {
        "access-reply": AccessReply(
            pulls=(PullRow(cursor=1, name="R", pull=Pulled(at_s=1, researcher=DIGEST, reason="why", batch=DIGEST)),),
            next=1,
            erasures=(
                ErasedRow(
                    digest=DIGEST,
                    cause=ErasureCause.ASKED,
                    state=ErasureState.DELETED,
                    received_hour=0,
                    batches=1,
                ),
            ),
            sweeps=(
                SweptRow(digest=DIGEST, researcher=DIGEST, name="R", swept_hour=0, batches=1, residue=0, trained_on=0),
            ),
            batches=1,
            stored_bytes=1,
            wish="erase",
            retention_days=1,
        ),
        "batch-page": BatchPage(rows=(row,), next=2),
        "consent-record": person.records[0],
        "device-registration": publish.DOCUMENTS["device-registration"].model_validate_json(registration.body),
        "enrol-request": person.enrol_request(),
        "enrolment-codes": EnrolmentCodes.model_validate_json(org.signed_codes.body),
        "envelope-header": header_of(b"age file", previous=DIGEST),
        "ledger-reply": LedgerReply(
            registrations=(registration,), consents=tuple(person.ledger), policies=(policy,), manifests=(manifest,)
        ),
        "feed-page": FeedPage(
            version=1,
            study="s",
            after=0,
            before=DIGEST,
            entries=(
                FeedEntry(
                    number=1,
                    cause=ErasureCause.ASKED,
                    device=DIGEST,
                    hour=0,
                    request=DIGEST,
                    batches=(GoneBatch(sequence=0, digest=DIGEST),),
                ),
            ),
            total=1,
            head=DIGEST,
            checkpoint="",
            issued_s=0,
            lease_s=1,
        ),
        "opening-page": OpeningPage(
            rows=(Opening(cursor=1, kind=LogKind.PULL, subject=DIGEST, salt="A" * 43, position=0),), next=1, merge_s=1
        ),
        "pull-page": PullPage(pulls=(), next=1),
        "page-ticket": PageTicket(path="/me", expires_s=0),
        "limits": Limits(apps=("mail",), blocked=False, consent_days=30),
        "policy": org.policy,
        "erasure-request": ErasureRequest(
            version=1,
            study="s",
            device=DIGEST,
            requested_hour=0,
            batches=(ErasedBatch(sequence=1, digest=DIGEST, previous=DIGEST),),
        ),
        "receipt": Receipt(kind=kind, study="s", subject=DIGEST, device=DIGEST, received_hour=0),
        "refusal": Refusal(reason=reason, detail="There is no such batch.", remedy="Ask for another."),
        "signed-document": manifest,
        "study-manifest": org.manifest,
        "study-reply": StudyReply(manifest=manifest, policy=policy, collector_key="A" * 43),
        "sweep-receipt": SweepReceipt(
            version=1,
            study="s",
            swept_hour=0,
            pulled_hour=0,
            batches=(DIGEST,),
            rewritten=0,
            removed=0,
            scanned_files=0,
            scanned_bytes=0,
            residue=0,
            trained_on=0,
        ),
    }


INSTANCES = instances()


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(ALL[name])


def objects(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object schema with properties, and where it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield path, node
        for key, value in node.items():
            yield from objects(value, f"{path}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from objects(value, f"{path}/{number}")


@pytest.mark.parametrize("name", ALL)
def test_every_field_says_what_it_means_in_which_unit_and_how_sensitive_it_is(name: str) -> None:
    found = list(objects(ALL[name]))
    assert found
    for path, table in found:
        for field, notes in table["properties"].items():
            assert notes.get("description"), f"{path} {field}"
            assert notes.get("x-unit"), f"{path} {field}"
            assert notes.get("x-sensitivity") in set(Sensitivity), f"{path} {field}"


@pytest.mark.parametrize("name", ALL)
def test_schemas_are_valid_named_and_closed(name: str) -> None:
    schema = ALL[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"] == SCHEMA_BASE + name
    for path, table in objects(schema):
        assert table["additionalProperties"] is False, path
    assert "\n " not in json.dumps(schema.get("description", ""))


def test_names_are_those_of_the_media_types() -> None:
    for name, model in publish.DOCUMENTS.items():
        assert media_type(model) == f"application/vnd.overt.{name}.v1+json"
    assert INSTANCES["consent-record"].model_dump()["schema_version"] == ALL["consent-record"]["$id"]


def test_each_model_has_an_instance_here() -> None:
    assert INSTANCES.keys() == publish.DOCUMENTS.keys()
    for name, document in INSTANCES.items():
        assert type(document) is publish.DOCUMENTS[name]


@pytest.mark.parametrize("name", INSTANCES)
def test_what_a_model_writes_is_valid_and_unknown_fields_are_refused_by_both(name: str) -> None:
    plain = json.loads(canonical(INSTANCES[name]))
    validator(name).validate(plain)
    assert publish.DOCUMENTS[name].model_validate_json(json.dumps(plain), strict=True) == INSTANCES[name]
    more = plain | {"unknown": 1}
    assert not validator(name).is_valid(more)
    with pytest.raises(ValidationError):
        publish.DOCUMENTS[name].model_validate_json(json.dumps(more))


@pytest.mark.parametrize("name", INSTANCES)
def test_what_is_required_is_required_by_both(name: str) -> None:
    plain = json.loads(canonical(INSTANCES[name]))
    for field in plain:
        less = {key: value for key, value in plain.items() if key != field}
        needed = field in ALL[name].get("required", ())
        assert validator(name).is_valid(less) is not needed
        if needed:
            with pytest.raises(ValidationError):
                publish.DOCUMENTS[name].model_validate_json(json.dumps(less))


def test_a_status_is_valid_and_unknown_fields_are_refused_by_both() -> None:
    status = Status(
        state=State.CAPTURING, sentence="Capturing.", conditions=(CONDITION,), app="Mail", counts=COUNTS, pid=1
    )
    plain = json.loads(msgspec.json.encode(status))
    validator("status").validate(plain)
    assert msgspec.convert(plain, Status) == status
    more = plain | {"unknown": 1}
    assert not validator("status").is_valid(more)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(more, Status)


@pytest.mark.parametrize("event_type", EVENTS)
def test_events_are_valid_and_unknown_fields_are_refused_by_both(event_type: str) -> None:
    @given(EVENTS[event_type])
    @settings(max_examples=15, deadline=None)
    def holds(event: Event) -> None:
        # As JSON text and back: tuples become arrays there.
        plain = json.loads(msgspec.json.encode(to_builtins(event)))
        validator("event").validate(plain)
        assert msgspec.convert(plain, Event, strict=False) == event
        assert not validator("event").is_valid(plain | {"unknown": 1})
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(plain | {"unknown": 1}, Event)

    holds()


@given(MASK, SPAN, ACCOUNT)
@settings(max_examples=30, deadline=None)
def test_parts_are_valid_and_closed(mask: Any, span: Any, account: LossAccount) -> None:
    for name, part in (("mask", mask), ("span", span), ("loss-account", account)):
        plain = json.loads(msgspec.json.encode(part))
        validator(name).validate(plain)
        assert not validator(name).is_valid(plain | {"unknown": 1})
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(plain | {"unknown": 1}, type(part))


def test_the_event_schema_is_a_union_that_kind_tells_apart() -> None:
    union = ALL["event"]
    assert set(union["discriminator"]["mapping"]) == {kind_of(t) for t in EVENT_TYPES}
    assert len(union["anyOf"]) == len(EVENT_TYPES)


def test_the_repository_holds_what_the_models_say() -> None:
    assert publish.drift() == []


def test_drift_names_what_is_missing_changed_or_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "v1"
    assert publish.drift(folder) == sorted(publish.files())
    publish.write(folder)
    assert publish.drift(folder) == []
    (folder / "policy.schema.json").unlink()
    (folder / "span.schema.json").write_text("{}\n")
    (folder / "extra.schema.json").write_text("{}\n")
    (folder / "stray.txt").write_text("\n")
    expected = ["extra.schema.json", "policy.schema.json", "span.schema.json", "stray.txt"]
    assert publish.drift(folder) == expected
    publish.write(folder)
    assert publish.drift(folder) == ["stray.txt"]


def test_files_are_stable() -> None:
    for content in publish.files().values():
        assert content.endswith(b"}\n")
        assert json.dumps(json.loads(content), indent=2, sort_keys=True, ensure_ascii=False) + "\n" == content.decode()


@pytest.mark.parametrize(("arguments", "code"), [(["--check"], 0), (["--chekc"], 2), (["--check", "more"], 2)])
def test_the_command_s_exit_codes(arguments: list[str], code: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "schemas.publish", *arguments], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert run.returncode == code
    assert bool(run.stderr) is bool(code)


def test_the_check_exits_1_and_names_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "extra.schema.json").write_text("{}\n")
    assert publish.main(["--check"], tmp_path) == 1
    said = capsys.readouterr().err
    assert all(name in said for name in ["extra.schema.json", *publish.files()])
    assert publish.main([], tmp_path / "new") == publish.main(["--check"], tmp_path / "new") == 0
