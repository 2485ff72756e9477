"""Addresses of buses (D-Bus Specification 0.43, "Server Addresses"): of the kinds that Linux desktops use."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

_PLAIN = re.compile(r"[-0-9A-Za-z_/.\\*%]+\Z")
MAX_ADDRESS = 4096
"""Characters. The bus tells the accessibility bus's address; nobody needs more."""


def socket_paths(address: str) -> list[bytes]:
    """The Unix sockets of an address, in the order in which they are to be tried; an abstract one begins with NUL."""
    if len(address) > MAX_ADDRESS:
        return []
    return [path for one in address.split(";") if (path := _path(one)) is not None]


def session_address(environ: Mapping[str, str]) -> str | None:
    """Where this person's session bus is; ``None`` if there is none."""
    told = environ.get("DBUS_SESSION_BUS_ADDRESS")
    runtime = environ.get("XDG_RUNTIME_DIR")
    return told or (f"unix:path={runtime}/bus" if runtime else None)


def _path(address: str) -> bytes | None:
    transport, _, rest = address.partition(":")
    pairs = dict(pair.split("=", 1) for pair in rest.split(",") if "=" in pair)
    for key, first in (("path", b""), ("abstract", b"\0")):
        value = pairs.get(key, "")
        if transport == "unix" and _PLAIN.match(value):
            return first + unquote_to_bytes(value)
    return None
