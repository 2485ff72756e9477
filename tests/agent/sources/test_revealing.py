"""Pictures in the mode ``reveal``: dull lines come back, all else stays, and a reader that fails shows nothing."""

import time
from collections.abc import Callable, Iterator

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from agent.core.redact.pixels import MASK_COLOUR, Pixels, masked
from agent.core.redact.reveal import ReadLine
from agent.core.triggers import Trigger
from agent.sources.pictures import Picture, Wanted
from agent.sources.reader import ReadingFailed, open_reader
from agent.sources.reading import MAX_PIXELS
from agent.sources.revealing import LINE, REST_S, Revealer, around, unmasked
from agent.sources.screen import Photographer
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import FakeGrabber
from tests.support.planted import FONTS

DULL, PRIVATE = "Save all changes", "ann.lee@example.org"
REVEAL = Wanted(window=1, trigger=Trigger.PRESS, token=1, reveal=True)
LAYOUT = msgspec.structs.replace(REVEAL, reveal=False)
Lines = list[tuple[str, tuple[int, int]]]


def page(lines: Lines, size: tuple[int, int] = (400, 300), letters: int = 14) -> tuple[Pixels, list[ReadLine]]:
    """A page, and what a good reader reads on it."""
    image = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(FONTS["DejaVu Sans"], letters)
    read = []
    for text, at in lines:
        draw.text(at, text, fill="black", font=font)
        left, top, right, bottom = map(int, draw.textbbox(at, text, font=font))
        read.append(ReadLine(text, 0.99, (left - 3, top - 3, right + 3, bottom + 3)))
    return np.array(image), read


class KnowingReader:
    """Finds in each picture what stands on a page that it was told, by the page's own pixels."""

    def __init__(self) -> None:
        self.pages: list[tuple[Pixels, list[ReadLine]]] = []
        self.sizes: list[tuple[int, int]] = []
        self.fails = False

    def read(self, bgr: Pixels) -> list[ReadLine]:
        self.sizes.append((bgr.shape[1], bgr.shape[0]))
        if self.fails:
            raise ReadingFailed("late")
        for whole, lines in reversed(self.pages):
            at = cv2.minMaxLoc(cv2.matchTemplate(whole, bgr, cv2.TM_SQDIFF))[2]
            if (whole[at[1] : at[1] + bgr.shape[0], at[0] : at[0] + bgr.shape[1]] == bgr).all():
                moved = [(line, (line.rect[0] - at[0], line.rect[1] - at[1])) for line in lines]
                return [
                    line._replace(rect=(x, y, x + line.rect[2] - line.rect[0], y + line.rect[3] - line.rect[1]))
                    for line, (x, y) in moved
                    if -3 <= x < bgr.shape[1] and -3 <= y < bgr.shape[0]
                ]
        return []

    def close(self) -> None:
        self.pages.clear()


@pytest.fixture
def reader() -> KnowingReader:
    return KnowingReader()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shows(reader: KnowingReader, clock: FakeClock) -> Revealer:
    return Revealer(lambda: reader, lambda: clock.monotonic_ns() / 1e9)


@pytest.fixture
def grabber() -> Iterator[FakeGrabber]:
    made = FakeGrabber()
    yield made
    made.close()


def look(picture: object) -> Pixels:
    assert isinstance(picture, Picture)
    found = cv2.imdecode(np.frombuffer(picture.image, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found, np.uint8)


def stands(text: str, read: list[ReadLine], raw: Pixels, seen: Pixels) -> bool:
    left, top, right, bottom = next(line.rect for line in read if line.text == text)
    there = (slice(top, bottom), slice(left, right))
    ink = (raw[there] != raw[0, 0]).any(axis=2)
    same = (seen[there] == raw[there]).all(axis=2)[ink]
    # An edge of a letter may happen to have the colour of the fill.
    assert same.all() or same.mean() < 0.1, "a part of a line shows"
    return bool(same.all())


LINES: Lines = [(DULL, (40, 40)), (PRIVATE, (40, 110)), ("Close window", (40, 180))]


def test_dull_lines_are_shown_and_the_others_are_not(
    grabber: FakeGrabber, shows: Revealer, reader: KnowingReader
) -> None:
    raw, read = page(LINES)
    reader.pages.append((raw, read))
    grabber.paint(1, raw.copy())
    taken = Photographer(grabber, 0, shows).take(REVEAL)
    seen = look(taken)
    assert [stands(text, read, raw, seen) for text, _ in LINES] == [True, False, True]
    assert isinstance(taken, Picture)
    left, top, right, bottom = read[1].rect
    assert (seen[top:bottom, left:right] == MASK_COLOUR).all()
    for mask in taken.masks:
        x, y, r, b = mask.rect
        assert (seen[y:b, x:r] == MASK_COLOUR).all(), "a mask is told that is not there"


def test_nothing_is_shown_where_it_was_not_agreed_to(
    grabber: FakeGrabber, shows: Revealer, reader: KnowingReader
) -> None:
    raw, read = page(LINES)
    reader.pages.append((raw, read))
    grabber.paint(1, raw.copy())
    seen = look(Photographer(grabber, 0, shows).take(LAYOUT))
    assert [stands(text, read, raw, seen) for text, _ in LINES] == [False] * 3
    assert reader.sizes == []


def test_another_agreement_begins_with_a_whole_picture(
    grabber: FakeGrabber, shows: Revealer, reader: KnowingReader
) -> None:
    raw, read = page(LINES)
    reader.pages.append((raw, read))
    photographer = Photographer(grabber, 0, shows)
    grabber.paint(1, raw.copy())
    photographer.take(REVEAL)
    grabber.paint(1, raw.copy())
    after = photographer.take(LAYOUT)
    assert isinstance(after, Picture)
    assert after.base is None
    assert [stands(text, read, raw, look(after)) for text, _ in LINES] == [False] * 3


def test_a_reader_that_fails_shows_nothing_and_rests(
    grabber: FakeGrabber, shows: Revealer, reader: KnowingReader, clock: FakeClock
) -> None:
    raw, read = page(LINES)
    reader.pages.append((raw, read))
    boxes = masked(raw)[1]
    reader.fails = True
    grabber.paint(1, raw.copy())
    seen = look(Photographer(grabber, 0, shows).take(REVEAL))
    assert (seen == masked(raw)[0]).all(), "the picture is the one of the mode layout"
    assert shows.failures == 1
    reader.fails = False
    assert shows.shown(raw, boxes) == []
    assert len(reader.sizes) == 1
    clock.advance(int((REST_S + 1) * 1e9))
    assert shows.shown(raw, boxes)


def test_a_machine_without_a_reader_fills_all() -> None:
    none = Revealer(lambda: None, lambda: 0.0)
    raw, _ = page(LINES)
    assert not none.installed
    assert none.shown(raw, masked(raw)[1]) == []


def test_only_what_changed_is_read_again(shows: Revealer, reader: KnowingReader) -> None:
    raw, read = page(LINES)
    reader.pages.append((raw, read))
    boxes = masked(raw)[1]
    assert shows.shown(raw, boxes, (42, 50))
    ((_, height),) = reader.sizes
    assert height <= 2 * LINE + 20
    assert shows.shown(raw, boxes, (250, 260)) == []
    assert len(reader.sizes) == 1, "where no text is, nothing is read"


def test_what_is_read_reaches_to_where_no_text_is() -> None:
    boxes = [(10, 10, 50, 20), (10, 20, 60, 30), (10, 50, 90, 60)]
    assert around(boxes, (22, 24), 100, 100) == (6, 6, 64, 34)
    assert around(boxes, (70, 80), 100, 100) == (0, 0, 0, 0)


def test_a_large_picture_is_read_in_bands(shows: Revealer, reader: KnowingReader) -> None:
    wide = MAX_PIXELS // 1000
    lines: Lines = [(DULL, (40 + 20 * (n % 9), 40 + 70 * n)) for n in range(40)]
    raw, read = page(lines, (wide, 3000))
    raw[10:14, 10:14] = raw[10:14, -14:-10] = 0  # text stands from edge to edge
    reader.pages.append((raw, read))
    filled, boxes = masked(raw)
    unmasked(filled, raw, boxes, shows.shown(raw, boxes))
    assert all(width * height <= MAX_PIXELS for width, height in reader.sizes)
    assert len(reader.sizes) > 1
    assert all((filled[r[1] + 3 : r[3] - 3, r[0] + 3 : r[2] - 3] != MASK_COLOUR).any() for *_, r in read)


@pytest.fixture(scope="module")
def real() -> Iterator[Revealer]:
    made = Revealer(open_reader, time.monotonic)
    yield made
    made.close()


@pytest.mark.parametrize("paint", [lambda x: x, lambda x: 255 - x])
def test_the_real_reader_shows_dull_lines_only(real: Revealer, paint: Callable[[Pixels], Pixels]) -> None:
    lines = [("Settings", (40, 40)), (PRIVATE, (40, 110)), ("Help", (40, 180))]
    raw, read = page(lines, size=(500, 300), letters=22)
    raw = np.ascontiguousarray(paint(raw))
    filled, boxes = masked(raw)
    unmasked(filled, raw, boxes, real.shown(raw, boxes))
    assert [stands(text, read, raw, filled) for text, _ in lines] == [True, False, True]
