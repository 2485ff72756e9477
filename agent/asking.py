"""What can be had quickly: the daemon's own word, and whose agent this is."""

import os
import sys

from agent.disk.places import Places
from agent.errors import NotRunningError, NotYoursError, StartError
from agent.net.control import DaemonNotRunning, ProtocolError, ask
from schemas.status import Status


def status(places: Places) -> Status:
    """The daemon's own word.

    Raises:
        NotRunningError: there is no daemon, so nothing is captured.
    """
    return call(places, "status")


def call(places: Places, op: str) -> Status:
    """Ask the daemon for something; gives its status after it. Raises as :func:`status`."""
    try:
        return ask(places.control_socket, op)
    except DaemonNotRunning:
        raise NotRunningError("The daemon is not running, so nothing is captured.") from None
    except ProtocolError as error:
        raise StartError(f"{error}", "overt stop, then overt start") from None


def check_owner(places: Places) -> None:
    """Say nothing about anybody else.

    Raises:
        NotYoursError: this state is another person's, or it cannot be told whose it is.
    """
    if sys.platform == "win32":
        return  # profiles are closed to others there, administrators aside
    for folder in (places.state, places.runtime):
        try:
            owner = folder.stat().st_uid
        except FileNotFoundError:
            continue
        except OSError:
            owner = None
        if owner != os.geteuid():
            raise NotYoursError("This is another person's Overt. Whether they take part cannot be told from here.")
