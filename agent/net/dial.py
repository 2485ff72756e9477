"""A program's end of the local socket, as bare as can be: one request, one reply, and no schema is loaded for it.

``overt status`` is typed often and loads nothing else; what is said and answered stands in :mod:`agent.net.control`.
"""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.net.local import local_socket

MAX_REPLY_BYTES = 1 << 20
"""Bytes that a client reads of one reply; a status is about 10 KiB."""
RETRY_S = 0.01
"""Seconds between tries to connect where too many wait already."""
CALL_TIMEOUT_S = 3.0
"""Seconds that a client waits for a reply: the daemon answers in milliseconds or is stuck."""
READ_BYTES = 65_536


class DaemonNotRunning(Exception):  # noqa: N818  # it tells a state
    """Nobody listens at the socket."""


class ProtocolError(Exception):
    """A line that is not a request of version 1. Never carries the line."""


def say(connect: Callable[[], socket.socket], op: str, **fields: Any) -> dict[str, Any]:
    """Make a connection, say one thing on it, and give the answer.

    Args:
        connect: makes the connection, as :func:`dial` does.
        op: what to say.
        fields: what goes with it.

    Raises:
        DaemonNotRunning: nobody answers.
        ProtocolError: somebody answers who is not the daemon of this version.
    """
    with connect() as connection:
        try:
            connection.sendall(json.dumps({"v": 1, "op": op, **fields}).encode() + b"\n")
            line = _read_line(connection)
        except OSError:
            raise DaemonNotRunning from None
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProtocolError("the daemon speaks another version")
    return answer


def dial(path: Path) -> socket.socket:
    """A connection to the daemon.

    Raises:
        DaemonNotRunning: nobody listens there, or too many wait for too long.
    """
    connection = local_socket()
    connection.settimeout(CALL_TIMEOUT_S)
    until = time.monotonic() + CALL_TIMEOUT_S
    while True:
        try:
            connection.connect(str(path))
        except BlockingIOError:  # more programs wait to be let in than the system lets wait
            if time.monotonic() < until:
                time.sleep(RETRY_S)
                continue
            connection.close()
            raise DaemonNotRunning from None
        except OSError:
            connection.close()
            raise DaemonNotRunning from None
        return connection


def _read_line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        more = connection.recv(READ_BYTES)
        if not more or len(data) > MAX_REPLY_BYTES:
            raise ConnectionResetError
        data += more
    return data
