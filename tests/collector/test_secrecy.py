"""A stolen collector: nothing that was typed, no code and no private key is in any byte that it keeps or logs."""

import base64
import json
import sqlite3
from pathlib import Path

from schemas.base import base64url
from tests.support.collectors import running
from tests.support.devices import World
from tests.support.dumps import memory


def shapes(text: str) -> list[bytes]:
    """A planted text as it could lie about: raw, UTF-16, reversed, base64 at each alignment, hexadecimal."""
    raw = text.encode()
    encoded = [base64.b64encode(bytes(n) + raw)[(n * 8 + 5) // 6 :].rstrip(b"=")[:-1] for n in range(3)]
    return [raw, text.encode("utf-16-le"), raw[::-1], raw.hex().encode(), *encoded]


def sweep(folder: Path, planted: list[str]) -> list[tuple[str, int]]:
    """Where any shape of any planted text is found: file and number of the text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [
        (path.name, number)
        for path in files
        for data in [path.read_bytes()]
        for number, text in enumerate(planted)
        if any(shape in data for shape in shapes(text))
    ]


def test_the_sweep_finds_what_is_there(tmp_path: Path) -> None:
    canary = "canary-of-the-sweep"
    for number, shape in enumerate(shapes(canary)):
        (tmp_path / str(number)).write_bytes(b"before" + shape + b"after")
    (tmp_path / "wrapped").write_bytes(base64.b64encode(b"xy" + canary.encode() + b"z"))
    assert len(sweep(tmp_path, [canary])) == len(shapes(canary)) + 1


def test_a_stolen_collector_is_useless(tmp_path: Path) -> None:
    world = World.make("stolen")
    typed = [f"canary-{world.rng.randbytes(9).hex()}" for _ in range(4)]
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        for text in typed:
            maker = device.make
            events = [maker.focus(title=text), *maker.typing(text), maker.frame(text.encode())]
            collector.put(device, device.envelope(events, frames=text.encode())).raise_for_status()
        collector.put(device, device.envelope(readers=device.readers()[1:], keep=False))  # a refused one, too
        for row in collector.listing(world.researchers[0]):
            collector.get(world.researchers[0], f"/v1/batches/{row['digest']}").raise_for_status()
        assert sweep(tmp_path, [*typed, *world.codes]) == []  # while it runs, with its write-ahead log
        collector.stop()
    keys = [device.key, world.org_key, *(r.key for r in world.researchers)]
    secrets = [base64url(key.private_bytes_raw()) for key in keys]
    secrets += [actor.identity.encode() for actor in world.researchers] + [device.review.encode()]
    assert sweep(tmp_path, [*typed, *world.codes, *secrets]) == []


def test_logs_name_nobody_and_nothing(tmp_path: Path) -> None:
    world = World.make("logs")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        envelope = device.envelope()
        collector.put(device, envelope)
        collector.get(world.researchers[0], f"/v1/batches/{envelope.digest}", reason="a very private reason")
        collector.call("GET", "/v1/nothing-but-a-canary-in-an-address?code=canary")
        log = collector.log.read_text()
    banned = [
        device.fingerprint,
        device.participant,
        device.code,
        envelope.digest,
        device.consent,
        world.trust,
    ]
    for text in [*banned, "private reason", "canary", "Signature"]:
        assert text not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert {line["event"] for line in lines} == {"starting", "listening", "request"}


def test_nothing_tells_which_code_enrolled_which_device(tmp_path: Path) -> None:
    world = World.make("codes")
    with running(tmp_path, world) as collector:
        devices = [world.device() for _ in range(5)]
        for device in devices:
            collector.enrol(device).raise_for_status()
        assert (collector.data / "ledger.db-wal").stat().st_size == 0
        with sqlite3.connect(collector.data / "ledger.db") as rows:
            columns = {
                table: [c[1] for c in rows.execute(f"PRAGMA table_info({table})")] for table in ("codes", "devices")
            }
            used = rows.execute("SELECT count(*) FROM codes WHERE used").fetchone()[0]
            order = [r[0] for r in rows.execute("SELECT device FROM devices")]
        rows.close()
    assert columns["codes"] == ["digest", "expires_s", "used"]
    assert columns["devices"] == ["device", "digest", "body", "received_hour"]
    assert used == len(devices)
    assert order == sorted(order)


def test_only_its_owner_reads_the_data_folder(tmp_path: Path) -> None:
    world = World.make("modes")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        collector.put(device, device.envelope()).raise_for_status()
        for path in [collector.data, *collector.data.rglob("*")]:
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_the_memory_of_a_running_collector_holds_nothing_that_was_typed(tmp_path: Path) -> None:
    """As if root had dumped the process while it served. Its own receipt key is in there, and codes pass through it."""
    world = World.make("dump")
    typed = [f"canary-{world.rng.randbytes(9).hex()}" for _ in range(3)]
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        for text in typed:
            events = [device.make.focus(title=text), *device.make.typing(text)]
            collector.put(device, device.envelope(events, frames=text.encode())).raise_for_status()
        for row in collector.listing(world.researchers[0]):
            collector.get(world.researchers[0], f"/v1/batches/{row['digest']}").raise_for_status()
        keys = [device.key, world.org_key, *(r.key for r in world.researchers)]
        raw = [key.private_bytes_raw() for key in keys]
        secrets = [base64url(r) for r in raw]
        secrets += [actor.identity.encode() for actor in world.researchers] + [device.review.encode()]
        wanted = [*raw, *(shape for text in [*typed, *secrets] for shape in shapes(text))]
        known, hits = 0, 0
        for piece in memory(collector.pid):
            known += piece.count(device.fingerprint.encode())
            hits += sum(piece.count(each) for each in wanted)
    assert known > 0  # the dump is the collector's
    assert hits == 0
