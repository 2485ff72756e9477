"""The extension asks for the least: one permission, and the listed sites; browsers differ in few keys."""

import json
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.browser.install import BROWSERS, BrowserError, folder_of, install, managed, package, remove, status
from agent.browser.package import SCRIPTS, SOURCE, Family, files, manifest
from agent.browser.words import browser_help
from agent.disk.places import Places
from schemas.companion import FIREFOX_ID, UNPACKED_ID, chromium_id

ORIGINS = ["http://[::1]:8080", "http://localhost:8080", "https://chat.example", "https://mail.example:8443"]
WHERE_THEY_DIFFER = {"background", "browser_specific_settings", "content_scripts", "key", "minimum_chrome_version"}


@pytest.mark.parametrize("family", Family)
def test_it_asks_for_one_permission_and_the_listed_sites(family: Family) -> None:
    made = manifest(family, ORIGINS)
    assert made["manifest_version"] == 3
    assert made["permissions"] == ["nativeMessaging"]
    widening = ("host", "optional", "externally", "web_accessible", "chrome_settings", "devtools", "commands", "action")
    assert not [name for name in made if name.startswith(widening)]
    (scripts,) = made["content_scripts"]
    assert scripts["all_frames"] is False
    assert not [match for match in scripts["matches"] if "*" in match.removesuffix("/*") or "all_urls" in match]
    assert len(json.dumps(made)) < 4_000


def test_both_families_have_the_same_but_for_what_browsers_want_differently() -> None:
    chromium, firefox = (manifest(family, ORIGINS) for family in Family)
    assert {name for name in {*chromium, *firefox} if chromium.get(name) != firefox.get(name)} <= WHERE_THEY_DIFFER
    theirs, ours = chromium["content_scripts"][0], firefox["content_scripts"][0]
    assert {**theirs, "matches": None} == {**ours, "matches": None}
    assert theirs["matches"] == [f"{origin}/*" for origin in ORIGINS]
    assert ours["matches"] == [
        "http://[::1]/*",
        "http://localhost/*",
        "https://chat.example/*",
        "https://mail.example/*",
    ]
    scripts = [chromium["background"]["service_worker"]], firefox["background"]["scripts"]
    assert scripts == (["background.js"], ["background.js"])
    assert {n: t for n, t in files(Family.CHROMIUM, ORIGINS).items() if n != "manifest.json"} == {
        n: t for n, t in files(Family.FIREFOX, ORIGINS).items() if n != "manifest.json"
    }


def test_what_it_sends_is_never_more_than_an_origin() -> None:
    """The scripts read no title, no path, no text: the words for those do not occur."""
    for name in SCRIPTS:
        text = (SOURCE / name).read_text()
        for word in ("title", "pathname", "href", "innerText", "textContent", "value", "cookie", "fetch", "XMLHttp"):
            assert word not in "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")), word
        assert "eval" not in text


def test_a_package_has_the_id_of_whoever_signs_it() -> None:
    assert "key" in manifest(Family.CHROMIUM, ORIGINS)
    assert "key" not in manifest(Family.CHROMIUM, ORIGINS, key=False)
    assert len(UNPACKED_ID) == 32


@given(st.binary(min_size=1, max_size=64))
def test_an_id_is_32_letters_from_a_to_p(key: bytes) -> None:
    assert set(chromium_id(key)) <= set("abcdefghijklmnop")
    assert len(chromium_id(key)) == 32


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "OVERT_STATE_DIR": str(tmp_path / "s"), "OVERT_RUNTIME_DIR": str(tmp_path / "r")}


def test_installing_writes_what_is_needed_and_removing_takes_all_of_it(env: dict[str, str], tmp_path: Path) -> None:
    places = Places.from_environ(env)
    assert {row["state"] for row in status(places, env)} == {"not installed"}
    rows = install(places, env, ORIGINS, ["b" * 32])
    assert {row["state"] for row in rows} == {"installed"}
    for browser in BROWSERS:
        found = json.loads((folder_of(browser, env) / "org.overt.host.json").read_text())
        launcher = Path(found["path"])
        assert stat.S_IMODE(launcher.stat().st_mode) == 0o700
        assert "OVERT_RUNTIME_DIR" in launcher.read_text()
        if browser.family is Family.FIREFOX:
            assert found["allowed_extensions"] == [FIREFOX_ID]
        else:
            assert found["allowed_origins"] == [f"chrome-extension://{one}/" for one in (UNPACKED_ID, "b" * 32)]
    launcher.unlink()
    assert {row["state"] for row in status(places, env)} == {"damaged: install again"}
    (folder_of(BROWSERS[0], env) / "org.overt.host.json").write_text("[")
    assert status(places, env)[0]["state"] == "damaged: install again"
    remove(places, env)
    assert {row["state"] for row in remove(places, env)} == {"not installed"}
    assert not list(tmp_path.rglob("*.js"))


def test_no_web_app_no_extension(env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrowserError, match="no web app"):
        install(Places.from_environ(env), env, [])
    with pytest.raises(BrowserError, match="misspelled"):
        package(tmp_path, ["https://*.example"], keyed=False)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BrowserError, match="not supported yet"):
        install(Places.from_environ(env), env, ORIGINS)


def test_the_person_is_told_what_to_do(env: dict[str, str]) -> None:
    lines = "\n".join(browser_help(install(Places.from_environ(env), env, ORIGINS)))
    assert "chrome://extensions" in lines
    assert "about:debugging" in lines
    assert all(str(Path(env["OVERT_STATE_DIR"]) / "browser" / family) in lines for family in Family)


def test_policies_for_it_name_our_extension_only() -> None:
    found = managed("a" * 32, "https://it.example/u.xml", "https://it.example/o.xpi")
    chromium, firefox = found.values()
    assert list(chromium["ExtensionSettings"]) == ["a" * 32]
    assert list(firefox["policies"]["ExtensionSettings"]) == [FIREFOX_ID]
