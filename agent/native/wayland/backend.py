"""The Wayland backend: which program is in front, and what is written in it. No key, no pointer, no pixel."""

import selectors
import sys
from collections.abc import Mapping, Sequence

from agent.core.observe import Observation, PointerObserved, WindowInfo
from agent.native.accessible.bus import Bus
from agent.native.accessible.wire import Heard, shred
from agent.native.base import (
    Capabilities,
    Capability,
    Clock,
    DisplayLost,
    FocusChanged,
    Signal,
    Unread,
)
from agent.native.wayland.access import Access
from agent.native.wayland.front import WINDOW_EVENTS, Front
from agent.native.wayland.life import Life
from agent.native.wayland.protocol import offered
from agent.native.wayland.session import SIGN_NEEDS, no_place_for_a_sign
from agent.native.wayland.typing import Typing
from schemas.events import Modality

if sys.platform != "linux":
    raise ImportError("Wayland is Linux's")

OFFERED = frozenset({Modality.KEYBOARD})
WHY = (
    "on Wayland what is written is told by the programs themselves, through accessibility, in part; keys, shortcuts, "
    "pointer and pictures cannot be had"
)
LOST = "the accessibility bus is gone"


class WaylandNative:
    """A :class:`agent.native.base.Native` for Wayland. What it listens to lives in a selector of its own.

    Args:
        environ: which session.
        clock: the time.

    Raises:
        NativeUnavailable: the compositor offers no place for a sign.
    """

    name = "wayland"

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        if not offered(environ) >= SIGN_NEEDS:
            raise no_place_for_a_sign()
        self._environ, self._clock = environ, clock
        self._selector = selectors.EpollSelector()
        self._signals: list[Signal] = []
        self._typing: Typing | None = None
        self._access: Access | None = None
        self._life: Life | None = None  # of the program in front: one that dies says nothing
        self._front = Front(self._bus, self._moved)
        self._access = Access(environ, clock, self._selector, self._heard, _seals, self._front.join, self._lose)

    def __repr__(self) -> str:
        return "<WaylandNative>"

    def capabilities(self) -> Capabilities:
        """Text in part; nothing else."""
        refused = Capability.REFUSED
        return Capabilities(keyboard=Capability.PARTIAL, pointer=refused, screen=refused, why=WHY)

    def fileno(self) -> int:
        """Readable when one of the connections is: an epoll descriptor can itself be waited for."""
        return self._selector.fileno()

    def read(self) -> Sequence[Signal]:
        """What arrived."""
        for key, mask in self._selector.select(0):
            held = self._selector.get_map().get(key.fd)  # what came before it in this round may have closed it
            if held is not None and held.fileobj is key.fileobj:
                held.data(mask)
        signals, self._signals = self._signals, []
        return signals

    def focused(self) -> WindowInfo | None:
        """The window in front; ``None`` where nobody says so."""
        return self._front.window

    def grabbed(self) -> bool:
        """Wayland knows no such thing."""
        return False

    def hook(self, window: int, modalities: frozenset[Modality]) -> None:
        """Listen to what is written in the window in front."""
        self.unhook()
        program, info = self._front.program, self._front.window
        if Modality.KEYBOARD in modalities and program is not None and info is not None and info.window == window:
            self._typing = Typing(self._environ, self._clock, self._selector, program, window, self._tell)

    def unhook(self) -> None:
        """Listen no more: the connection is closed, so nothing can arrive. Idempotent."""
        if self._typing is not None:
            self._typing.close()
            self._typing = None

    def poll_pointer(self) -> PointerObserved | None:
        """Nobody tells."""
        return None

    def hooked(self) -> frozenset[Modality]:
        """What is listened to."""
        return OFFERED if self._typing is not None else frozenset()

    def close(self) -> None:
        """Leave. Idempotent."""
        self.unhook()
        if self._access is not None:
            self._access.close()
            self._access = None
            if self._life is not None:
                self._life.close()
            self._selector.close()

    def _bus(self) -> Bus | None:
        return self._access.bus if self._access is not None else None

    def _heard(self, signal: Heard) -> None:
        if signal.interface == WINDOW_EVENTS:
            self._front.heard(signal)
        shred(signal)

    def _moved(self) -> None:
        if self._life is not None:
            self._life.close()
        window = self._front.window
        self._life = Life(window, self._selector, self._front.forget) if window is not None else None
        self._signals.append(FocusChanged(window=self._front.window, mono_ns=self._clock.monotonic_ns()))

    def _tell(self, told: Observation | Unread) -> None:
        self._signals.append(told)

    def _lose(self) -> None:
        self._front.forget()
        self._signals.append(DisplayLost(why=LOST))


def _seals(interface: str, _member: str) -> bool:
    """Window events carry titles, of forbidden windows too."""
    return interface == WINDOW_EVENTS
