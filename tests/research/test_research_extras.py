"""The heavy extras, Ray and Rerun, and other people's loaders, for real, each installed for the test alone (soak)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from research import desk, key_stores
from research.errors import ExportError
from research.work import How
from tests.research.bench import Bench

pytestmark = pytest.mark.timeout(900)
INSTALL_S = 600
RUN_S = 300


def _installed(tmp_path: Path, *packages: str) -> dict[str, str]:
    """An environment in which these can be imported beside what is there; what they need beside is in the lock."""
    place = tmp_path / "extras"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), *packages]
    subprocess.run(command, check=True, timeout=INSTALL_S)
    root = Path(__file__).parents[2]
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{place}", "PYTHONWARNINGS": "ignore"}


def _run(environ: dict[str, str], *arguments: str | Path) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + (done.stderr if "rerun" in arguments else "")


def _bytes(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_without_ray_it_is_said_what_to_install(busy: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    with pytest.raises(ExportError, match="not installed") as caught:
        desk.export(folder, tmp_path / "out", None, home, how=How(engine="ray"))
    assert "overt[ray]" in caught.value.remedy


SCRIPT = """
import sys
from pathlib import Path
import research.work as work
from research import cli

class Kept:
    def __init__(self, prefix): pass
    def __enter__(self): Path(sys.argv[1]).mkdir(); return sys.argv[1]
    def __exit__(self, *_): pass

work.TemporaryDirectory = Kept
cli.main(sys.argv[2:])
"""


@pytest.mark.soak
def test_ray_writes_what_one_process_does_and_neither_key_nor_content_to_its_own_files(
    busy: Bench, tmp_path: Path
) -> None:
    environ = _installed(tmp_path, "ray")
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    short = TemporaryDirectory(prefix="ov-", dir="/tmp")  # Ray's sockets lie in it: their paths are short
    temp = Path(short.name) / "r"
    desk.export(folder, tmp_path / "one", None, home)
    arguments = ("export", folder.root, "--out", tmp_path / "two", "--home", home, "--engine", "ray", "--jobs", "2")
    _run(environ, "-c", SCRIPT, temp, *arguments, "--json")
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    identity = busy.world.researchers[0].identity
    secret = json.loads((home / key_stores.FILES[key_stores.Store.FILE]).read_text())["age_seed"]
    needles = (identity._seed, identity.encode().encode(), secret.encode(), b"dear team")
    left = _bytes(temp)
    assert left
    assert [name for name, data in left.items() if any(needle in data for needle in needles)] == []
    short.cleanup()


@pytest.mark.soak
def test_a_replay_for_rerun_is_one_that_rerun_reads(busy: Bench, tmp_path: Path) -> None:
    environ = _installed(tmp_path, "rerun-sdk")
    folder, home = busy.save(tmp_path / "data"), busy.home(tmp_path / "home")
    desk.export(folder, tmp_path / "out", None, home)
    person, file = busy.world.devices[0].participant, tmp_path / "replay.rrd"
    made = ("view", tmp_path / "out", "--participant", person, "--out", file, "--home", home, "--format", "rrd")
    told = json.loads(_run(environ, "-m", "research.cli", *made, "--json"))
    assert told["pictures"] == 3
    assert "verified without error" in _run(environ, "-m", "rerun", "rrd", "verify", file)
    assert "/window/picture" in _run(environ, "-m", "rerun", "rrd", "print", file)


LOADERS = """
import sys, json, glob
out = sys.argv[1]
import datasets, duckdb, polars, webdataset
whole = datasets.load_dataset(out, "steps")
streamed = datasets.load_dataset(out, "events", streaming=True)
tars = sorted(glob.glob(out + "/*/steps-*.tar"))
samples = list(webdataset.WebDataset(tars, shardshuffle=False).decode("pil"))
print(json.dumps({
    "datasets": sum(len(rows) for rows in whole.values()),
    "streamed": sum(1 for rows in streamed.values() for _ in rows),
    "duckdb": duckdb.sql(f"select count(*) from '{out}/*/steps.parquet'").fetchall()[0][0],
    "polars": polars.scan_parquet(out + "/*/events.parquet").collect().height,
    "webdataset": len(samples),
    "pictures": sum(key.endswith("webp") for sample in samples for key in sample),
}))
"""


@pytest.mark.soak
def test_other_peoples_loaders_read_an_export_first_try(busy: Bench, tmp_path: Path) -> None:
    folder, home, out = busy.save(tmp_path / "data"), busy.home(tmp_path / "home"), tmp_path / "out"
    exported = ("export", folder.root, "--out", out, "--home", home, "--format", "webdataset", "--json")
    told = json.loads(_run(dict(os.environ), "-m", "research.cli", *exported))
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=INSTALL_S)
    packages = ("datasets", "duckdb", "polars", "webdataset", "pillow")
    subprocess.run([str(venv / "bin/pip"), "install", "--quiet", *packages], check=True, timeout=INSTALL_S)
    environ = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    command = [str(venv / "bin/python"), "-c", LOADERS, str(out)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=RUN_S, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["datasets"] == found["duckdb"] == found["webdataset"] == told["steps"]
    assert found["streamed"] == found["polars"] == told["events"]
    assert found["pictures"] > 0
