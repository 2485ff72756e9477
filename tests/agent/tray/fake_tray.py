"""A tray that shows icons or does not, as a test wants it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.tray.presence import Hidden, HostKind


@dataclass
class FakeTray:
    """Fulfils ``Presence``."""

    kind: HostKind
    host: bool = True
    why_hidden: Hidden | None = None
    closed: bool = False
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    def host_present(self) -> bool:
        return self.host

    def hidden(self) -> Hidden | None:
        return self.why_hidden if self.host else Hidden.NO_HOST

    def on_change(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def change(self) -> None:
        for callback in self.callbacks:
            callback()

    def close(self) -> None:
        self.closed = True
