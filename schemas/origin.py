"""Web origins: scheme, host and port, in the one spelling that browsers give them (RFC 6454 §6.2, WHATWG HTML §7.1).

No wildcard, no path, no user name: whoever agrees to a web app agrees to exactly the origins that are shown.
"""

import ipaddress
import re

MAX_ORIGIN_CHARS = 270
"""``https://``, a host name of 253 characters (RFC 1035 §2.3.4), and a port."""
MAX_PORT = 65_535
_SHAPE = re.compile(r"(https?)://(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::([1-9][0-9]{0,4}))?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_DEFAULT_PORT = {"https": "443", "http": "80"}


def is_origin(text: str) -> bool:
    """True for an origin that a policy may list, spelled as browsers do.

    That is ``https://`` and a host in lower case (international names in their ``xn--`` form), and a port where it is
    not 443. Plain ``http://`` is one on this very machine only (``localhost``, ``127.0.0.1``, ``[::1]``): anywhere else
    whoever carries the packets decides what the page is.
    """
    found = _SHAPE.fullmatch(text) if len(text) <= MAX_ORIGIN_CHARS else None
    if found is None:
        return False
    scheme, host, port = found.groups()
    if port is not None and (port == _DEFAULT_PORT[scheme] or int(port) > MAX_PORT):
        return False
    return _is_host(host) and (scheme == "https" or is_loopback(host))


def is_loopback(host: str) -> bool:
    """True for the three usual names of this machine."""
    return host in {"localhost", "127.0.0.1", "[::1]"}


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_address(host[1:-1], 6)
    labels = host.split(".")
    if labels[-1].isdecimal():  # browsers read a host that ends in a number as an address
        return _is_address(host, 4)
    return all(_LABEL.fullmatch(label) for label in labels)


def _is_address(text: str, version: int) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == version and str(address) == text
