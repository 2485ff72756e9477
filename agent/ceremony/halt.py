"""Off, pause and resume: the switch, and a word to the daemon, with nothing that takes long to import.

A person who switches off must not wait for cryptography and schemas to be loaded (half a second and more on a busy
machine): what has to be signed comes after (:mod:`agent.ceremony.perform`).
"""

from contextlib import suppress

from agent.ceremony.errors import NotKeptError
from agent.disk.places import Places
from agent.disk.switch import Position, Switch, Switched
from agent.net.dial import DaemonNotRunning, ProtocolError, dial, say


def switch_off(places: Places, now_ns: int) -> None:
    """Turn the switch off and tell the daemon. Where the disk refuses, the daemon alone is told.

    The daemon is told before the disk has confirmed, which may take it long: the switch's bytes are there for every
    program to read by then, and this returns only once they are durable.
    """
    off = Switched(position=Position.OFF, at_ns=now_ns)
    with suppress(OSError), Switch(places.switch).writing(off):
        tell_daemon(places, "off")
        return
    tell_daemon(places, "off")


def pause(places: Places, now_ns: int, until_ns: int) -> None:
    """Pause until a time (Unix, nanoseconds). What is off stays off.

    Raises:
        NotKeptError: the disk refused.
    """
    if Switch(places.switch).read().now(now_ns) is Position.OFF:
        return
    try:
        Switch(places.switch).write(Switched(position=Position.PAUSED, at_ns=now_ns, until_ns=until_ns))
    except OSError:
        raise NotKeptError("the switch could not be set to pause") from None
    tell_daemon(places, "reload")


def resume(places: Places, now_ns: int) -> None:
    """End a pause early. What is off stays off: only a ceremony turns it on.

    Raises:
        NotKeptError: the disk refused.
    """
    if Switch(places.switch).read().now(now_ns) is not Position.PAUSED:
        return
    try:
        Switch(places.switch).write(Switched(position=Position.ON, at_ns=now_ns))
    except OSError:
        raise NotKeptError("the switch could not be set back") from None
    tell_daemon(places, "reload")


def tell_daemon(places: Places, op: str) -> None:
    """Have a running daemon look again at once. One that starts later reads the disk anyway."""
    with suppress(DaemonNotRunning, ProtocolError):
        say(lambda: dial(places.control_socket), op)
