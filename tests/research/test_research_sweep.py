"""A participant takes something back after it was exported: no byte of it is left, and the receipt tells the truth."""

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from research import cli, desk, lineage
from research import export as exporting
from research.errors import ExportError
from research.folder import Folder
from research.reasons import Reason
from research.sweep import LEASE_S, StaleError, check_fresh
from schemas.signed import SignedDocument, fingerprint, public_bytes, verify
from schemas.sweep import SweepReceipt
from tests.research.bench import Bench, filmed

PLANTED = "the planted words of somebody"
NOW = 1_900_000_000


@pytest.fixture
def desk_of(bench: Bench, tmp_path: Path) -> tuple[Bench, Folder, Path]:
    for person in range(2):
        device = bench.person()
        device.envelope([*device.make.typing("what stays"), device.make.text(f"{PLANTED} {person}")])
        frames, section = filmed(device, 3)
        device.envelope([device.make.text("a text that may well stay"), *frames], frames=section)
    return bench, bench.save(tmp_path / "data"), bench.home(tmp_path / "home")


def run(*arguments: str | Path) -> int:
    try:
        cli.main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _all_made(tmp_path: Path, folder: Folder, home: Path) -> None:
    out = tmp_path / "out"
    assert run("export", folder.root, "--out", out, "--home", home, "--sheets", "--format", "webdataset") == 0
    for target in ("anthropic", "agentnet"):
        assert run("actions", out, "--to", target, "--out", tmp_path / "actions", "--home", home) == 0
    for path in out.glob("*/episodes.parquet"):
        person = path.parent.name
        replay = tmp_path / f"replay-of-{person}.html"
        assert run("view", out, "--participant", person, "--out", replay, "--home", home) == 0
    cache = tmp_path / "cache"
    cache.mkdir()
    for path in out.glob("*/*.tar"):  # as webdataset's cache_dir keeps them
        (cache / f"{path.parent.name[:6]}-copy.tar").write_bytes(path.read_bytes())
    for path in out.glob("*/text.parquet"):  # as loaders keep a copy: plain Arrow, under a name of its own
        with pa.OSFile(str(cache / f"{path.parent.name[:6]}-{path.stem}.arrow"), "wb") as sink:
            rows = pq.read_table(path)
            with pa.ipc.new_file(sink, rows.schema) as writer:
                writer.write_table(rows)


def _erase(bench: Bench, root: Path, number: int = 0) -> str:
    device = bench.world.devices[0]
    gone = device.envelopes[number]
    bench.erase(device, gone)
    folder = bench.save(root)
    folder.blob(gone.digest).unlink()
    listing = folder.listing()
    assert listing
    rows = tuple(r for r in listing.rows if r.digest != gone.digest)
    (root / "batches.json").write_text(listing.model_copy(update={"rows": rows}).model_dump_json())
    return gone.digest


def _holding(root: Path, needle: str) -> list[Path]:
    found = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        data = path.read_bytes()
        told = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else ""
        if needle.encode() in data or needle in str(told):
            found.append(path)
    return found


def test_what_was_withdrawn_is_in_no_file_after_a_sweep(
    desk_of: tuple[Bench, Folder, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, folder, home = desk_of
    _all_made(tmp_path, folder, home)
    needle = f"{PLANTED} 0"
    made = [tmp_path / name for name in ("out", "actions", "cache")]
    assert all(_holding(root, needle) for root in (made[0], made[2]))
    assert run("lineage", folder.root, "--training", "run-1", "--export", made[0], "--seed", "7", "--home", home) == 0
    digest = _erase(bench, folder.root)
    capsys.readouterr()
    receipt = tmp_path / "receipt.json"
    arguments = ("sweep", folder.root, "--cache", made[2], "--receipt", receipt, "--home", home, "--json", "--offline")
    assert run(*arguments) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["rewritten"], done["residue"]) == (1, [])
    assert len(done["removed"]) == 5  # two files of actions, a replay, two of the cache
    assert len(list(tmp_path.glob("replay-of-*"))) == 1
    for root in made:
        assert _holding(root, needle) == []
    assert _holding(made[0], f"{PLANTED} 1")
    researcher = bench.world.researchers[0].key
    signed = SignedDocument.model_validate_json(receipt.read_bytes())
    told = verify(signed, SweepReceipt, {fingerprint(public_bytes(researcher)): public_bytes(researcher)})
    assert (told.batches, told.residue, told.rewritten, told.trained_on) == ((digest,), 0, 1, 1)
    assert run("lineage", folder.root, "--home", home, "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)["trained"]
    assert (answer["withdrawn"], answer["status"]) == (1, lineage.SAW)


def test_a_swept_export_is_what_a_new_one_would_be(desk_of: tuple[Bench, Folder, Path], tmp_path: Path) -> None:
    bench, folder, home = desk_of
    _all_made(tmp_path, folder, home)
    _erase(bench, folder.root, 1)
    desk.sweep(folder, [tmp_path / "out"], [], None, home, int(time.time()))
    again = ("export", folder.root, "--out", tmp_path / "new", "--home", home, "--sheets", "--format", "webdataset")
    assert run(*again) == 0
    for path in (
        p for p in (tmp_path / "new").rglob("*") if p.suffix in {".parquet", ".tar", ".md"} or p.name[0] == "c"
    ):
        assert (tmp_path / "out" / path.relative_to(tmp_path / "new")).read_bytes() == path.read_bytes()


def test_somebody_who_took_everything_back_is_gone_altogether(
    desk_of: tuple[Bench, Folder, Path], tmp_path: Path
) -> None:
    bench, folder, home = desk_of
    _all_made(tmp_path, folder, home)
    device = bench.world.devices[0]
    _erase(bench, folder.root, 0)
    bench.erasures.pop()
    bench.erase(device, *device.envelopes)
    bench.save(folder.root)
    for envelope in device.envelopes:
        folder.blob(envelope.digest).unlink()
    done, _ = desk.sweep(folder, [], [], None, home, int(time.time()))
    assert (done.rewritten, done.residue) == (1, [])
    assert not (tmp_path / "out" / device.participant).exists()
    assert device.participant not in (tmp_path / "out" / "README.md").read_text()


def test_a_copy_that_cannot_be_told_apart_is_reported(desk_of: tuple[Bench, Folder, Path], tmp_path: Path) -> None:
    bench, folder, home = desk_of
    _all_made(tmp_path, folder, home)
    (tmp_path / "actions" / "my-notes.txt").write_text(f"copied by hand: {PLANTED} 0")
    _erase(bench, folder.root)
    assert run("sweep", folder.root, "--receipt", tmp_path / "r.json", "--home", home, "--offline") == 1


def test_an_export_that_was_never_finished_is_swept_too(
    desk_of: tuple[Bench, Folder, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, folder, home = desk_of

    def full(*_: object) -> None:
        raise ExportError("no room")

    monkeypatch.setattr(exporting, "complete", full)
    assert run("export", folder.root, "--out", tmp_path / "out", "--home", home) == 1
    partial = exporting.partial_of(tmp_path / "out")
    first, second = (device.participant for device in bench.world.devices)
    assert (partial / first).exists()
    _erase(bench, folder.root)
    assert run("sweep", folder.root, "--receipt", tmp_path / "r.json", "--home", home, "--offline") == 0
    assert not (partial / first).exists()
    assert (partial / second).exists()


@pytest.mark.parametrize("age", [LEASE_S + 1, -7200, None])
def test_an_old_list_is_no_list(age: int | None) -> None:
    with pytest.raises(StaleError):
        check_fresh(None if age is None else NOW - age, NOW)
    check_fresh(NOW - LEASE_S, NOW)


def test_nothing_goes_by_an_old_pull(desk_of: tuple[Bench, Folder, Path], tmp_path: Path) -> None:
    _, folder, home = desk_of
    listing = folder.listing()
    assert listing
    old = listing.model_copy(update={"fetched": int(time.time()) - 2 * LEASE_S})
    (folder.root / "batches.json").write_text(old.model_dump_json())
    assert run("export", folder.root, "--out", tmp_path / "out", "--home", home) == 1
    assert not (tmp_path / "out").exists()
    assert run("sweep", folder.root, "--receipt", tmp_path / "r.json", "--home", home, "--offline") == 1
    assert run("lineage", folder.root, "--home", home) == 1
    assert run("verify", folder.root, "--home", home) == 1
    assert run("verify", folder.root, "--home", home, "--any-age") == 0
    report = desk.verify(folder, None, home, headers_only=True, now_s=int(time.time()))
    assert [f.reason for f in report.findings] == [Reason.STALE]


def test_a_damaged_lineage_is_not_read_as_an_empty_one(desk_of: tuple[Bench, Folder, Path], tmp_path: Path) -> None:
    _, folder, home = desk_of
    (home / lineage.LINEAGE_FILE).write_text("{half a line")
    assert run("sweep", folder.root, "--receipt", tmp_path / "r.json", "--home", home, "--offline") == 2
