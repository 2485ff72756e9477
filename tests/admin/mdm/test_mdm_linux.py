"""Linux: systemd, desktop files, limits and browsers' policies, each read by what will read it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from admin.mdm.linux import UNITS
from schemas import publish
from schemas.companion import FIREFOX_ID, HOST_NAME
from schemas.limits import Limits
from schemas.signed import parse_body
from tests.admin.mdm.rendered import FILES, FULL, OPTIONS, put
from tests.support.devtools import DevTools

POLICY = FILES["linux/etc/overt/policy.json"]


def table(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[path])
    return found


def test_the_limits_are_what_the_agent_reads_and_the_published_schema_takes() -> None:
    assert parse_body(Limits, POLICY) == FULL
    Draft202012Validator(publish.schemas()["limits"]).validate(json.loads(POLICY))
    assert FILES["linux/ansible/files/policy.json"] == FILES["linux/puppet/files/policy.json"] == POLICY


def test_a_checker_that_is_not_ours_takes_schemas_and_limits(tmp_path: Path) -> None:
    file, bad = put(tmp_path) / "linux/etc/overt/policy.json", tmp_path / "bad.json"
    bad.write_text('{"enable": true}')
    published = Path(publish.__file__).parent / "json/v1"
    checker = Path(sys.executable).with_name("check-jsonschema")

    def code(*words: str | Path) -> int:
        return subprocess.run([checker, *words], capture_output=True, check=False, timeout=60).returncode

    assert code("--check-metaschema", *published.glob("*.json")) == 0
    assert code("--schemafile", published / "limits.schema.json", file) == 0
    assert code("--schemafile", published / "limits.schema.json", bad) == 1


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder, with programs that exist: the verifier looks for them."""
    program = tmp_path / "overt"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in UNITS:
        text = FILES[f"linux/usr/lib/systemd/user/{name}.service"].decode()
        (tmp_path / f"{name}.service").write_text(text.replace("/usr/lib/overt/bin/overt", str(program)))
    return tmp_path


def verify(folder: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    run = folder / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    command = ["systemd-analyze", "--user", "--man=no", "verify", "--recursive-errors=yes", *map(str, files)]
    env = {**os.environ, "XDG_RUNTIME_DIR": str(run)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_systemd_takes_the_units(units: Path) -> None:
    done = verify(units, *units.glob("*.service"))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_verifier_would_have_told(units: Path) -> None:
    unit = units / "overt.service"
    unit.write_text(unit.read_text().replace("LockPersonality", "LockPersonalityy"))
    assert "LockPersonalityy" in verify(units, unit).stderr


def test_units_come_and_go_with_the_session_and_keep_nobody_from_ending_them() -> None:
    for name in UNITS:
        text = FILES[f"linux/usr/lib/systemd/user/{name}.service"].decode()
        for line in ("PartOf=graphical-session.target", "WantedBy=graphical-session.target", "UMask=0077"):
            assert f"\n{line}\n" in text
        for word in ("Restart=always", "RefuseManualStop", "KillMode", "SendSIGKILL", "PrivateUsers", "ProtectSystem"):
            assert word not in text


def test_the_desktop_file_is_one(tmp_path: Path) -> None:
    path = put(tmp_path) / "linux/etc/xdg/autostart/overt-indicator.desktop"
    done = subprocess.run(["desktop-file-validate", path], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert "NoDisplay" not in path.read_text()
    assert "\nHidden" not in path.read_text()


@pytest.mark.parametrize("browser", ["chrome", "chromium", "edge"])
def test_chromiums_family_gets_extension_and_program(browser: str) -> None:
    found = {p: table(p) for p in FILES if p.startswith(f"browsers/{browser}/")}
    policy = next(t for p, t in found.items() if "/policies/managed/" in p)
    host = next(t for p, t in found.items() if p.endswith(f"/native-messaging-hosts/{HOST_NAME}.json"))
    assert policy["ExtensionSettings"].keys() == {OPTIONS.extension_id}
    assert host["allowed_origins"] == [f"chrome-extension://{OPTIONS.extension_id}/"]
    assert host["path"] == "/usr/lib/overt/bin/overt-browser-host"
    assert (host["name"], host["type"]) == (HOST_NAME, "stdio")


def test_firefox_gets_extension_and_program() -> None:
    policy = table("browsers/firefox/etc/firefox/policies/policies.json")["policies"]
    assert policy["ExtensionSettings"][FIREFOX_ID]["install_url"] == OPTIONS.firefox_url
    host = table(f"browsers/firefox/usr/lib/mozilla/native-messaging-hosts/{HOST_NAME}.json")
    assert host["allowed_extensions"] == [FIREFOX_ID]


@pytest.mark.journey
def test_a_real_chromium_reports_the_policies_as_loaded(tmp_path: Path) -> None:
    """One key that it does not know shows that the page would tell."""
    folder = put(tmp_path / "files") / "browsers/chromium/etc/chromium"
    (folder / "policies/managed/other.json").write_text('{"OvertNoSuchPolicy": true}')
    own = ("unshare", "--user", "--map-root-user", "--mount", "--propagation", "private")
    browser = DevTools(
        tmp_path / "profile",
        (*own, "sh", "-c", f'mount --bind "{folder}" /etc/chromium && exec "$@"', "sh"),
    )
    try:
        rows = browser.policies()
    finally:
        browser.close()
    loaded = {name: row for row in rows for name in ("ExtensionSettings", "NativeMessagingAllowlist") if name in row}
    assert len(loaded) == 2
    assert all("OK" in row and "Mandatory" in row for row in loaded.values()), loaded
    assert any("OvertNoSuchPolicy" in row and "Unknown policy" in row for row in rows)
