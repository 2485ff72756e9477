"""A notification service: what a desktop shows in a corner, and what a test can ask for afterwards.

Spec: https://specifications.freedesktop.org/notification-spec/ (1.2), as far as programs here use it.
"""

from dataclasses import dataclass
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from tests.support.background import Background
from tests.support.desktop import Desktop

NAME = "org.freedesktop.Notifications"
ANSWERS: dict[str, tuple[str, list[Any]]] = {
    "GetCapabilities": ("as", [["body"]]),
    "GetServerInformation": ("ssss", ["notices", "tests", "1", "1.2"]),
    "CloseNotification": ("", []),
}


@dataclass(frozen=True)
class Notice:
    """One notification."""

    title: str
    body: str


class Notices(Background):
    """The service, on a desktop's session bus, for the length of a block.

    Attributes:
        shown: Every notification, in order.
    """

    def __init__(self, desktop: Desktop) -> None:
        super().__init__("notices")
        self._address = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        self.shown: list[Notice] = []

    def titles(self) -> list[str]:
        """What was shown, by title."""
        return [notice.title for notice in list(self.shown)]

    async def _serve(self) -> None:
        bus = await MessageBus(bus_address=self._address).connect()
        bus.add_message_handler(self._take)
        await bus.request_name(NAME)
        await self._serving()
        bus.disconnect()

    def _take(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or message.interface != NAME:
            return False
        if message.member == "Notify":
            self.shown.append(Notice(message.body[3], message.body[4]))
            return Message.new_method_return(message, "u", [len(self.shown)])
        if message.member in ANSWERS:
            signature, body = ANSWERS[message.member]
            return Message.new_method_return(message, signature, body)
        return False
