"""Local sockets as this system has them: Unix domain sockets. On Windows a named pipe would do; it is not built yet."""

import os
import socket
import struct
import sys
from pathlib import Path

MAX_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""Bytes of a socket's path: ``sun_path`` less its closing zero (unix(7); sys/un.h of macOS)."""


def local_socket() -> socket.socket:
    """A new, unconnected stream socket that no other machine can reach.

    Raises:
        OSError: this system has none that Overt can use.
    """
    if sys.platform == "win32":
        raise OSError("Overt's local socket is not built for Windows yet")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def check_path(path: Path) -> None:
    """Whether a socket can lie there.

    Raises:
        OSError: its path is longer than the system allows, which the system's own error hardly says.
    """
    length = len(os.fsencode(path))
    if length > MAX_PATH_BYTES:
        raise OSError(
            f"the path of Overt's socket has {length} bytes, and this system allows {MAX_PATH_BYTES}; "
            "set OVERT_RUNTIME_DIR to a shorter folder"
        )


def same_user(connection: socket.socket) -> bool:
    """True if the program at the other end runs as this user.

    Told by the kernel on Linux (SO_PEERCRED). Elsewhere the socket's folder, of mode 0700, decides.
    """
    if sys.platform != "linux":
        return True
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.getuid())
