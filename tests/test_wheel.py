"""Wheel and sdist, apart from the checkout, are whole: programs, data files and types; and always the same bytes."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = ("overt", "overt-collector", "overt-research", "overt-admin")
HELPER = "overt-browser-host"  # browsers start it, people do not
LOOK = """
import agent.daemon.loop, agent.pipeline.pipe, agent.core.redact.text, collector.app, research.verify, admin.study
from pathlib import Path
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from policies import read_text, redaction_rules
redactor = TextRedactor(RuleSet(redaction_rules()), bytes(32))
assert redactor.redact("mail ada@example.org").text == "mail ⟨EMAIL#1⟩"
assert "{{title}}" in read_text("notices/en.md")
print(Path(agent.daemon.loop.__file__).parents[2])
"""
FILTERED: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Debian 12's Python 3.11.2 has no filters yet."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder that is not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("overt-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")  # noqa: S202  # our own
    return folder / "site"


def test_what_is_installed_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == installed


def test_it_holds_what_the_checkout_holds_and_no_more(installed: Path) -> None:
    packages = ("agent", "collector", "research", "admin", "schemas", "policies")
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *packages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()}
    found = {str(p.relative_to(installed)) for p in installed.rglob("*") if p.is_file() and ".dist-info" not in str(p)}
    assert found == wanted


def test_it_brings_the_four_commands_under_their_honest_names(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    named = {line.split(" = ")[0] for line in entry_points.read_text().splitlines() if " = " in line}
    assert named == {*PROGRAMS, HELPER}
    (metadata,) = installed.glob("*.dist-info/METADATA")
    assert "License-Expression: Apache-2.0" in metadata.read_text()


def build(source: Path, out: Path, *kinds: str) -> dict[str, bytes]:
    """What is built, by name."""
    wanted = [word for kind in kinds for word in ("-t", kind)]
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}
    command = [sys.executable, "-m", "hatchling", "build", *wanted, "-d", str(out)]
    subprocess.run(command, cwd=source, env=env, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist's content."""
    folder = tmp_path_factory.mktemp("sdist")
    ((name, _),) = build(ROOT, folder / "dist", "sdist").items()
    with tarfile.open(folder / "dist" / name) as archive:
        archive.extractall(folder, **FILTERED)  # noqa: S202  # our own
    return folder / name.removesuffix(".tar.gz")


def test_built_twice_it_is_the_same(tmp_path: Path) -> None:
    first, second = (build(ROOT, tmp_path / name, "sdist", "wheel") for name in ("first", "second"))
    assert len(first) == 2
    assert first == second


def test_the_sdist_builds_the_same_wheel(unpacked: Path, tmp_path: Path) -> None:
    assert build(unpacked, tmp_path / "sdist", "wheel") == build(ROOT, tmp_path / "checkout", "wheel")


@pytest.mark.soak
def test_the_sdist_passes_its_own_tests(unpacked: Path) -> None:
    """Those that need no desktop: they are in it, with all that they need."""
    tests = ["tests/schemas", "tests/agent/core", "tests/admin", "tests/collector/test_admit.py"]
    quiet = ["-q", "-p", "no:cacheprovider", "-m", "not soak and not journey"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *quiet, *tests],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
