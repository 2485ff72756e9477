"""Messages between a browser and a program: 4 bytes of length in the machine's own order, then JSON in UTF-8.

As Chromium and Firefox document it under "Native messaging". What the extension says is read strictly: anything that is
not exactly one of its messages ends the conversation.
"""

import json
import re
import struct
from typing import Any

MAX_MESSAGE_BYTES = 1024
"""Bytes of one message of the extension; the longest is below 400. A browser would allow 64 MiB."""
MAX_COUNT = 2**53 - 1
"""The largest whole number that JavaScript tells exactly."""
_LENGTH = struct.Struct("=I")
_STATES = ("page", "elsewhere", "private")
VERSION = 2
"""Of the messages. Version 1 did not say whether a field asks for a secret, so it is not understood any more."""
_KEYS = {"v", "seq", "at", "state"}
_OF_PAGE = {"origin", "secret"}
"""What is said of a page, and of nothing else."""
_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]{1,260}", re.ASCII)
"""Roughly an origin, and nothing that could hold a path; the daemon compares it with the policy's."""


class FramingError(Exception):
    """Bytes that the extension never sends. Never carries them."""


def frame(message: dict[str, Any]) -> bytes:
    """A message for the browser."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


class Reader:
    """Puts messages together from the bytes as they come."""

    def __init__(self) -> None:
        self._bytes = b""
        self._next = 0

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that are complete now.

        Raises:
            FramingError: something else than the extension's messages, in their order.
        """
        self._bytes += data
        found = []
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > MAX_MESSAGE_BYTES:
                raise FramingError("message too long")
            if len(self._bytes) < _LENGTH.size + length:
                break
            body, self._bytes = self._bytes[_LENGTH.size : _LENGTH.size + length], self._bytes[_LENGTH.size + length :]
            found.append(self._in_order(parse(body)))
        return found

    def _in_order(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["seq"] != self._next:
            raise FramingError("a message is missing or came twice")
        self._next += 1
        return message


def parse(body: bytes) -> dict[str, Any]:
    """One message of the extension.

    Raises:
        FramingError: it is not one.
    """
    try:
        message = json.loads(body.decode("utf-8", "strict"))
    except (ValueError, RecursionError):
        raise FramingError("not JSON") from None
    if not isinstance(message, dict) or message.keys() - _OF_PAGE != _KEYS or not _sound(message):
        raise FramingError("not a message of version 2")
    return message


def _sound(message: dict[str, Any]) -> bool:
    numbers = (message["v"], message["seq"], message["at"])
    if not all(type(n) is int and 0 <= n <= MAX_COUNT for n in numbers) or message["v"] != VERSION:
        return False
    if message["state"] != "page":
        return message["state"] in _STATES and not _OF_PAGE & message.keys()
    origin, secret = message.get("origin"), message.get("secret")
    return isinstance(secret, bool) and isinstance(origin, str) and _ORIGIN.fullmatch(origin) is not None
