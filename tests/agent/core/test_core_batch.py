"""Batches close on size, age and authority; sealing gives what the recipients, and nobody else, can open."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import batch as module
from agent.core.batch import Authority, Batch, Batcher
from agent.core.seal import Link, Sealer
from schemas import age
from schemas.base import digest
from schemas.envelope import HOUR_S, EnvelopeError, parse, verify
from schemas.events import Event, FrameEvent, LossAccount
from schemas.payload import Payload, unpack
from schemas.signed import fingerprint, public_bytes
from tests.support.device_events import EventMaker, account_of
from tests.support.devices import STUDY, draw_identity, draw_key

RNG = random.Random("sealing")  # noqa: S311  # test keys must come again
KEY, IDENTITIES, STRANGER = draw_key(RNG), [draw_identity(RNG) for _ in range(3)], draw_identity(RNG)
READERS = tuple(str(i.recipient) for i in IDENTITIES[1:])
ONE, TWO = (Authority(digest(b"consent %d" % n), digest(b"policy"), digest(b"notice"), READERS) for n in (1, 2))
MINUTE_NS = 60_000_000_000
LIMIT = 64 << 20


def maker() -> EventMaker:
    return EventMaker(1_800_000_000 * 10**9, lambda: ONE.consent)


def test_events_come_out_in_order_with_their_images() -> None:
    make, batcher = maker(), Batcher("e")
    assert batcher.begin(ONE) is None
    images = [b"first", b"", b"third image"]
    events: list[Event] = [make.key("a"), make.frame(images[0]), make.pointer(), make.frame(images[2])]
    for event in events:
        batcher.add(event, {1: images[0], 3: images[2]}.get(event.seq, b""))
    batcher.note(account_of(events))
    done = batcher.close()
    assert done is not None
    assert done.authority == ONE
    assert [e.seq for e in done.payload.events] == [0, 1, 2, 3]
    frames = [e for e in done.payload.events if isinstance(e, FrameEvent)]
    assert [done.payload.image(f) for f in frames] == [images[0], images[2]]
    assert done.payload.account == account_of(events)
    assert repr(done) == "<Batch of 4>"


def test_an_empty_batch_is_none_and_its_account_waits() -> None:
    batcher = Batcher("e")
    batcher.begin(ONE)
    batcher.note(LossAccount(seen={"keyboard": 2}, kept={}, dropped={"keyboard": {"redacted": 2}}))
    assert batcher.close() is None
    batcher.add(maker().key("a"))
    batcher.note(LossAccount(seen={"keyboard": 1}, kept={"keyboard": 1}, dropped={}))
    done = batcher.close()
    assert done is not None
    assert done.payload.account.seen == {"keyboard": 3}


def test_another_authority_closes_the_batch_and_the_same_does_not() -> None:
    make, batcher = maker(), Batcher("e")
    batcher.begin(ONE)
    batcher.add(make.key("a"))
    assert batcher.begin(ONE) is None
    batcher.add(make.key("b"))
    done = batcher.begin(TWO)
    assert done is not None
    assert (done.authority, len(done.payload.events)) == (ONE, 2)
    assert batcher.begin(TWO) is None


def test_the_authority_outlives_the_batch() -> None:
    """Somebody may type in one window for longer than a batch may be old."""
    make, batcher = maker(), Batcher("e")
    batcher.begin(ONE)
    for _ in range(3):
        batcher.add(make.key("a"))
        done = batcher.close()
        assert done is not None
        assert done.authority == ONE
        assert batcher.deadline_ns(MINUTE_NS) is None


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_age_counts_from_the_first_event(at: int, max_age_ns: int) -> None:
    batcher = Batcher("e")
    batcher.begin(ONE)
    assert not batcher.due(at + 10 * max_age_ns, max_age_ns)
    make = EventMaker(1_000 * 100_000_000, lambda: ONE.consent)
    first = make.key("a", at=at)
    batcher.add(first)
    batcher.add(make.key("b"))
    deadline = batcher.deadline_ns(max_age_ns)
    assert deadline == first.mono_ns + max_age_ns
    assert not batcher.due(deadline - 1, max_age_ns)
    assert batcher.due(deadline, max_age_ns)


def test_size_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    make, batcher = maker(), Batcher("e")
    batcher.begin(ONE)
    batcher.add(make.frame(b""), bytes(module.MAX_BYTES - 2 * module.EVENT_BYTES))
    assert not batcher.due(0, MINUTE_NS)
    batcher.add(make.key("a"))
    assert batcher.due(0, MINUTE_NS)
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    few = Batcher("e")
    few.begin(ONE)
    few.add(make.key("a"))
    assert not few.due(0, 1 << 62)
    few.add(make.key("a"))
    assert few.due(0, 1 << 62)


def test_wiping_leaves_nothing() -> None:
    make, batcher = maker(), Batcher("e")
    batcher.begin(ONE)
    batcher.add(make.frame(b"pixels"), b"pixels")
    frames = batcher._frames
    assert [e.seq for e in batcher.wipe()] == [0]
    assert bytes(frames) == bytes(6)
    assert batcher.close() is None
    assert batcher.wipe() == []


# --- sealing ---


def closed() -> Batch:
    make = maker()
    events: list[Event] = [*make.typing("dear team"), make.pointer(), make.frame(b"image")]
    return Batch(ONE, Payload(events, b"image", account_of(events), "episode"))


def sealer() -> Sealer:
    """Of a person who reads along with the first key; the others come with the batch."""
    return Sealer(STUDY, KEY, IDENTITIES[0].recipient, RNG.randbytes)


def test_every_recipient_can_open_it_and_reads_the_same() -> None:
    batch = closed()
    envelope = parse(sealer().seal(batch, Link(0, None)).to_bytes())
    verify(envelope, public_bytes(KEY))
    for identity in IDENTITIES:
        assert unpack(age.decrypt(envelope.payload, [identity], limit=LIMIT)) == batch.payload
    with pytest.raises(age.NoMatchingIdentity):
        age.decrypt(envelope.payload, [STRANGER], limit=LIMIT)


def test_the_header_tells_what_it_must_and_no_more() -> None:
    previous = digest(b"before")
    envelope = sealer().seal(closed(), Link(7, previous))
    header = envelope.header
    assert (header.study, header.sequence, header.previous) == (STUDY, 7, previous)
    assert (header.consent, header.policy, header.notice) == (ONE.consent, ONE.policy, ONE.notice)
    assert header.device == fingerprint(public_bytes(KEY))
    assert set(header.recipients) == {i.recipient.fingerprint for i in IDENTITIES}
    newest = max(event.wall_ns for event in closed().payload.events)
    assert header.sealed_hour == newest // 10**9 // HOUR_S * HOUR_S
    whole = envelope.to_bytes()
    assert b"dear" not in whole
    assert b"mail\x00" not in whole


def test_only_those_under_whom_a_batch_was_captured_can_open_it() -> None:
    """A reader who left the study is left out from the next batch on, and not before."""
    batch = closed()
    fewer = Authority(ONE.consent, ONE.policy, ONE.notice, READERS[:1])
    envelope = sealer().seal(Batch(fewer, batch.payload), Link(0, None))
    assert set(envelope.header.recipients) == {i.recipient.fingerprint for i in IDENTITIES[:2]}
    with pytest.raises(age.NoMatchingIdentity):
        age.decrypt(envelope.payload, [IDENTITIES[2]], limit=LIMIT)


def test_the_same_batch_never_seals_to_the_same_bytes() -> None:
    batch, made = closed(), sealer()
    assert made.seal(batch, Link(0, None)).payload != made.seal(batch, Link(0, None)).payload


@given(st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_is_noticed(position: int, bit: int) -> None:
    data = bytearray(SEALED)
    data[position % len(data)] ^= 1 << bit
    with pytest.raises(EnvelopeError):
        verify(parse(bytes(data)), public_bytes(KEY))


SEALED = sealer().seal(closed(), Link(0, None)).to_bytes()
