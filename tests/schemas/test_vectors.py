"""The frozen vectors: they must decode to what they always meant, and be written as they always were.

The payload's version 1 is written no more, and must be read for ever.
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import age, envelope, payload
from schemas.base import Document, canonical, digest
from schemas.columns import ColumnsError, encode
from schemas.consent import ConsentRecord, intervals, read_ledger
from schemas.envelope import EnvelopeHeader
from schemas.events import Event, LossAccount
from schemas.payload import Payload, pack, unpack
from schemas.policy import Policy
from schemas.receipt import Receipt
from schemas.signed import fingerprint, media_type, parse_signed, public_bytes, sign, verify
from schemas.study import DeviceRegistration, EnrolmentCodes, StudyManifest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FOLDER = Path(__file__).resolve().parents[1] / "vectors"
SIGNED, CONSENT, PAYLOAD, PAYLOAD_2, PAYLOAD_3, ENVELOPE = (
    json.loads((FOLDER / name / "vectors.json").read_text())
    for name in ("signed", "consent", "payload", "payload-v2", "payload-v3", "envelope")
)
ADDED = {"spool_days", "upload_bytes_s", "wait_battery_percent", "wait_metered"}
"""Keys of a policy that were added with a default: one signed before them has none, and keeps its digest."""
TYPES: dict[str, type[Document]] = {
    each.__name__: each for each in (StudyManifest, Policy, EnrolmentCodes, DeviceRegistration, Receipt)
}


def key(vectors: dict[str, Any], name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vectors["seeds"][name]))


def frozen_payload(vectors: dict[str, Any]) -> Payload:
    content = vectors["content"]
    events = msgspec.convert(content["events"], list[Event])
    account = msgspec.convert(content["account"], LossAccount)
    return Payload(events, bytes.fromhex(content["frames"]), account, content["episode"])


@pytest.mark.parametrize("entry", SIGNED["documents"], ids=lambda e: str(e["name"]))
def test_signed_documents_read_and_write_as_ever(entry: dict[str, Any]) -> None:
    data = (FOLDER / "signed" / f"{entry['name']}.json").read_bytes()
    model, signer = TYPES[entry["type"]], key(SIGNED, entry["signer"])
    raw, signed = public_bytes(signer), parse_signed(data)
    document = verify(signed, model, {fingerprint(raw): raw})
    told = json.loads(canonical(document))
    assert {k: v for k, v in told.items() if k in entry["content"] or k not in ADDED} == entry["content"]
    assert signed.digest == entry["digest"]
    assert signed.payloadType == media_type(model)
    again = sign(model.model_validate_json(json.dumps(entry["content"])), signer)
    assert (again.to_bytes() == data) is not bool(ADDED & told.keys())  # written today, a policy names every key


def test_the_consent_ledger_reads_and_writes_as_ever() -> None:
    signer = key(CONSENT, "device")
    files = [(FOLDER / "consent" / f"entry-{n}.json").read_bytes() for n in range(len(CONSENT["records"]))]
    ledger = read_ledger([parse_signed(data) for data in files], public_bytes(signer))
    assert [name for name, _ in ledger] == CONSENT["digests"]
    assert [json.loads(canonical(record)) for _, record in ledger] == CONSENT["records"]
    assert [[i.consent, i.begin_ns, i.end_ns] for i in intervals(ledger)] == CONSENT["intervals"]
    again = [sign(ConsentRecord.model_validate_json(json.dumps(r)), signer).to_bytes() for r in CONSENT["records"]]
    assert again == files


def test_a_payload_of_version_1_reads_as_ever() -> None:
    data = (FOLDER / "payload" / "v1.bin").read_bytes()
    assert (len(data), digest(data)) == (PAYLOAD["length"], PAYLOAD["sha256"])
    found = unpack(data)
    assert found == frozen_payload(PAYLOAD)
    later = {"pointer": {"element"}, "frame": {"press"}}
    plain = json.loads(msgspec.json.encode(found.events))
    told = [{k: v for k, v in e.items() if k not in later.get(e["kind"], set()) or v is not None} for e in plain]
    assert told == PAYLOAD["content"]["events"]
    assert unpack(pack(found)) == found


@pytest.mark.parametrize(("folder", "name", "told"), [("payload-v2", "v2", PAYLOAD_2), ("payload-v3", "v3", PAYLOAD_3)])
def test_payloads_of_later_versions_read_as_ever(folder: str, name: str, told: dict[str, Any]) -> None:
    data = (FOLDER / folder / f"{name}.bin").read_bytes()
    assert (len(data), digest(data)) == (told["length"], told["sha256"])
    found = unpack(data)
    assert found == frozen_payload(told)
    assert json.loads(msgspec.json.encode(found.events)) == told["content"]["events"]
    assert unpack(pack(found)) == found


def test_the_columns_inside_it_are_written_as_ever() -> None:
    # zstd's output differs by its version; what goes into it must not.
    data = (FOLDER / "payload-v3" / "v3.bin").read_bytes()
    start = len(payload.MAGIC) + 16
    length = int.from_bytes(data[start - 16 : start - 12], "big")
    content = frozen_payload(PAYLOAD_3)
    body = {"columns": encode(content.events), "account": content.account, "episode": content.episode}
    assert zstd.decompress(data[start : start + length]) == msgspec.msgpack.encode(body)


def test_no_version_passes_as_another() -> None:
    magics = {version: magic for magic, version in payload.VERSIONS.items()}
    for folder, name, others in (("payload", "v1", {2, 3}), ("payload-v2", "v2", {1}), ("payload-v3", "v3", {1, 2})):
        data = (FOLDER / folder / f"{name}.bin").read_bytes()
        for other in others:
            with pytest.raises(ColumnsError):
                unpack(magics[other] + data[len(payload.MAGIC) :])


def test_what_version_3_only_added_to_is_also_a_version_3() -> None:
    data = (FOLDER / "payload-v2" / "v2.bin").read_bytes()
    assert unpack(payload.MAGIC + data[len(payload.MAGIC) :]) == frozen_payload(PAYLOAD_2)


def test_the_envelope_reads_and_writes_as_ever() -> None:
    data = (FOLDER / "envelope" / "v1.overt").read_bytes()
    signer = key(ENVELOPE, "device")
    found = envelope.parse(data)
    envelope.verify(found, public_bytes(signer))
    assert json.loads(canonical(found.header)) == ENVELOPE["header"]
    assert (found.signature.hex(), found.digest) == (ENVELOPE["signature"], ENVELOPE["digest"])
    header = EnvelopeHeader.model_validate_json(json.dumps(ENVELOPE["header"]), strict=True)
    assert envelope.build(header, found.payload, signer).to_bytes() == data


@pytest.mark.parametrize("name", ["researcher age", "review age"])
def test_each_recipient_opens_the_envelope(name: str) -> None:
    found = envelope.parse((FOLDER / "envelope" / "v1.overt").read_bytes())
    identity = age.Identity.from_seed(bytes.fromhex(ENVELOPE["seeds"][name]))
    assert identity.recipient.fingerprint in found.header.recipients
    opened = age.decrypt(found.payload, [identity], limit=PAYLOAD["length"])
    assert opened == (FOLDER / "envelope" / ENVELOPE["plaintext"]).read_bytes()


def test_the_age_file_s_own_bytes_follow_from_file_key_and_nonce() -> None:
    found = envelope.parse((FOLDER / "envelope" / "v1.overt").read_bytes())
    identities = [age.Identity.from_seed(bytes.fromhex(s)) for n, s in ENVELOPE["seeds"].items() if "age" in n]
    file_key, nonce = bytes.fromhex(ENVELOPE["file_key"]), bytes.fromhex(ENVELOPE["nonce"])
    plain = (FOLDER / "payload" / "v1.bin").read_bytes()
    again = age.encrypt(plain, [i.recipient for i in identities], file_key=file_key, nonce=nonce)
    # The encapsulations in the header are fresh each time; from the nonce on, every byte is given.
    body = again[again.index(nonce) :]
    assert found.payload.endswith(body)
    assert len(found.payload) == len(again)
