"""Opening, cutting and the day's model, without a window."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.chain import BatchState, Row
from agent.core.cut import Selection, chosen, observed, without
from agent.review.day import Kind, make_day, search
from agent.review.opening import Opened
from schemas.events import Event, FrameEvent, GapEvent, KeyEvent, TextEvent
from schemas.payload import Payload, pack, unpack
from tests.support.device_events import EventMaker, account_of

NS = 1_000_000_000
START = 1_800_000_000 * NS
CONSENT = "0" * 64


def busy(seed: int, count: int) -> Payload:
    """Somebody at work in two apps."""
    rng, make = random.Random(seed), EventMaker(START, lambda: CONSENT)  # noqa: S311
    events, images = list[Event](), list[bytes]()
    while len(events) < count:
        app = rng.choice(("mail", "editor"))
        match rng.randrange(4):
            case 0:
                events += make.typing("hello"[: rng.randrange(1, 6)], app=app)
            case 1:
                events.append(make.pointer(app=app))
            case 2:
                image = bytes([rng.randrange(256)]) * rng.randrange(1, 9)
                made = make.frame(image, app=app)
                base = None if rng.random() < 0.3 or not make.frames > 1 else made.frame - 1
                changed = {"offset": sum(map(len, images)), "size": len(image), "base": base}
                events.append(FrameEvent(**{n: getattr(made, n) for n in made.__struct_fields__} | changed))
                images.append(image)
            case _:
                events.append(make.scroll(app=app))
    return Payload(events, b"".join(images), account_of(events), "episode")


selections = st.builds(
    lambda a, length, app, timed: Selection(
        begin_ns=START + a * 100_000_000 if timed else None,
        end_ns=START + (a + length) * 100_000_000 if timed else None,
        app=app,
    ),
    st.integers(0, 60),
    st.integers(0, 40),
    st.sampled_from([None, "mail", "editor"]),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(1, 60), selections)
def test_what_is_named_is_gone_and_the_rest_is_as_it_was(seed: int, count: int, selection: Selection) -> None:
    before = busy(seed, count)
    (going,) = chosen([before], selection)
    after = unpack(pack(without(before, going)))
    assert not [e for e in after.events if selection.names(e)]
    assert after.account.balances()
    assert [e.seq for e in after.events] == sorted({e.seq for e in after.events})
    gaps = [e for e in after.events if isinstance(e, GapEvent)]
    assert sum(gap.count for gap in gaps) == observed(before, going)
    kept = {e.seq: e for e in before.events if e.seq not in going}
    for event in after.events:
        if isinstance(event, GapEvent):
            continue
        if isinstance(event, FrameEvent):
            old = kept[event.seq]
            assert isinstance(old, FrameEvent)
            assert after.image(event) == before.image(old)
            assert event.base not in {e.frame for e in before.events if isinstance(e, FrameEvent) and e.seq in going}
        else:
            assert event == kept[event.seq]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), st.integers(2, 60), selections)
def test_a_text_never_loses_only_some_of_its_keys(seed: int, count: int, selection: Selection) -> None:
    whole = busy(seed, count)
    middle = len(whole.events) // 2
    halves = [
        Payload(part, whole.frames, account_of(part), "episode")
        for part in (whole.events[:middle], whole.events[middle:])
    ]
    going = frozenset().union(*chosen(halves, selection))
    texts: dict[int | None, set[bool]] = {}
    for event in whole.events:
        if isinstance(event, KeyEvent | TextEvent):
            texts.setdefault(event.segment, set()).add(event.seq in going)
    assert all(len(fates) == 1 for fates in texts.values())


def test_an_account_that_says_too_little_is_told() -> None:
    payload = busy(1, 20)
    lying = Payload(payload.events, payload.frames, account_of([]), payload.episode)
    (going,) = chosen([lying], Selection(begin_ns=0))
    with pytest.raises(ValueError, match="account"):
        without(lying, going)


def test_the_day_has_every_observation_once() -> None:
    payload = busy(7, 300)
    row = Row(3, "", 0, 0, BatchState.WAITING)
    one = Opened(row, None, "", payload)  # type: ignore[arg-type]  # the model does not look at the header
    day = make_day(0, START * 2, [one])
    seqs = [seq for moment in day.moments for seq in moment.seqs]
    assert sorted(seqs) == [event.seq for event in payload.events]
    assert sum(moment.count for moment in day.moments) == sum(payload.account.kept.values())
    assert day.apps
    found = search(day.moments, "HELL mail", {"mail": "Mail"})
    assert found
    assert all(moment.kind is Kind.TEXT and "hell" in moment.text for moment in found)
