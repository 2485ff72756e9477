"""``overt doctor``: what capture needs from this machine, checked one by one, each with its remedy. Changes nothing."""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from agent import doctor_net
from agent.browser.install import status
from agent.daemon.main import SystemClock
from agent.disk.enrolment import Enrolment, load_enrolment
from agent.disk.keys import open_keys
from agent.disk.limits import read_limits
from agent.disk.places import Places
from agent.doctor_check import Check as Check  # noqa: PLC0414  # of what this module tells
from agent.native.base import Capability, NativeUnavailable
from agent.native.choose import open_native, permissions
from agent.native.tray_host import tray_host
from agent.net.control import DaemonNotRunning, ProtocolError, ask
from schemas.base import SchemaError

MIN_FREE_BYTES = 64 << 20
"""Bytes of free disk: a few batches. The off needs none."""
STALE_H = 24
"""Hours: looks are a quarter of an hour apart."""
SYSTEM_CONFIG = (Path("/etc"), Path("/etc/xdg"), Path("/usr/lib"))
"""Where packages put what starts with a session."""
STARTERS = (
    "systemd/user/graphical-session.target.wants/overt.service",
    "systemd/user/graphical-session.target.wants/overt-indicator.service",
    "systemd/user/overt.service",
    "systemd/user/overt-indicator.service",
    "autostart/overt-indicator.desktop",
)
"""What may start us, below a folder of configuration."""
OTHERS = 0o077
"""Permission bits of group and others."""


def examine(places: Places, environ: Mapping[str, str]) -> list[Check]:
    """Look at everything."""
    enrolment, enrolled = _enrolment(places)
    desk = [_display(environ), *_permissions(), _tray(environ), _accessibility(environ)]
    machine = [*desk, _folders(places), _disk(places), _service(places, environ), enrolled]
    if enrolment is None:
        return machine
    web = any(rule.origins for rule in enrolment.asked().policy.apps)
    browsers = [_browsers(places, environ)] if web else []
    now_s = time.time()
    policies = [_policy(enrolment, now_s), _policy_files(places, enrolment), _updates(places, now_s)]
    asked = doctor_net.ask(enrolment.collector, environ, now_s)
    return [*machine, *policies, _keys(places), _daemon(places), *browsers, *asked]


def _display(environ: Mapping[str, str]) -> Check:
    try:
        native = open_native(environ, SystemClock())
    except NativeUnavailable as error:
        return Check("desktop", ok=False, sentence=f"Nothing can be captured here: {error.why}.", remedy=error.remedy)
    try:
        found = native.capabilities()
    finally:
        native.close()
    if found.keyboard is Capability.PARTIAL:
        return Check("desktop", ok=None, sentence=f"{native.name}: {found.why}.", remedy="an X11 session has all three")
    missing = [m for m in ("keyboard", "pointer", "screen") if getattr(found, m) is Capability.REFUSED]
    if missing:
        return Check("desktop", ok=False, sentence=f"Not to be had: {', '.join(missing)}.", remedy=found.why)
    return Check("desktop", ok=True, sentence=f"{native.name}: keyboard, pointer and screen can be had.")


def _accessibility(environ: Mapping[str, str]) -> Check:
    """Password fields are told of by programs, if the desktop asks them to."""
    name = "password fields"
    if not sys.platform.startswith("linux"):
        return Check(name, ok=None, sentence="How password fields are told of is not built for this system.")
    from agent.native.accessible.probe import accessibility_on  # noqa: PLC0415  # D-Bus is installed on Linux only

    if accessibility_on(environ, SystemClock()):
        return Check(
            name, ok=True, sentence="Programs can tell of password fields; those without accessibility do not."
        )
    remedy = "gsettings set org.gnome.desktop.interface toolkit-accessibility true, then start your programs again"
    sentence = "Accessibility is off: programs may not tell of password fields, and what you type there may be kept."
    return Check(name, ok=False, sentence=sentence, remedy=remedy)


def _permissions() -> list[Check]:
    return [
        Check(one.permission.id, ok=True, sentence=f"Allowed: {one.permission.name}.")
        if one.granted
        else Check(one.permission.id, ok=False, sentence=f"Not allowed: {one.permission.name}.", remedy=one.remedy)
        for one in permissions()
    ]


def _daemon(places: Places) -> Check:
    try:
        now = ask(places.control_socket, "status")
    except DaemonNotRunning:
        return Check("daemon", ok=False, sentence="The daemon is not running.", remedy="overt start")
    except ProtocolError:
        return Check(
            "daemon", ok=False, sentence="A daemon of another version runs.", remedy="overt stop, then overt start"
        )
    return Check("daemon", ok=True, sentence=f"The daemon answers. {now.sentence}")


def _browsers(places: Places, environ: Mapping[str, str]) -> Check:
    found = status(places, environ)
    ready = [row["browser"] for row in found if row["state"] == "installed"]
    if len(ready) < len(found):
        sentence = "The study has web apps, and not every browser would find the extension's program."
        return Check("browsers", ok=False, sentence=sentence, remedy="overt browser install")
    return Check("browsers", ok=True, sentence=f"The extension's program is known to {', '.join(ready)}.")


def _folders(places: Places) -> Check:
    open_ = [p for p in (places.state, places.runtime) if p.exists() and p.stat().st_mode & OTHERS]
    if open_:
        remedy = "chmod 700 " + " ".join(map(str, open_))
        return Check("folders", ok=False, sentence="Others can look into Overt's folders.", remedy=remedy)
    return Check("folders", ok=True, sentence="Only you can look into Overt's folders.")


def _disk(places: Places) -> Check:
    existing = next(p for p in (places.state, *places.state.parents) if p.exists())
    if not os.access(existing, os.W_OK):
        return Check("disk", ok=False, sentence="The state folder cannot be written.", remedy=f"check {existing}")
    free = shutil.disk_usage(existing).free
    if free < MIN_FREE_BYTES:
        return Check("disk", ok=False, sentence="The disk is almost full.", remedy="make room; off works without")
    return Check("disk", ok=True, sentence="The disk has room.")


def _keys(places: Places) -> Check:
    return Check("keys", ok=True, sentence=f"Your keys are in {open_keys(places).where}.")


def _enrolment(places: Places) -> tuple[Enrolment | None, Check]:
    def wrong(sentence: str) -> tuple[None, Check]:
        return None, Check("enrolment", ok=False, sentence=sentence, remedy="ask your organisation for a new link")

    try:
        enrolment = load_enrolment(places.enrolment)
        if enrolment is None:
            return None, Check("enrolment", ok=None, sentence="This machine takes part in no study.")
        asked = enrolment.asked()
    except SchemaError as error:
        return wrong(f"The enrolment cannot be used: {error}.")
    return enrolment, Check(
        "enrolment", ok=True, sentence=f"Enrolled in “{asked.manifest.title}”; signed by your organisation."
    )


def _policy_files(places: Places, enrolment: Enrolment) -> Check:
    name, found = "policy files", read_limits(places, enrolment.asked(), enrolment.organisation_key)
    if found.problem is not None:
        sentence = f"A policy file is refused, so nothing is captured: {found.problem.words}."
        return Check(name, ok=False, sentence=sentence, remedy="ask IT to put it right, or mend your own limits.json")
    narrowing = ", ".join(source.where for source in found.sources)
    return Check(name, ok=True, sentence=f"Limits of this machine: {narrowing or 'none'}.")


def _tray(environ: Mapping[str, str]) -> Check:
    """Without a host there is no icon, and without the icon nothing is captured."""
    if not sys.platform.startswith("linux") or not environ.get("DISPLAY"):
        return Check("tray", ok=None, sentence="Whether a panel would show the icon cannot be told here.")
    host = tray_host(environ, SystemClock())
    if host is None:
        remedy = "add a system tray to your panel; on GNOME the extension AppIndicator Support"
        return Check("tray", ok=False, sentence="No panel here shows icons, so nothing is captured.", remedy=remedy)
    return Check("tray", ok=True, sentence=f"A panel shows icons ({host}).")


def _policy(enrolment: Enrolment, now_s: float) -> Check:
    policy = enrolment.asked().policy
    until = f"{policy.expires:%Y-%m-%d}"
    if policy.expires.timestamp() <= now_s:
        remedy = "overt refresh; if that brings nothing newer, IT has to sign the policy again"
        return Check("policy", ok=False, sentence=f"The policy ended on {until}: it allows nothing.", remedy=remedy)
    return Check("policy", ok=True, sentence=f"Policy {policy.version}, signed by your organisation, until {until}.")


def _updates(places: Places, now_s: float) -> Check:
    """A collector that is out of reach for long keeps a switching off from this machine."""
    try:
        hours = (now_s - places.looked.stat().st_mtime) / 3600
    except OSError:
        return Check("updates", ok=None, sentence="Newer policies were not looked for yet.")
    if hours > STALE_H:
        sentence = f"Newer policies could not be looked for in {hours:.0f} hours."
        return Check("updates", ok=False, sentence=sentence, remedy="check the network, then: overt refresh")
    return Check("updates", ok=True, sentence="Newer policies were looked for in the last day.")


def _service(places: Places, environ: Mapping[str, str]) -> Check:
    """Whether a session that begins starts Overt. That it does not is somebody's choice, and no fault."""
    own = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    found = [path for folder in (own, *SYSTEM_CONFIG) for name in STARTERS if (path := folder / name).exists()]
    if found and not places.not_at_login.exists():
        return Check("service", ok=True, sentence=f"Your session starts Overt ({found[0]}).")
    return Check("service", ok=None, sentence="Nothing starts Overt with your session. By hand: overt start")
