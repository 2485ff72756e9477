"""Anti-stalkerware: what the agent is built of. It hides nothing, asks the system for no more than its person has."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agent.disk.places import APP, Places
from tests.agent.ceremony.participant import enrolled

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "agent").rglob("*.py"))
EVADING = (
    "sudo -n", "pkexec", "polkit", "setuid", "cap_sys", "LD_PRELOAD", "uinput", "TCC.db", "tccutil",
    "chattr", "SELinux", "AppArmor", "Set-MpPreference", "WH_KEYBOARD_LL",
)  # fmt: skip
"""How programs get round a system's question or permission, or read input without either."""
CLINGING = ("SIG_IGN", "RestartPreventExitStatus", "PR_SET_MM", "setproctitle", "hidepid")
"""How programs make themselves hard to end or to find."""


def texts(path: Path) -> str:
    """A source's code and strings, without its comments and docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


@pytest.mark.parametrize("word", [*EVADING, *CLINGING])
def test_no_source_evades_a_permission_or_clings(word: str) -> None:
    assert SOURCES
    assert not [path.name for path in SOURCES if word.lower() in texts(path).lower()]


def test_names_are_the_products_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == APP == "overt"
    assert {name.partition("-")[0] for name in project["scripts"]} == {"overt"}
    named = {
        node.args[0].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "name_process"
        if isinstance(node.args[0], ast.Constant)
    }
    assert named == {"overt", "overt-indicator", "overt-ceremony", "overt-reader", "overt-review"}


def test_no_variable_but_these_is_read_from_the_environment() -> None:
    """None of them hides, silences or agrees."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("OVERT_"):
                found.add(node.value)
    assert found == {"OVERT_STATE_DIR", "OVERT_RUNTIME_DIR", "OVERT_LOG", "OVERT_POLICY_FILE"}


def test_removing_it_needs_nobody(tmp_path: Path) -> None:
    """The person deletes the folder and it is gone: nothing restores it, and it stays off."""
    me = enrolled(tmp_path)
    env = {"PATH": os.environ["PATH"], **me.env}
    places: Places = me.places
    for path in sorted(places.state.rglob("*"), reverse=True):
        assert path.stat().st_uid == os.getuid()
        path.rmdir() if path.is_dir() else path.unlink()
    places.state.rmdir()
    overt = Path(sys.executable).with_name("overt")
    done = subprocess.run([overt, "status", "--json"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert not [path for path in places.state.rglob("*") if path.is_file()] if places.state.exists() else True
