"""Whether a person can really see our icon: what a tray says about itself, never what the toolkit says.

Two kinds of tray exist on X11. Qt decides once, when it makes the icon, which of them it speaks to, so the icon is
made only when a host is there. Where nothing here can tell, the answer is that the icon is hidden.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class HostKind(StrEnum):
    """How a tray takes in icons."""

    SNI = "sni"  # freedesktop.org StatusNotifierItem, over the session bus
    XEMBED = "xembed"  # freedesktop.org System Tray Protocol 0.3, by embedding a window
    SYSTEM = "system"  # macOS's menu bar and Windows' taskbar, which say nothing of it


class Hidden(StrEnum):
    """Why the icon cannot be seen. The words are in the tables, under ``hidden.``."""

    NO_HOST = "no_host"  # this desktop has no tray that shows icons
    NOT_TAKEN_IN = "not_taken_in"  # the tray has not taken in our icon
    NO_ANSWER = "no_answer"  # the tray does not answer


class Presence(Protocol):
    """One kind of tray."""

    kind: HostKind

    def host_present(self) -> bool:
        """Whether a tray of this kind shows icons now. Never raises: what cannot be told is not there."""
        ...

    def hidden(self) -> Hidden | None:
        """Why this process's icon cannot be seen, or ``None`` if the tray has it on show."""
        ...

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back whenever a host came or went, without polling."""
        ...

    def close(self) -> None:
        """Let go of whatever is watched. Idempotent."""
        ...


class AnyPresence:
    """The first kind of tray that is there; asked in the order in which Qt chooses."""

    def __init__(self, kinds: tuple[Presence, ...]) -> None:
        self._kinds = kinds

    def present(self) -> Presence | None:
        """The kind of tray that is there now."""
        return next((one for one in self._kinds if one.host_present()), None)

    def hidden(self, kind: HostKind | None) -> Hidden | None:
        """Why the icon cannot be seen.

        Args:
            kind: the kind of tray for which the icon was made; ``None`` if it was not made yet.
        """
        ours = next((one for one in self._kinds if one.kind is kind), None)
        return ours.hidden() if ours else Hidden.NO_HOST

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back whenever a host of any kind came or went."""
        for one in self._kinds:
            one.on_change(callback)

    def close(self) -> None:
        """Let go of whatever is watched. Idempotent."""
        for one in self._kinds:
            one.close()
