"""The tray of macOS and Windows: always there, and silent about what it shows. There the badge alone is the proof."""

from collections.abc import Callable

from agent.tray.presence import Hidden, HostKind


class SystemPresence:
    """A :class:`agent.tray.presence.Presence` that is taken for granted.

    Windows may hide an icon behind an arrow and macOS behind the notch, and no interface tells: so this says nothing
    for the icon, and the gate goes by the badge, which the daemon looks for on the screen.
    """

    kind = HostKind.SYSTEM

    def host_present(self) -> bool:
        """Yes."""
        return True

    def hidden(self) -> Hidden | None:
        """Nobody says that it is."""
        return None

    def on_change(self, callback: Callable[[], None]) -> None:
        """It never changes."""

    def close(self) -> None:
        """Nothing is watched."""
