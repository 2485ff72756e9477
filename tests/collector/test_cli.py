"""The command line: help, exit codes, one line when it serves, an orderly end."""

import json
import subprocess
import sys
from pathlib import Path

from collector.schema import newest
from tests.support.collectors import Collector, running
from tests.support.devices import World


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "collector.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_help_shows_examples_and_exit_codes() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert "overt-collector serve --data" in shown.stdout
    assert "Exit codes" in shown.stdout


def test_wrong_usage_ends_with_2_and_says_what_to_do(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    trust = World.make(0).trust
    for arguments in (
        ("serve",),
        ("serve", "--data", data),
        ("serve", "--data", data, "--trust", "nonsense"),
        ("serve", "--data", data, "--trust", trust, "--database", "mysql://x"),
        ("serve", "--data", data, "--trust", trust, "--hidden"),
        ("nonsense",),
    ):
        ended = run(*arguments)
        assert ended.returncode == 2, arguments
        assert "Traceback" not in ended.stderr
        assert ended.stderr


def test_no_data_and_taken_ports_end_with_1(tmp_path: Path) -> None:
    world = World.make("cli")
    assert run("status", "--data", str(tmp_path / "none")).returncode == 1
    assert run("doctor", "--data", str(tmp_path)).returncode == 1
    with running(tmp_path, world) as collector:
        port = collector.url.rsplit(":", 1)[1]
        taken = run("serve", "--data", str(tmp_path / "other"), "--port", port, "--trust", world.trust)
        same = run("serve", "--data", str(collector.data), "--port", "0", "--trust", world.trust)
    assert (taken.returncode, same.returncode) == (1, 1)
    assert "Choose another" in taken.stderr
    assert "another collector" in same.stderr


def test_status_and_doctor_beside_a_running_collector(tmp_path: Path) -> None:
    world = World.make("status")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        envelope = device.envelope()
        collector.put(device, envelope).raise_for_status()
        data = str(collector.data)
        told = json.loads(run("status", "--data", data, "--json").stdout)
        assert told == {
            "format": 1,
            "study": world.manifest.study,
            "manifest_version": 1,
            "policy_version": 1,
            "devices": "<5",
            "batches": 1,
            "batch_bytes": len(envelope.to_bytes()),
            "pulls": 0,
        }
        assert "devices: <5" in run("status", "--data", data).stdout
        well = run("doctor", "--data", data, "--json")
        assert (well.returncode, {f["ok"] for f in json.loads(well.stdout)["checks"]}) == (0, {True})
        (collector.data / "blobs" / envelope.digest[:2] / envelope.digest).unlink()
        ill = run("doctor", "--data", data)
    assert ill.returncode == 1
    assert "WRONG blobs" in ill.stdout


def test_it_ends_orderly_and_says_where_it_listened(tmp_path: Path) -> None:
    world = World.make("end")
    with Collector(tmp_path / "data", world.trust) as collector:
        assert collector.stop() == 0
        lines = [json.loads(line) for line in collector.log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["starting", "listening", "stopped"]
    assert lines[1] == {"format": 1, "event": "listening", "url": collector.url}


def test_without_json_it_prints_the_plain_line(tmp_path: Path) -> None:
    options = ["serve", "--data", str(tmp_path / "data"), "--port", "0", "--trust", World.make(0).trust]
    with subprocess.Popen(
        [sys.executable, "-m", "collector.cli", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    assert line.startswith("listening on http://127.0.0.1:")
    assert process.returncode == 0


def test_a_broken_database_ends_it_with_1(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "ledger.db").write_bytes(b"this is no database" * 100)
    ended = run("serve", "--data", str(data), "--port", "0", "--trust", World.make(0).trust)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_migrate_makes_the_schema_and_may_come_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    assert run("migrate").returncode == 2
    for _ in range(2):
        done = run("migrate", "--database", url)
        assert (done.returncode, done.stdout) == (0, f"schema {newest()}\n")
