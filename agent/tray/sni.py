"""Trays that speak StatusNotifierItem: the watcher's own list says whether our item is on show.

Spec: https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
"""

import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import SLOT, QObject, Slot
from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage, QDBusServiceWatcher

from agent.tray.presence import Hidden, HostKind

WATCHER = "org.kde.StatusNotifierWatcher"
WATCHER_PATH = "/StatusNotifierWatcher"
PROPERTIES = "org.freedesktop.DBus.Properties"
BUS = "org.freedesktop.DBus"
ANSWER_MS = 250
"""How long a watcher may take: a lease is renewed every 400 ms, and a tray that hangs shows nothing new."""
CHANGES = ("StatusNotifierHostRegistered", "StatusNotifierHostUnregistered", "StatusNotifierItemUnregistered")
"""Signals of a watcher after which our icon may be seen or not be seen."""


class SniPresence(QObject):
    """The StatusNotifierWatcher of the session bus. Needs a running Qt application."""

    kind = HostKind.SNI

    def __init__(self) -> None:
        super().__init__()
        self._bus = QDBusConnection.sessionBus()
        self._watch = QDBusServiceWatcher(WATCHER, self._bus)
        self._callbacks: list[Callable[[], None]] = []
        self._watch.serviceOwnerChanged.connect(self.changed)
        for name in CHANGES:
            slot: Any = SLOT("changed()")  # PySide's stub wants bytes here, its code a text
            self._bus.connect(WATCHER, WATCHER_PATH, WATCHER, name, self, slot)
        self._pids: dict[str, int] = {}
        # Read anew after each change that the watcher announces: asking for both at each lease costs twice as much.
        self._taken_in = False

    def host_present(self) -> bool:
        """Whether a host is registered with the watcher."""
        return self._property("IsStatusNotifierHostRegistered") is True

    def hidden(self) -> Hidden | None:
        """Why no item of this process is on show."""
        host = self._property("IsStatusNotifierHostRegistered")
        if host is None:
            return Hidden.NO_ANSWER if self._bus.interface().isServiceRegistered(WATCHER).value() else Hidden.NO_HOST
        if host is not True:
            return Hidden.NO_HOST
        if not self._taken_in:
            items = self._property("RegisteredStatusNotifierItems") or ()
            self._taken_in = any(self._is_ours(str(item)) for item in items)
        return None if self._taken_in else Hidden.NOT_TAKEN_IN

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back when the watcher changes hands, and when it says that a host or an item came or went."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Stop watching."""
        self._watch.setWatchedServices([])
        self._callbacks.clear()

    @Slot()
    def changed(self) -> None:
        """The watcher said that something came or went."""
        self._taken_in = False
        for callback in self._callbacks:
            callback()

    def _is_ours(self, item: str) -> bool:
        """Whether the bus itself says that an item belongs to this process. Names can be anything."""
        service = item.partition("/")[0]
        if service not in self._pids:
            pid = self._call(BUS, "/", BUS, "GetConnectionUnixProcessID", service)
            if not isinstance(pid, int):
                return False
            if not service.startswith(":"):
                return pid == os.getpid()  # a well-known name can change hands: ask again each time
            self._pids[service] = pid
        return self._pids[service] == os.getpid()

    def _property(self, name: str) -> Any:
        answer = self._call(WATCHER, WATCHER_PATH, PROPERTIES, "Get", WATCHER, name)
        return answer.variant() if hasattr(answer, "variant") else None

    def _call(self, service: str, path: str, interface: str, method: str, *arguments: str) -> Any:
        """The first value of an answer; ``None`` stands for every failure."""
        message = QDBusMessage.createMethodCall(service, path, interface, method)
        message.setArguments(list(arguments))
        message.setAutoStartService(False)
        reply = self._bus.call(message, QDBus.CallMode.Block, ANSWER_MS)
        if reply.type() != QDBusMessage.MessageType.ReplyMessage or not reply.arguments():
            return None
        return reply.arguments()[0]
