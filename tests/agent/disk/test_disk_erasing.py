"""Deletion on the spool: any chain, any span, a cut between any two writes; the verifier accepts what is left."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.chain import BatchState
from agent.disk import spool as module
from agent.disk.spool import Spool
from research.trust import establish
from research.unseal import opener
from research.verify import Report, stream
from research.verify import begin as begin_report
from schemas.envelope import Envelope, parse
from schemas.events import GapEvent, GapReason
from schemas.payload import Payload
from schemas.signed import public_bytes
from schemas.wire import LedgerReply
from tests.agent.disk.erase_rig import Laptop, fingerprint_of
from tests.research.bench import Memory
from tests.support.crash import CHANGES, STEPS
from tests.support.devices import NS

KEYS = len("hello there")


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop.make(tmp_path)


def judged(laptop: Laptop, spool: Spool) -> tuple[Report, dict[int, Payload]]:
    """What a researcher finds in what the collector has in the end, and the content by place."""
    request = laptop.request(spool)
    ledger = LedgerReply(
        registrations=(laptop.device.registration,),
        consents=tuple(laptop.device.ledger),
        policies=(laptop.world.signed_policy,),
        manifests=(laptop.world.signed_manifest,),
        erasures=(request,) if request else (),
    )
    trust = establish(ledger, None, public_bytes(laptop.world.org_key))
    report, found = begin_report(trust, opened=True), dict[int, Payload]()
    opens = opener(laptop.world.researchers[0].identity)
    for outcome in stream([Memory.of(e) for e in laptop.arrived(spool)], trust, None, opens):
        report.take(outcome)
        assert outcome.header is not None
        assert outcome.payload is not None
        opened = outcome.payload
        found[outcome.header.sequence] = Payload(opened.events, opened.parts.frames, opened.account, opened.episode)
    return report, found


def check_index(spool: Spool) -> None:
    """Every held batch's file is what its row names, and names the one before it."""
    previous = None
    for row in spool.history():
        if row.state in (BatchState.WAITING, BatchState.REFUSED):
            envelope = parse(spool.read(row.sequence))
            assert (envelope.digest, envelope.header.previous) == (row.digest, previous)
            assert row.size == len(envelope.to_bytes())
        previous = row.digest


def delete(laptop: Laptop, spool: Spool, since_ns: int, *, key: bool = True) -> int:
    number = spool.intend(since_ns, 0)
    laptop.eraser(spool, key=key).finish()
    return number


def is_gap(payload: Payload, count: int = KEYS) -> bool:
    (event,) = payload.events
    assert isinstance(event, GapEvent)
    lost = payload.account.dropped["keyboard"]
    return (event.reason, event.count, lost, payload.account.kept) == (GapReason.DELETED, count, {"deleted": count}, {})


def test_what_waits_is_replaced_by_a_gap_and_the_rest_follows(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    made = [laptop.put(spool, n) for n in range(4)]
    number = delete(laptop, spool, laptop.begins_ns(2))
    (done,) = spool.deletions()
    assert (done.number, done.done, done.sealed, done.batches, done.asked) == (number, True, 2 * KEYS, 2, 0)
    assert (done.since_ns, done.asked_s) == (0, 0)
    check_index(spool)
    report, found = judged(laptop, spool)
    assert report.findings == []
    assert [is_gap(found[n]) for n in (2, 3)] == [True, True]
    assert found[2].account.seen == {"keyboard": KEYS, "pointer": 3}
    assert [len(found[n].events) for n in (0, 1)] == [KEYS, KEYS]
    assert [laptop.holds(fingerprint_of(e)) for e in made] == [True, True, False, False]
    assert [laptop.holds(e.digest.encode()) for e in made] == [True, True, False, False]
    laptop.put(spool, 5)
    assert judged(laptop, spool)[0].good
    spool.close()


def test_a_batch_whose_upload_began_is_asked_for_whether_or_not_it_arrived(laptop: Laptop) -> None:
    for number, received in enumerate((True, False)):
        laptop = Laptop.make(laptop.places.state.parent / str(number))
        spool = Spool(laptop.places)
        made = [laptop.put(spool, n) for n in range(3)]
        laptop.try_to_send(spool, 0, received=True, acknowledged=True)
        laptop.try_to_send(spool, 1, received=received, acknowledged=False)
        delete(laptop, spool, laptop.begins_ns(1))
        assert [r.state for r in spool.history()] == [BatchState.SENT, BatchState.ERASING, BatchState.WAITING]
        assert [r.digest for r, _ in spool.to_erase(9)] == [made[1].digest]
        check_index(spool)
        report, found = judged(laptop, spool)
        assert report.findings == []
        assert report.erased == 1
        assert found.keys() == {0, 2}
        assert is_gap(found[2])
        assert not laptop.holds(fingerprint_of(made[1]))
        spool.erased([1], b"word")
        assert spool.history()[1].state is BatchState.ERASED
        assert spool.to_erase(9) == []
        spool.close()


def test_what_was_sent_is_asked_for(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    for n in range(3):
        laptop.put(spool, n)
        laptop.try_to_send(spool, n, received=True, acknowledged=True)
    delete(laptop, spool, laptop.begins_ns(1))
    assert [r.state for r in spool.history()] == [BatchState.SENT, BatchState.ERASING, BatchState.ERASING]
    assert spool.deletions()[0].asked == 2
    delete(laptop, spool, 0)
    assert {r.state for r in spool.history()} == {BatchState.ERASING}
    assert [d.asked for d in spool.deletions()] == [2, 1]
    assert judged(laptop, spool)[0].good
    spool.close()


def test_the_empty_place_of_a_batch_waits_for_those_before_it(laptop: Laptop) -> None:
    """The collector can only keep a place empty behind the last that it has."""
    spool = Spool(laptop.places)
    for n in range(2):
        laptop.put(spool, n)
    for n in range(2):
        laptop.try_to_send(spool, n, received=False, acknowledged=False)
    delete(laptop, spool, laptop.begins_ns(1))
    assert [r.state for r in spool.history()] == [BatchState.WAITING, BatchState.ERASING]
    assert spool.to_erase(9) == []
    laptop.try_to_send(spool, 0, received=True, acknowledged=True)
    assert [r.sequence for r, _ in spool.to_erase(9)] == [1]
    spool.close()


def test_no_upload_begins_while_a_deletion_is_under_way_and_none_of_what_is_gone(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    laptop.put(spool, 0)
    old = spool.history()[0]
    spool.intend(0, 0)
    assert spool.begin(old) is None
    laptop.eraser(spool).finish()
    assert spool.begin(old) is None
    new = spool.history()[0]
    assert spool.begin(new) == spool.read(0)
    spool.close()


def test_an_answer_that_comes_after_the_deletion_changes_nothing(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    laptop.put(spool, 0)
    laptop.try_to_send(spool, 0, received=True, acknowledged=False)
    delete(laptop, spool, 0)
    spool.sent(0, b"late receipt")
    spool.refused(0)
    assert spool.history()[0].state is BatchState.ERASING
    spool.close()


def test_without_the_key_everything_goes_and_every_place_is_asked_for(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    made = [laptop.put(spool, n) for n in range(3)]
    delete(laptop, spool, laptop.begins_ns(1), key=False)
    assert [r.state for r in spool.history()] == [BatchState.WAITING, BatchState.ERASING, BatchState.ERASING]
    assert not any(laptop.holds(fingerprint_of(e)) for e in made[1:])
    laptop.put(spool, 4)
    assert judged(laptop, spool)[0].findings == []
    spool.close()


def test_a_full_disk_keeps_no_batch_from_going(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(laptop.places)
    made = [laptop.put(spool, n) for n in range(2)]

    def refuse(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_over", refuse)
        delete(laptop, spool, 0)
    assert not any(laptop.holds(fingerprint_of(e)) for e in made)
    assert judged(laptop, spool)[0].findings == []
    spool.close()


def test_an_index_of_the_version_before_is_brought_up_and_its_batches_go_uncounted(laptop: Laptop) -> None:
    index = sqlite3.connect(laptop.places.state / "index.sqlite")
    index.execute(
        "CREATE TABLE batch (sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,"
        " sealed_s INTEGER NOT NULL, state TEXT NOT NULL, receipt BLOB)"
    )
    index.execute("INSERT INTO batch VALUES (0, 'a', 1, 1, 'sent', x'00')")
    index.commit()
    index.close()
    spool = Spool(laptop.places)
    (row,) = spool.history()
    assert (row.state, row.extent, row.tried, row.deletion) == (BatchState.SENT, None, True, None)
    spool.close()
    (laptop.places.state / "index.sqlite").unlink()
    spool = Spool(laptop.places)
    laptop.put(spool, 0, known=False)
    laptop.put(spool, 1, known=False)
    delete(laptop, spool, laptop.begins_ns(2) - NS)  # nobody can tell when it began; it ended in that time
    report, found = judged(laptop, spool)
    assert report.findings == []
    assert [len(found[n].events) for n in (0, 1)] == [KEYS, 0]
    spool.close()


@st.composite
def chains(draw: st.DrawFn) -> tuple[int, int, int, list[bool], int | None, bool]:
    """Batches, acknowledged ones, tried ones after them, which of those arrived, since which batch, key at hand."""
    count = draw(st.integers(1, 5))
    sent = draw(st.integers(0, count))
    tried = draw(st.integers(0, min(2, count - sent)))
    got = draw(st.integers(0, tried))  # the collector takes nothing behind what it has not
    return (
        count,
        sent,
        tried,
        [n < got for n in range(tried)],
        draw(st.none() | st.integers(0, count)),
        draw(st.booleans()),
    )


def built(laptop: Laptop, spool: Spool, drawn: tuple[int, int, int, list[bool], int | None, bool]) -> list[Envelope]:
    count, sent, _, arrived, _, _ = drawn
    made = []
    for n in range(count):
        made.append(laptop.put(spool, n))
        if n < sent:
            laptop.try_to_send(spool, n, received=True, acknowledged=True)
    for n, received in enumerate(arrived, sent):
        laptop.try_to_send(spool, n, received=received, acknowledged=False)
    return made


def check(laptop: Laptop, spool: Spool, made: list[Envelope], first: int) -> None:
    """Nothing from a batch on is anywhere; all before it is; the verifier has nothing to say; the counts add up."""
    check_index(spool)
    report, found = judged(laptop, spool)
    assert report.findings == []
    assert [len(found[n].events) for n in range(first)] == [KEYS] * first
    for number, envelope in enumerate(made):
        if number >= first:
            assert not laptop.holds(fingerprint_of(envelope))
            assert number not in found or is_gap(found[number])
    asked = sum(r.state is BatchState.ERASING for r in spool.history())
    assert report.erased == asked
    assert len(found) + asked == len(made)
    total = sum(sum(p.account.seen.values()) for p in found.values())
    assert total == sum(KEYS + n + 1 for n in found)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=chains())
def test_any_chain_any_span(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    laptop = Laptop.make(tmp_path_factory.mktemp("any"))
    spool = Spool(laptop.places)
    made = built(laptop, spool, drawn)
    since = drawn[4]
    delete(laptop, spool, 0 if since is None else laptop.begins_ns(since), key=drawn[5])
    check(laptop, spool, made, since or 0)
    spool.close()


class Cut(BaseException):
    """The program ends here."""


class Knife:
    """Cuts before the N-th durable step."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Cut


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Knife]]:
    """While a knife is in the list, every durable step of this process may be the last."""
    held: list[Knife] = []

    def before(function: Any) -> Any:
        def stepped(*arguments: Any, **named: Any) -> Any:
            for knife in held:
                knife.step()
            return function(*arguments, **named)

        return stepped

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
            if sql.lstrip().upper().startswith(CHANGES):
                for knife in held:
                    knife.step()
            return super().execute(sql, *arguments)

    real = sqlite3.connect
    for name in STEPS:
        monkeypatch.setattr(f"os.{name}", before(getattr(__import__("os"), name)))
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **n: real(*a, factory=Connection, **n))
    yield held
    held.clear()


@pytest.mark.parametrize("key", [True, False])
def test_cut_between_any_two_writes_it_is_finished_at_the_next_start(
    tmp_path: Path,
    cuts: list[Knife],
    key: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    for at in range(1, 200):
        laptop = Laptop.make(tmp_path / f"{key}-{at}")
        spool = Spool(laptop.places)
        made = built(laptop, spool, (5, 1, 1, [True], None, key))
        spool.intend(laptop.begins_ns(0), 0)
        cuts.append(Knife(at))
        try:
            laptop.eraser(spool, key=key).finish()
        except Cut:
            done = False
        else:
            done = True
        cuts.clear()
        spool.close()
        spool = Spool(laptop.places)
        assert bool(spool.deletions(unfinished=True)) is not done
        laptop.eraser(spool).finish()  # and the key may be there again
        check(laptop, spool, made, 0)
        assert list(laptop.places.spool.glob("*.part")) == []
        spool.close()
        if done:
            assert at > 10
            return
    raise AssertionError("it never came through")
