"""Pictures of a day, put together only when they are looked at: a patch is painted over the picture before it.

Decoded pictures live in this process's memory, a few at a time, and nowhere else.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

from agent.review.opening import Opened
from schemas.events import FrameEvent, PointerEvent, Rect
from schemas.payload import Payload

KEPT = 12
"""Whole pictures in memory at once: 8 MB each on a full screen."""
MAX_CHAIN = 200
"""Patches that one picture may need: four times as many as are ever made in a row."""


class Gallery:
    """Every picture of some batches, by number, and the pointer's trail."""

    def __init__(self, opened: Sequence[Opened]) -> None:
        self._frames: dict[int, tuple[Payload, FrameEvent]] = {
            event.frame: (one.payload, event)
            for one in opened
            for event in one.payload.events
            if isinstance(event, FrameEvent)
        }
        self._order = sorted((event for _, event in self._frames.values()), key=lambda e: e.wall_ns)
        self._times = [event.wall_ns for event in self._order]
        moves = [e for one in opened for e in one.payload.events if isinstance(e, PointerEvent)]
        self._pointer = sorted(moves, key=lambda e: e.wall_ns)
        self._pointer_times = [event.wall_ns for event in self._pointer]
        self._whole: OrderedDict[int, QImage] = OrderedDict()

    def at(self, when_ns: int) -> FrameEvent | None:
        """The newest picture at a time."""
        place = bisect_right(self._times, when_ns)
        return self._order[place - 1] if place else None

    def event(self, number: int) -> FrameEvent | None:
        """What is known of a picture."""
        found = self._frames.get(number)
        return found[1] if found else None

    def image(self, number: int) -> QImage | None:
        """The whole window as that picture has it; ``None`` if it, or one that it is painted over, is not here."""
        if number in self._whole:
            self._whole.move_to_end(number)
            return self._whole[number]
        chain = self._chain(number)
        base = chain[0].base if chain else None
        image = self._whole[base] if base is not None and base in self._whole else QImage()
        for event in chain:
            image = self._painted(image, event)
            if image.isNull():
                return None
        if not chain:
            return None
        self._whole[number] = image
        while len(self._whole) > KEPT:
            self._whole.popitem(last=False)
        return image

    def trail(self, begin_ns: int, end_ns: int, window: int) -> list[PointerEvent]:
        """What the pointer did in a window in that time."""
        first, last = bisect_right(self._pointer_times, begin_ns), bisect_right(self._pointer_times, end_ns)
        return [event for event in self._pointer[first:last] if event.window == window]

    def _chain(self, number: int) -> list[FrameEvent]:
        """What has to be painted, in order: from a whole picture on, or from one that is at hand."""
        chain = list[FrameEvent]()
        wanted: int | None = number
        while wanted is not None and wanted not in self._whole:
            found = self._frames.get(wanted)
            if found is None or len(chain) > MAX_CHAIN:
                return []
            chain.append(found[1])
            wanted = found[1].base
        return chain[::-1]

    def _painted(self, under: QImage, event: FrameEvent) -> QImage:
        payload, _ = self._frames[event.frame]
        data = payload.image(event)
        patch = QImage.fromData(data) if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else QImage()
        if patch.isNull() or event.base is None:
            return patch
        over = under.copy()
        painter = QPainter(over)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(QPoint(*event.patch[:2]), patch)
        painter.end()
        return over


def inside(rect: Rect, width: int, height: int) -> Rect | None:
    """A rectangle cut to a picture; ``None`` if nothing of it lies inside."""
    left, top, right, bottom = rect
    cut = (max(0, left), max(0, top), min(width, right), min(height, bottom))
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None
