"""`overt consent`: read in plain words, taken along as JSON-LD, checked without a network."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld

from agent import consents
from agent.ceremony import perform
from agent.core.ceremony import Answers
from agent.daemon.standing import read_standing
from agent.disk.consent_store import ConsentStore
from agent.disk.keys import FileKeys
from schemas.base import SchemaError
from schemas.events import Modality
from schemas.receipt import Receipt, ReceiptKind
from schemas.scope import TimingTier
from schemas.signed import fingerprint, public_bytes, sign
from tests.agent.ceremony.participant import Participant, enrolled, widened

DPV = "https://w3id.org/dpv#"
OVERT = "https://overt.example/schemas/v1/terms#"
TICKS = Answers(apps={"mousepad": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
DAY_NS = 86_400 * 10**9


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    made = enrolled(tmp_path)
    now = made.world.now_ns
    perform.say_yes(made.places, made.asked, TICKS, perform.Seen(now, now), "window")
    return made


def receipts(me: Participant) -> dict[int, bytes]:
    """What the collector, whose key is the organisation's in this world, said of the first entry."""
    (first, *_) = ConsentStore(me.places.consents).entries()
    said = Receipt(
        kind=ReceiptKind.CONSENT,
        study=me.asked.manifest.study,
        subject=first.digest,
        device=me.device.fingerprint,
        received_hour=3600,
    )
    return {0: sign(said, me.world.org_key).to_bytes()}


def exported(me: Participant) -> dict[str, Any]:
    entries = ConsentStore(me.places.consents).entries()
    document = consents.export(entries, receipts(me), public_bytes(me.device.key), me.world.trust)
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


def refuse(url: str, _options: object) -> Any:
    raise AssertionError(f"a reader would have to fetch {url}")


def test_a_stock_json_ld_processor_reads_the_export_and_fetches_nothing(me: Participant) -> None:
    (ledger,) = jsonld.expand(exported(me), {"documentLoader": refuse})
    assert ledger["@type"] == [f"{OVERT}ConsentLedger"]
    (entries,) = ledger[f"{OVERT}entries"]
    records = [entry[f"{OVERT}record"][0] for entry in entries["@list"]]
    states = [r[f"{OVERT}events"][0][f"{DPV}hasConsentStatus"][0]["@value"] for r in records]
    assert states == ["ConsentRequested", "ConsentGiven"]
    given = records[-1]
    assert given["@type"] == [f"{DPV}ConsentRecord"]
    assert given[f"{DPV}hasProcess"][0][f"{DPV}hasPurpose"] == [{"@value": "ai:ModelTraining"}]
    assert len(given[f"{DPV}hasProcess"][0][f"{DPV}hasRecipient"]) == len(me.asked.manifest.researchers)
    triples = jsonld.to_rdf(exported(me), {"documentLoader": refuse, "format": "application/n-quads"})
    assert f"<{DPV}hasConsentStatus>" in triples


def test_an_export_verifies_and_says_what_it_lacks(me: Participant) -> None:
    found = consents.verify_export(exported(me))
    assert [one.ok for one in found] == [True, True, True, None]
    assert consents.verify_export(exported(me), public_bytes(me.world.org_key))[0].ok is False


def drop(document: dict[str, Any]) -> None:
    del document["entries"][0]


def reword(document: dict[str, Any]) -> None:
    document["entries"][-1]["record"]["processing"]["purpose_text"] = "Anything."


def resign(document: dict[str, Any]) -> None:
    signature = document["entries"][-1]["signed"]["signatures"][0]
    signature["sig"] = "A" * 86


def misreceipt(document: dict[str, Any]) -> None:
    document["entries"][1]["receipt"] = document["entries"][0]["receipt"]


def other_collector(document: dict[str, Any]) -> None:
    document["collector_key"] = document["public_key"]


@pytest.mark.parametrize("tamper", [drop, reword, resign, misreceipt, other_collector])
def test_whatever_is_tampered_with_is_found(me: Participant, tamper: Callable[[dict[str, Any]], None]) -> None:
    document = copy.deepcopy(exported(me))
    tamper(document)
    assert any(one.ok is False for one in consents.verify_export(document))


@pytest.mark.parametrize("document", [{}, [], {"entries": 3}, {"public_key": "x"}])
def test_what_is_no_export_is_told_as_such(document: Any) -> None:
    with pytest.raises(SchemaError):
        consents.verify_export(document)


def shown(me: Participant, at_ns: int) -> dict[str, Any]:
    return consents.show(read_standing(me.places, FileKeys(me.places)), receipts(me), at_ns)


def test_what_is_in_force_is_said_in_plain_words(me: Participant) -> None:
    text = "\n".join(consents.lines(shown(me, me.world.now_ns + DAY_NS)))
    for researcher in me.asked.manifest.researchers:
        assert researcher.name in text
        assert researcher.recipient_fingerprint[:8] in text
    for said in ("Mousepad: Keyboard", "29 days", "180 days", "overt off", "none yet", "Only the order"):
        assert said in text, said
    assert fingerprint(public_bytes(me.device.key)) not in text


def test_what_is_not_in_force_says_why(me: Participant) -> None:
    changed = widened(me)
    facts = shown(changed, me.world.now_ns + DAY_NS)
    assert (facts["in_force"], facts["reason"]) == (False, "consent_changed")
    text = "\n".join(consents.lines(facts))
    assert "New: the app Chat." in text
    assert "Dr. Newcomer could read it" in text
    perform.put_off(me.places, changed.asked, "en", perform.Seen(me.world.now_ns + DAY_NS), "window")
    assert shown(changed, me.world.now_ns + 2 * DAY_NS)["ask_not_before"]
    assert shown(changed, me.world.now_ns + 40 * DAY_NS)["ask_not_before"] is None
