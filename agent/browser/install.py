"""Puts the extension where the person can load it, and tells their browsers where its program is. Linux.

It installs nothing into a browser: only the person, or IT by the browser's own managed policy, can do that.
"""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from agent.browser.package import Family, files
from agent.disk.durable import write_over
from agent.disk.places import OWNER_ONLY_DIR, Places
from agent.errors import OvertError
from schemas.companion import FIREFOX_ALLOWED, FIREFOX_ID, HOST_NAME, UNPACKED_ID, chromium_origins
from schemas.companion import host_manifest as any_manifest
from schemas.origin import is_origin

LAUNCHER_MODE = 0o700
MANIFEST = f"{HOST_NAME}.json"


class Browser(Struct, frozen=True):
    """A browser, and where it looks for programs that extensions may talk to."""

    name: str
    family: Family
    base: str  # "config" or "home"
    folder: str  # below it
    hosts: str = "NativeMessagingHosts"


BROWSERS = (
    Browser("Chromium", Family.CHROMIUM, "config", "chromium"),
    Browser("Google Chrome", Family.CHROMIUM, "config", "google-chrome"),
    Browser("Microsoft Edge", Family.CHROMIUM, "config", "microsoft-edge"),
    Browser("Firefox", Family.FIREFOX, "home", ".mozilla", "native-messaging-hosts"),
)
"""Those whose folders are known. A browser in a sandbox of its own (Snap, Flatpak) starts programs through a portal, so
that its program is not its child: it cannot be used."""


class BrowserError(OvertError):
    """The extension cannot be installed."""

    remedy = "ask your organisation whether its study has web apps"


def folder_of(browser: Browser, environ: Mapping[str, str]) -> Path:
    """Where a browser looks for host manifests of this person."""
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return (config if browser.base == "config" else home) / browser.folder / browser.hosts


def install(
    places: Places, environ: Mapping[str, str], origins: Sequence[str], ids: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Write extension, launcher and host manifests; gives what stands where.

    Args:
        places: of this person's agent.
        environ: where their browsers' folders are.
        origins: those of the study's web apps.
        ids: further ids of the extension in Chromium's family: as signed by IT.

    Raises:
        BrowserError: the study has no web app, or this is not Linux.
    """
    if not sys.platform.startswith("linux"):
        raise BrowserError("browsers on this system are not supported yet", "use a Linux session on X11")
    if not origins:
        raise BrowserError("the study has no web app, so there is nothing to install")
    package(_home(places), origins, keyed=True)
    launcher = _home(places) / "overt-browser-host"
    write_over(launcher, _launcher(environ).encode())
    launcher.chmod(LAUNCHER_MODE)
    for browser in BROWSERS:
        folder = folder_of(browser, environ)
        folder.mkdir(mode=OWNER_ONLY_DIR, parents=True, exist_ok=True)
        write_over(folder / MANIFEST, json.dumps(host_manifest(browser.family, launcher, ids), indent=2).encode())
    return status(places, environ)


def package(folder: Path, origins: Sequence[str], *, keyed: bool) -> None:
    """Write the extension for both families, each into a folder of its own.

    Raises:
        BrowserError: one of them is no origin.
    """
    if not all(is_origin(origin) for origin in origins):
        raise BrowserError("an origin is missing or misspelled", "write it as https://mail.example.org")
    for family in Family:
        target = folder / family.value
        target.mkdir(mode=OWNER_ONLY_DIR, parents=True, exist_ok=True)
        for name, text in files(family, origins, key=keyed).items():
            write_over(target / name, text.encode())


def remove(places: Places, environ: Mapping[str, str]) -> list[dict[str, str]]:
    """Take all of it away again; what a browser has loaded, it cannot talk to anybody with any more."""
    for browser in BROWSERS:
        (folder_of(browser, environ) / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(_home(places), ignore_errors=True)
    return status(places, environ)


def status(places: Places, environ: Mapping[str, str]) -> list[dict[str, str]]:
    """Each browser, whether it would find our program, and which folder to load the extension from."""
    rows = []
    for browser in BROWSERS:
        found = _read(folder_of(browser, environ) / MANIFEST)
        state = "not installed" if found is None else "installed" if _works(found) else "damaged: install again"
        rows.append({"browser": browser.name, "state": state, "extension": str(_home(places) / browser.family.value)})
    return rows


def host_manifest(family: Family, launcher: Path, ids: Sequence[str] = ()) -> dict[str, Any]:
    """Who may talk to our program: our extension only."""
    allowed = FIREFOX_ALLOWED if family is Family.FIREFOX else chromium_origins([UNPACKED_ID, *ids])
    return any_manifest(str(launcher), allowed)


def managed(extension_id: str, update_url: str, firefox_url: str) -> dict[str, Any]:
    """Policies of the browsers with which IT installs the extension for everybody. They start no capture."""
    chromium = {extension_id: {"installation_mode": "force_installed", "update_url": update_url}}
    firefox = {FIREFOX_ID: {"installation_mode": "force_installed", "install_url": firefox_url}}
    return {
        "/etc/chromium/policies/managed/overt.json": {"ExtensionSettings": chromium},
        "/etc/firefox/policies/policies.json": {"policies": {"ExtensionSettings": firefox}},
    }


def _home(places: Places) -> Path:
    return places.state / "browser"


def _launcher(environ: Mapping[str, str]) -> str:
    """A browser may have been started without the variables that move our folders."""
    script = Path(sys.executable).with_name("overt-browser-host")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "agent.browser"]
    moved = [f"{name}={environ[name]}" for name in ("OVERT_STATE_DIR", "OVERT_RUNTIME_DIR") if environ.get(name)]
    return f'#!/bin/sh\nexec {shlex.join(["env", *moved, *command])} "$@"\n'


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _works(found: dict[str, Any]) -> bool:
    return os.access(str(found.get("path", "")), os.X_OK)
