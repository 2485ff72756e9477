"""Consent: what a ledger proves, when it held, and that a JSON-LD reader understands every key."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import SchemaError, canonical, digest
from schemas.consent import (
    CONTEXT,
    DAY_NS,
    VALID_STATES,
    ConsentRecord,
    ConsentState,
    LedgerError,
    answered,
    intervals,
    read_ledger,
)
from schemas.policy import MAX_CONSENT_DAYS
from schemas.scope import Scope, TimingTier
from schemas.signed import SignatureError, SignedDocument, parse_body, public_bytes, sign
from schemas.times import from_unix_ns, unix_ns
from tests.schemas.material import CANARY, NOW_NS, device, mutated, new_device, refused, tried, world
from tests.support.devices import Device, draw_key

HOUR = 3600 * 10**9
ENTRIES = st.lists(
    st.tuples(st.sampled_from(ConsentState), st.integers(0, 100 * DAY_NS // 1000), st.integers(0, 99)),
    max_size=8,
)


def person(entries: list[tuple[ConsentState, int, int]]) -> Device:
    """A device whose ledger has these entries: state, microseconds since the one before, days of validity."""
    made, at = new_device(), NOW_NS
    for state, later, days in entries:
        at += later * 1000
        made.record(state, world().scope(), at, days)
    return made


def ledger_of(made: Device) -> list[tuple[str, ConsentRecord]]:
    return read_ledger(made.ledger, public_bytes(made.key))


def three() -> Device:
    return person([(ConsentState.GIVEN, 0, 90), (ConsentState.WITHDRAWN, HOUR // 1000, 0), (ConsentState.GIVEN, 1, 30)])


def resigned(made: Device, number: int, change: Callable[[dict[str, Any]], None]) -> list[SignedDocument]:
    """The ledger with one entry rewritten, and signed by the device all the same."""
    plain = json.loads(canonical(made.records[number]))
    change(plain)
    entry = sign(ConsentRecord.model_validate(plain), made.key)
    return [*made.ledger[:number], entry, *made.ledger[number + 1 :]]


@given(ENTRIES)
@settings(deadline=None, max_examples=60)
def test_intervals_are_sorted_disjoint_and_end_in_time(entries: list[tuple[ConsentState, int, int]]) -> None:
    made = person(entries)
    ledger = ledger_of(made)
    found = intervals(ledger)
    starts = {record.overt.number: unix_ns(record.latest.event_time) for _, record in answered(ledger)}
    for this, after in pairwise(found):
        assert this.end_ns <= after.begin_ns
    for each in found:
        number = each.record.overt.number
        assert each.begin_ns == starts[number] <= each.end_ns
        assert each.end_ns <= each.begin_ns + min(each.record.latest.days, MAX_CONSENT_DAYS) * DAY_NS
        assert all(each.end_ns <= start for later, start in starts.items() if later > number)
        assert each.record.latest.event_state in VALID_STATES
        assert (each.consent, each.scope) == (ledger[number][0], each.record.overt.scope)


@given(ENTRIES, st.integers(0, 300 * DAY_NS))
@settings(deadline=None, max_examples=60)
def test_a_moment_is_covered_only_by_the_newest_entry(entries: list[tuple[ConsentState, int, int]], later: int) -> None:
    ledger, at = ledger_of(person(entries)), NOW_NS + later
    covering = [i for i in intervals(ledger) if i.begin_ns <= at < i.end_ns]
    before = [name for name, record in answered(ledger) if unix_ns(record.latest.event_time) <= at]
    assert [i.consent for i in covering] in ([], before[-1:])


def test_a_ledger_can_be_read_to_the_end() -> None:
    made = three()
    ledger = ledger_of(made)
    assert [name for name, _ in ledger] == [entry.digest for entry in made.ledger]
    assert [record for _, record in ledger] == made.records
    assert [i.end_ns - i.begin_ns for i in intervals(ledger)] == [HOUR, 30 * DAY_NS]
    assert read_ledger([], public_bytes(made.key)) == []


@pytest.mark.parametrize("order", [[1, 2], [0, 2], [0, 0], [0, 1, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0], [0, 1, 2, 0]])
def test_missing_reordered_and_repeated_entries_are_refused(order: list[int]) -> None:
    made = three()
    refused(LedgerError, read_ledger, [made.ledger[n] for n in order], public_bytes(made.key))


def test_entries_of_another_device_are_refused() -> None:
    made, other = three(), Device(world(), draw_key(world().rng), device().review, "p-ffffffffffffffff", "code")
    other.grant()
    refused(SignatureError, read_ledger, other.ledger, public_bytes(made.key))
    refused(SignatureError, read_ledger, [*made.ledger, *other.ledger], public_bytes(made.key))
    refused(SignatureError, read_ledger, made.ledger, public_bytes(other.key))


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain["events"][-1].update(event_time="2020-01-01T00:00:00Z"),
        lambda plain: plain["overt"].update(number=1),
        lambda plain: plain["overt"].update(previous="0" * 64),
        lambda plain: plain["overt"].pop("previous"),
        lambda plain: plain["overt"].update(device="0" * 64),
        lambda plain: plain["overt"].update(public_key="A" * 43),
        lambda plain: plain["overt"].update(scope_digest="0" * 64),
        lambda plain: plain["overt"].update(study="another-study"),
    ],
    ids=["backdated", "number", "previous", "no-previous", "device", "key", "scope", "study"],
)
def test_an_entry_that_does_not_follow_is_refused_though_signed(change: Callable[[dict[str, Any]], None]) -> None:
    made = three()
    refused(LedgerError, read_ledger, resigned(made, 2, change), public_bytes(made.key))


def test_a_rewritten_past_breaks_the_chain() -> None:
    made = three()
    longer = resigned(made, 0, lambda plain: plain["events"][-1].update(validity_duration="P89D"))
    refused(LedgerError, read_ledger, longer, public_bytes(made.key))


def test_a_forged_signature_is_refused() -> None:
    made = three()
    forged = sign(made.records[2], Ed25519PrivateKey.from_private_bytes(bytes(32)))
    claimed = forged.signatures[0].model_copy(update={"keyid": made.fingerprint})
    entry = forged.model_copy(update={"signatures": (claimed,)})
    refused(SignatureError, read_ledger, [*made.ledger[:2], entry], public_bytes(made.key))


@given(mutated(canonical(device().records[0]).replace(b"test", CANARY.encode())))
@settings(max_examples=200, deadline=None)
def test_mutated_records_give_our_errors_only(body: bytes) -> None:
    record = tried(parse_body, ConsentRecord, body)
    if record is not None:
        tried(read_ledger, [sign(record, device().key)], public_bytes(device().key))


@pytest.mark.parametrize("days", ["P-1D", "P91W", "P100D", "P01D", "90", "P9DT1H", CANARY])
def test_validity_is_whole_days_in_one_spelling(days: str) -> None:
    plain = json.loads(canonical(device().records[0]))
    plain["events"][0]["validity_duration"] = days
    refused(SchemaError, parse_body, ConsentRecord, json.dumps(plain).encode())


def test_consent_lasts_90_days_whatever_a_record_says() -> None:
    (only,) = intervals(ledger_of(person([(ConsentState.GIVEN, 0, 99)])))
    assert from_unix_ns(only.end_ns) - from_unix_ns(only.begin_ns) == timedelta(days=90)


def keys_of(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from keys_of(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            if key != "@context":
                yield from keys_of(value)


def test_every_key_of_a_record_resolves_in_its_context() -> None:
    record = json.loads(canonical(device().records[0]))
    assert record["@context"] == CONTEXT
    for key in set(keys_of(record)) - {"@context", "@type"}:
        name = CONTEXT.get(key, CONTEXT["@vocab"] + key)
        prefix, _, rest = name.partition(":")
        assert rest.startswith("//") or prefix in CONTEXT, key
    for value in record["processing"].values():
        if isinstance(value, str) and value.startswith(("dpv:", "ai:", "overt:")):
            assert value.split(":")[0] in CONTEXT


def test_every_term_of_the_context_is_one_that_records_use() -> None:
    used = set(keys_of(ConsentRecord.model_json_schema()))
    prefixes = {"@vocab", "dct", "dpv", "ai", "overt"}
    terms = {name: iri for name, iri in CONTEXT.items() if name not in prefixes}
    assert terms.keys() <= used
    assert len(set(terms.values())) == len(terms)  # so that a processor can tell them apart on the way back


def test_a_scope_cited_by_digest_is_the_one_shown() -> None:
    scope = Scope(apps=(), timing=TimingTier.ORDER)
    assert scope.digest == digest(b'{"apps":[],"timing":"order"}')
