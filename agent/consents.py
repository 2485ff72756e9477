"""What a person agreed to, as they can read it, take it along and have it checked: ``overt consent``. Changes nothing.

The export is one JSON-LD document with its context inside, so that a stock processor reads it without a network. Each
entry stands in it twice: in the clear, and as it was signed. :func:`verify_export` holds the two against each other.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from agent.ceremony.sheet import grouped, sentence
from agent.ceremony.words import Words
from agent.core.ceremony import ask_not_before_ns, latest
from agent.core.difference import Difference
from agent.core.scope import narrow, offered
from agent.daemon.standing import Standing
from schemas.base import SchemaError, base64url, canonical, unbase64url
from schemas.consent import CONTEXT, DAY_NS, ConsentRecord, read_ledger
from schemas.receipt import Receipt, ReceiptKind
from schemas.scope import Scope
from schemas.signed import SignedDocument, fingerprint, parse_signed, verify
from schemas.times import from_unix_ns

FORMAT = 1
"""Version of the export."""
EXPORT_CONTEXT: dict[str, Any] = {
    **CONTEXT,
    "entries": {"@id": "overt:entries", "@container": "@list"},
    "record": "overt:record",
    "signed": {"@id": "overt:signed", "@type": "@json"},
    "receipt": {"@id": "overt:receipt", "@type": "@json"},
}


class Finding(Struct, frozen=True):
    """One thing that was checked."""

    name: str
    ok: bool | None  # None: there is nothing to check it against
    sentence: str


def show(found: Standing, receipts: Mapping[int, bytes], now_ns: int) -> dict[str, Any]:
    """The consent in force in plain words: what, where, who can decrypt, until when, how to stop, receipts."""
    reason, agreement = found.consent(now_ns)
    last = latest(found.ledger)
    facts: dict[str, Any] = {"in_force": agreement is not None, "reason": reason.value if reason else None}
    put_off_ns = ask_not_before_ns(found.ledger)
    facts["ask_not_before"] = _told(put_off_ns) if put_off_ns is not None and put_off_ns > now_ns else None
    if found.asked is None or last is None or agreement is None:
        changed = found.asked.since(last) if found.asked and last and last.valid else Difference()
        return facts | {"changed": [sentence(Words(), change) for change in changed.wider]}
    names = {rule.id: rule.name for rule in found.asked.policy.apps}
    scope = narrow(agreement.scope, offered(found.asked.policy, found.asked.manifest.modalities))
    readers = [r for r in found.asked.manifest.researchers if r.recipient in agreement.readers]
    number = agreement.record.overt.number
    return facts | {
        "study": found.asked.manifest.title,
        "organisation": found.asked.manifest.controller.party_name,
        "apps": _apps(scope, names),
        "times": Words()(f"timing.{scope.timing}"),
        "readers": [{"name": r.name, "fingerprint": r.recipient_fingerprint} for r in readers],
        "your_key": found.asked.registration.review_fingerprint,
        "since": _told(agreement.begin_ns),
        "until": _told(agreement.end_ns),
        "days_left": (agreement.end_ns - now_ns) // DAY_NS,
        "erased_after_days": found.asked.manifest.retention_days,
        "how_to_stop": agreement.record.processing.withdrawal_method,
        "record": agreement.record.record_id,
        "digest": agreement.consent,
        "receipt": receipt_id(receipts.get(number)),
    }


def lines(facts: Mapping[str, Any]) -> list[str]:
    """What :func:`show` found, as lines for people."""
    if not facts["in_force"]:
        told = ["No consent of yours is in force. Nothing is captured.", *facts.get("changed", ())]
        return told + (
            [f"You said not now: nothing asks before {facts['ask_not_before']}."] * bool(facts["ask_not_before"])
        )
    return [
        f"You agreed to “{facts['study']}” ({facts['organisation']}).",
        "What and where:",
        *(f"  {app['name']}: {', '.join(app['modalities'])}" for app in facts["apps"]),
        f"  {facts['times']}.",
        "Who can decrypt it:",
        *(f"  {r['name']}\n    {grouped(r['fingerprint'])}" for r in facts["readers"]),
        f"  You\n    {grouped(facts['your_key'])}",
        f"Since {facts['since']}, until {facts['until']} ({facts['days_left']} days), unless you end it before.",
        f"Erased after {facts['erased_after_days']} days at the latest.",
        f"How to stop: {facts['how_to_stop']}",
        f"Record: {facts['record']}\n  {facts['digest']}",
        f"Receipt of the collector: {facts['receipt'] or 'none yet'}",
    ]


def history(ledger: Sequence[tuple[str, ConsentRecord]], receipts: Mapping[int, bytes]) -> list[dict[str, Any]]:
    """Every entry of the ledger, oldest first."""
    return [
        {
            "when": record.latest.event_time.isoformat(timespec="seconds"),
            "state": record.latest.event_state.value,
            "how": record.latest.indication_method,
            "apps": ", ".join(f"{a.app}: {'+'.join(a.modalities)}" for a in record.overt.scope.apps),
            "digest": digest,
            "receipt": receipt_id(receipts.get(record.overt.number)),
        }
        for digest, record in ledger
    ]


def export(
    entries: Sequence[SignedDocument], receipts: Mapping[int, bytes], device: bytes, collector_key: str
) -> dict[str, Any]:
    """The whole ledger as one JSON-LD document.

    Args:
        entries: as they were signed, oldest first.
        receipts: the collector's receipts, by number.
        device: the device's raw public key.
        collector_key: the key that signs receipts, base64url.
    """
    return {
        "@context": EXPORT_CONTEXT,
        "@type": "overt:ConsentLedger",
        "format": FORMAT,
        "public_key": base64url(device),
        "collector_key": collector_key,
        "entries": [_entry(entry, receipts.get(number)) for number, entry in enumerate(entries)],
    }


def verify_export(document: Mapping[str, Any], device: bytes | None = None) -> list[Finding]:
    """Check an export without a network: signatures, chain, scope digests, receipts, and the clear text beside them.

    Args:
        document: as :func:`export` made it.
        device: the raw public key that must have signed; by default the one that the export itself names.

    Raises:
        SchemaError: it is not an export.
    """
    try:
        key = unbase64url(document["public_key"])
        signed = [parse_signed(json.dumps(entry["signed"]).encode()) for entry in document["entries"]]
        clear = [entry["record"] for entry in document["entries"]]
        receipts = [entry.get("receipt") for entry in document["entries"]]
        collector = unbase64url(document["collector_key"])
    except (KeyError, TypeError, AttributeError):
        raise SchemaError("not an exported consent ledger of this version") from None
    findings = [_chain(signed, device or key), _clear(signed, clear)]
    return findings + [_receipt(n, entry, receipts[n], collector) for n, entry in enumerate(signed)]


def receipt_id(receipt: bytes | None) -> str | None:
    """The name of a receipt: the digest of what the collector signed."""
    return parse_signed(receipt).digest if receipt else None


def _entry(entry: SignedDocument, receipt: bytes | None) -> dict[str, Any]:
    told: dict[str, Any] = {"digest": entry.digest, "record": json.loads(entry.body), "signed": _plain(entry)}
    return told | ({"receipt": _plain(parse_signed(receipt))} if receipt else {})


def _plain(document: SignedDocument) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(canonical(document))
    return plain


def _chain(signed: Sequence[SignedDocument], key: bytes) -> Finding:
    who = grouped(fingerprint(key))
    try:
        count = len(read_ledger(signed, key))
    except SchemaError as error:
        return Finding("chain", ok=False, sentence=f"The ledger does not hold together: {error}.")
    return Finding(
        "chain", ok=True, sentence=f"{count} entries, each signed by the device {who}, in one chain, scopes as cited."
    )


def _clear(signed: Sequence[SignedDocument], clear: Sequence[object]) -> Finding:
    same = all(json.loads(entry.body) == shown for entry, shown in zip(signed, clear, strict=True))
    word = "is what was signed" if same else "is not what was signed"
    return Finding("text", ok=same, sentence=f"What the export shows {word}.")


def _receipt(number: int, entry: SignedDocument, receipt: object, collector: bytes) -> Finding:
    name = f"receipt {number}"
    if receipt is None:
        return Finding(name, ok=None, sentence=f"Entry {number}: no receipt yet.")
    try:
        found = verify(parse_signed(json.dumps(receipt).encode()), Receipt, {fingerprint(collector): collector})
    except SchemaError as error:
        return Finding(name, ok=False, sentence=f"Entry {number}: its receipt is no good: {error}.")
    fits = found.subject == entry.digest and found.kind is ReceiptKind.CONSENT
    word = "is received and receipted" if fits else "has a receipt for something else"
    return Finding(name, ok=fits, sentence=f"Entry {number} {word}.")


def _apps(scope: Scope, names: Mapping[str, str]) -> list[dict[str, Any]]:
    words = Words()
    return [
        {
            "app": a.app,
            "name": names.get(a.app, a.app),
            "modalities": [words(m) for m in a.modalities],
            "screen": scope.screen_of(a.app).value,
        }
        for a in scope.apps
    ]


def _told(ns: int) -> str:
    return from_unix_ns(ns).isoformat(timespec="minutes")
