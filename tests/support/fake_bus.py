"""A message bus that answers what a test says: the other end of `agent.native.accessible.bus`, on a real socket."""

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast._private.marshaller import Marshaller

from agent.native.accessible.bus import BUS, BUS_PATH
from agent.native.accessible.wire import Frames, Heard

Answers = Callable[["FakeBus", Heard], tuple[str, list[Any]] | str | None]
"""What a call comes to: signature and values, the name of an error, or silence."""


class FakeBus:
    """Listens at `address`; serves one client at a time from the test's own selector."""

    def __init__(self, folder: Path, name: str, selector: selectors.BaseSelector, answers: Answers) -> None:
        self.path = folder / name
        self.address = f"unix:path={self.path}"
        self.heard: list[Heard] = []
        self._selector, self._answers = selector, answers
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.setblocking(False)
        self._listening.bind(str(self.path))
        self._listening.listen()
        selector.register(self._listening, selectors.EVENT_READ, self._accept)
        self._client: socket.socket | None = None
        self._greeted = bytearray()
        self._frames: Frames | None = None
        self._serial = 0

    @property
    def clients(self) -> int:
        """Connections that exist now."""
        return int(self._client is not None)

    def members(self) -> list[str]:
        """What was called, in order."""
        return [call.member for call in self.heard]

    def signal(self, sender: str, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        """Send a signal to the client."""
        self.send(
            Message(
                message_type=MessageType.SIGNAL,
                sender=sender,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )

    def owner_changed(self, name: str, old: str, new: str) -> None:
        """Say that a name came or went."""
        self.signal(BUS, BUS_PATH, BUS, "NameOwnerChanged", "sss", [name, old, new])

    def send(self, message: Message) -> None:
        """Send any message."""
        self._serial += 1
        message.serial = self._serial
        self.send_bytes(message_bytes(message))

    def send_bytes(self, data: bytes) -> None:
        """Send anything."""
        assert self._client is not None
        self._client.sendall(data)

    def hang_up(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._selector.unregister(self._client)
            self._client.close()
            self._client = None

    def close(self) -> None:
        """End everything."""
        self.hang_up()
        self._selector.unregister(self._listening)
        self._listening.close()

    def _accept(self, _mask: int) -> None:
        self.hang_up()
        self._client, _ = self._listening.accept()
        self._greeted, self._frames = bytearray(), None
        self._selector.register(self._client, selectors.EVENT_READ, self._read)

    def _read(self, _mask: int) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(1 << 16)
        except ConnectionResetError:  # it left without reading all
            data = b""
        if not data:
            self.hang_up()
            return
        if self._frames is None:
            self._greeted += data
            _, end, rest = bytes(self._greeted).partition(b"BEGIN\r\n")
            if not end:
                return
            self.send_bytes(b"OK 0123456789abcdef0123456789abcdef\r\n")
            self._frames, data = Frames(), rest
        for call in self._frames.feed(data):
            self._answer(call)

    def _answer(self, call: Heard) -> None:
        self.heard.append(call)
        answer = ("s", [":1.99"]) if call.member == "Hello" else self._answers(self, call)
        if answer is None or self._client is None:
            return
        if isinstance(answer, str):
            kind = {"message_type": MessageType.ERROR, "error_name": answer}
        else:
            kind = {"message_type": MessageType.METHOD_RETURN, "signature": answer[0], "body": answer[1]}
        with suppress(OSError):  # the client did not wait for it
            self.send(Message(reply_serial=call.serial, sender=BUS, **kind))  # type: ignore[arg-type]


def message_bytes(message: Message) -> bytes:
    """A message as a bus sends it: with its sender, which clients must not write and dbus-fast leaves out."""
    plain = (
        ("o", 1, message.path),
        ("s", 2, message.interface),
        ("s", 3, message.member),
        ("s", 4, message.error_name),
        ("u", 5, message.reply_serial),
        ("s", 7, message.sender),
        ("g", 8, message.signature),
    )
    fields = [(code, Variant(kind, value)) for kind, code, value in plain if value]
    body = bytes(Marshaller(message.signature, message.body).marshall())
    start = Marshaller("yyyyuua(yv)", [ord("l"), message.message_type.value, 0, 1, len(body), message.serial, fields])
    header = bytes(start.marshall())
    return header + bytes(-len(header) % 8) + body
