"""What can be had quickly: the daemon's own word."""

from agent.disk.places import Places
from agent.errors import NotRunningError, StartError
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
