"""Consent records: a yes names exactly what was ticked, a no is a no, and every way that consent stands has a word."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.ceremony import (
    Answers,
    Asked,
    Ledger,
    Occasion,
    ask_not_before_ns,
    defer,
    end,
    ends_ns,
    grant,
    lapse,
    refuse,
    request,
    standing,
)
from agent.core.scope import offered
from schemas.base import digest
from schemas.consent import DAY_NS, ConsentRecord, ConsentState, intervals, read_ledger
from schemas.events import Modality
from schemas.scope import TimingTier
from schemas.signed import SignedDocument, parse_body, public_bytes, sign
from schemas.status import ClosedReason as R
from schemas.study import DeviceRegistration
from schemas.times import from_unix_ns
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


# --- asked, put off, renewed, lapsed ---

LATER = NOW + HOUR_NS


@given(st.lists(st.sampled_from(["shown", "read", "put off"]), max_size=4), st.booleans())
def test_a_question_is_no_answer(questions: list[str], withdrawn: bool) -> None:  # noqa: FBT001  # hypothesis
    """Whatever is asked in between, consent stands as the answers say, and an end still finds what it ends."""
    records = [yes()]
    for number, question in enumerate(questions):
        before, at = ledger(*records), occasion(NOW + number + 1)
        note = defer if question == "put off" else partial(request, read=question == "read")
        records.append(note(asked(), before, "en", at))
    if withdrawn:
        ended = end(ledger(*records), occasion(LATER))
        assert ended is not None
        records.append(ended)
    whole = ledger(*records)
    (interval,) = intervals(whole)
    assert interval.consent == whole[0][0]
    assert interval.end_ns == (LATER if withdrawn else NOW + DAYS * DAY_NS)
    assert standing(asked(), whole, LATER)[0] is (R.WITHDRAWN if withdrawn else None)


def test_not_now_is_respected_for_thirty_days() -> None:
    assert ask_not_before_ns(()) is None
    put_off = ledger(defer(asked(), (), "en", occasion()))
    assert ask_not_before_ns(put_off) == NOW + 30 * DAY_NS
    assert standing(asked(), put_off, NOW) == (R.NO_CONSENT, None)


def test_a_notice_is_kept_with_what_it_was_about_and_agrees_to_nothing() -> None:
    shown = request(asked(), (), "de", occasion(), read=True)
    assert shown.processing.privacy_notice == WORLD.manifest.notice_digest("de")
    assert shown.overt.scope.apps == ()
    assert (shown.latest.event_state, shown.latest.event_type) == (ConsentState.REQUESTED, "explicit")
    assert request(asked(), (), "de", occasion(), read=False).latest.event_type == "implicit"


def test_a_yes_to_the_same_renews_it_under_its_name() -> None:
    before = ledger(yes())
    renewed = grant(asked(), before, EVERYTHING, Occasion(now_ns=LATER, record_id="urn:uuid:other", method="window"))
    assert renewed.latest.event_state is ConsentState.RENEWED
    assert renewed.record_id == before[0][1].record_id
    assert standing(asked(), ledger(before[0][1], renewed), NOW + (DAYS * DAY_NS))[0] is None


@pytest.mark.parametrize("state", [ConsentState.WITHDRAWN, ConsentState.INVALIDATED])
def test_a_yes_after_an_end_is_a_new_consent(state: ConsentState) -> None:
    ended = end(ledger(yes()), occasion(NOW + 1_000), state)
    assert ended is not None
    again = grant(asked(), ledger(yes(), ended), EVERYTHING, occasion(LATER))
    assert again.latest.event_state is ConsentState.GIVEN


def test_consent_lapses_in_silence_and_is_written_by_whoever_comes_next() -> None:
    before, long_after = ledger(yes()), NOW + 2 * DAYS * DAY_NS
    assert lapse(asked(), before, NOW + DAYS * DAY_NS - 1) is None
    lapsed = lapse(asked(), before, long_after)
    assert lapsed is not None
    assert (lapsed.latest.event_state, lapsed.latest.event_type) == (ConsentState.EXPIRED, "implicit")
    assert lapsed.latest.event_time == from_unix_ns(NOW + DAYS * DAY_NS), "when it ran out, not when it was written"
    whole = ledger(before[0][1], lapsed)
    assert intervals(whole) == intervals(before)
    assert lapse(asked(), whole, long_after) is None
    again = grant(asked(), whole, EVERYTHING, occasion(long_after))
    assert again.latest.event_state is ConsentState.RENEWED


def test_a_policy_shortens_a_consent_from_now_on_and_not_before() -> None:
    """What was captured before the policy came was captured in time."""
    shorter = WORLD.policy.model_copy(update={"consent_days": 1})
    before = {WORLD.signed_policy.digest: WORLD.policy}
    now = asked(policy=shorter, policy_digest=digest(b"shorter"), policies=before)
    given_, after = ledger(yes()), NOW + 5 * DAY_NS
    assert ends_ns(now, given_) == NOW + DAY_NS
    assert standing(now, given_, after) == (R.EXPIRED, None)
    lapsed = lapse(now, given_, after)
    assert lapsed is not None
    assert lapsed.latest.event_time == from_unix_ns(after)


def test_a_wider_study_ends_a_consent() -> None:
    narrow = WORLD.policy.model_copy(update={"apps": WORLD.policy.apps[:1]})
    then = asked(policy=narrow, policy_digest=digest(b"narrow"))
    given_ = ledger(grant(then, (), EVERYTHING, occasion()))
    now = asked(policies={digest(b"narrow"): narrow})
    assert standing(now, given_, LATER) == (R.CONSENT_CHANGED, None)
    ended = lapse(now, given_, LATER)
    assert ended is not None
    assert (ended.latest.event_state, ended.latest.event_type) == (ConsentState.INVALIDATED, "implicit")
