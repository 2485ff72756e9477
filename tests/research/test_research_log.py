"""The transparency log and the feed of withdrawals: followed at each pull, checked again offline, and never old."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from research import cli, desk, feed, keys, readings
from research.client import Collector as Client
from research.feed import FeedBrokenError
from research.folder import Folder
from research.keys import Pin
from research.reasons import Reason
from research.sdk import Study
from research.sweep import StaleError
from schemas.access import ErasureCause
from schemas.base import unbase64url
from schemas.feed import FEED_LEASE_S, FIRST_HEAD, FeedEntry, FeedPage, GoneBatch, next_head
from schemas.signed import SignedDocument, public_bytes, public_key_text, sign
from tests.research.bench import COLLECTOR, Bench
from tests.support.collectors import Collector
from tests.support.devices import World
from tests.support.waiting import until


def run(*arguments: str | Path) -> int:
    try:
        cli.main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _reasons(folder: Folder, home: Path) -> list[Reason]:
    return [f.reason for f in desk.verify(folder, None, home, headers_only=False, now_s=int(time.time())).findings]


def _flip(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (path,) = root.rglob(name)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))

    return change


BROKEN: dict[str, tuple[Callable[[Path], None], Reason]] = {
    "no log": (lambda root: shutil.rmtree(root / "log"), Reason.LOG_MISSING),
    "a hash": (_flip("000.p"), Reason.LOG_BROKEN),
    "the checkpoint": (_flip("checkpoint"), Reason.LOG_BROKEN),
    "an opening": (_flip("openings.json"), Reason.LOG_BROKEN),
    "no tile": (lambda root: shutil.rmtree(root / "log" / "tile"), Reason.LOG_BROKEN),
    "the feed": (_flip("feed.json"), Reason.FEED_BROKEN),
    "no feed": (lambda root: (root / "feed.json").unlink(), Reason.STALE),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_with_log_and_feed_is_named(busy: Bench, tmp_path: Path, what: str) -> None:
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    report = desk.verify(folder, None, home, headers_only=False, now_s=int(time.time()))
    assert report.findings == []
    assert report.logged == len(busy.ledger().consents) + 2
    change, reason = BROKEN[what]
    if what == "a hash":
        change = _flip(next((folder.root / "log" / "tile" / "0").rglob("*.p/*")).name)
    change(folder.root)
    assert _reasons(folder, home) == [reason]


def test_a_document_that_is_not_in_the_log_is_named(busy: Bench, tmp_path: Path) -> None:
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    busy.save_log(folder, lacking=2)
    (finding,) = desk.verify(folder, None, home, headers_only=True).findings
    assert (finding.reason, finding.count) == (Reason.NOT_LOGGED, 2)


def test_nothing_goes_by_a_feed_older_than_its_lease(busy: Bench, tmp_path: Path) -> None:
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    busy.save_feed(folder, int(time.time()) - FEED_LEASE_S - 1)  # though the folder itself says that it was pulled now
    assert _reasons(folder, home) == [Reason.STALE]
    assert run("export", folder.root, "--out", tmp_path / "out", "--home", home) == 1
    assert run("sweep", folder.root, "--receipt", tmp_path / "r.json", "--home", home, "--offline") == 1
    assert run("lineage", folder.root, "--home", home) == 1
    with pytest.raises(StaleError):
        Study.open(folder.root, home)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("cause", "named"), [(ErasureCause.RETENTION, False), (ErasureCause.ASKED, True)])
def test_only_what_the_notices_time_ended_goes_by_the_collectors_word(
    busy: Bench,
    tmp_path: Path,
    cause: ErasureCause,
    named: bool,  # noqa: FBT001
) -> None:
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    device = busy.world.devices[0]
    gone = device.envelopes[1]
    folder.blob(gone.digest).unlink()
    listing = folder.listing()
    assert listing
    rows = tuple(row for row in listing.rows if row.digest != gone.digest)
    (folder.root / "batches.json").write_text(listing.model_copy(update={"rows": rows}).model_dump_json())
    batch = GoneBatch(sequence=1, digest=gone.digest)
    entry = FeedEntry(number=1, cause=cause, device=device.fingerprint, hour=0, batches=(batch,))
    page = busy.feed_page(int(time.time()), [entry])
    ledger = folder.ledger().model_copy(update={"expired": (page,)})
    (folder.root / "ledger.json").write_text(ledger.model_dump_json())
    assert (Reason.CHAIN_GAP in _reasons(folder, home)) == named


class _Feeder:
    """Stands in for a collector that serves these entries as its feed, two a page."""

    def __init__(self, entries: list[FeedEntry], key: Ed25519PrivateKey = COLLECTOR) -> None:
        self.entries, self.key = entries, key

    def feed(self, after: int = 0) -> SignedDocument:
        heads = [FIRST_HEAD]
        for entry in self.entries:
            heads.append(next_head(heads[-1], entry))
        page = FeedPage(version=1, study="s", after=after, before=heads[after], entries=self.entries[after : after + 2],
                        total=len(self.entries), head=heads[-1], checkpoint="", issued_s=0, lease_s=1)  # fmt: skip
        return sign(page, self.key)


def _entry(number: int, digest: str = "0" * 64) -> FeedEntry:
    batch = GoneBatch(sequence=number, digest=digest)
    return FeedEntry(number=number, cause=ErasureCause.ASKED, device="1" * 64, hour=0, batches=(batch,))


def test_a_feed_is_followed_page_by_page_and_may_only_grow(tmp_path: Path) -> None:
    key = public_bytes(COLLECTOR)
    for count in (0, 3, 5):
        server: object = _Feeder([_entry(n + 1) for n in range(count)])
        assert len(feed.fetch(server, tmp_path, "s", key).entries) == count  # type: ignore[arg-type]
    kept = (tmp_path / feed.FILE).read_bytes()
    liars = (
        _Feeder([_entry(n + 1) for n in range(4)]),
        _Feeder([_entry(1, "2" * 64), *(_entry(n + 1) for n in range(1, 6))]),
        _Feeder([_entry(n + 1) for n in range(6)], Ed25519PrivateKey.from_private_bytes(bytes(32))),
    )
    for liar in liars:
        with pytest.raises(FeedBrokenError):
            feed.fetch(liar, tmp_path, "s", key)  # type: ignore[arg-type]
        assert (tmp_path / feed.FILE).read_bytes() == kept


def test_a_pull_proves_the_log_and_an_audit_follows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, data = World.make(21), tmp_path / "data"
    with Collector(tmp_path / "server", world.trust, "--log-period", "1") as collector:
        collector.publish_all(world)
        device = collector.join(world)
        collector.put(device, device.envelope([device.make.key("a")])).raise_for_status()
        actor = world.researchers[0]
        keys.create(tmp_path / "home", actor.name, actor.identity._seed, actor.key.private_bytes_raw())
        keys.save_pin(tmp_path / "home", Pin(collector=collector.url, organisation=world.trust, study="mail-study"))
        at = ("--home", tmp_path / "home", "--json")

        def all_placed() -> bool:
            capsys.readouterr()
            assert run("pull", "--out", data, "--reason", "Run 4", *at) == 0
            told = json.loads(capsys.readouterr().out)
            return bool(told["documents_waiting"] == 0 and told["documents_proved"] >= 3)

        until(all_placed, 60, "the log to take everything in")
        assert run("audit", data, "--reason", "Audit", *at) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["log"]["before"] > 0
        assert told["log"]["lacking"] == []
        assert {(deed["what"], deed["why"]) for deed in told["here"]} == {("pull", "Run 4")}
        assert run("export", data, "--out", tmp_path / "out", "--reason", "Epoch 1", *at) == 0
        capsys.readouterr()
        assert run("audit", data, "--reason", "Audit", *at) == 0
        assert ("export", "Epoch 1") in {(d["what"], d["why"]) for d in json.loads(capsys.readouterr().out)["here"]}
        assert run("verify", data, *at) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["logged"] >= 3
        (data / "log" / "checkpoint").write_text("another log\n")
        assert run("audit", data, "--reason", "Audit", *at) == 1
        assert run("pull", "--out", data, "--reason", "Run 5", *at) == 1


def _lies_about_readings_are_found_out(asked: Client, folder: Path, home: Path) -> None:
    pin = keys.load_pin(home)
    rows = tuple(asked.pulls())
    other = rows[0].model_copy(update={"pull": rows[0].pull.model_copy(update={"reason": "something nicer"})})
    for told, not_in_log, not_told in ((rows[1:], 0, 1), ((*rows, other), 1, 0), ((other, *rows[1:]), 1, 1)):
        asked.pulls = lambda told=told: iter(told)  # type: ignore[method-assign,misc]
        found = readings.readings(asked, folder, pin.study, unbase64url(pin.collector_key or ""))
        assert (len(found.not_in_log), len(found.not_told)) == (not_in_log, not_told)
    asked.close()


def test_what_may_be_asked_before_anything_is_pulled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``studies`` and ``query`` at a real collector, with six people, and with too few to tell a number."""
    world, home = World.make(23), tmp_path / "home"
    with Collector(tmp_path / "server", world.trust, "--log-period", "1") as collector:
        collector.publish_all(world)
        actor, key = world.researchers[0], public_key_text(world.org_key)
        keys.create(home, actor.name, actor.identity._seed, actor.key.private_bytes_raw())
        at = ("--home", home, "--json")
        assert run("enrol", "--collector", collector.url, "--organisation", key, *at) == 0
        capsys.readouterr()
        assert run("studies", *at) == 0
        (study,) = json.loads(capsys.readouterr().out)["studies"]
        assert (study["study"], study["names_you"]) == ("mail-study", True)
        for people, told in ((4, None), (2, 6)):
            for _ in range(people):
                device = collector.join(world)
                collector.put(device, device.envelope(device.make.typing("dear team"))).raise_for_status()
            assert run("query", "--reason", "Planning", "--by", "app", *at) == 0
            found = json.loads(capsys.readouterr().out)
            assert found["total"]["participants"] == told
            assert found["ground"] == "agreed"
        assert {cell["participants"] for cell in found["cells"]} == {6}
        assert run("query", *at) == 2, "without a reason"


def test_an_auditor_sees_who_read_what_and_why_each_proved_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, auditor, home = World.make(22), Ed25519PrivateKey.from_private_bytes(bytes(range(32))), tmp_path / "home"
    options = ("--log-period", "1", "--auditor", public_key_text(auditor))
    with Collector(tmp_path / "server", world.trust, *options) as collector:
        collector.publish_all(world)
        device, actor = collector.join(world), world.researchers[0]
        names = [device.envelope().digest for _ in range(2)]
        for made, name in zip(device.envelopes, names, strict=True):
            collector.put(device, made).raise_for_status()
            collector.get(actor, f"/v1/batches/{name}", reason="Run 4").raise_for_status()
        keys.create(home, "Auditor", bytes(32), auditor.private_bytes_raw())
        key = public_key_text(world.org_key)
        assert run("enrol", "--collector", collector.url, "--organisation", key, "--home", home) == 0
        command = ("audit", tmp_path / "audit", "--reason", "Audit", "--everyone", "--home", home)

        def all_placed() -> bool:
            capsys.readouterr()
            assert run(*command, "--json") == 0
            told.update(json.loads(capsys.readouterr().out))
            return bool(told["log"]["waiting"] == 0)

        told: dict[str, Any] = {}
        until(all_placed, 60, "the log to take everything in")
        assert {(row["batch"], row["name"], row["why"]) for row in told["readings"]} == {
            (name, actor.name, "Run 4") for name in names
        }
        assert told["log"]["proved"] >= len(names)
        assert run(*command) == 0
        assert "Run 4" in capsys.readouterr().out
        _lies_about_readings_are_found_out(Client(collector.url, auditor, "Audit"), tmp_path / "audit", home)
        (tmp_path / "audit" / readings.SEEN).write_text("another log\n")
        assert run(*command) == 1
        assert run("audit", tmp_path / "audit", "--reason", "Audit", "--home", home) == 1, "it is no researcher's key"
