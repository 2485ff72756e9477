"""``overt uninstall``: stops, cuts every connection, and with ``--purge`` leaves nothing. Needs nobody's permission."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from agent import deletion, service
from agent.browser import install as browsers
from agent.ceremony import perform
from agent.disk.keys import DEVICE_KEY, REVIEW_KEY, open_keys
from agent.disk.places import OWNER_ONLY_FILE, Places
from agent.disk.spool import BatchState, Spool
from agent.doctor import STARTERS
from agent.errors import OvertError
from agent.net.control import DaemonNotRunning, ProtocolError, ask

PATIENCE_S = 30.0
"""Seconds for the collector to confirm what it is asked to delete, and for programs to end."""
LOOK_S = 0.1


class UninstallError(OvertError):
    """Not all of it could be taken away."""

    remedy = "connect to the network and start it again (overt start), then: overt uninstall --purge"


class Uninstalled(Struct, frozen=True):
    """What went, and what is left."""

    removed: list[str]
    left: list[str]
    unconfirmed: int  # batches that the collector has not confirmed to be deleted


def uninstall(places: Places, environ: Mapping[str, str], *, purge: bool, anyway: bool = False) -> Uninstalled:
    """Stop first, then take away.

    Args:
        places: of this person's agent.
        environ: where their browsers' and starters' folders are.
        purge: also delete what was captured, here and at the collector, keys, consent and switch.
        anyway: purge also if the collector has not confirmed. Afterwards nobody can ask it in this device's name.

    Raises:
        UninstallError: the collector has not confirmed in time. Nothing is captured; nothing of the above is gone.
    """
    with suppress(OSError):
        perform.withdraw(places, time.time_ns(), "cli")
    unconfirmed = _delete_everywhere(places, environ) if purge and places.state.exists() else 0
    if unconfirmed and not anyway:
        raise UninstallError(f"{unconfirmed} batches are not confirmed to be deleted by the collector yet")
    _stop(places)
    removed = _disconnect(places, environ)
    if not purge:
        if places.state.exists():
            places.not_at_login.touch(OWNER_ONLY_FILE)
        return Uninstalled(removed, [str(places.state)] if places.state.exists() else [], 0)
    removed += _purge(places)
    return Uninstalled(removed, [str(p) for p in (places.state, places.runtime) if p.exists()], unconfirmed)


def in_words(done: Uninstalled) -> list[str]:
    """What was done, for people."""
    told = ["Nothing is captured any more, and nothing starts Overt.", *(f"removed: {path}" for path in done.removed)]
    told += [
        f"left: {path} (consent, keys, sealed batches); overt uninstall --purge takes it away" for path in done.left
    ]
    if done.unconfirmed:
        told.append(f"not confirmed by the collector: {done.unconfirmed} batches; ask your organisation to delete them")
    return [*told, "The program itself: sudo apt remove overt, or: pip uninstall overt"]


def _delete_everywhere(places: Places, environ: Mapping[str, str]) -> int:
    try:
        deleted = deletion.delete_all(places)
    except OvertError as error:
        raise UninstallError(f"what was captured could not be deleted: {error}", error.remedy) from None
    if not deleted.daemon and (not deleted.asked or not _begin_asking(places, environ)):
        return deleted.asked
    _until(lambda: _erasing(places) == 0)
    return _erasing(places)


def _begin_asking(places: Places, environ: Mapping[str, str]) -> bool:
    """Start the daemon, for it to ask the collector; it captures nothing, since this came after an off."""
    try:
        service.start_daemon(places, environ)
    except OvertError:
        return False
    return True


def _erasing(places: Places) -> int:
    """By the index itself: a daemon that is busy or just begins has no figure yet, and none is not zero."""
    try:
        spool = Spool(places, adopt=False)
    except OSError:
        return 0  # what cannot be read cannot be asked for either
    try:
        return spool.tally.batches.get(BatchState.ERASING, 0)
    finally:
        spool.close()


def _stop(places: Places) -> None:
    with suppress(DaemonNotRunning, ProtocolError):
        ask(places.control_socket, "stop")
    for name in ("daemon.lock", "indicator.lock"):
        for pid in _holders(places.runtime / name):
            with suppress(OSError):
                if name == "indicator.lock":
                    os.kill(pid, signal.SIGTERM)
        _until(lambda path=places.runtime / name: not _holders(path))  # type: ignore[misc]


def _holders(lock: Path) -> list[int]:
    """Who holds a lock of ours, by the kernel's list (Linux; elsewhere nobody can be told)."""
    if not sys.platform.startswith("linux"):
        return []
    try:
        inode, table = lock.stat().st_ino, Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return []
    rows = (line.split() for line in table.splitlines())
    return [int(row[4]) for row in rows if row[5].rpartition(":")[2] == str(inode) and int(row[4]) > 0]


def _disconnect(places: Places, environ: Mapping[str, str]) -> list[str]:
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    manifests = [browsers.folder_of(one, environ) / browsers.MANIFEST for one in browsers.BROWSERS]
    found = [p for p in (*(config / name for name in STARTERS), *manifests) if p.exists() or p.is_symlink()]
    for path in found:
        path.unlink(missing_ok=True)
        _remove_empty(path.parent)
    browsers.remove(places, environ)
    return [str(path) for path in found]


def _remove_empty(folder: Path) -> None:
    """A folder that we may have made for ourselves, and the one above it, if nothing is in them."""
    with suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def _purge(places: Places) -> list[str]:
    keys = open_keys(places)
    for name in (DEVICE_KEY, REVIEW_KEY):
        with suppress(OSError):
            keys.forget(name)
    found = [folder for folder in (places.state, places.runtime) if folder.exists()]
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return [str(folder) for folder in found]


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(LOOK_S)
