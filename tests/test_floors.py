"""Each floor rule is broken on purpose once, in a copy: the check that guards it must notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("agent", "collector", "research", "admin", "schemas", "policies")
BREACHES = {
    "a program imports another": ("research/client.py", "import collector.admit"),
    "schemas imports a program": ("schemas/times.py", "import agent.core.gate"),
    "the collector can read age files": ("collector/library.py", "import schemas.age"),
    "IT can read age files": ("admin/policy.py", "import schemas.age"),
    "the tray can read age files": ("agent/tray/view.py", "import schemas.age"),
    "a lower floor imports a higher one": ("agent/disk/spool.py", "import agent.daemon.standing"),
    "the core imports an edge": ("agent/core/gate.py", "import agent.disk.spool"),
    "the core reads a clock": ("agent/core/upload.py", "import time"),
    "the core draws entropy": ("agent/core/seal.py", "import secrets"),
    "admission does input and output": ("collector/admit.py", "import sqlalchemy"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floors")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([linter], cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": "."})


def test_the_house_as_it_stands_keeps_its_floors(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("rule", BREACHES)
def test_a_breach_is_noticed(copy: Path, rule: str) -> None:
    name, line = BREACHES[rule]
    path = copy / name
    whole = path.read_text()
    path.write_text(f"{whole}\n{line}\n")
    try:
        done = lint(copy)
    finally:
        path.write_text(whole)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout
