"""What the agent asks of a windowing system.

One backend object, one thread: the daemon polls :meth:`Native.fileno` and calls :meth:`Native.read`, so that the order
in which focus changes and keys arrived is the order in which they are judged. Pictures are taken by a
:class:`Grabber`, which has a connection of its own and may live in another thread.

A backend offers modalities one by one (:class:`Capability`), so that a system where only some can be had with consent
(Wayland) fits: text that is not keys and frames from a stream are further :class:`Signal` types, not a new contract.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec import Struct

from agent.core.observe import Observation, PointerObserved, WindowInfo
from agent.core.sign import Claim
from schemas.events import Modality, Rect
from schemas.status import ClosedReason

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    """Rows by columns by (blue, green, red)."""
else:
    Pixels = Any  # NumPy takes 12 MB, which a daemon that takes no pictures can do without


class Capability(StrEnum):
    """How well a modality can be had on this system."""

    OFFERED = "offered"
    PARTIAL = "partial"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Capabilities(Struct, frozen=True, kw_only=True):
    """What this backend can do here and now, and in words why not."""

    keyboard: Capability
    pointer: Capability
    screen: Capability
    why: str  # a sentence for people

    def offered(self) -> frozenset[Modality]:
        """What can be had at all, in whole or in part."""
        can = {Modality.KEYBOARD: self.keyboard, Modality.POINTER: self.pointer, Modality.SCREEN: self.screen}
        return frozenset(each for each, how in can.items() if how in (Capability.OFFERED, Capability.PARTIAL))


class FocusChanged(Struct, frozen=True, kw_only=True):
    """Another window (or none that can be told: ``None``) has input focus from ``mono_ns`` on.

    Also sent when the focused window moved, was resized, or, while its keys are hooked, changed its title.
    """

    window: WindowInfo | None
    mono_ns: int


class Unread(Struct, frozen=True, kw_only=True):
    """Something came that nobody may look at, or that is none of the person's doing: to be counted, and no more."""

    modality: Modality
    reason: str  # as in a loss account


class DisplayLost(Struct, frozen=True, kw_only=True):
    """The windowing system went away. The backend is of no further use."""

    why: str


Signal = Observation | FocusChanged | Unread | DisplayLost


class NativeUnavailable(Exception):  # noqa: N818  # it tells a state, and callers close the gate on it
    """No capture is possible on this system now.

    Args:
        why: in words.
        remedy: what would change it.
        reason: what the gate is closed by: ``PERMISSION_MISSING``, ``WAYLAND`` or ``DISPLAY_LOST``, of which only the
            last is looked at again by itself.
    """

    def __init__(self, why: str, remedy: str, reason: ClosedReason = ClosedReason.PERMISSION_MISSING) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.reason = reason


class Clock(Protocol):
    """The time, passed in so that tests can choose it."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never steps; its zero means nothing."""
        ...

    def time_ns(self) -> int:
        """Unix time in nanoseconds."""
        ...


class Native(Protocol):
    """A connection to the windowing system. All methods are called from one thread."""

    name: str

    def capabilities(self) -> Capabilities:
        """What can be had here."""
        ...

    def fileno(self) -> int:
        """Readable when :meth:`read` has something."""
        ...

    def read(self) -> Sequence[Signal]:
        """Everything that arrived, in the server's order. Never blocks."""
        ...

    def focused(self) -> WindowInfo | None:
        """The window that has input focus now; ``None`` if that cannot be told."""
        ...

    def grabbed(self) -> bool:
        """Whether another program has taken the keyboard for itself alone, as far as the system tells.

        Then :meth:`focused` is ``None``, and no key is told.
        """
        ...

    def hook(self, window: int, modalities: frozenset[Modality]) -> None:
        """Start observing keys (``KEYBOARD``) and the pointer (``POINTER``) while ``window`` has focus.

        Until this is called, and after :meth:`unhook`, the windowing system sends this process no input event at all.
        """
        ...

    def unhook(self) -> None:
        """Stop observing. When it returns, the system has confirmed that no hook exists. Idempotent."""
        ...

    def poll_pointer(self) -> PointerObserved | None:
        """Where the pointer is, as a move, if it moved over the hooked window since the last look; else ``None``.

        To be called from a timer, at most 20 times a second, while ``POINTER`` is hooked: moves are not hooked at
        all. On X11 a button's release is seen here too, as an ``up``, because there the server tells of a press but
        not of the release after it. Never a point that another window covers, except for such a release.
        """
        ...

    def hooked(self) -> frozenset[Modality]:
        """What is hooked now."""
        ...

    def close(self) -> None:
        """Unhook and disconnect. Idempotent."""
        ...


class SessionWatch(Protocol):
    """Tells whether the person sits at this session: in front, unlocked, awake. For one thread."""

    def active(self) -> bool:
        """Whether they do, as far as it can be known."""
        ...

    def watch(self) -> None:
        """Listen. What was known before is asked anew. Idempotent."""
        ...

    def leave(self) -> None:
        """Listen no more, and know nothing. Idempotent."""
        ...


class AlwaysHere:
    """A :class:`SessionWatch` where nobody can tell: a locker takes the focus or the keyboard."""

    def active(self) -> bool:
        """It is."""
        return True

    def watch(self) -> None:
        """There is nobody to listen to."""

    def leave(self) -> None:
        """The same."""


class RawFrame(Struct, frozen=True, kw_only=True):
    """A window's own pixels. Wherever another window lay over it (``covered``), they are already filled solid."""

    pixels: Pixels
    rect: Rect  # the window's client area on the desktop
    scale: float
    start_ns: int
    end_ns: int
    covered: tuple[Rect, ...]  # in the window's coordinates
    painted: tuple[Rect, ...] | None = None  # all that can differ from the picture before; None: anything can

    def __repr__(self) -> str:
        """The size only."""
        return f"<RawFrame {self.pixels.shape[1]}x{self.pixels.shape[0]}>"

    __str__ = __repr__


class Grabber(Protocol):
    """Takes pictures of one window."""

    def grab(self, window: int) -> RawFrame | None:
        """The window's pixels, or ``None`` where they cannot be had cleanly.

        The stacking order is read before and after: if it changed in between, the picture is thrown away.
        """
        ...

    def close(self) -> None:
        """Disconnect. Idempotent."""
        ...


@runtime_checkable
class WatchingGrabber(Grabber, Protocol):
    """A grabber that can tell whether there is anything new to take a picture of. All from one thread."""

    def attend(self, window: int | None) -> None:
        """Watch this window, whose gate has opened, from now on; ``None``: watch none, and let all memory go."""
        ...

    def fileno(self) -> int:
        """Readable when :meth:`heed` has something to do; -1 where nothing comes any more."""
        ...

    def heed(self) -> None:
        """Follow what the windowing system told of the watched window."""
        ...

    def changed(self, window: int) -> bool:
        """False only if nothing in this window can look different from the last picture of it."""
        ...


class SignWitness(Protocol):
    """Looks whether the badge is on the real screen. For one thread."""

    def sees(self, claim: Claim) -> bool:
        """Whether the claimed stripe is there now, in a window of the claimed process that nothing lies over.

        Never raises: what cannot be told is not seen.
        """
        ...

    def lost(self) -> bool:
        """Whether the windowing system went away, so that another witness is needed."""
        ...

    def close(self) -> None:
        """Disconnect. Idempotent."""
        ...
