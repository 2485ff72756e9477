"""What the package is made of, without building it: scripts, manual, lock, completions, icon."""

import subprocess
from pathlib import Path

import pytest

from agent.commands import app
from scripts.deb import manual, papers
from scripts.deb.locked import lock_of_agent, needed

DATA = Path(__file__).parents[2] / "packaging/deb"


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_maintainer_scripts_are_sound(name: str, tmp_path: Path) -> None:
    script = tmp_path / name
    people = (DATA / "people.sh").read_text()
    script.write_text((DATA / name).read_text().replace("#PEOPLE#\n", people))
    done = subprocess.run(["shellcheck", "--shell=dash", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_no_script_starts_capture_or_touches_a_home_as_root(name: str) -> None:
    text = (DATA / name).read_text()
    for word in ("overt on", "overt start", "overt daemon", "/home", "rm -rf /"):
        assert word not in text
    assert all("as_each_person" in line for line in text.splitlines() if "HOME/" in line or "uninstall" in line)


def test_the_lock_of_the_agent_is_whole_and_has_nothing_of_the_other_desks() -> None:
    lock, names = lock_of_agent(), needed()
    for name in names:
        assert f"\n{name}==" in f"\n{lock}"
    assert "--hash=sha256:" in lock
    assert not {"pyarrow", "fastapi", "sqlalchemy", "pytest", "pynput", "segno"} & set(names)


def test_the_manual_names_every_command_and_groff_takes_it(tmp_path: Path) -> None:
    page = manual.page(app, "0.1.0", "2026-11-30")
    for command in ("overt on", "overt off", "overt policy show", "overt consent verify", "overt uninstall"):
        assert rf"\fB{command}\fR" in page
    file = tmp_path / "overt.1"
    file.write_text(page)
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_completions_ask_the_program() -> None:
    made = manual.completions()
    assert {path.rpartition("/")[2] for path in made} == {"overt", "_overt", "overt.fish"}
    assert all("_OVERT_COMPLETE" in script for script in made.values())


def test_bash_completes_commands() -> None:
    script = manual.completions()["usr/share/bash-completion/completions/overt"]
    folder = Path(papers.__file__).parents[2] / ".venv/bin"
    ask = 'COMP_WORDS=(overt pol); COMP_CWORD=1; _overt_completion overt; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"],
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["policy"]
