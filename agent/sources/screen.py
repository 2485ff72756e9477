"""Pictures of a window: grab it, fill all text, keep what changed.

Only masked pixels are ever compared, kept or encoded; the grabbed ones live for the length of one function.
"""

from dataclasses import dataclass

import cv2
import msgspec
import numpy as np

from agent.core.rects import intersect, shifted, without
from agent.core.redact.pixels import CELL, fill, masked
from agent.core.tiles import TILE, Pixels, bounds, changed, is_key_frame
from agent.native.base import Grabber, RawFrame, WatchingGrabber
from agent.sources.pictures import NoPicture, Picture, Wanted
from agent.sources.revealing import Revealer, unmasked
from schemas.base import digest
from schemas.events import Mask, MaskClass, Rect

KEY_FRAME_EVERY = 50
"""Patches after which a whole picture is kept, so that a reader never needs more than these to rebuild one."""
MAX_PIXELS = 7680 * 4320
"""Pixels of a window: an 8K screen."""
MARGIN = 96
"""Pixels above and below what was painted that are looked at with it: three lines of body text. Lines are looked at in
their full width, so that none is judged by a part of it."""
cv2.setNumThreads(1)  # what a picture costs is the processor's time, not the wait: more threads only take memory
_LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]  # above 100 is lossless in OpenCV


@dataclass
class _Last:
    """The masked picture before, of which window, and how many patches were made since the last whole one."""

    window: int
    number: int
    pixels: Pixels
    boxes: list[Rect]  # what is filled in it
    patches: int
    reveal: bool
    hidden: tuple[Rect, ...]


class Photographer:
    """Takes masked pictures one by one. Not for use by two threads at once.

    Args:
        grabber: takes the raw ones.
        first: number of the first picture.
        revealer: tells what may be shown where that was agreed to; without, all text is filled.
    """

    def __init__(self, grabber: Grabber, first: int = 0, revealer: Revealer | None = None) -> None:
        self._grabber = grabber
        self._revealer = revealer
        self.next_number = first
        self._last: _Last | None = None

    def take_safely(self, wanted: Wanted) -> Picture | NoPicture:
        """As :meth:`take`; whatever fails between grab and mask, the picture is dropped and never passed on."""
        try:
            return self.take(wanted)
        except Exception:  # noqa: BLE001  # OpenCV, X and NumPy raise anything; the text may hold content: not kept
            self.forget()
            return NoPicture("redaction_failed")

    def take(self, wanted: Wanted) -> Picture | NoPicture:
        """One picture of the window that is wanted; nothing is grabbed while nothing can have changed."""
        if self._last is not None and (self._last.reveal, self._last.hidden) != (wanted.reveal, wanted.hidden):
            self.forget()  # nothing is carried over from one agreement, or one wish, to another
        if self._is_still(wanted.window):
            return NoPicture("unchanged")
        raw = self._grabber.grab(wanted.window)
        if raw is None:
            return NoPicture("not_clean")
        raw = _hiding(raw, wanted.hidden)
        try:
            if raw.pixels.shape[0] * raw.pixels.shape[1] > MAX_PIXELS:
                self.forget()
                return NoPicture("too_large")
            rows = self._rows(wanted, raw)
            if rows is None:
                rows = 0, raw.pixels.shape[0]
                pixels, boxes = masked(raw.pixels)
                boxes = self._reveal(wanted, raw.pixels, pixels, boxes, None)
            else:
                assert self._last is not None  # noqa: S101  # there are no rows without it
                pixels, boxes = self._patched(wanted, raw.pixels, self._last, rows)
        finally:
            _blank(raw.pixels)
        return self._difference(wanted, msgspec.structs.replace(raw, pixels=pixels), boxes, rows)

    def _patched(self, wanted: Wanted, raw: Pixels, last: _Last, rows: tuple[int, int]) -> tuple[Pixels, list[Rect]]:
        above, strip, found = _strip(raw, rows)
        inside = (rows[0] - above, rows[1] - above)
        found = self._reveal(wanted, raw[above : above + len(strip)], strip, found, inside)
        return patched(last.pixels, last.boxes, rows, (above, strip, found))

    def _reveal(
        self, wanted: Wanted, raw: Pixels, pixels: Pixels, boxes: list[Rect], rows: tuple[int, int] | None
    ) -> list[Rect]:
        if not wanted.reveal or self._revealer is None:
            return boxes
        return unmasked(pixels, raw, boxes, self._revealer.shown(raw, boxes, rows))

    def forget(self) -> None:
        """Begin with a whole picture next time, and let the last one go."""
        if self._last is not None:
            self._last.pixels[:] = 0
        self._last = None

    def _is_still(self, window: int) -> bool:
        if self._last is None or self._last.window != window or not isinstance(self._grabber, WatchingGrabber):
            return False
        return not self._grabber.changed(window)

    def _rows(self, wanted: Wanted, raw: RawFrame) -> tuple[int, int] | None:
        """First row and one past the last that can differ from the picture before; ``None``: look at all of it."""
        last = self._last
        if last is None or not raw.painted or last.window != wanted.window or last.pixels.shape != raw.pixels.shape:
            return None
        if last.patches >= KEY_FRAME_EVERY:
            return None
        _, top, _, bottom = bounds(list(raw.painted))
        return top, bottom

    def _difference(
        self, wanted: Wanted, frame: RawFrame, boxes: list[Rect], rows: tuple[int, int]
    ) -> Picture | NoPicture:
        height, width = frame.pixels.shape[:2]
        whole = (0, 0, width, height)
        last = self._last
        if last is None or last.window != wanted.window or last.pixels.shape != frame.pixels.shape:
            return self._keep(wanted, frame, boxes, [whole], None)
        top, bottom = rows[0] // TILE * TILE, rows[1]
        dirty = [shifted(r, 0, top) for r in changed(last.pixels[top:bottom], frame.pixels[top:bottom])]
        if not dirty:
            return NoPicture("unchanged")
        if is_key_frame(dirty, width, height) or last.patches >= KEY_FRAME_EVERY:
            return self._keep(wanted, frame, boxes, [whole], None)
        return self._keep(wanted, frame, boxes, dirty, last)

    def _keep(
        self, wanted: Wanted, frame: RawFrame, boxes: list[Rect], dirty: list[Rect], base: _Last | None
    ) -> Picture:
        patch = bounds(dirty)
        image = encode(frame.pixels, patch)
        number, self.next_number = self.next_number, self.next_number + 1
        patches = base.patches + 1 if base else 0
        self._last = _Last(wanted.window, number, frame.pixels, boxes, patches, wanted.reveal, wanted.hidden)
        return Picture(
            number=number,
            base=base.number if base else None,
            start_ns=frame.start_ns,
            end_ns=frame.end_ns,
            rect=frame.rect,
            patch=patch,
            dirty=dirty,
            masks=[Mask(b, MaskClass.OVERLAP) for b in frame.covered]
            + [Mask(b, MaskClass.TEXT) for b in boxes]
            + [Mask(b, MaskClass.PERSONAL_RULE) for b in wanted.hidden],
            scale=frame.scale,
            image=image,
            sha256=digest(image),
        )


def masked_rows(raw: Pixels, before: Pixels, boxes: list[Rect], rows: tuple[int, int]) -> tuple[Pixels, list[Rect]]:
    """The masked picture ``before`` with these rows masked anew; all others are as they were, and so are their masks.

    Args:
        raw: the picture as grabbed; it differs from the one before in these rows only.
        before: the masked picture before.
        boxes: what is filled in that.
        rows: first row and one past the last.
    """
    return patched(before, boxes, rows, _strip(raw, rows))


def _strip(raw: Pixels, rows: tuple[int, int]) -> tuple[int, Pixels, list[Rect]]:
    """The masked rows with those around them: from which row on, their pixels, and what is filled in those."""
    above, below = max(rows[0] - MARGIN, 0) // CELL * CELL, min(rows[1] + MARGIN, raw.shape[0])
    return above, *masked(np.ascontiguousarray(raw[above:below]))


def patched(
    before: Pixels, boxes: list[Rect], rows: tuple[int, int], strip: tuple[int, Pixels, list[Rect]]
) -> tuple[Pixels, list[Rect]]:
    """The masked picture ``before`` with these rows out of a masked strip, as :func:`masked_rows`."""
    top, bottom = rows
    above, pixels, found = strip
    out = before.copy()
    out[top:bottom] = pixels[top - above : bottom - above]
    band = (0, top, before.shape[1], bottom)
    kept = [part for box in boxes for part in without(box, band)]
    return out, [*kept, *filter(None, (intersect(shifted(box, 0, above), band) for box in found))]


def _hiding(raw: RawFrame, hidden: tuple[Rect, ...]) -> RawFrame:
    """The picture as grabbed, with what the person wants hidden filled before anything looks at it."""
    if not hidden:
        return raw
    covered = fill(raw.pixels, list(hidden))
    _blank(raw.pixels)
    return msgspec.structs.replace(raw, pixels=covered)


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
