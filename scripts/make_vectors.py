"""Make the frozen vectors of envelope, consent record and signed documents, version 1, and of the payload, version 3.

    python scripts/make_vectors.py TARGET          TARGET must not hold them yet; tests/vectors is where ours lie

Each folder gets its bytes as files, and a vectors.json that tells the seeds and what the bytes mean.

The seeds are SHA-256 of a label, kept as hexadecimal: they protect nothing. All bytes follow from them but two kinds:
age's encapsulation draws its own randomness, and zstd's output differs by its version. A frozen format is never made
anew: a change of these files is a change of the format, and needs a new version beside the old one. The payload's
versions 1 and 2 are read for ever and written no more: what lies in their folders was made when they were.
"""

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # lets the script run from any folder

from schemas import age, envelope
from schemas.base import Document, canonical, digest
from schemas.consent import ConsentRecord, ConsentState, intervals, read_ledger
from schemas.envelope import EnvelopeHeader
from schemas.events import Event, LossAccount
from schemas.payload import Payload, pack, unpack
from schemas.policy import Policy
from schemas.receipt import Receipt
from schemas.scope import Scope
from schemas.signed import SignedDocument, fingerprint, public_bytes, public_key_text, sign
from schemas.study import DeviceRegistration, EnrolmentCodes, StudyManifest

NAMES = ("organisation", "collector", "researcher", "device", "researcher age", "review age")
SEEDS = {name: hashlib.sha256(f"overt vector {name}".encode()).digest() for name in NAMES}
KEYS = {name: Ed25519PrivateKey.from_private_bytes(seed) for name, seed in SEEDS.items() if "age" not in name}
IDENTITIES = {name: age.Identity.from_seed(seed) for name, seed in SEEDS.items() if "age" in name}
FILE_KEY, NONCE = (hashlib.shake_256(label).digest(16) for label in (b"overt vector file key", b"overt vector nonce"))
START = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
STUDY, PERSON = "vector-study", "p-00112233445566778899"
OLD_PAYLOAD = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "payload" / "v1.bin"
IMAGES = [hashlib.shake_256(f"overt vector image {n}".encode()).digest(40 + n) for n in range(2)]
NOTICE = "# Notice\n\nWhat we record, and why. Grüße.\n"
DEVICE = fingerprint(public_bytes(KEYS["device"]))
EVERY_MODALITY = ["keyboard", "pointer", "screen"]


def main(target: Path) -> None:
    """Write every folder, or stop before the first that is there."""
    folders = {name: target / name for name in ("signed", "consent", "payload-v3", "envelope")}
    taken = [str(folder) for folder in folders.values() if folder.exists()]
    if taken:
        sys.exit(f"these formats are frozen, and nothing was changed: {', '.join(taken)}")
    for folder in folders.values():
        folder.mkdir(parents=True)
    documents = write_signed(folders["signed"])
    consent = write_consent(folders["consent"], documents)
    write_payload(folders["payload-v3"], consent)
    write_envelope(folders["envelope"], OLD_PAYLOAD.read_bytes(), consent, documents)


def write_signed(folder: Path) -> dict[str, SignedDocument]:
    """One signed document of each type that is signed."""
    made: dict[str, tuple[Document, str]] = {
        "manifest": (manifest(), "organisation"),
        "policy": (policy(), "organisation"),
        "codes": (codes(), "organisation"),
        "registration": (registration(), "device"),
        "receipt": (receipt(), "collector"),
    }
    signed = {name: sign(document, KEYS[signer]) for name, (document, signer) in made.items()}
    entries = []
    for name, (document, signer) in made.items():
        (folder / f"{name}.json").write_bytes(signed[name].to_bytes())
        said = {"name": name, "type": type(document).__name__, "signer": signer, "digest": signed[name].digest}
        entries.append(said | {"content": json.loads(canonical(document))})
    write_json(folder, {"seeds": seeds("organisation", "device", "collector"), "documents": entries})
    return signed


def write_consent(folder: Path, documents: dict[str, SignedDocument]) -> list[SignedDocument]:
    """A ledger: given, narrowed, withdrawn, given again for a week."""
    steps = [
        (ConsentState.GIVEN, timedelta(0), "P90D", ["editor", "mail"]),
        (ConsentState.RENEWED, timedelta(hours=2), "P90D", ["mail"]),
        (ConsentState.WITHDRAWN, timedelta(hours=3, microseconds=1), "P0D", ["mail"]),
        (ConsentState.GIVEN, timedelta(days=20), "P7D", ["mail"]),
    ]
    ledger: list[SignedDocument] = []
    for number, (state, later, days, apps) in enumerate(steps):
        previous = ledger[-1].digest if ledger else None
        event = {"event_time": START + later, "validity_duration": days, "event_state": state}
        ledger.append(sign(record(number, previous, event, apps, documents), KEYS["device"]))
        (folder / f"entry-{number}.json").write_bytes(ledger[-1].to_bytes())
    read = read_ledger(ledger, public_bytes(KEYS["device"]))
    said = {
        "seeds": seeds("device"),
        "digests": [entry.digest for entry in ledger],
        "records": [json.loads(entry.body) for entry in ledger],
        "intervals": [[i.consent, i.begin_ns, i.end_ns] for i in intervals(read)],
    }
    write_json(folder, said)
    return ledger


def write_payload(folder: Path, consent: list[SignedDocument]) -> None:
    """A batch with an event of each kind, and two pictures."""
    content = {
        "events": events(consent[0].digest),
        "frames": b"".join(IMAGES).hex(),
        "account": {
            "seen": {"keyboard": 7, "pointer": 4, "screen": 2},
            "kept": {"keyboard": 4, "pointer": 3, "screen": 2},
            "dropped": {"keyboard": {"redacted": 3}, "pointer": {"overflow": 1}},
        },
        "episode": "0123456789abcdef",
    }
    found = msgspec.convert(content["events"], list[Event])
    account = msgspec.convert(content["account"], LossAccount)
    payload = Payload(found, b"".join(IMAGES), account, "0123456789abcdef")
    packed = pack(payload)
    if unpack(packed) != payload:
        sys.exit("the payload does not come back")
    (folder / "v3.bin").write_bytes(packed)
    write_json(folder, {"length": len(packed), "sha256": digest(packed), "content": content})


def write_envelope(
    folder: Path, packed: bytes, consent: list[SignedDocument], documents: dict[str, SignedDocument]
) -> None:
    """The payload of version 1, sealed for a researcher and for the person, and signed by the device."""
    recipients = [identity.recipient for identity in IDENTITIES.values()]
    sealed = age.encrypt(packed, recipients, file_key=FILE_KEY, nonce=NONCE)
    header = EnvelopeHeader(
        version=1,
        study=STUDY,
        device=DEVICE,
        sequence=7,
        previous=digest(b"overt vector previous"),
        consent=consent[0].digest,
        policy=documents["policy"].digest,
        notice=manifest().notice_digest("en"),
        recipients=tuple(sorted(each.fingerprint for each in recipients)),
        payload_sha256=digest(sealed),
        payload_bytes=len(sealed),
        sealed_hour=int(START.timestamp()) // 3600 * 3600,
    )
    built = envelope.build(header, sealed, KEYS["device"])
    (folder / "v1.overt").write_bytes(built.to_bytes())
    said = {
        "seeds": seeds("device", *IDENTITIES),
        "file_key": FILE_KEY.hex(),
        "nonce": NONCE.hex(),
        "header": json.loads(canonical(header)),
        "signature": built.signature.hex(),
        "digest": built.digest,
        "plaintext": "../payload/v1.bin",
    }
    write_json(folder, said)


def manifest() -> StudyManifest:
    """A study with one researcher."""
    recipient = IDENTITIES["researcher age"].recipient
    researcher = {
        "name": "Ada Researcher",
        "recipient": str(recipient),
        "recipient_fingerprint": recipient.fingerprint,
        "signing_key": public_key_text(KEYS["researcher"]),
    }
    plain = {
        "study": STUDY,
        "version": 3,
        "created": START - timedelta(days=2),
        "title": "How people write mail",
        "purpose": "Train an agent that helps with writing mail.",
        "controller": party(),
        "researchers": [researcher],
        "modalities": EVERY_MODALITY,
        "retention_days": 180,
        "jurisdiction": "DE",
        "storage_location": "DE",
        "impact_assessment": "https://org.example/impact",
        "complaints": "https://authority.example",
        "notices": {"en": NOTICE, "de": NOTICE.replace("Notice", "Hinweis")},
        "collector": "https://collector.example",
    }
    return StudyManifest.model_validate(plain)


def policy() -> Policy:
    """A policy with two apps and every optional key."""
    mail = {"id": "mail", "name": "Mail", "category": "mail", "executables": ["/usr/bin/mail"]}
    editor = {"id": "editor", "name": "Editor", "category": "ide", "executables": ["C:\\Editor\\editor.exe"]}
    plain = {
        "study": STUDY,
        "version": 2,
        "issued": START - timedelta(days=1),
        "expires": START + timedelta(days=365),
        "apps": [mail | {"modalities": EVERY_MODALITY}, editor | {"modalities": ["keyboard"], "screen": "none"}],
        "timing": "10ms",
        "blocked": False,
        "consent_days": 30,
        "review_s": 3600,
        "batch_s": 60,
        "spool_bytes": 1 << 28,
    }
    return Policy.model_validate(plain)


def codes() -> EnrolmentCodes:
    """Digests of two codes."""
    digests = tuple(digest(f"overt vector code {n}".encode()) for n in range(2))
    return EnrolmentCodes(study=STUDY, issued=START, expires=START + timedelta(days=7), digests=digests)


def registration() -> DeviceRegistration:
    """The device's registration."""
    review = IDENTITIES["review age"].recipient.fingerprint
    key = public_key_text(KEYS["device"])
    return DeviceRegistration(study=STUDY, participant=PERSON, device=DEVICE, public_key=key, review_fingerprint=review)


def receipt() -> Receipt:
    """The collector's word for a batch."""
    plain = {"kind": "batch", "study": STUDY, "subject": digest(b"overt vector batch"), "device": DEVICE}
    return Receipt.model_validate(plain | {"received_hour": int(START.timestamp()) // 3600 * 3600})


def party() -> dict[str, str]:
    """The organisation."""
    return {
        "party_id": "example-org",
        "party_name": "Example Organisation",
        "party_address": "1 Example Street, Example",
        "party_contact": "study@org.example",
        "party_type": "DataController",
    }


def record(
    number: int, previous: str | None, event: dict[str, Any], apps: list[str], documents: dict[str, SignedDocument]
) -> ConsentRecord:
    """One entry of the ledger."""
    scope = {"apps": [{"app": app, "modalities": EVERY_MODALITY} for app in apps], "timing": "10ms"}
    indicated = {"entity_id": PERSON, "event_type": "explicit", "indication_method": "dialog"}
    plain = {
        "record_id": "urn:uuid:00112233-4455-5677-8899-aabbccddeeff",
        "pii_principal_id": PERSON,
        "processing": processing(),
        "parties": [party()],
        "events": [event | indicated],
        "overt": {
            "study": STUDY,
            "number": number,
            "previous": previous,
            "device": DEVICE,
            "public_key": public_key_text(KEYS["device"]),
            "review_fingerprint": IDENTITIES["review age"].recipient.fingerprint,
            "manifest": documents["manifest"].digest,
            "policy": documents["policy"].digest,
            "scope": scope,
            "scope_digest": Scope.model_validate(scope).digest,
        },
    }
    return ConsentRecord.model_validate(plain)


def processing() -> dict[str, Any]:
    """What was agreed to."""
    reader = {"name": "Ada Researcher", "fingerprint": IDENTITIES["researcher age"].recipient.fingerprint}
    return {
        "privacy_notice": manifest().notice_digest("en"),
        "language": "en",
        "purpose": "ai:ModelTraining",
        "prohibition": "dpv:PersonnelBehaviourMonitoring",
        "purpose_text": manifest().purpose,
        "pii_information": ["overt:Keyboard", "overt:Pointer", "overt:Screen"],
        "pii_controllers": ["example-org"],
        "storage_locations": ["DE"],
        "retention_period": "P180D",
        "jurisdiction": "DE",
        "recipient_third_parties": [reader],
        "withdrawal_method": "overt off",
        "lawful_basis": "dpv:Consent",
        "impact_assessment": "https://org.example/impact",
    }


def events(consent: str) -> list[dict[str, Any]]:
    """One event of each kind, some with unusual values, as plain data."""
    place = {"x": -1920, "y": 40, "wx": 12, "wy": -3}
    span = {"start": 3, "end": 12, "cls": "EMAIL", "detector": "email", "version": 1, "ordinal": 1, "length_bucket": 32}
    key = {"repeat": False, "modifiers": 1, "locks": 2, "layout": "de", "segment": 0, "usage": 20, "keycode": 24}
    rect = [0, 0, 800, 600]
    tall = {"rect": [-1920, 0, -1120, 600], "scale": 1.25}
    frame = {"trigger": "focus", "start_ns": 5, "end_ns": 9, "patch": rect, "cursor": False, "format": "webp"}
    masks = [{"rect": [1, 2, 3, 4], "cls": "text"}, {"rect": [5, 6, 7, 8], "cls": "overlap"}]
    named = {"role": "push button", "name": "Reply to ⟨EMAIL#1⟩", "rect": [10, 10, 80, 40]}
    element = named | {"spans": [span | {"start": 9, "end": 18}]}
    press = {"buttons": 1, "scale": 1.25, "modifiers": 0} | place
    images = [
        {"frame": n, "offset": sum(map(len, IMAGES[:n])), "size": len(i), "sha256": digest(i)}
        for n, i in enumerate(IMAGES)
    ]
    kinds: list[dict[str, Any]] = [
        {"kind": "focus", "gained": True, "title": "To ⟨EMAIL#1⟩", "spans": [span]} | tall,
        {"kind": "keyboard", "down": True, "keysym": 0x51, "text": "Q"} | key,
        {"kind": "keyboard", "down": False, "keysym": 0x51, "text": None} | key,
        {"kind": "text", "segment": 0, "text": "Q: ⟨EMAIL#1⟩ 🙂", "spans": [span], "complete": True},
        {"kind": "pointer", "action": "down", "button": 1, "element": element} | press,
        {"kind": "pointer", "action": "up", "button": 1, "element": None} | press,
        {"kind": "scroll", "dx": 0.0, "dy": -1.5, "unit": "notch", "modifiers": 4} | place,
        {"kind": "frame", "base": None, "dirty": [], "masks": masks, "press": None} | tall | frame | images[0],
        {"kind": "frame", "base": 0, "dirty": [[1, 1, 2, 2]], "masks": [], "press": 104} | tall | frame | images[1],
        {"kind": "clipboard", "action": "cut", "content_type": "html", "length_bucket": None},
        {"kind": "clipboard", "action": "paste", "content_type": "unknown", "length_bucket": 16},
        {"kind": "gap", "reason": "clock_step", "until_ns": 10**10, "count": 3},
        {"kind": "text_delta", "action": "insert", "position": 3, "length": 2, "text": "é🙂", "segment": 1},
        {"kind": "text_delta", "action": "delete", "position": None, "length": 1, "text": None, "segment": 1},
    ]
    states = {"focus": "redacted", "text": "redacted", "frame": "masked", "keyboard": "clean"}
    wall = int((START + timedelta(minutes=5)).timestamp()) * 10**9 + 123
    stamps = [
        {
            "seq": 100 + n,
            "mono_ns": 10**9 * n,
            "wall_ns": wall + 10**9 * n,
            "epoch": 2,
            "clock": "poll" if kind["kind"] == "gap" else "driver",
            "injected": n == 1,
            "app": "mail",
            "window": 4,
            "consent": consent,
            "redaction": states.get(kind["kind"], "none"),
        }
        for n, kind in enumerate(kinds)
    ]
    return [kind | stamp for kind, stamp in zip(kinds, stamps, strict=True)]


def seeds(*names: str) -> dict[str, str]:
    """Seeds in hexadecimal."""
    return {name: SEEDS[name].hex() for name in names}


def write_json(folder: Path, value: Any) -> None:
    """Write one readable JSON file."""
    (folder / "vectors.json").write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program's name and one argument
        sys.exit("usage: python scripts/make_vectors.py TARGET")
    main(Path(sys.argv[1]))
