"""Each reason of the verifier is provoked, and honest data passes; bits are flipped everywhere."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.reasons import MEANING, Finding, Reason
from research.verify import Report
from schemas import envelope
from schemas.base import base64url, canonical, digest
from schemas.envelope import MAGIC, EnvelopeHeader
from schemas.erasure import ErasureRequest
from schemas.signed import SignedDocument, parse_body, sign
from tests.research.bench import NOW_NS, NOW_S, Bench, Memory
from tests.research.faults import CASES, HOUR_NS, OTHER, one, replayed
from tests.support.devices import ALL


def reasons(report: Report) -> set[Reason]:
    return {f.reason for f in report.findings}


def only(report: Report, reason: Reason) -> Finding:
    (found,) = [f for f in report.findings if f.reason is reason]
    return found


def test_honest_batches_verify(busy: Bench) -> None:
    report = busy.run()
    assert report.findings == []
    assert (report.batches, report.verified, report.frames, report.devices) == (6, 6, 7, 2)
    assert report.events > 40
    assert report.opened


def test_every_recipient_sees_the_same_and_headers_verify_without_a_key(busy: Bench) -> None:
    assert busy.run(reader=busy.world.researchers[1]).good
    report = busy.run(headers_only=True)
    assert report.good
    assert not report.opened
    assert report.events == 0


def test_the_order_of_files_does_not_matter(busy: Bench) -> None:
    for order in itertools.islice(itertools.permutations(busy.sources()), 0, 720, 97):
        assert busy.run(list(order)).good


@pytest.mark.parametrize(("reason", "provoke"), CASES, ids=[f"{r}-{n}" for n, (r, _) in enumerate(CASES)])
def test_what_is_wrong_is_named(bench: Bench, reason: Reason, provoke: Callable[[Bench], Report]) -> None:
    report = provoke(bench)
    assert reason in reasons(report)
    assert not report.good


def test_every_reason_is_provoked_and_explained() -> None:
    about_the_folder = {Reason.STALE, Reason.LOG_BROKEN, Reason.LOG_MISSING, Reason.NOT_LOGGED, Reason.FEED_BROKEN}
    # see test_research_sweep.py and test_research_log.py
    assert {reason for reason, _ in CASES} | about_the_folder == set(Reason) == MEANING.keys()


ALONE = [
    "other_study",
    "unknown_device",
    "bad_signature",
    "unknown_policy",
    "wrong_recipients",
    "loss_unbalanced",
    "event_outside_consent",
    "event_app_not_agreed",
    "frame_digest",
]


@pytest.mark.parametrize("name", ALONE)
def test_one_fault_gives_no_other_reason(bench: Bench, name: str) -> None:
    provoke = next(p for r, p in CASES if r == name)
    assert reasons(provoke(bench)) == {Reason(name)}


# Times: to the nanosecond -------------------------------------------------------------------------------------------


def _at(bench: Bench, when: int) -> Report:
    device = bench.world.device()
    device.grant(at=NOW_NS)
    device.envelope([device.make.key("a", at=when)])
    device.withdraw(at=NOW_NS + 10**9)
    return bench.run()


@pytest.mark.parametrize(
    ("when", "detail"),
    [(NOW_NS - 1, "1 ns before it began"), (NOW_NS + 10**9, "0 ns after"), (NOW_NS + 10**9 + 1, "1 ns after it ended")],
)
def test_one_nanosecond_outside_is_named(bench: Bench, when: int, detail: str) -> None:
    report = _at(bench, when)
    found = only(report, Reason.EVENT_OUTSIDE_CONSENT)
    assert reasons(report) == {Reason.EVENT_OUTSIDE_CONSENT}
    assert detail in found.detail
    assert (found.event, found.sequence, found.count) == (0, 0, 1)


@pytest.mark.parametrize("when", [NOW_NS, NOW_NS + 1, NOW_NS + 10**9 - 1])
def test_the_first_and_the_last_nanosecond_inside_are_fine(bench: Bench, when: int) -> None:
    assert _at(bench, when).good


@given(st.lists(st.integers(-5, 15), min_size=1, max_size=8))
def test_exactly_the_events_outside_are_counted(offsets: list[int]) -> None:
    bench = Bench.make()
    device = bench.world.device()
    device.grant(at=NOW_NS)
    device.envelope([device.make.pointer(at=NOW_NS + s * 10**9) for s in offsets])
    device.withdraw(at=NOW_NS + 10 * 10**9)
    outside = [n for n, s in enumerate(offsets) if not 0 <= s < 10]
    report = bench.run()
    if outside:
        found = only(report, Reason.EVENT_OUTSIDE_CONSENT)
        assert (found.event, found.count) == (outside[0], len(outside))
    else:
        assert report.good


def test_consent_that_ran_out_by_itself_covers_nothing_more(bench: Bench) -> None:
    device = bench.world.device()
    device.grant(at=NOW_NS - 30 * 24 * HOUR_NS, days=30)
    device.envelope([device.make.key("a", at=NOW_NS - 1)])
    assert bench.run().good
    device.envelope([device.make.key("a", at=NOW_NS)])
    assert reasons(bench.run()) == {Reason.EVENT_OUTSIDE_CONSENT}


def test_a_later_consent_does_not_heal_an_earlier_batch(bench: Bench) -> None:
    device = bench.world.device()
    device.grant(bench.world.scope(apps=["mail"]), at=NOW_NS)
    device.envelope([device.make.key("a", app="editor")])
    device.grant(bench.world.scope(modalities=ALL), at=NOW_NS + 10**9)
    device.envelope([device.make.key("a", app="editor", at=NOW_NS + 2 * 10**9)])
    found = only(bench.run(), Reason.EVENT_APP_NOT_AGREED)
    assert found.sequence == 0


# Alteration everywhere ----------------------------------------------------------------------------------------------


def _respelled(made: envelope.Envelope, **fields: object) -> Memory:
    """The envelope with header fields altered by somebody who has not the device's key, under a fitting name."""
    header = EnvelopeHeader.model_validate(made.header.model_dump() | fields)
    body = canonical(header)
    data = MAGIC + len(body).to_bytes(4, "big") + body + made.signature + made.payload
    return Memory(digest(data), data)


ALTERED: dict[str, tuple[object, Reason]] = {
    "study": ("other", Reason.OTHER_STUDY),
    "device": (OTHER, Reason.UNKNOWN_DEVICE),
    "sequence": (7, Reason.BAD_SIGNATURE),
    "previous": (OTHER, Reason.BAD_SIGNATURE),
    "consent": (OTHER, Reason.BAD_SIGNATURE),
    "policy": (OTHER, Reason.BAD_SIGNATURE),
    "notice": (OTHER, Reason.BAD_SIGNATURE),
    "recipients": ((OTHER,), Reason.BAD_SIGNATURE),
    "payload_sha256": (OTHER, Reason.ENVELOPE_BROKEN),
    "payload_bytes": (1, Reason.ENVELOPE_BROKEN),
    "sealed_hour": (0, Reason.BAD_SIGNATURE),
}


def test_every_header_field_is_altered_below() -> None:
    assert ALTERED.keys() | {"version"} == EnvelopeHeader.model_fields.keys()


@pytest.mark.parametrize("name", ALTERED)
def test_each_altered_header_field_is_named(bench: Bench, name: str) -> None:
    value, reason = ALTERED[name]
    altered = _respelled(one(bench).envelopes[0], **{name: value})
    report = bench.run([altered])
    assert reasons(report) == {reason}
    assert report.verified == 0


SIGNED: dict[str, tuple[Callable[[Bench], list[SignedDocument]], Reason]] = {
    "manifest": (lambda b: b.manifests, Reason.MANIFEST_UNTRUSTED),
    "policy": (lambda b: b.policies, Reason.POLICY_UNTRUSTED),
    "consent": (lambda b: b.world.devices[0].ledger, Reason.LEDGER_BROKEN),
    "erasure": (lambda b: b.erasures, Reason.ERASURE_UNTRUSTED),
}


@pytest.mark.parametrize("name", SIGNED)
def test_each_altered_field_of_a_signed_document_is_named(bench: Bench, name: str) -> None:
    device = one(bench)
    bench.erase(device, device.envelope(device.make.typing("more"), keep=False))
    documents, reason = SIGNED[name][0](bench), SIGNED[name][1]
    (honest,) = documents
    body = json.loads(honest.body)
    assert len(body) >= 4
    for field in body:
        altered = {**body, field: _other(body[field])}
        payload = base64url(json.dumps(altered).encode())
        documents[0] = honest.model_copy(update={"payload": payload})
        assert reason in reasons(bench.run()), field
    documents[0] = honest
    assert bench.run().good


def _other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 3600
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    return {**value, "x": 1} if isinstance(value, dict) else [*value, *value[:1]] if value else [1]


def test_another_version_or_spelling_is_no_envelope(bench: Bench) -> None:
    made = one(bench).envelopes[0]
    for body in (
        canonical(made.header).replace(b'"version":1', b'"version":2'),
        json.dumps(made.header.model_dump(mode="json")).encode(),
    ):
        data = MAGIC + len(body).to_bytes(4, "big") + body + made.signature + made.payload
        assert reasons(bench.run([Memory(digest(data), data)])) == {Reason.ENVELOPE_BROKEN}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_flipped_bit_goes_unnoticed(data: st.DataObject) -> None:
    made, bench = _FLIPPED
    raw = bytearray(made.data)
    head = len(raw) - 70_000
    where = data.draw(st.one_of(st.integers(0, head), st.integers(0, len(raw) - 1)))
    raw[where] ^= 1 << data.draw(st.integers(0, 7))
    for name in (made.name, digest(bytes(raw))):
        report = bench.run([Memory(name, bytes(raw))])
        assert report.verified == 0
        assert not report.good


def _flipped() -> tuple[Memory, Bench]:
    bench = Bench.make(5)
    one(bench)
    return bench.sources()[0], bench


_FLIPPED = _flipped()


def test_dropping_any_batch_is_noticed(busy: Bench) -> None:
    everything = busy.sources()
    listed = [s.name for s in everything]
    for lost in everything:
        rest = [s for s in everything if s is not lost]
        found = only(busy.run(rest, listed=listed), Reason.MISSING)
        assert found.batch == lost.name


def test_a_batch_after_a_gap_may_still_be_used(busy: Bench) -> None:
    report = busy.run(busy.sources()[1:])
    assert reasons(report) == {Reason.CHAIN_GAP}
    assert report.verified == 5


def test_a_forged_copy_does_not_spoil_the_genuine_batch(bench: Bench) -> None:
    device = one(bench)
    device.envelope(device.make.typing("more"))
    forged = _respelled(device.envelopes[0], sealed_hour=0)
    report = bench.run([*bench.sources(), forged])
    assert {f.batch for f in report.findings} == {forged.name}
    assert report.verified == 2


def test_two_genuine_batches_of_one_number_are_both_out(bench: Bench) -> None:
    report = replayed(bench)
    assert report.verified == 0
    assert {f.batch for f in report.findings if f.reason is Reason.REPLAYED} == {s.name for s in bench.sources()}


def test_the_same_batch_twice_is_a_replay(bench: Bench) -> None:
    one(bench)
    report = bench.run(bench.sources() * 2)
    assert {Reason.REPLAYED} <= reasons(report)


# Documents ----------------------------------------------------------------------------------------------------------


def test_nothing_verifies_under_another_organisation(busy: Bench) -> None:
    busy.world.org_key = Ed25519PrivateKey.generate()
    report = busy.run()
    assert report.verified == 0
    assert {Reason.MANIFEST_UNTRUSTED, Reason.POLICY_UNTRUSTED} <= reasons(report)


def test_reordered_consents_are_a_broken_ledger(bench: Bench) -> None:
    device = one(bench)
    device.grant(at=NOW_NS)
    device.ledger.reverse()
    report = bench.run()
    assert {Reason.LEDGER_BROKEN, Reason.UNKNOWN_CONSENT} <= reasons(report)
    assert report.verified == 0


def test_the_consent_of_one_person_does_not_cover_another(bench: Bench) -> None:
    first, second = bench.person(), bench.person()
    second.envelope([second.make.key("a", consent=first.consent)], consent=first.consent)
    assert Reason.UNKNOWN_CONSENT in reasons(bench.run())


def test_findings_hold_nothing_that_was_recorded(bench: Bench) -> None:
    device = bench.world.device()
    device.grant(bench.world.scope(apps=["mail"]))
    device.envelope([device.make.text("canary-text", app="canary-app", at=NOW_NS - 2 * HOUR_NS)])
    report = bench.run()
    assert not report.good
    assert "canary" not in repr(report)


def test_the_clock_of_this_machine_plays_no_part(busy: Bench) -> None:
    assert NOW_S * 10**9 == NOW_NS
    assert busy.run().good


def without(bench: Bench, *places: int) -> list[Memory]:
    """What is in the folder, but for some batches of the first device."""
    return [m for n, m in enumerate(bench.sources()) if n not in places]


def test_an_erased_batch_breaks_no_chain(busy: Bench) -> None:
    device = busy.world.devices[0]
    busy.erase(device, *device.envelopes[:2])
    report = busy.run(without(busy, 0, 1))
    assert report.findings == []
    assert (report.batches, report.erased) == (4, 2)
    busy.erase(device, device.envelopes[2])
    assert busy.run(without(busy, 0, 1, 2)).good


def test_a_lost_batch_is_not_excused_by_the_erasure_of_another(busy: Bench) -> None:
    first, second = busy.world.devices
    busy.erase(first, first.envelopes[0])
    busy.erase(second, *second.envelopes)
    assert only(busy.run(without(busy, 0, 1)), Reason.CHAIN_GAP).count == 1
    assert only(busy.run(without(busy, 1)), Reason.CHAIN_GAP).count == 1


def test_the_digest_of_what_was_erased_must_be_the_one_that_follows_names(bench: Bench) -> None:
    device = bench.person()
    made = [device.envelope(device.make.typing("w")) for _ in range(2)]
    other = device.envelope(device.make.typing("v"), keep=False, sequence=0, previous=None)
    bench.erase(device, other)
    assert reasons(bench.run([Memory.of(made[1])])) == {Reason.CHAIN_BROKEN}


def test_a_request_for_another_study_excuses_nothing(bench: Bench) -> None:
    device = bench.person()
    made = [device.envelope(device.make.typing("w")) for _ in range(2)]
    bench.erase(device, made[0])
    request = parse_body(ErasureRequest, bench.erasures.pop().body).model_copy(update={"study": "other-study"})
    bench.erasures.append(sign(request, device.key))
    assert reasons(bench.run([Memory.of(made[1])])) == {Reason.ERASURE_UNTRUSTED, Reason.CHAIN_GAP}
