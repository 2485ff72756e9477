"""The transparency log on both databases and on a real server: dense, append-only, proved, and a rewrite is noticed."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import pytest

from collector.limits import LOG_FILL
from collector.ports import Ledger
from collector.postgres import PostgresLedger
from collector.rows import Pull
from collector.sqlite import SqliteLedger
from research.client import Collector as Researcher
from research.log import LogBrokenError, audit
from schemas.access import AccessReply, pull_digest
from schemas.base import digest, unbase64url
from schemas.checkpoint import CheckpointError, origin_of
from schemas.feed import FeedPage, StaleFeedError, check_lease, head_after
from schemas.log import LogKind, Opening, OpeningPage, commitment, entry_of, unpack_entries
from schemas.log_check import LogView, follow
from schemas.merkle import ProofError, leaf_hash, root_of
from schemas.signed import fingerprint, parse_signed, verify
from schemas.wire import LedgerReply, StudyReply
from tests.collector.test_access import erase
from tests.collector.test_ledger import Ledgers, at_once, ledgers, opened, with_ledger
from tests.support.collectors import Collector
from tests.support.devices import Device, World
from tests.support.waiting import until

__all__ = ["ledgers"]
KINDS = tuple(LogKind)
ORIGIN = origin_of("mail-study")


@pytest.fixture
def world() -> World:
    return World.make("log")


@pytest.fixture
def collector(tmp_path: Path, world: World) -> Iterator[Collector]:
    """One whose log grows every second."""
    with Collector(tmp_path / "data", world.trust, "--log-period", "1") as made:
        made.publish_all(world)
        yield made


def key_of(collector: Collector) -> bytes:
    reply = StudyReply.model_validate_json(collector.call("GET", "/v1/study").content)
    return unbase64url(reply.collector_key)


def fetch(collector: Collector, path: str) -> bytes:
    return collector.call("GET", f"/v1/log/{path}").raise_for_status().content


def view(collector: Collector, before: LogView | None = None) -> LogView:
    return follow(partial(fetch, collector), ORIGIN, key_of(collector), before.checkpoint if before else None)


def openings(collector: Collector, device: Device) -> list[Opening]:
    reply = collector.signed(device, "GET", "/v1/log/openings?limit=500").raise_for_status()
    return list(OpeningPage.model_validate_json(reply.content).rows)


def all_placed(collector: Collector, device: Device) -> bool:
    return all(opening.position is not None for opening in openings(collector, device))


def researcher(collector: Collector, world: World) -> Researcher:
    return Researcher(collector.url, world.researchers[0].key, "checking", collector.client)


def test_what_happened_is_in_the_log_for_whom_it_concerns(collector: Collector, world: World, tmp_path: Path) -> None:
    mine, other = collector.join(world), collector.join(world)
    for device in (mine, other):
        collector.put(device, device.envelope()).raise_for_status()
    first = view(collector)
    collector.get(world.researchers[0], f"/v1/batches/{mine.envelopes[0].digest}").raise_for_status()
    asked = erase(collector, mine, 1)
    until(lambda: all_placed(collector, mine), 20, "the log to be extended")
    later = view(collector, first)
    found = openings(collector, mine)
    for opening in found:
        later.prove(opening)
    record = AccessReply.model_validate_json(collector.signed(mine, "GET", "/v1/access").content)
    assert {(o.kind, o.subject) for o in found} == {
        (LogKind.CONSENT, mine.ledger[0].digest),
        (LogKind.ERASURE, asked),
        (LogKind.PULL, pull_digest(record.pulls[0].pull)),
    }
    with pytest.raises(ProofError):
        later.prove(found[0].model_copy(update={"subject": digest(b"something else")}))
    bundle = unpack_entries(fetch(collector, f"tile/entries/000.p/{min(255, later.checkpoint.size)}"))
    assert entry_of(found[0]) in bundle
    public = OpeningPage.model_validate_json(fetch(collector, "openings/public"))
    assert [o.subject for o in public.rows] == [world.signed_manifest.digest, world.signed_policy.digest]
    desk = researcher(collector, world)
    ledger = LedgerReply.model_validate_json(collector.get(world.researchers[0], "/v1/ledger").content)
    report = audit(desk, tmp_path, "mail-study", key_of(collector), ledger)
    assert (report.lacking, report.waiting, report.before) == ((), 0, 0)
    assert report.proved >= 5
    assert audit(desk, tmp_path, "mail-study", key_of(collector), ledger).before == report.size


def test_the_log_grows_alike_whether_anything_happens_or_not(collector: Collector, world: World) -> None:
    sizes = []
    for _ in range(3):
        sizes.append(view(collector).checkpoint.size)
        collector.join(world)
        until(lambda: view(collector).checkpoint.size > sizes[-1], 20, "the log to grow")
    assert not [size for size in sizes if size % LOG_FILL]
    before = view(collector)
    until(lambda: view(collector, before).checkpoint.size > before.checkpoint.size, 20, "it to grow by itself")


def test_a_rewrite_is_noticed(collector: Collector, world: World, tmp_path: Path) -> None:
    """Somebody with the database and the key takes an answer out, and builds log and checkpoint anew."""
    device = collector.join(world)
    until(lambda: all_placed(collector, device), 20, "the log to be extended")
    before = view(collector)
    desk, empty = researcher(collector, world), LedgerReply(registrations=(), consents=(), policies=(), manifests=())
    audit(desk, tmp_path, "mail-study", key_of(collector), empty)
    collector.kill()
    with sqlite3.connect(collector.data / "ledger.db") as database:
        database.execute("DELETE FROM log WHERE kind = 'consent'")
        database.execute("UPDATE log SET position = NULL")
        database.execute("DELETE FROM log_tiles")
        database.execute("DELETE FROM log_heads")
    collector.start()
    until(lambda: view(collector).checkpoint.size > before.checkpoint.size, 60, "the new log to be as long")
    with pytest.raises(ProofError):
        view(collector, before)
    desk = researcher(collector, world)
    with pytest.raises(LogBrokenError):
        audit(desk, tmp_path, "mail-study", key_of(collector), empty)


def test_one_changed_entry_is_noticed(collector: Collector, world: World) -> None:
    """Only the entry, its hash and the head are changed: the old root has to be led to, and is not."""
    device = collector.join(world)
    until(lambda: all_placed(collector, device), 20, "the log to be extended")
    before, key = view(collector), key_of(collector)
    collector.kill()
    with sqlite3.connect(collector.data / "ledger.db") as database:
        (data,) = database.execute("SELECT data FROM log_tiles WHERE level = 0 AND number = 0").fetchone()
        changed = leaf_hash(b"x" * 32) + data[32:]
        database.execute("UPDATE log_tiles SET data = ? WHERE level = 0 AND number = 0", (changed,))
        root = root_of([changed[i : i + 32] for i in range(0, len(changed), 32)])
        database.execute("UPDATE log_heads SET root = ? WHERE size = (SELECT max(size) FROM log_heads)", (root,))
    collector.start()
    with pytest.raises(ProofError):
        view(collector, before)
    with pytest.raises(CheckpointError):
        follow(partial(fetch, collector), ORIGIN, bytes(32), None)
    assert key == key_of(collector)


def test_odd_tiles_are_refused(collector: Collector) -> None:
    odd = "0/x/000 9/000 0/000.p/256 0/999 entries/000.p/0 0/../000 0/0 0/x999/x999/x999/x999/999"
    assert {collector.call("GET", f"/v1/log/tile/{path}").status_code for path in odd.split()} == {404}


def test_the_feed_is_signed_chained_and_leased(collector: Collector, world: World) -> None:
    device = collector.join(world)
    for _ in range(2):
        collector.put(device, device.envelope()).raise_for_status()
    asked = [erase(collector, device, count) for count in (1, 2)]
    desk, raw = researcher(collector, world), key_of(collector)
    page = verify(desk.feed(), FeedPage, {fingerprint(raw): raw})
    assert [entry.request for entry in page.entries] == asked
    assert (page.total, head_after(page)) == (2, page.head)
    rest = verify(desk.feed(1), FeedPage, {fingerprint(raw): raw})
    assert (rest.entries, head_after(rest)) == (page.entries[1:], page.head)
    assert verify(desk.feed(99), FeedPage, {fingerprint(raw): raw}).entries == ()
    check_lease(page, page.issued_s + page.lease_s)
    for late in (page.issued_s + page.lease_s + 1, page.issued_s - 3600):
        with pytest.raises(StaleFeedError):
            check_lease(page, late)
    for wrong in ({"entries": page.entries[1:]}, {"head": "1" * 64}, {"before": "1" * 64}, {"total": 1}):
        with pytest.raises(ProofError):
            head_after(page.model_copy(update=wrong))
    assert parse_signed(desk.feed().to_bytes()).payloadType.endswith("feed-page.v1+json")


def test_collectors_that_share_a_database_extend_one_log(ledgers: Ledgers) -> None:
    """They write and extend at once: places are dense, each once, and the root is that of the entries."""

    async def work() -> None:
        async with opened(ledgers) as one, opened(ledgers) as two:
            if isinstance(one, SqliteLedger):
                two = one  # noqa: PLW2901  # a file has one collector
            for period in range(1, 4):
                pulls = [Pull("a" * 64, digest(bytes([period, n])), "why", n) for n in range(20)]
                each = (one, two)
                writes = [partial(each[n % 2].add_pull, pull) for n, pull in enumerate(pulls)]
                await at_once(*writes, partial(one.merge_log, period), partial(two.merge_log, period))
            assert await one.merge_log(3) is False
            assert await one.merge_log(4)
            await check(one)

    async def check(ledger: Ledger) -> None:
        head = await ledger.log_head()
        assert head is not None
        rows = await ledger.openings(KINDS, None, 0, 1000)
        places = [row.position for row in rows]
        assert None not in places
        assert len(set(places)) == len(rows) == 60
        entries = b"".join([await ledger.log_tile(-1, n) or b"" for n in range(-(-head.size // 256))])
        leaves = [entries[i : i + 32] for i in range(0, len(entries), 32)]
        assert len(leaves) == head.size
        assert root_of([leaf_hash(leaf) for leaf in leaves]) == head.root
        for row in rows:
            assert leaves[row.position or 0] == commitment(LogKind(row.kind), row.subject, row.salt)

    anyio.run(work)


def test_a_long_log_keeps_its_tiles(ledgers: Ledgers) -> None:
    """Past the second level's first tile; on the faster database only, for the other does the same."""

    async def work(ledger: Ledger) -> None:
        if isinstance(ledger, PostgresLedger):
            return
        for period in range(1, 20):
            for n in range(40):
                await ledger.add_pull(Pull("a" * 64, digest(bytes([period, n])), "why", n))
            assert await ledger.merge_log(period)
        head = await ledger.log_head()
        assert head is not None
        assert head.size == 19 * 2 * LOG_FILL
        assert len(await ledger.log_tile(1, 0) or b"") == (head.size // 256) * 32

    with_ledger(ledgers, work)


def test_a_database_from_before_the_log_gets_all_that_was_in_it(tmp_path: Path, world: World) -> None:
    with Collector(tmp_path / "old", world.trust) as old:
        old.publish_all(world)
        device = old.join(world)
        old.put(device, device.envelope()).raise_for_status()
        old.get(world.researchers[0], f"/v1/batches/{device.envelopes[0].digest}").raise_for_status()
        erase(old, device, 1)
        before = sorted((o.kind, o.subject) for o in openings(old, device))
        feed = researcher(old, world).feed()
        old.stop()
        with sqlite3.connect(old.data / "ledger.db") as database:
            for table in ("log", "log_tiles", "log_heads", "feed", "visits", "holds"):
                database.execute(f"DROP TABLE {table}")
            database.execute("ALTER TABLE batches DROP COLUMN due_hour")
            database.execute("UPDATE alembic_version SET version_num = '0002'")
        old.start()
        assert sorted((o.kind, o.subject) for o in openings(old, device)) == before
        raw = key_of(old)
        pages = [verify(each, FeedPage, {fingerprint(raw): raw}) for each in (feed, researcher(old, world).feed())]
        assert pages[0].entries == pages[1].entries
        assert pages[0].head == pages[1].head
