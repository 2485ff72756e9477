"""Consent records: a yes names exactly what was ticked, a no is a no, and every way that consent stands has a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.ceremony import Answers, Asked, Ledger, Occasion, end, grant, refuse, standing
from agent.core.scope import offered
from schemas.base import digest
from schemas.consent import DAY_NS, ConsentRecord, ConsentState, intervals, read_ledger
from schemas.events import Modality
from schemas.scope import TimingTier
from schemas.signed import SignedDocument, parse_body, public_bytes, sign
from schemas.status import ClosedReason as R
from schemas.study import DeviceRegistration
from tests.support.devices import APPS, World

WORLD = World.make("ceremony", now_ns=1_800_000_000 * 10**9)
DEVICE = WORLD.device()
NOW = WORLD.now_ns
HOUR_NS = 3_600 * 10**9
DAYS = WORLD.policy.consent_days
LEAST = WORLD.policy.model_copy(
    update={
        "apps": (WORLD.policy.apps[0].model_copy(update={"modalities": (Modality.POINTER,)}),),
        "timing": TimingTier.TEN_MS,
    }
)
TICKS = st.dictionaries(st.sampled_from([*APPS, "unlisted"]), st.frozensets(st.sampled_from(Modality)))
EVERYTHING = Answers(apps=dict.fromkeys(APPS, frozenset(Modality)), timing=TimingTier.EXACT, language="en")


def asked(**changes: object) -> Asked:
    fields = {
        "manifest": WORLD.manifest,
        "manifest_digest": WORLD.signed_manifest.digest,
        "policy": WORLD.policy,
        "policy_digest": WORLD.signed_policy.digest,
        "registration": parse_body(DeviceRegistration, DEVICE.registration.body),
    }
    return Asked(**(fields | changes))  # type: ignore[arg-type]


def occasion(at_ns: int = NOW) -> Occasion:
    return Occasion(now_ns=at_ns, record_id="urn:uuid:00000000-0000-4000-8000-000000000000", method="window")


def ledger(*records: ConsentRecord) -> Ledger:
    """The records as the device's ledger, signed and read back."""
    return read_ledger([signed(r) for r in records], public_bytes(DEVICE.key))


def signed(record: ConsentRecord) -> SignedDocument:
    return sign(record, DEVICE.key)


def yes(at_ns: int = NOW, before: Ledger = ()) -> ConsentRecord:
    return grant(asked(), before, EVERYTHING, occasion(at_ns))


@given(TICKS, st.sampled_from(TimingTier), st.booleans())
def test_a_yes_names_what_was_ticked_within_the_policy(
    ticks: dict[str, frozenset[Modality]],
    timing: TimingTier,
    narrow: bool,  # noqa: FBT001  # hypothesis asks for it
) -> None:
    policy = LEAST if narrow else WORLD.policy
    most = offered(policy)
    answers = Answers(apps=ticks, timing=timing, language="en")
    expected = {app: chosen & most.of(app) for app, chosen in ticks.items() if chosen & most.of(app)}
    if not expected:
        with pytest.raises(ValueError, match="a yes to nothing is a no"):
            grant(asked(policy=policy), (), answers, occasion())
        return
    record = grant(asked(policy=policy), (), answers, occasion())
    assert {a.app: frozenset(a.modalities) for a in record.overt.scope.apps} == expected
    tiers = list(TimingTier)
    assert record.overt.scope.timing is max(timing, policy.timing, key=tiers.index)
    assert record.overt.scope_digest == record.overt.scope.digest
    assert record.latest.event_state is ConsentState.GIVEN
    assert ledger(record)[0][1] == record


def test_a_yes_cites_what_was_shown() -> None:
    record = yes()
    assert record.overt.manifest == WORLD.signed_manifest.digest
    assert record.overt.policy == WORLD.signed_policy.digest
    assert record.processing.privacy_notice == WORLD.manifest.notice_digest("en")
    named = {(r.name, r.fingerprint) for r in record.processing.recipient_third_parties}
    assert named == {(r.name, r.recipient_fingerprint) for r in WORLD.manifest.researchers}
    assert record.latest.event_type == "explicit"
    assert record.latest.days == DAYS


def test_a_no_allows_nothing() -> None:
    record = refuse(asked(), (), "de", occasion())
    assert record.overt.scope.apps == ()
    assert record.processing.privacy_notice == WORLD.manifest.notice_digest("de")
    assert intervals(ledger(record)) == []
    assert standing(asked(), ledger(record), NOW) == (R.REFUSED, None)


def test_ending_ends_once() -> None:
    given_ = yes()
    first = end(ledger(given_), occasion(NOW + HOUR_NS))
    assert first is not None
    whole = ledger(given_, first)
    assert first.latest.event_state is ConsentState.WITHDRAWN
    assert end(whole, occasion(NOW + 2 * HOUR_NS)) is None
    assert end((), occasion()) is None
    (interval,) = intervals(whole)
    assert (interval.begin_ns, interval.end_ns) == (NOW, NOW + HOUR_NS)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ConsentState.WITHDRAWN, R.WITHDRAWN),
        (ConsentState.EXPIRED, R.EXPIRED),
        (ConsentState.INVALIDATED, R.CONSENT_CHANGED),
        (ConsentState.REVOKED, R.BLOCKED_BY_ORGANISATION),
        (ConsentState.REFUSED, R.REFUSED),
    ],
)
def test_standing_after_each_end(state: ConsentState, reason: R) -> None:
    given_ = yes()
    ended = end(ledger(given_), occasion(NOW + 1_000), state)
    assert ended is not None
    assert standing(asked(), ledger(given_, ended), NOW + HOUR_NS) == (reason, None)


def test_standing_without_a_word_is_no_consent() -> None:
    assert standing(asked(), (), NOW) == (R.NO_CONSENT, None)


@pytest.mark.parametrize(
    ("after_ns", "reason"),
    [
        (-1, R.CLOCK_UNTRUSTED),
        (-DAY_NS, R.CLOCK_UNTRUSTED),
        (0, None),
        (DAYS * DAY_NS - 1, None),
        (DAYS * DAY_NS, R.EXPIRED),
        (1_000 * DAY_NS, R.EXPIRED),
    ],
)
def test_standing_over_time(after_ns: int, reason: R | None) -> None:
    found, interval = standing(asked(), ledger(yes()), NOW + after_ns)
    assert found is reason
    assert (interval is None) is (reason is not None)


def test_a_changed_study_must_be_asked_about_again() -> None:
    """What was agreed to is not at hand, so that nobody can say what changed."""
    changed = asked(manifest_digest=digest(b"another manifest"))
    assert standing(changed, ledger(yes()), NOW) == (R.CONSENT_CHANGED, None)
    changed = asked(policy_digest=digest(b"another policy"))
    assert standing(changed, ledger(yes()), NOW) == (R.CONSENT_CHANGED, None)


def test_a_changed_policy_is_no_new_question() -> None:
    """If it only narrows what was agreed to."""
    before = {WORLD.signed_policy.digest: WORLD.policy}
    narrower = asked(policy=LEAST, policy_digest=digest(b"narrower"), policies=before)
    reason, agreement = standing(narrower, ledger(yes()), NOW)
    assert reason is None
    assert agreement is not None
    assert (agreement.policy, agreement.policy_digest) == (LEAST, digest(b"narrower"))


def test_agreeing_again_after_an_end_holds_again() -> None:
    given_ = yes()
    ended = end(ledger(given_), occasion(NOW + 1_000))
    assert ended is not None
    again = yes(NOW + 2_000, ledger(given_, ended))
    whole = ledger(given_, ended, again)
    found, interval = standing(asked(), whole, NOW + 3_000)
    assert found is None
    assert interval is not None
    assert (interval.consent, interval.begin_ns) == (whole[-1][0], NOW + 2_000)
