"""What the command line does: talks to the daemon, reads what lies on disk, starts and stops programs."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import consents, enrolment
from agent.asking import call, status
from agent.browser import install as browsers
from agent.ceremony import halt, perform
from agent.ceremony.errors import NotEnrolledError
from agent.ceremony.sheet import sentence
from agent.ceremony.words import Words
from agent.core.scope import narrow, offered
from agent.daemon.main import run_daemon as run_daemon  # noqa: PLC0414  # one of this module's commands
from agent.daemon.standing import Standing, read_standing
from agent.disk.consent_store import ConsentStore
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.disk.spool import BatchState, Row, Spool
from agent.disk.switch import Position, Switch
from agent.doctor import Check, examine
from agent.errors import DamagedError, NotRunningError, StartError
from schemas.base import SchemaError
from schemas.consent import DAY_NS
from schemas.status import WARNING_DAYS, State

START_S = 60.0
"""Seconds that the daemon may take to answer: on a busy machine a start takes many times as long as on a quiet one."""
LOOK_S = 0.05


@dataclass(frozen=True)
class Stopped:
    """How far an off came."""

    switch: bool  # the switch on disk stands at off: nothing is captured until the person says yes again
    ledger: bool  # the consent ledger says so too
    daemon: bool | None  # only asked where the switch does not: the daemon is off, is not, or does not answer


def nudge(places: Places) -> None:
    """Have a running daemon read the disk again."""
    halt.tell_daemon(places, "reload")


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
    halt.pause(places, now_ns, until_ns)


def resume(places: Places, now_ns: int) -> None:
    """End a pause."""
    halt.resume(places, now_ns)


def ceremony(environ: Mapping[str, str], *, terminal: bool) -> int:
    """Hold the consent ceremony in a program of its own; gives its exit code."""
    command = [sys.executable, "-m", "agent.ceremony", *(["--terminal"] if terminal else [])]
    return subprocess.run(command, env=dict(environ), check=False).returncode  # noqa: S603  # our own program


def indicator() -> int:
    """Run the tray icon; gives its exit code."""
    from agent.tray.__main__ import main  # noqa: PLC0415  # Qt is heavy

    return main()


def wanted_at_login(places: Places) -> bool:
    """Whether a session that begins is to start Overt. The packages' units ask the same of the disk."""
    return places.enrolment.exists() and not places.not_at_login.exists()


def start(places: Places, environ: Mapping[str, str]) -> dict[str, Any]:
    """Start daemon and indicator, unless they run.

    Raises:
        StartError: the daemon does not answer.
    """
    places.make()
    places.not_at_login.unlink(missing_ok=True)
    try:
        return {"started": False, "pid": status(places).pid}
    except NotRunningError:
        pass
    pid = start_daemon(places, environ)
    _begin("indicator", environ)
    return {"started": True, "pid": pid}


def start_daemon(places: Places, environ: Mapping[str, str]) -> int:
    """Start the daemon alone, and wait until it answers; gives its process id.

    Raises:
        StartError: it does not answer.
    """
    _begin("daemon", environ)
    return _await_daemon(places)


def _begin(command: str, environ: Mapping[str, str]) -> None:
    subprocess.Popen(  # noqa: S603  # our own program
        [*_program(), command],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def doctor(places: Places, environ: Mapping[str, str]) -> list[Check]:
    """Look at what capture needs from this machine."""
    return examine(places, environ)


def web_origins(places: Places) -> list[str]:
    """The origins of the study's web apps, sorted."""
    asked = _standing(places).asked
    assert asked is not None  # noqa: S101  # _standing sees to it
    return sorted({origin for rule in asked.policy.apps for origin in rule.origins or ()})


def browser_install(places: Places, environ: Mapping[str, str], ids: list[str]) -> list[dict[str, str]]:
    """Make the extension for this study's web apps, and tell browsers where its program is."""
    return browsers.install(places, environ, web_origins(places), ids)


def browser_remove(places: Places, environ: Mapping[str, str]) -> list[dict[str, str]]:
    """Take that away again."""
    return browsers.remove(places, environ)


def browser_status(places: Places, environ: Mapping[str, str]) -> list[dict[str, str]]:
    """What stands where."""
    return browsers.status(places, environ)


def browser_package(places: Places, folder: Path, origins: list[str]) -> list[str]:
    """Write the extension for IT to pack and sign; gives the origins that it is for.

    Raises:
        BrowserError: one is no origin.
    """
    chosen = sorted(set(origins)) or web_origins(places)
    browsers.package(folder, chosen, keyed=False)
    return chosen


def stop(places: Places) -> None:
    """End the daemon and wait until it is gone."""
    call(places, "stop")
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
            "recognised_by": ", ".join(rule.known_by),
            "sites": ", ".join(rule.origins or ()),
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
                "state": _word(row),
                "digest": row.digest,
            }
            for row in spool.history()
        ]
    finally:
        spool.close()


def _word(row: Row) -> str:
    """Where a batch is, in a word: ``deleted`` if nothing of it is left but a gap in its place."""
    emptied = row.deletion is not None and row.state not in (BatchState.ERASING, BatchState.ERASED)
    return "deleted" if emptied else row.state.value


def consent_show(places: Places, now_ns: int) -> dict[str, Any]:
    """The consent in force, in plain words."""
    return consents.show(_standing(places), _receipts(places), now_ns)


def consent_history(places: Places) -> list[dict[str, Any]]:
    """Every entry of the ledger, oldest first."""
    return consents.history(_standing(places).ledger, _receipts(places))


def consent_export(places: Places) -> dict[str, Any]:
    """The signed ledger as a JSON-LD document."""
    found = _standing(places).enrolment
    assert found is not None  # noqa: S101  # _standing sees to it
    entries = ConsentStore(places.consents).entries()
    return consents.export(entries, _receipts(places), found.public_key, found.collector_key)


def consent_verify(places: Places, file: Path | None) -> list[consents.Finding]:
    """Check this machine's ledger, or an exported one.

    Raises:
        DamagedError: it is not one, or cannot be read.
    """
    try:
        document = json.loads(file.read_bytes()) if file else consent_export(places)
        return consents.verify_export(document)
    except (OSError, ValueError) as error:  # SchemaError is a ValueError
        why = str(error) if isinstance(error, SchemaError) else type(error).__name__
        raise DamagedError(f"the ledger cannot be read: {why}") from None


def refresh(places: Places, entropy: Callable[[int], bytes]) -> dict[str, Any]:
    """Fetch the study again; what takes more of the person ends their consent until they are asked again."""
    before = _standing(places)
    asked, changed = enrolment.refresh(places, entropy, time.time)
    perform.settle(places, time.time_ns())
    nudge(places)
    assert before.asked is not None  # noqa: S101  # _standing sees to it
    words = Words()
    was, now = ((a.manifest_digest, a.policy_digest) for a in (before.asked, asked))
    return {
        "study_version": asked.manifest.version,
        "policy_version": asked.policy.version,
        "new": was != now,
        "wider": [sentence(words, change) for change in changed.wider],
        "narrower": [sentence(words, change) for change in changed.narrower],
        "asks_again": changed.asks,
    }


def nothing_to_ask(places: Places, now_ns: int) -> bool:
    """True if it is on, the consent holds, and does not end so soon that it may be renewed."""
    found = read_standing(places, FileKeys(places))
    _, agreement = found.consent(now_ns)
    soon = agreement is not None and agreement.end_ns - now_ns < WARNING_DAYS * DAY_NS
    return agreement is not None and not soon and found.switched.now(now_ns) is not Position.OFF


def _receipts(places: Places) -> dict[int, bytes]:
    """The collector's receipts for consents; none where there is no spool yet."""
    if not (places.state / "index.sqlite").exists():
        return {}
    spool = Spool(places, adopt=False)
    try:
        return spool.consent_receipts()
    finally:
        spool.close()


def _program() -> list[str]:
    """How to start ``overt`` again, under its own honest name where it was installed with one."""
    script = Path(sys.executable).with_name("overt")
    return [str(script)] if script.exists() else [sys.executable, "-m", "agent"]


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
