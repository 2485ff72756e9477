"""Events leave in the order in which they happened, once it is known what may be kept of them."""

import random
import string

import pytest

from agent.core.erase import WITHDRAWN
from agent.core.redact.errors import RedactionFailed
from agent.core.text import IDLE_NS, UNFINISHED_NS
from agent.pipeline import pipe as module
from agent.pipeline.slots import HOLD_NS
from schemas.events import (
    ClipboardEvent,
    ClipboardType,
    FocusEvent,
    FrameEvent,
    GapEvent,
    GapReason,
    KeyEvent,
    Modality,
    PointerEvent,
    ScrollEvent,
    TextEvent,
)
from schemas.scope import TimingTier
from tests.agent.pipeline.pipeline_rig import FIRST_SEQ, Rig, authority, kept_of
from tests.support.fake_clock import MS_NS, S_NS
from tests.support.fake_desktop import BACKSPACE, key_seen, pointer_seen


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_order_is_kept_and_numbers_count_up(rig: Rig) -> None:
    rig.enter()
    rig.move()
    rig.type("hi")
    token = rig.shoot()
    rig.scroll()
    rig.answer(token)
    rig.leave()
    events = rig.done()
    kinds = [FocusEvent, PointerEvent, TextEvent, *[KeyEvent] * 4, FrameEvent, ScrollEvent, FocusEvent]
    assert [type(e) for e in events] == kinds
    assert [e.seq for e in events] == list(range(FIRST_SEQ, FIRST_SEQ + len(kinds)))
    times = [e.mono_ns for e in events if not isinstance(e, TextEvent)]
    assert times == sorted(times)


def test_keys_wait_until_their_segment_ends_and_so_does_all_behind_them(rig: Rig) -> None:
    rig.enter()
    rig.type("secr\n")
    rig.move()
    assert [type(e) for e in rig.done()] == [FocusEvent]
    assert rig.pipe.held == 11
    assert rig.pipe.deadline_ns() == rig.clock.monotonic_ns() - MS_NS + IDLE_NS
    rig.clock.advance(IDLE_NS)
    rig.pipe.tick(rig.clock.monotonic_ns())
    assert rig.pipe.held == 0
    assert [type(e) for e in rig.done()][1:] == [TextEvent, *[KeyEvent] * 10, PointerEvent]


def test_half_a_line_waits_longer_and_then_goes_and_its_other_half_too(rig: Rig) -> None:
    rig.enter()
    rig.type("hello there\nmy password is Tr0ub")
    rig.clock.advance(IDLE_NS)
    rig.pipe.tick(rig.clock.monotonic_ns())
    assert rig.pipe.held
    rig.clock.advance(UNFINISHED_NS)
    rig.pipe.tick(rig.clock.monotonic_ns())
    rig.type("4dor7 ok\n")
    rig.leave()
    texts = [e.text for e in rig.done() if isinstance(e, TextEvent)]
    assert texts == ["hello there\n⟨PASSWORD#1⟩", "⟨PASSWORD#2⟩ ok\n"]


def test_nothing_typed_at_another_gate_is_looked_at_again(rig: Rig) -> None:
    rig.enter()
    rig.type("password: ")
    rig.pipe.click()
    rig.enter(2)
    rig.type("wonderful")
    rig.leave()
    assert [e.text for e in rig.done() if isinstance(e, TextEvent)] == ["password: ", "wonderful"]


def test_a_copy_keeps_its_place_among_the_keys_and_belongs_to_them(rig: Rig) -> None:
    rig.enter()
    rig.type("ab")
    rig.clip("cut")
    rig.type("c")
    rig.leave()
    events = rig.done()
    kinds = [FocusEvent, TextEvent, *[KeyEvent] * 4, ClipboardEvent, *[KeyEvent] * 2, FocusEvent]
    assert [type(e) for e in events] == kinds
    (cut,) = [e for e in events if isinstance(e, ClipboardEvent)]
    assert (cut.action, cut.content_type, cut.length_bucket) == ("cut", ClipboardType.TEXT, None)
    assert rig.pipe.totals().kept == {"keyboard": 7}


def test_a_copy_in_a_password_field_goes_with_the_keys_there(rig: Rig) -> None:
    rig.enter()
    rig.type("a")
    since_ns = rig.clock.monotonic_ns() + 1
    rig.clip()
    rig.pipe.retract(since_ns, "secure_input")
    rig.leave()
    assert not [e for e in rig.done() if isinstance(e, ClipboardEvent)]
    assert rig.dropped() == {"secure_input": 1}


@pytest.mark.parametrize("how", ["click", "leave", "caret", "other window"])
def test_each_end_of_a_segment_lets_its_keys_go(rig: Rig, how: str) -> None:
    rig.enter()
    rig.type("ab")
    if how == "click":
        rig.pipe.click()
        rig.pipe.tick(rig.clock.monotonic_ns())
    elif how == "leave":
        rig.leave()
    elif how == "caret":
        rig.press(keysym=0xFF50)
    else:
        rig.enter(2)
        rig.type("c")
    texts = [e.text for e in rig.done() if isinstance(e, TextEvent)]
    assert texts == ["ab"]


def test_a_changed_title_does_not_split_what_is_typed(rig: Rig) -> None:
    """Mail programs write the subject into the title as it is typed; a secret must not be looked at in halves."""
    rng = random.Random(3)  # noqa: S311
    token = "gh" + "p_" + "".join(rng.choices(string.ascii_letters + string.digits, k=36))
    rig.enter(title="Write")
    for index, char in enumerate(token):
        rig.press(char)
        if index % 5 == 0:
            rig.retitle(f"Write {index}")
    rig.leave()
    events = rig.done()
    assert [e.text for e in events if isinstance(e, TextEvent)] == ["⟨TOKEN#1⟩"]
    assert [e for e in events if isinstance(e, KeyEvent)] == []
    assert rig.dropped() == {"redacted": 2 * len(token)}


def test_an_erased_secret_leaves_no_key_and_no_sign_of_its_length(rig: Rig) -> None:
    rng = random.Random(4)  # noqa: S311
    token = "gh" + "p_" + "".join(rng.choices(string.ascii_letters + string.digits, k=36))
    rig.enter()
    rig.type(token)
    for _ in token:
        rig.press(keysym=BACKSPACE)
    rig.type("ok")
    rig.leave()
    events = rig.done()
    assert [e.text for e in events if isinstance(e, TextEvent)] == ["ok"]
    assert [e.text for e in events if isinstance(e, KeyEvent) and e.down] == ["o", "k"]
    assert rig.dropped() == {"redacted": 4 * len(token)}


def test_a_wipe_drops_everything_and_says_so(rig: Rig) -> None:
    rig.enter()
    rig.type("abc")
    rig.pipe.click()
    rig.move()
    first, second = rig.shoot(), rig.shoot()
    rig.answer(first)
    rig.type("held")
    rig.pipe.wipe()
    rig.answer(second)
    rig.pipe.close_batch()
    assert rig.batches == []
    totals = rig.pipe.totals()
    assert totals.balances()
    assert totals.kept == {}
    withdrawn = {"keyboard": {WITHDRAWN: 14}, "pointer": {WITHDRAWN: 1}, "screen": {WITHDRAWN: 2}}
    assert totals.dropped == withdrawn
    assert rig.pipe.held == 0


def test_a_wipe_spares_nothing_of_an_earlier_consent_that_still_waited(rig: Rig) -> None:
    rig.enter(1, consent=1)
    rig.move()
    rig.shoot()
    rig.leave()
    rig.enter(1, consent=2)
    rig.move()
    rig.pipe.wipe()
    assert rig.done() == []


@pytest.mark.parametrize("ending", ["late", "closed", "never", "after"])
def test_pictures_that_come_late_or_never(rig: Rig, ending: str) -> None:
    rig.enter()
    token = rig.shoot()
    rig.move()
    assert [type(e) for e in rig.done()] == [FocusEvent]
    if ending == "late":  # taken before the gate closed, told after it
        taken = rig.picture()
        rig.clock.advance(1_000_000)
        rig.leave()
        rig.answer(token, taken=taken)
    elif ending == "closed":  # taken when it had closed: nobody agreed to that
        rig.leave()
        rig.answer(token)
    elif ending == "never":
        rig.no_answer(token, "not_clean")
    else:
        rig.pipe.wipe()
        rig.answer(token)
    rig.answer(token)  # twice: the second finds no place
    frames = [e for e in rig.done() if isinstance(e, FrameEvent)]
    assert len(frames) == (ending == "late")
    reasons = {"never": {"not_clean": 1}, "closed": {"gate_closed": 1}}
    assert rig.dropped(Modality.SCREEN) == reasons.get(ending, rig.dropped(Modality.SCREEN))
    assert rig.pipe.held == 0


def test_failed_redaction_drops_the_segment_and_counts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.enter()

    def fail(_text: str) -> list[object]:
        raise RedactionFailed("broken", "ValueError")

    with monkeypatch.context() as patch:
        patch.setattr(rig.redactor, "find", fail)
        for expected in (1, 2):
            rig.type("ab")
            rig.pipe.click()
            assert rig.pipe.failures == expected
        rig.retitle("a title that cannot be looked at is not told")
    rig.retitle("Inbox")
    rig.type("ok")
    rig.leave()
    assert rig.pipe.failures == 0
    events = rig.done()
    assert [e.text for e in events if isinstance(e, TextEvent)] == ["ok"]
    assert len([e for e in events if isinstance(e, KeyEvent)]) == 4
    assert not [e for e in events if isinstance(e, FocusEvent) and e.title and "cannot" in e.title]
    assert rig.dropped() == {"redaction_failed": 8}


def test_a_batch_closes_at_its_age_while_the_person_stays_in_one_window(rig: Rig) -> None:
    rig.enter()
    for round_ in range(1, 4):
        rig.move()
        ticks = 0
        while (deadline := rig.pipe.deadline_ns()) is not None:
            rig.clock.advance(deadline - rig.clock.monotonic_ns())
            rig.pipe.tick(rig.clock.monotonic_ns())
            ticks += 1
        assert len(rig.batches) == round_
        assert ticks <= 3, "the window, the move and the batch: each is due once"
    assert all(b.authority == authority() for b in rig.batches)


def test_a_batch_closes_on_another_consent_and_nothing_crosses(rig: Rig) -> None:
    rig.enter(consent=1)
    token = rig.shoot()
    rig.move()
    rig.leave()
    rig.enter(consent=2)
    rig.move()
    rig.answer(token)  # only now may what happened under the first consent leave the line
    rig.leave()
    rig.done()
    assert [b.authority for b in rig.batches] == [authority(1), authority(2)]
    for batch in rig.batches:
        assert {e.consent for e in batch.payload.events} == {batch.authority.consent}
        assert batch.payload.account.kept == kept_of(batch)


def test_a_batch_closes_by_size(rig: Rig) -> None:
    rig.enter()
    for number in range(3):
        rig.answer(rig.shoot(), number, bytes(8 << 20))
        rig.clock.advance(HOLD_NS + 1)
        rig.pipe.tick(rig.clock.monotonic_ns())
        assert len(rig.batches) == number + 1


def test_a_full_line_drops_moves_and_nothing_else(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE", 4)
    rig.enter()
    rig.type("ab")
    rig.move()
    rig.see(pointer_seen(rig.clock, "down"))
    rig.scroll()
    rig.type("c")
    rig.leave()
    kinds = [type(e) for e in rig.done()]
    assert kinds.count(KeyEvent) == 6
    assert kinds.count(PointerEvent) == 1
    assert kinds.count(ScrollEvent) == 1
    assert rig.dropped(Modality.POINTER) == {"overflow": 1}


def test_a_gap_reaches_from_the_gate_before_to_this_one(rig: Rig) -> None:
    rig.enter()
    rig.leave()
    begin = rig.now
    rig.clock.advance(60 * S_NS)
    rig.enter()
    rig.pipe.gap(rig.open_ground, GapReason.PAUSED, begin, rig.now.mono_ns)
    (gap,) = [e for e in rig.done() if isinstance(e, GapEvent)]
    assert (gap.mono_ns, gap.wall_ns) == (begin.mono_ns, begin.wall_ns)
    assert gap.until_ns - gap.mono_ns == 60 * S_NS


@pytest.mark.parametrize(("timing", "step"), [(TimingTier.TEN_MS, 10 * MS_NS), (TimingTier.ORDER, 60 * S_NS)])
def test_times_are_as_coarse_as_was_agreed(timing: TimingTier, step: int) -> None:
    rig = Rig(timing)
    since = rig.now
    rig.enter()
    for _ in range(30):
        rig.clock.advance(7_654_321)
        rig.type("a")
        rig.move()
    rig.leave()
    for event in rig.done():
        assert event.mono_ns >= since.mono_ns
        assert event.wall_ns >= since.wall_ns
        assert event.mono_ns % step == 0 or event.mono_ns == since.mono_ns


def test_the_release_of_a_hidden_press_is_hidden_even_in_the_next_segment(rig: Rig) -> None:
    rng = random.Random(5)  # noqa: S311
    token = "gh" + "p_" + "".join(rng.choices(string.ascii_letters + string.digits, k=36))
    rig.enter()
    rig.type(token[:-1])
    rig.see(key_seen(rig.clock, token[-1]))
    rig.pipe.click()
    rig.see(key_seen(rig.clock, token[-1], down=False))
    rig.leave()
    assert [e for e in rig.done() if isinstance(e, KeyEvent)] == []
