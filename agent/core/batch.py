"""Events to batches: one open batch, which closes on size, on age, or when what was agreed to changes."""

from msgspec import Struct
from msgspec.structs import replace

from agent.core.account import EMPTY, add
from schemas.events import Event, FrameEvent, LossAccount
from schemas.payload import Payload

MAX_BYTES = 8 << 20
"""Bytes of frames and events at which a batch closes: large enough that sealing costs little, small enough to hold."""
MAX_ROWS = 20_000
"""Events at which a batch closes: more than a busy five minutes. In a burst this is what bounds memory."""
EVENT_BYTES = 64
"""Bytes of memory that an event is reckoned at before compression."""


class Authority(Struct, frozen=True):
    """Under what a batch was captured; all events of a batch share it."""

    consent: str
    policy: str
    notice: str
    readers: tuple[str, ...]  # age recipients of the researchers who may read it


class Batch(Struct, frozen=True):
    """A closed batch, ready to be sealed."""

    authority: Authority
    payload: Payload

    def __repr__(self) -> str:
        """How many events."""
        return f"<Batch of {len(self.payload.events)}>"


class Batcher:
    """Collects redacted events. Not for use by two threads at once.

    A batch's age counts from the time of its first event. The authority outlives a batch, because a person may stay
    in one window for many batches.
    """

    def __init__(self, episode: str) -> None:
        self._episode = episode
        self._authority: Authority | None = None
        self._events: list[Event] = []
        self._frames = bytearray()
        self._account = EMPTY
        self._opened_ns = 0

    def __len__(self) -> int:
        """Events in the open batch."""
        return len(self._events)

    def begin(self, authority: Authority) -> Batch | None:
        """Collect under this authority from now on; gives the batch that was open under another."""
        closed = self.close() if self._authority != authority else None
        self._authority = authority
        return closed

    def add(self, event: Event, image: bytes = b"") -> None:
        """Add an event; a frame with its image, whose place is filled in here."""
        if isinstance(event, FrameEvent):
            event = _placed(event, len(self._frames), len(image))
            self._frames += image
        if not self._events:
            self._opened_ns = event.mono_ns
        self._events.append(event)

    def note(self, account: LossAccount) -> None:
        """Add to what the open batch will say was seen, kept and dropped."""
        self._account = add(self._account, account)

    def due(self, now_ns: int, max_age_ns: int) -> bool:
        """True if the open batch must be closed now."""
        size = len(self._frames) + EVENT_BYTES * len(self._events)
        old = bool(self._events) and now_ns - self._opened_ns >= max_age_ns
        return old or size >= MAX_BYTES or len(self._events) >= MAX_ROWS

    def deadline_ns(self, max_age_ns: int) -> int | None:
        """When :meth:`due` becomes true by age; ``None`` while nothing is collected."""
        return self._opened_ns + max_age_ns if self._events else None

    def close(self) -> Batch | None:
        """The open batch, or ``None`` if it is empty; what it would have accounted for stays for the next."""
        if self._authority is None or not self._events:
            return None
        payload = Payload(self._events, bytes(self._frames), self._account, self._episode)
        self._events, self._frames, self._account = [], bytearray(), EMPTY
        return Batch(self._authority, payload)

    def wipe(self) -> list[Event]:
        """Forget every event and picture; returns the events, to be counted, and starts empty.

        The picture bytes are overwritten. Python's own copies of strings cannot be (docs/threat-model.md).
        """
        events, self._events = self._events, []
        self._frames[:] = bytes(len(self._frames))
        self._frames = bytearray()
        return events


def _placed(frame: FrameEvent, offset: int, size: int) -> FrameEvent:
    return replace(frame, offset=offset, size=size)
