"""One way, at least, to provoke each reason of the verifier: a dishonest world, verified."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from research.reasons import Reason
from research.verify import Report
from schemas import age, envelope
from schemas.base import digest
from schemas.consent import ConsentState
from schemas.envelope import HOUR_S, SIGNATURE_BYTES, EnvelopeHeader
from schemas.events import LossAccount, Modality
from schemas.signed import sign
from schemas.times import from_unix_ns
from tests.research.bench import NOW_NS, Bench, Memory, filmed
from tests.support.devices import Device, World, draw_identity

HOUR_NS = HOUR_S * 10**9
OTHER = digest(b"another")


def one(bench: Bench, **header: Any) -> Device:
    """A device whose one batch is otherwise honest."""
    device = bench.person()
    device.envelope(device.make.typing("hello"), **header)
    return device


def _manifest_untrusted(bench: Bench) -> Report:
    one(bench)
    bench.manifests.append(sign(bench.world.manifest, bench.world.researchers[0].key))
    return bench.run()


def _policy_untrusted(bench: Bench) -> Report:
    one(bench)
    bench.policies.append(sign(bench.world.policy, bench.world.researchers[0].key))
    return bench.run()


def _registration_broken(bench: Bench) -> Report:
    device = one(bench)
    registration = device.registration.model_copy(
        update={"signatures": sign(bench.world.policy, device.key).signatures}
    )
    bench.registrations.append(registration)
    return bench.run()


def _ledger_broken(bench: Bench) -> Report:
    device = one(bench)
    device.grant(at=NOW_NS)
    del device.ledger[0]
    return bench.run()


def _envelope_broken(bench: Bench) -> Report:
    device = one(bench)
    data = device.envelopes[0].to_bytes()[:-1]
    return bench.run([Memory(digest(data), data)])


def _digest_mismatch(bench: Bench) -> Report:
    device = one(bench)
    return bench.run([Memory(OTHER, device.envelopes[0].to_bytes())])


def _unknown_device(bench: Bench) -> Report:
    device = one(bench)
    sources = bench.sources()
    bench.world.devices.remove(device)
    return bench.run(sources)


def _bad_signature(bench: Bench) -> Report:
    made = one(bench).envelopes[0]
    altered = msgspec.structs.replace(made, signature=bytes(SIGNATURE_BYTES))
    return bench.run([Memory.of(altered)])


def _chain_gap(bench: Bench) -> Report:
    device = one(bench)
    device.envelope(device.make.typing("more"))
    return bench.run(bench.sources()[1:])


def replayed(bench: Bench) -> Report:
    device = one(bench)
    bench.extra.append(Memory.of(device.envelope(device.make.typing("again"), keep=False, sequence=0, previous=None)))
    return bench.run()


def _missing(bench: Bench) -> Report:
    one(bench)
    return bench.run(listed=[*(s.name for s in bench.sources()), OTHER])


def _erasure_untrusted(bench: Bench) -> Report:
    device = one(bench)
    bench.erase(device, device.envelopes[0], signer=bench.world.researchers[0].key)
    return bench.run()


def _erased(bench: Bench) -> Report:
    device = one(bench)
    bench.erase(device, device.envelopes[0])
    return bench.run()


def _unlisted(bench: Bench) -> Report:
    one(bench)
    return bench.run(listed=[])


def _consent_not_given(bench: Bench) -> Report:
    device = bench.person()
    device.record(ConsentState.REFUSED, bench.world.scope(), NOW_NS, 0)
    device.envelope([device.make.key("a")])
    return bench.run()


def _sealed_before(bench: Bench) -> Report:
    device = bench.person()
    device.envelope([], at=NOW_NS - 3 * HOUR_NS)
    return bench.run()


def _unknown_manifest(bench: Bench) -> Report:
    one(bench)
    newer = bench.world.manifest.model_copy(update={"version": 2})
    bench.manifests = [sign(newer, bench.world.org_key)]
    return bench.run()


def _older_policy(bench: Bench) -> Report:
    world = bench.world
    older = world.signed_policy.digest
    world.policy = world.policy.model_copy(update={"version": 2})
    bench.policies.append(world.signed_policy)
    one(bench, policy=older)
    return bench.run()


def _policy_blocked(bench: Bench) -> Report:
    world = bench.world
    world.policy = world.policy.model_copy(update={"version": 2, "blocked": True})
    bench.policies.append(world.signed_policy)
    one(bench)
    return bench.run()


def _wrong_recipients(bench: Bench) -> Report:
    device = bench.person()
    readers = [*device.readers(), draw_identity(bench.world.rng).recipient]
    device.envelope([device.make.key("a")], readers=readers)
    return bench.run()


def _swapped_recipient(bench: Bench) -> Report:
    device = bench.person()
    readers = [*device.readers()[:-1], draw_identity(bench.world.rng).recipient]
    device.envelope([device.make.key("a")], readers=readers)
    return bench.run()


def _unnamed_recipient(bench: Bench) -> Report:
    device = bench.world.device()
    given = bench.world.manifest
    bench.world.manifest = given.model_copy(update={"researchers": given.researchers[:1]})
    device.grant()
    bench.world.manifest = given
    entry = device.records[0]
    own = entry.overt.model_copy(update={"manifest": bench.world.signed_manifest.digest})
    device.records[0] = entry.model_copy(update={"overt": own})
    device.ledger[0] = sign(device.records[0], device.key)
    device.envelope([device.make.key("a")])
    return bench.run()


def _stanzas_differ(bench: Bench) -> Report:
    device = bench.person()
    told = tuple(sorted(r.fingerprint for r in device.readers()))
    readers = [*device.readers(), draw_identity(bench.world.rng).recipient]
    device.envelope([device.make.key("a")], readers=readers, recipients=told)
    return bench.run()


def _cannot_open(bench: Bench) -> Report:
    one(bench)
    return bench.run(reader=World.make(99).researchers[0])


def _payload_broken(bench: Bench) -> Report:
    device = bench.person()
    sealed = age.seal(b"not a payload", device.readers(), bench.world.rng.randbytes)
    fields = device.envelope([], keep=False).header.model_dump()
    fields |= {"payload_sha256": digest(sealed), "payload_bytes": len(sealed)}
    device.envelopes.append(envelope.build(EnvelopeHeader.model_validate(fields), sealed, device.key))
    return bench.run()


def _loss_unbalanced(bench: Bench) -> Report:
    device = bench.person()
    account = LossAccount(seen={"keyboard": 5}, kept={"keyboard": 1}, dropped={"keyboard": {"not_allowed": 3}})
    device.envelope([device.make.key("a")], account=account)
    return bench.run()


def _loss_impossible(bench: Bench) -> Report:
    device = bench.person()
    account = LossAccount(seen={"keyboard": 1 << 60}, kept={"keyboard": 1 << 60}, dropped={})
    device.envelope([device.make.key("a")], account=account)
    return bench.run()


def _sequence_reused(bench: Bench) -> Report:
    device = one(bench)
    device.envelope([device.make.key("a", seq=2)])
    return bench.run()


def _event(bench: Bench, **stamp: Any) -> Report:
    device = bench.person()
    device.envelope([device.make.key("a"), device.make.key("b", **stamp), device.make.key("c")])
    return bench.run()


def _app_not_agreed(bench: Bench) -> Report:
    device = bench.world.device()
    device.grant(bench.world.scope(apps=["mail"]))
    device.envelope([device.make.key("a", app="editor")])
    return bench.run()


def _modality_not_agreed(bench: Bench) -> Report:
    device = bench.world.device()
    device.grant(bench.world.scope(modalities=[Modality.POINTER]))
    device.envelope([device.make.pointer(), device.make.text("hidden in a text event")])
    return bench.run()


def _app_not_in_policy(bench: Bench) -> Report:
    device = bench.world.device()
    device.grant(bench.world.scope(apps=["bank"]))
    device.envelope([device.make.key("a", app="bank")])
    return bench.run()


def _modality_not_in_policy(bench: Bench) -> Report:
    world = bench.world
    apps = tuple(a.model_copy(update={"modalities": (Modality.POINTER,)}) for a in world.policy.apps)
    world.policy = world.policy.model_copy(update={"apps": apps, "version": 2})
    bench.policies.append(world.signed_policy)
    one(bench)
    return bench.run()


def _modality_not_in_study(bench: Bench) -> Report:
    bench.world.manifest = bench.world.manifest.model_copy(update={"modalities": (Modality.SCREEN,), "version": 2})
    bench.manifests.append(bench.world.signed_manifest)
    one(bench)
    return bench.run()


def _after_policy(bench: Bench) -> Report:
    world = bench.world
    soon = from_unix_ns(NOW_NS) + timedelta(milliseconds=250)
    world.policy = world.policy.model_copy(update={"expires": soon, "version": 2})
    bench.policies.append(world.signed_policy)
    one(bench)
    return bench.run()


def _frame_digest(bench: Bench) -> Report:
    device = bench.person()
    frames, section = filmed(device, 1)
    device.envelope(frames, frames=bytes([section[0] ^ 1]) + section[1:])
    return bench.run()


CASES: list[tuple[Reason, Callable[[Bench], Report]]] = [
    (Reason.MANIFEST_UNTRUSTED, _manifest_untrusted),
    (Reason.POLICY_UNTRUSTED, _policy_untrusted),
    (Reason.REGISTRATION_BROKEN, _registration_broken),
    (Reason.LEDGER_BROKEN, _ledger_broken),
    (Reason.ENVELOPE_BROKEN, _envelope_broken),
    (Reason.DIGEST_MISMATCH, _digest_mismatch),
    (Reason.OTHER_STUDY, lambda b: (one(b, study="other"), b.run())[1]),
    (Reason.UNKNOWN_DEVICE, _unknown_device),
    (Reason.BAD_SIGNATURE, _bad_signature),
    (Reason.CHAIN_GAP, _chain_gap),
    (Reason.CHAIN_GAP, lambda b: (one(b, sequence=4), b.run())[1]),
    (Reason.CHAIN_BROKEN, lambda b: (one(b, previous=OTHER), b.run())[1]),
    (Reason.REPLAYED, replayed),
    (Reason.MISSING, _missing),
    (Reason.UNLISTED, _unlisted),
    (Reason.ERASURE_UNTRUSTED, _erasure_untrusted),
    (Reason.ERASED, _erased),
    (Reason.UNKNOWN_CONSENT, lambda b: (one(b, consent=OTHER), b.run())[1]),
    (Reason.CONSENT_NOT_GIVEN, _consent_not_given),
    (Reason.SEALED_BEFORE_CONSENT, _sealed_before),
    (Reason.UNKNOWN_MANIFEST, _unknown_manifest),
    (Reason.WRONG_NOTICE, lambda b: (one(b, notice=OTHER), b.run())[1]),
    (Reason.UNKNOWN_POLICY, lambda b: (one(b, policy=OTHER), b.run())[1]),
    (Reason.OLDER_POLICY, _older_policy),
    (Reason.POLICY_BLOCKED, _policy_blocked),
    (Reason.WRONG_RECIPIENTS, _wrong_recipients),
    (Reason.WRONG_RECIPIENTS, _swapped_recipient),
    (Reason.UNNAMED_RECIPIENT, _unnamed_recipient),
    (Reason.STANZAS_DIFFER, _stanzas_differ),
    (Reason.CANNOT_OPEN, _cannot_open),
    (Reason.PAYLOAD_BROKEN, _payload_broken),
    (Reason.LOSS_UNBALANCED, _loss_unbalanced),
    (Reason.LOSS_UNBALANCED, _loss_impossible),
    (Reason.SEQUENCE_REUSED, _sequence_reused),
    (Reason.EVENT_OTHER_CONSENT, lambda b: _event(b, consent=OTHER)),
    (Reason.EVENT_OUTSIDE_CONSENT, lambda b: _event(b, at=NOW_NS - 2 * HOUR_NS)),
    (Reason.EVENT_APP_NOT_AGREED, _app_not_agreed),
    (Reason.EVENT_MODALITY_NOT_AGREED, _modality_not_agreed),
    (Reason.EVENT_APP_NOT_IN_POLICY, _app_not_in_policy),
    (Reason.EVENT_MODALITY_NOT_IN_POLICY, _modality_not_in_policy),
    (Reason.EVENT_MODALITY_NOT_IN_STUDY, _modality_not_in_study),
    (Reason.EVENT_AFTER_POLICY, _after_policy),
    (Reason.EVENT_AFTER_SEALING, lambda b: _event(b, at=NOW_NS + 3 * HOUR_NS)),
    (Reason.FRAME_DIGEST, _frame_digest),
]
