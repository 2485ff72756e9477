"""G10 to the end, with a real collector: exported to every format, taken back, and not one planted byte is left."""

import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from research import cli, keys
from research.adapters import ADAPTERS
from research.keys import Pin
from schemas.access import AccessReply
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.signed import sign
from tests.research.bench import filmed, picture
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World

WORDS = "zebra crossing at midnight"
PIXELS = picture((160, 120), (17, 203, 99), "planted")


def run(*arguments: str | Path) -> int:
    try:
        cli.main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _join(collector: Collector, world: World, planted: bool) -> Device:  # noqa: FBT001
    device = collector.join(world)
    make = device.make
    words = make.text(WORDS) if planted else make.text("nothing of the kind at all")
    collector.put(device, device.envelope([make.focus(), *make.typing("hello"), words])).raise_for_status()
    frames, section = filmed(device, 2)
    last = make.frame(PIXELS, offset=len(section), size=(160, 120), app="editor")
    more = [*frames, last] if planted else frames
    events = [*more, *make.typing("more"), make.pointer("down"), make.pointer("up")]
    collector.put(device, device.envelope(events, frames=section + PIXELS if planted else section)).raise_for_status()
    return device


def _home(root: Path, world: World, url: str) -> Path:
    actor = world.researchers[0]
    keys.create(root, actor.name, actor.identity._seed, actor.key.private_bytes_raw())
    keys.save_pin(root, Pin(collector=url, organisation=world.trust, study=world.manifest.study))
    return root


def _arrow(out: Path, cache: Path) -> None:
    """Copies as `datasets` keeps them: plain Arrow streams under names of its own."""
    for path in out.glob("*/*.parquet"):
        rows = pq.read_table(path)
        cache.mkdir(exist_ok=True)
        copy = str(cache / f"{path.parent.name[-6:]}-{path.stem}.arrow")
        with pa.OSFile(copy, "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)


def _bytes_of(path: Path) -> bytes:
    """What a file holds, also inside Parquet pages and tar members."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
        data += repr(rows).encode() + b"".join(row.get("image") or b"" for row in rows)
    if path.suffix == ".tar":
        with tarfile.open(path) as tar:
            data += b"".join(found.read() for entry in tar if (found := tar.extractfile(entry)))
    return data


def _holding(root: Path) -> list[str]:
    needles = (WORDS.encode(), PIXELS[40:120])
    found = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return [path.name for path in found if any(needle in _bytes_of(path) for needle in needles)]


def test_planted_bytes_are_nowhere_after_a_withdrawal_and_the_participant_sees_the_receipt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World.make(11)
    desk = tmp_path / "desk"
    with running(tmp_path, world) as collector:
        gone, stays = _join(collector, world, planted=True), _join(collector, world, planted=False)
        at = ("--home", _home(desk / "home", world, collector.url), "--json")
        assert run("pull", "--out", desk / "data", "--reason", "Training", *at) == 0
        assert run("export", desk / "data", "--out", desk / "out", "--format", "webdataset", "--sheets", *at) == 0
        for target in ADAPTERS:
            assert run("actions", desk / "out", "--to", target, "--out", desk / "actions", *at) == 0
        for device in (gone, stays):
            page = desk / f"{device.participant}.html"
            assert run("view", desk / "out", "--participant", device.participant, "--out", page, *at) == 0
        _arrow(desk / "out", desk / "cache")
        assert len(_holding(desk)) >= 5
        named = tuple(
            ErasedBatch(sequence=e.header.sequence, digest=e.digest, previous=e.header.previous) for e in gone.envelopes
        )
        request = ErasureRequest(
            version=1, study=world.manifest.study, device=gone.fingerprint, requested_hour=0, batches=named
        )
        body = sign(request, gone.key).to_bytes()
        collector.signed(gone, "POST", "/v1/erasures", body).raise_for_status()
        assert run("pull", "--out", desk / "data", "--reason", "Withdrawals", *at) == 0
        capsys.readouterr()
        swept = ("sweep", desk / "data", "--cache", desk / "cache", "--receipt", desk / "receipt.json", *at)
        assert run(*swept) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["withdrawn"], told["residue"], told["handed_in"]) == (2, [], True)
        seen = AccessReply.model_validate_json(collector.signed(gone, "GET", "/v1/access").content)
        assert [(sweep.batches, sweep.residue) for sweep in seen.sweeps] == [(2, 0)]
        assert AccessReply.model_validate_json(collector.signed(stays, "GET", "/v1/access").content).sweeps == ()
    assert _holding(desk) == []
    assert gone.participant not in {path.name for path in (desk / "out").iterdir()}
    assert stays.participant in {path.name for path in (desk / "out").iterdir()}


def test_a_receipt_that_cannot_be_handed_in_is_told_and_the_sweep_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World.make(12)
    with running(tmp_path, world) as collector:
        device = _join(collector, world, planted=True)
        at = ("--home", _home(tmp_path / "home", world, collector.url), "--json")
        assert run("pull", "--out", tmp_path / "data", "--reason", "Training", *at) == 0
        assert run("export", tmp_path / "data", "--out", tmp_path / "out", *at) == 0
        named = tuple(ErasedBatch(sequence=e.header.sequence, digest=e.digest, previous=e.header.previous)
                      for e in device.envelopes)  # fmt: skip
        request = ErasureRequest(
            version=1, study=world.manifest.study, device=device.fingerprint, requested_hour=0, batches=named
        )
        collector.signed(device, "POST", "/v1/erasures", sign(request, device.key).to_bytes()).raise_for_status()
        assert run("pull", "--out", tmp_path / "data", "--reason", "Withdrawals", *at) == 0
    capsys.readouterr()
    assert run("sweep", tmp_path / "data", "--receipt", tmp_path / "receipt.json", *at) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["handed_in"] is False
    assert "not reached" in told["not_handed_in"]
    assert _holding(tmp_path / "out") == []
