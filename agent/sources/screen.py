"""The screen source: grab the window, fill all text, keep what changed. In a thread of its own.

Only masked pixels are ever compared, kept or encoded; the grabbed ones live for the length of one function.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import msgspec
import numpy as np
from msgspec import Struct

from agent.core.redact.pixels import masked
from agent.core.tiles import Pixels, bounds, changed, is_key_frame
from agent.core.triggers import Trigger
from agent.native.base import Grabber, RawFrame
from schemas.base import digest
from schemas.events import Mask, MaskClass, Rect

KEY_FRAME_EVERY = 50
"""Patches after which a whole picture is kept, so that a reader never needs more than these to rebuild one."""
MAX_WAITING = 4
"""Pictures asked for and not taken yet: more means that the machine is too slow, and the rest are dropped."""
MAX_PIXELS = 7680 * 4320
"""Pixels of a window: an 8K screen."""
_log = logging.getLogger(__name__)
_LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]  # above 100 is lossless in OpenCV


class Wanted(Struct, frozen=True):
    """A picture to take: of which window, why, and in whose name (a token that comes back with the answer)."""

    window: int
    trigger: Trigger
    token: int


class Picture(Struct, frozen=True):
    """A masked picture, or the part of it that changed. ``base`` is the number of the one that it paints over."""

    number: int
    base: int | None
    start_ns: int
    end_ns: int
    rect: Rect
    patch: Rect
    dirty: list[Rect]
    masks: list[Mask]
    scale: float
    image: bytes
    sha256: str

    def __repr__(self) -> str:
        """Its number only."""
        return f"<Picture {self.number}>"


class NoPicture(Struct, frozen=True):
    """Why none was taken."""

    reason: str


Answer = tuple[Wanted, Picture | NoPicture]


@dataclass
class _Last:
    """The masked picture before, of which window, and how many patches were made since the last whole one."""

    window: int
    number: int
    pixels: Pixels
    patches: int


class Photographer:
    """Takes masked pictures one by one. Not for use by two threads at once.

    Args:
        grabber: takes the raw ones.
        first: number of the first picture.
    """

    def __init__(self, grabber: Grabber, first: int = 0) -> None:
        self._grabber = grabber
        self.next_number = first
        self._last: _Last | None = None

    def take(self, wanted: Wanted) -> Picture | NoPicture:
        """One picture of the window that is wanted."""
        raw = self._grabber.grab(wanted.window)
        if raw is None:
            return NoPicture("not_clean")
        try:
            if raw.pixels.shape[0] * raw.pixels.shape[1] > MAX_PIXELS:
                return NoPicture("too_large")
            pixels, boxes = masked(raw.pixels)
        finally:
            _blank(raw.pixels)
        masks = [Mask(b, MaskClass.OVERLAP) for b in raw.covered] + [Mask(b, MaskClass.TEXT) for b in boxes]
        return self._difference(wanted, msgspec.structs.replace(raw, pixels=pixels), masks)

    def forget(self) -> None:
        """Begin with a whole picture next time, and let the last one go."""
        if self._last is not None:
            self._last.pixels[:] = 0
        self._last = None

    def _difference(self, wanted: Wanted, frame: RawFrame, masks: list[Mask]) -> Picture | NoPicture:
        height, width = frame.pixels.shape[:2]
        whole = (0, 0, width, height)
        last = self._last
        if last is None or last.window != wanted.window or last.pixels.shape != frame.pixels.shape:
            return self._keep(wanted, frame, masks, [whole], None)
        dirty = changed(last.pixels, frame.pixels)
        if not dirty:
            return NoPicture("unchanged")
        if is_key_frame(dirty, width, height) or last.patches >= KEY_FRAME_EVERY:
            return self._keep(wanted, frame, masks, [whole], None)
        return self._keep(wanted, frame, masks, dirty, last)

    def _keep(
        self, wanted: Wanted, frame: RawFrame, masks: list[Mask], dirty: list[Rect], base: _Last | None
    ) -> Picture:
        patch = bounds(dirty)
        image = encode(frame.pixels, patch)
        number, self.next_number = self.next_number, self.next_number + 1
        patches = base.patches + 1 if base else 0
        self._last = _Last(wanted.window, number, frame.pixels, patches)
        return Picture(
            number=number,
            base=base.number if base else None,
            start_ns=frame.start_ns,
            end_ns=frame.end_ns,
            rect=frame.rect,
            patch=patch,
            dirty=dirty,
            masks=masks,
            scale=frame.scale,
            image=image,
            sha256=digest(image),
        )


def _blank(raw: Pixels) -> None:
    """Overwrite unmasked pixels, so that no reference keeps them."""
    if raw.flags.writeable:
        raw[:] = 0


def encode(pixels: Pixels, patch: Rect) -> bytes:
    """A lossless WebP (RFC 9649) of a part of a masked picture.

    Raises:
        ValueError: it cannot be encoded.
    """
    left, top, right, bottom = patch
    done, data = cv2.imencode(".webp", np.ascontiguousarray(pixels[top:bottom, left:right]), _LOSSLESS)
    if not done:
        raise ValueError("picture cannot be encoded")
    return bytes(data.tobytes())


class ScreenSource:
    """A photographer in a thread. Answers are fetched with :meth:`answers` after ``wake`` was called.

    Args:
        open_grabber: makes the connection to the display, in the thread that uses it.
        wake: called from the thread when there is an answer.
    """

    def __init__(self, open_grabber: Callable[[], Grabber], wake: Callable[[], None]) -> None:
        self._open = open_grabber
        self._wake = wake
        self._wanted: queue.Queue[Wanted | None] = queue.Queue(MAX_WAITING + 1)
        self._done: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._fresh = threading.Event()
        self._cancelled = 0
        self._thread: threading.Thread | None = None
        self._next_number = 0  # goes on when the thread is started anew: no two pictures share one

    def want(self, wanted: Wanted) -> bool:
        """Ask for a picture. False if too many wait already."""
        if self._wanted.qsize() >= MAX_WAITING:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
            self._thread.start()
        self._wanted.put(wanted)
        return True

    def answers(self) -> list[Answer]:
        """What was taken since the last call."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def cancel(self, before: int) -> None:
        """Take no picture any more whose token is below ``before``: its gate has closed."""
        self._cancelled = before

    def forget(self) -> None:
        """The next picture is a whole one."""
        self._fresh.set()

    def stop(self) -> None:
        """End the thread, and with it the connection to the display. Idempotent."""
        if self._thread is not None:
            self._wanted.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        photographer: Photographer | None = None
        grabber: Grabber | None = None
        while (wanted := self._wanted.get()) is not None:
            if grabber is None and wanted.token >= self._cancelled:
                grabber = self._connect()
                photographer = Photographer(grabber, self._next_number) if grabber else None
            self._done.put((wanted, self._answer(photographer, wanted)))
            self._wake()
        if grabber is not None:
            grabber.close()

    def _connect(self) -> Grabber | None:
        try:
            return self._open()
        except Exception as error:  # noqa: BLE001  # the display may be going away: answered, and tried again next time
            _log.info("no pictures can be taken: %s", type(error).__name__)
            return None

    def _answer(self, photographer: Photographer | None, wanted: Wanted) -> Picture | NoPicture:
        if wanted.token < self._cancelled:
            return NoPicture("gate_closed")
        if photographer is None:
            return NoPicture("no_display")
        if self._fresh.is_set():
            self._fresh.clear()
            photographer.forget()
        answer = _safely(photographer, wanted)
        self._next_number = photographer.next_number
        return answer


def _safely(photographer: Photographer, wanted: Wanted) -> Picture | NoPicture:
    """Whatever fails between grab and mask, the picture is dropped and never passed on."""
    try:
        return photographer.take(wanted)
    except Exception:  # noqa: BLE001  # OpenCV, X and NumPy raise anything; the text may hold content, so it is not kept
        photographer.forget()
        return NoPicture("redaction_failed")
