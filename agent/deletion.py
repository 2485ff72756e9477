"""Deleting what was captured: for the command line and the tray. Needs no network; asks nobody.

The daemon does the work where one runs. Where none does, it is done here, under the lock that keeps daemons from
starting meanwhile. What the collector has is asked for as soon as a daemon runs, until it confirms.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from agent.core.erase import SECOND_NS
from agent.core.seal import Sealer
from agent.daemon.session import readers_of
from agent.daemon.standing import read_standing
from agent.disk.erasing import Eraser
from agent.disk.keys import open_keys
from agent.disk.lock import only_one
from agent.disk.places import Places
from agent.disk.spool import Deletion, Spool
from agent.errors import DeletionError
from agent.net.control import ControlClient, DaemonNotRunning, DeletionRefusedError, ProtocolError
from schemas import age

TRIES = 20
"""Looks for a daemon that is neither there nor gone: it starts or ends just now."""
LOOK_S = 0.1
PATIENCE_S = 60.0
"""Seconds to wait for the daemon to finish: some thousand sealed batches."""


class Deleted(Struct, frozen=True):
    """What a deletion came to."""

    events: int  # observations that were deleted here, in memory or sealed
    batches: int  # sealed batches that were emptied before any collector had them
    asked: int  # batches that the collector may have, and is asked to delete
    daemon: bool  # a daemon runs, so the collector is asked now
    parts: int = 0  # sealed batches of which a part was taken out; the rest stays


def delete_last(places: Places, seconds: int, now_ns: int) -> Deleted:
    """Delete what was captured in the last so many seconds, by the wall clock.

    Of what is not sealed yet, all is deleted: it is a few minutes at most, and events that wait in memory are not told
    apart. A sealed batch goes as a whole if any of it lies in that time.

    Raises:
        DeletionError: not done, or not finished yet.
    """
    return _delete(places, max(1, now_ns - seconds * SECOND_NS))


def delete_all(places: Places) -> Deleted:
    """Delete everything that was ever captured on this machine, here and at the collector.

    Raises:
        DeletionError: not done, or not finished yet.
    """
    return _delete(places, 0)


def carry_out(places: Places, number: int) -> Deleted:
    """Have what the review program noted in the index carried out, and wait for it.

    Raises:
        DeletionError: not done, or not finished yet.
    """
    for _ in range(TRIES):
        try:
            ControlClient(places.control_socket).call("carry")
        except DaemonNotRunning:
            pass
        except ProtocolError:
            raise DeletionError("a daemon of another version runs", "overt stop, then overt start") from None
        else:
            return _told(_await(places, number), daemon=True)
        with _alone(places) as alone:
            if alone:
                return _told(_finish_here(places, lambda _spool: number), daemon=False)
        time.sleep(LOOK_S)
    raise DeletionError("a daemon runs but does not answer", "overt stop, then overt delete again")


def in_words(done: Deleted) -> str:
    """What a deletion came to, for people."""
    if not (done.events or done.batches or done.asked or done.parts):
        return "Nothing was there to delete."
    told = [f"Deleted from this machine: {done.events} observations; {done.batches} sealed batches were emptied."]
    if done.parts:
        told.append(f"{done.parts} sealed batches were sealed anew without what you deleted; the rest of them stays.")
    if done.asked:
        when = "is asked" if done.daemon else "will be asked, as soon as Overt runs (overt start),"
        told.append(f"The collector {when} to delete {done.asked} batches, until it confirms. To see: overt batches")
    return "\n".join(told)


def _delete(places: Places, since_ns: int) -> Deleted:
    for _ in range(TRIES):
        try:
            number = ControlClient(places.control_socket).delete(since_ns)
        except DaemonNotRunning:
            pass
        except ProtocolError:
            raise DeletionError("a daemon of another version runs", "overt stop, then overt start") from None
        except DeletionRefusedError:
            raise DeletionError(
                "what was not sealed yet is gone; but the disk refuses to note what else is to be deleted"
            ) from None
        else:
            return _told(_await(places, number), daemon=True)
        with _alone(places) as alone:
            if alone:
                here = _finish_here(places, lambda spool: spool.intend(since_ns, int(time.time())))
                return _told(here, daemon=False)
        time.sleep(LOOK_S)
    raise DeletionError("a daemon runs but does not answer", "overt stop, then overt delete again")


@contextmanager
def _alone(places: Places) -> Iterator[bool]:
    """True inside if no daemon runs, and then none can start."""
    try:
        places.make()
        lock = only_one(places.runtime / "daemon.lock")
    except OSError as error:
        raise DeletionError(f"the disk refuses: {error.strerror}") from None
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def _finish_here(places: Places, noted: Callable[[Spool], int]) -> Deletion:
    """Carry out a wish, and all before it; ``noted`` notes it or knows its number."""
    keys = open_keys(places)
    found = read_standing(places, keys)
    try:
        spool = Spool(places)
        try:
            number = noted(spool)
            sealer, readers = None, list[str]()
            if found.asked is not None and found.key is not None and found.enrolment is not None:
                review = age.Recipient.parse(found.enrolment.review_recipient)
                sealer = Sealer(found.asked.manifest.study, found.key, review, os.urandom)
                readers = readers_of(found.asked)
            Eraser(spool, sealer, readers).finish()
            return _numbered(spool, number)
        finally:
            spool.close()
    except (OSError, age.AgeError) as error:
        raise DeletionError(f"not everything is deleted: {type(error).__name__}") from None


def _await(places: Places, number: int) -> Deletion:
    """Wait until the daemon has carried out what it noted."""
    deadline = time.monotonic() + PATIENCE_S
    try:
        spool = Spool(places, adopt=False)
        try:
            while not (found := _numbered(spool, number)).done:
                if time.monotonic() > deadline:
                    raise DeletionError(
                        "noted, but not finished yet: it goes on by itself, also after a restart", "overt batches"
                    )
                time.sleep(LOOK_S)
            return found
        finally:
            spool.close()
    except OSError as error:
        raise DeletionError(f"whether all is deleted cannot be told: {error.strerror}") from None


def _numbered(spool: Spool, number: int) -> Deletion:
    return next(one for one in spool.deletions() if one.number == number)


def _told(done: Deletion, *, daemon: bool) -> Deleted:
    return Deleted(done.unsealed + done.sealed, done.batches, done.asked, daemon, done.parts)
