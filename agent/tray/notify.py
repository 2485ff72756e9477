"""Notifications where Qt cannot show them.

In an embedding tray it draws a bubble at the icon, and both go together; without a tray it may show nothing.

Spec: https://specifications.freedesktop.org/notification-spec/ (1.2). PySide cannot say the unsigned number in it.
"""

import asyncio
import sys

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
ANSWER_S = 3.0
"""Seconds that a service may take; it answers in milliseconds or is stuck."""
BY_ITSELF = -1
"""Expiry: as the desktop does by default."""


def notify(title: str, body: str) -> bool:
    """Show a notification through the session bus. Blocks; for a thread of its own.

    Returns:
        Whether a service took it.
    """
    if sys.platform != "linux":
        return False
    try:
        return asyncio.run(asyncio.wait_for(_notify(title, body), ANSWER_S))
    except Exception:  # noqa: BLE001  # no bus, no service, a strange one: there is another way to show it
        return False


async def _notify(title: str, body: str) -> bool:
    # Megabytes that only these desktops need.
    from dbus_fast import Message, MessageType  # noqa: PLC0415
    from dbus_fast.aio import MessageBus  # noqa: PLC0415

    bus = await MessageBus().connect()
    try:
        arguments = ["Overt", 0, "", title, body, [], {}, BY_ITSELF]
        message = Message(NAME, PATH, NAME, "Notify", signature="susssasa{sv}i", body=arguments)
        reply = await bus.call(message)
        return reply is not None and reply.message_type is MessageType.METHOD_RETURN
    finally:
        bus.disconnect()
