"""Rendering: the same bytes each time, from a policy or limits alone; only what was said; and never over old files."""

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin.cli import main
from admin.errors import InputError
from admin.mdm.facts import KEYS, NO_TEAM, Options, help_text
from admin.mdm.render import SUMS, limits_in, render
from schemas.limits import NO_LIMITS
from tests.admin.mdm.rendered import FILES, FULL, OPTIONS, put

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def example(folder: Path, *more: str) -> Path:
    source = Path("policies/studies/example-policy.toml").read_text()
    file = folder / "policy.toml"
    file.write_text("\n".join(more) + "\n" + source)
    return file


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def test_the_same_policy_gives_the_same_bytes_whenever_it_is_rendered(tmp_path: Path) -> None:
    file = example(tmp_path)
    first, second = (limits_in(file, day) for day in (NOW, NOW.replace(month=9)))
    assert first == second
    assert render(first[0], OPTIONS, web=True).files == render(second[0], OPTIONS, web=True).files
    assert "expires" not in json.loads(render(first[0], OPTIONS, web=False).files["linux/etc/overt/policy.json"])


def test_the_sums_are_those_of_the_files(tmp_path: Path) -> None:
    folder = put(tmp_path)
    lines = FILES[SUMS].decode().splitlines()
    assert len(lines) == len(FILES) - 1
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=folder, check=True, timeout=60)
    assert lines[0].split()[0] == hashlib.sha256(FILES[lines[0].split()[1]]).hexdigest()


def test_a_policy_that_names_its_end_hands_it_on(tmp_path: Path) -> None:
    limits, web = limits_in(example(tmp_path, "expires = 2027-01-01T00:00:00Z"), NOW)
    assert limits.expires == datetime(2027, 1, 1, tzinfo=UTC)
    assert not web


def test_limits_alone_can_be_rendered(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("blocked = true\n")
    limits, _ = limits_in(file, NOW)
    files = render(limits, OPTIONS, web=False).files
    assert json.loads(files["linux/etc/overt/policy.json"]) == {"blocked": True}
    file.write_text("hide_icon = true\n")
    with pytest.raises(InputError, match="hides the sign"):
        limits_in(file, NOW)


def test_nothing_said_is_nothing_written() -> None:
    files = render(NO_LIMITS, OPTIONS, web=False).files
    assert json.loads(files["linux/etc/overt/policy.json"]) == {}
    assert not [path for path in files if path.startswith("browsers/")]


def test_what_is_missing_is_warned_of() -> None:
    warnings = render(FULL, Options(version="1", team_id=NO_TEAM), web=True).warnings
    assert {line.split(":")[0] for line in warnings} == {"windows", "macos", "browsers"}
    assert len(render(FULL, OPTIONS, web=True).warnings) == 1


def test_the_command_writes_the_files_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code, text, _ = run(capsys, "mdm", "render", example(tmp_path), "--out", out, "--json")
    assert code == 0
    files = json.loads(text)["files"]
    assert sorted(files) == sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    code, _, err = run(capsys, "mdm", "render", example(tmp_path), "--out", out)
    assert code == 2
    assert "is not empty" in err


def test_keys_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "mdm", "keys", "--json")
    assert code == 0
    assert [row["key"] for row in json.loads(text)["keys"]] == [key.name for key in KEYS]
    assert "boolean-or" in run(capsys, "mdm", "keys")[1]
    assert all("only the person" in help_text(key) for key in KEYS)
