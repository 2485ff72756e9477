"""What the command line does: talks to the daemon, reads what lies on disk, starts and stops programs."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.ceremony import perform
from agent.ceremony.errors import NotEnrolledError
from agent.core.scope import narrow, offered
from agent.daemon.main import run_daemon as run_daemon  # noqa: PLC0414  # one of this module's commands
from agent.daemon.standing import Standing, read_standing
from agent.disk.consent_store import ConsentStore
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.disk.spool import Spool
from agent.disk.switch import Position, Switch
from agent.doctor import Check, examine
from agent.errors import NotRunningError, StartError
from agent.net.control import DaemonNotRunning, ProtocolError, ask
from schemas.status import State, Status

START_S = 10.0
"""Seconds that the daemon may take to answer: ten times its budget."""
LOOK_S = 0.05


@dataclass(frozen=True)
class Stopped:
    """How far an off came."""

    switch: bool  # the switch on disk stands at off: nothing is captured until the person says yes again
    ledger: bool  # the consent ledger says so too
    daemon: bool | None  # only asked where the switch does not: the daemon is off, is not, or does not answer


def status(places: Places) -> Status:
    """The daemon's own word.

    Raises:
        NotRunningError: there is no daemon, so nothing is captured.
    """
    return _ask(places, "status")


def nudge(places: Places) -> None:
    """Have a running daemon read the disk again."""
    perform.tell_daemon(places, "reload")


def withdraw(places: Places, now_ns: int) -> Stopped:
    """Off, whatever the disk says to it."""
    with suppress(OSError):  # a disk that refuses may still let the switch, which exists already, be overwritten
        places.make()
    ledger = perform.withdraw(places, now_ns, "cli")
    if Switch(places.switch).read().position is Position.OFF:
        return Stopped(switch=True, ledger=ledger, daemon=None)
    try:
        told: bool | None = status(places).state is State.OFF
    except (NotRunningError, StartError):
        told = None
    return Stopped(switch=False, ledger=ledger, daemon=told)


def pause(places: Places, now_ns: int, until_ns: int) -> None:
    """Pause until a time."""
    perform.pause(places, now_ns, until_ns)


def resume(places: Places, now_ns: int) -> None:
    """End a pause."""
    perform.resume(places, now_ns)


def ceremony(environ: Mapping[str, str], *, terminal: bool) -> int:
    """Hold the consent ceremony in a program of its own; gives its exit code."""
    command = [sys.executable, "-m", "agent.ceremony", *(["--terminal"] if terminal else [])]
    return subprocess.run(command, env=dict(environ), check=False).returncode  # noqa: S603  # our own program


def indicator() -> int:
    """Run the tray icon; gives its exit code."""
    from agent.tray.__main__ import main  # noqa: PLC0415  # Qt is heavy

    return main()


def start(places: Places, environ: Mapping[str, str]) -> dict[str, Any]:
    """Start daemon and indicator, unless they run.

    Raises:
        StartError: the daemon does not answer.
    """
    places.make()
    try:
        return {"started": False, "pid": status(places).pid}
    except NotRunningError:
        pass
    for command in ("daemon", "indicator"):
        subprocess.Popen(  # noqa: S603  # our own program
            [*_overt(), command],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if command == "daemon":
            pid = _await_daemon(places)
    return {"started": True, "pid": pid}


def doctor(places: Places, environ: Mapping[str, str]) -> list[Check]:
    """Look at what capture needs from this machine."""
    return examine(places, environ)


def stop(places: Places) -> None:
    """End the daemon and wait until it is gone."""
    _ask(places, "stop")
    deadline = time.monotonic() + START_S
    while places.control_socket.exists() and time.monotonic() < deadline:
        time.sleep(LOOK_S)


def apps(places: Places, now_ns: int) -> list[dict[str, Any]]:
    """The study's apps, what is offered in each and what was agreed to."""
    found = _standing(places)
    assert found.asked is not None  # noqa: S101  # _standing sees to it
    _, interval = found.consent(now_ns)
    agreed = narrow(interval.scope, offered(found.asked.policy)) if interval else None
    return [
        {
            "app": rule.name,
            "category": rule.category,
            "agreed": sorted(m.value for m in agreed.of(rule.id)) if agreed else [],
            "recognised_by": ", ".join(rule.executables),
        }
        for rule in found.asked.policy.apps
    ]


def batches(places: Places) -> list[dict[str, Any]]:
    """Sealed batches, oldest first."""
    if not places.spool.exists():
        return []
    spool = Spool(places, adopt=False)
    try:
        return [
            {
                "sequence": row.sequence,
                "sealed": time.strftime("%Y-%m-%d %H:%M", time.localtime(row.sealed_s)),
                "bytes": row.size,
                "state": row.state.value,
                "digest": row.digest,
            }
            for row in spool.history()
        ]
    finally:
        spool.close()


def consent_history(places: Places) -> list[dict[str, Any]]:
    """Every entry of the ledger, oldest first."""
    return [
        {
            "when": record.latest.event_time.isoformat(timespec="seconds"),
            "state": record.latest.event_state.value,
            "how": record.latest.indication_method,
            "apps": ", ".join(f"{a.app}: {'+'.join(a.modalities)}" for a in record.overt.scope.apps),
            "digest": digest,
        }
        for digest, record in _standing(places).ledger
    ]


def consent_export(places: Places) -> str:
    """The signed ledger as a JSON array."""
    entries = ConsentStore(places.consents).entries()
    return json.dumps([e.model_dump(mode="json") for e in entries], indent=2)


def _overt() -> list[str]:
    """How to start ``overt`` again, under its own honest name where it was installed with one."""
    script = Path(sys.executable).with_name("overt")
    return [str(script)] if script.exists() else [sys.executable, "-m", "agent"]


def _ask(places: Places, op: str) -> Status:
    try:
        return ask(places.control_socket, op)
    except DaemonNotRunning:
        raise NotRunningError("The daemon is not running, so nothing is captured.") from None
    except ProtocolError as error:
        raise StartError(f"{error}", "overt stop, then overt start") from None


def _standing(places: Places) -> Standing:
    found = read_standing(places, FileKeys(places))
    if found.asked is None:
        raise NotEnrolledError("This machine takes part in no study.")
    return found


def _await_daemon(places: Places) -> int:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with suppress(NotRunningError):
            return status(places).pid
        time.sleep(LOOK_S)
    raise StartError("the daemon does not answer")
