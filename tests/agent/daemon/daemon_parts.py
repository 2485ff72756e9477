"""What stands around a real daemon in a test: display, sign, detectors and network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from agent.core.batch import Batch
from agent.core.observe import WindowInfo
from agent.core.sign import SignState
from agent.daemon.detectors import News
from agent.daemon.makers import Makers
from agent.daemon.session import Session, Tools
from agent.daemon.standing import Standing
from agent.disk.places import Places
from agent.native.base import Clock, NativeUnavailable
from schemas.events import KeyEvent, TextEvent
from schemas.status import ClosedReason
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import FakeDesktop, FakeGrabber
from tests.support.fake_detector import FakeDetector

UNAVAILABLE = {
    "lost": ClosedReason.DISPLAY_LOST,
    "wayland": ClosedReason.WAYLAND,
    "permission": ClosedReason.PERMISSION_MISSING,
}
DETECTORS = 2


def texts_of(batch: Batch) -> Iterator[str]:
    """What was typed, as a batch tells it: in words, and key by key."""
    yield from (event.text for event in batch.payload.events if isinstance(event, TextEvent))
    yield "".join(event.text or "" for event in batch.payload.events if isinstance(event, KeyEvent))


@dataclass
class Log:
    """What the pipeline did."""

    wipes: int = 0
    batches: list[Batch] = field(default_factory=list)


class FakeSign:
    """Stands for :class:`agent.daemon.sign.Sign`: seen or not, as a test says."""

    nonce = b""

    def __init__(self) -> None:
        self.shown = False

    def visible(self, _holds_ns: int = 0) -> bool:
        return self.shown

    def state(self, _holds_ns: int = 0) -> SignState:
        return SignState.SEEN if self.shown else SignState.NO_LEASE

    def until_ns(self, _holds_ns: int = 0) -> int | None:
        return None

    def claims(self) -> tuple[()]:
        return ()

    def asked(self, _around: object) -> dict[str, object]:
        return {}

    def look(self) -> bool:
        return self.shown

    def unsee(self) -> None:
        """Nothing to forget."""

    renew = rest = unsee


class FakeSeat:
    """Fulfils the warden's seat: knows only while it is asked to watch."""

    def __init__(self) -> None:
        self.here = True
        self.watched = False

    def active(self) -> bool:
        return self.here or not self.watched

    def watch(self) -> None:
        self.watched = True

    def leave(self) -> None:
        self.watched = False


class Seam:
    """What stands for the display, whichever daemon asks for it. Put in place of the choosers by :meth:`install`."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.mode = "fine"
        self.window: WindowInfo | None = None
        self.made: list[FakeDesktop] = []
        self.sign = FakeSign()
        self.seat = FakeSeat()
        self.detectors: list[FakeDetector] = []

    def open_native(self, _environ: Mapping[str, str], _clock: Clock) -> FakeDesktop:
        """As :func:`agent.native.choose.open_native`."""
        if self.mode != "fine":
            raise NativeUnavailable("it is not to be had", "none", UNAVAILABLE[self.mode])
        desktop = FakeDesktop(self.clock)
        desktop.focus(self.window)
        desktop.read()
        self.made.append(desktop)
        return desktop

    def detect(self, news: News) -> Sequence[FakeDetector]:
        """As :data:`agent.daemon.detectors.Detect`. What they saw before a crash they see after it."""
        before, self.detectors = self.detectors, [FakeDetector(news, self.clock) for _ in range(DETECTORS)]
        for old, new in zip(before, self.detectors, strict=False):
            new.says, new.later = old.says, old.later
        return self.detectors

    def install(self, patch: pytest.MonkeyPatch, log: Log) -> None:
        """Stand for the display from now on, and keep daemons off the network."""

        def session(places: Places, found: Standing, epoch: int, tools: Tools) -> OfflineSession:
            return OfflineSession(places, found, epoch, tools, log)

        def makers(**parts: object) -> Makers:
            return Makers(**{**parts, "detect": self.detect, "seat": lambda _changed: self.seat})  # type: ignore[arg-type]

        patch.setattr("agent.daemon.desk.open_native", self.open_native)
        patch.setattr("agent.daemon.loop.open_witnessed", lambda *_: FakeGrabber(self.clock))
        patch.setattr("agent.daemon.loop.Sign", lambda *_: self.sign)
        patch.setattr("agent.daemon.loop.Session", session)
        patch.setattr("agent.daemon.loop.Makers", makers)


class OfflineSession(Session):
    """A session whose shipper never starts, and which tells of each wipe and each closed batch."""

    def __init__(self, places: Places, found: Standing, epoch: int, tools: Tools, log: Log) -> None:
        super().__init__(places, found, epoch, tools)
        put, wipe = self.sealing.put, self.pipeline.wipe

        def noted_put(batch: Batch) -> None:
            log.batches.append(batch)
            put(batch)

        def noted_wipe(*reasons: str) -> None:
            log.wipes += 1
            wipe(*reasons)

        self.pipeline._out = noted_put
        self.pipeline.wipe = noted_wipe  # type: ignore[method-assign,assignment]

    def start(self) -> None:
        """Seal, and ship nothing."""
        self.sealing.start()

    def stop(self) -> None:
        """Seal what is closed."""
        self.sealing.stop(5.0)
        self.spool.close()
