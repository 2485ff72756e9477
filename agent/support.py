"""``overt support-bundle``: what IT may need to know of a machine, and nothing about its person.

It is redacted by construction: made of words that stand in this module, of numbers, and of versions of programs. No
path, name, address, title, log line or sentence goes in, and nothing that tells whether the person takes part in
anything: enrolment, consent, switch and counts are left out.
"""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from agent.disk.guarded import stamp
from agent.disk.places import Places
from agent.doctor import Check

FORMAT = 1
PACKAGES = ("overt", "cryptography", "dbus-fast", "keyring", "mss", "numpy", "PySide6-Essentials", "pydantic", "xcffib")
CHECKS = ("desktop", "password fields", "folders", "disk", "input", "screen", "accessibility")
"""Checks of the machine alone. Others would tell whether the person is enrolled."""
VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
"""Told is whether they are set."""
SESSIONS = ("x11", "wayland", "tty", "mir")
DESKTOPS = ("GNOME", "KDE", "XFCE", "MATE", "Cinnamon", "LXQt", "LXDE", "Unity", "Budgie", "sway", "openbox")


def bundle(places: Places, environ: Mapping[str, str], checks: Sequence[Check]) -> dict[str, Any]:
    """The bundle, as JSON has it.

    Args:
        places: of this person's agent.
        environ: which session.
        checks: as ``overt doctor`` made them; their names and outcomes go in, their sentences do not.
    """
    return {
        "format": FORMAT,
        "versions": {name: found for name in PACKAGES if (found := _version(name)) is not None},
        "python": platform.python_version(),
        "system": _one_of(platform.system(), ("Linux", "Darwin", "Windows")),
        "kernel": [int(part) for part in platform.release().split("-")[0].split(".") if part.isdigit()][:3],
        "machine": _one_of(platform.machine(), ("x86_64", "aarch64", "arm64", "AMD64")),
        "session": _one_of(environ.get("XDG_SESSION_TYPE", ""), SESSIONS),
        "desktop": [name for name in environ.get("XDG_CURRENT_DESKTOP", "").split(":") if name in DESKTOPS],
        "display": {name: bool(environ.get(name)) for name in VARIABLES},
        "machine_policy_there": any(stamp(path) for path in places.machine_policies),
        "checks": {check.name: check.ok for check in checks if check.name in CHECKS},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _one_of(value: str, known: tuple[str, ...]) -> str:
    return value if value in known else "other"
