"""The screen source: nothing of a text is left in a picture, patches come to the whole, raw pixels are gone."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.redact.pixels import MASK_COLOUR, masked
from agent.core.tiles import TILE, Pixels
from agent.core.triggers import Trigger
from agent.sources import screen as module
from agent.sources.pictures import NoPicture, Picture, Wanted
from agent.sources.screen import KEY_FRAME_EVERY, Photographer, masked_rows
from schemas.base import digest
from schemas.events import Mask, MaskClass, Rect
from tests.support.fake_desktop import FakeGrabber

SIZE = (480, 640)
WINDOW = Wanted(window=1, trigger=Trigger.PRESS, token=7)
GROUND = (250, 250, 250)


def blank() -> Pixels:
    return np.full((*SIZE, 3), GROUND, np.uint8)


def write(pixels: Pixels, text: str, at: tuple[int, int], colour: tuple[int, int, int] = (20, 20, 20)) -> Pixels:
    out = pixels.copy()
    cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)
    return out


def look(image: bytes) -> Pixels:
    found = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found, np.uint8)


def taken(photographer: Photographer, wanted: Wanted = WINDOW) -> Picture:
    picture = photographer.take(wanted)
    assert isinstance(picture, Picture)
    return picture


@pytest.fixture
def grabber() -> Iterator[FakeGrabber]:
    made = FakeGrabber()
    made.paint(1, blank())
    yield made
    made.close()


LINES = ("Dear Ada,", "the password is", "Kindest regards 0123", "iiiiii....llll")


@pytest.mark.parametrize("colour", [(20, 20, 20), (0, 0, 255), (220, 220, 220), (250, 250, 200)])
def test_two_texts_in_one_place_give_the_same_picture(grabber: FakeGrabber, colour: tuple[int, int, int]) -> None:
    """If the picture is the same whichever of two words stood there, no reader can tell which it was."""
    images = []
    for word in ("hunters", "gardens"):
        page = blank()
        for row, line in enumerate(LINES):
            page = write(page, line, (40, 60 + 60 * row), colour)
        page = write(page, word, (300, 60), colour)
        box = page[30:80, 290:400].copy()
        grabber.paint(1, page)
        picture = taken(Photographer(grabber))
        shown = look(picture.image)
        assert (shown[page.astype(int).min(axis=2) < 200] == MASK_COLOUR).all()
        assert not (shown[30:80, 290:400] == box).all()
        images.append(shown[50:62, 300:360])
    assert (images[0] == images[1]).all()
    assert (images[0] == MASK_COLOUR).all()


def test_no_pixel_of_any_glyph_is_left(grabber: FakeGrabber) -> None:
    page = blank()
    for row, line in enumerate(LINES):
        page = write(page, line, (40, 60 + 60 * row))
    grabber.paint(1, page)
    picture = taken(Photographer(grabber))
    shown = look(picture.image)
    ink = (page != GROUND).any(axis=2)
    assert ink.sum() > 1_000
    assert (shown[ink] == MASK_COLOUR).all()
    colours = {tuple(c) for c in shown.reshape(-1, 3).tolist()}
    assert colours == {GROUND, MASK_COLOUR}
    assert picture.sha256 == digest(picture.image)
    assert {m.cls for m in picture.masks} == {MaskClass.TEXT}
    assert picture.base is None
    assert picture.patch == (0, 0, SIZE[1], SIZE[0])


def test_patches_painted_over_their_base_are_the_masked_frame(grabber: FakeGrabber) -> None:
    photographer = Photographer(grabber)
    page = write(blank(), "first line", (30, 40))
    grabber.paint(1, page)
    first = taken(photographer)
    canvas, last = look(first.image), first.number
    for row in range(1, 4):
        page = write(page, f"line {row}", (30, 40 + 110 * row))
        grabber.paint(1, page)
        picture = taken(photographer)
        assert picture.base == last
        assert picture.number == last + 1
        left, top, right, bottom = picture.patch
        assert (right - left) * (bottom - top) < SIZE[0] * SIZE[1]
        canvas[top:bottom, left:right] = look(picture.image)
        assert (canvas == masked(page)[0]).all()
        assert all(r - x <= TILE and b - y <= TILE for x, y, r, b in picture.dirty)
        last = picture.number


def test_nothing_new_is_no_picture(grabber: FakeGrabber) -> None:
    photographer = Photographer(grabber)
    taken(photographer)
    assert photographer.take(WINDOW) == NoPicture("unchanged")
    assert len(grabber.given) == 1, "where nothing was painted, nothing is grabbed"
    grabber.paint(1, blank())
    assert photographer.take(WINDOW) == NoPicture("unchanged")
    assert len(grabber.given) == 2
    photographer.forget()
    assert taken(photographer).base is None


def test_other_letters_in_the_same_place_are_nothing_new(grabber: FakeGrabber) -> None:
    """Only masked pixels are compared, so not even *that* a hidden word changed is told."""
    photographer = Photographer(grabber)
    grabber.paint(1, write(blank(), "HHHHHH", (40, 60)))
    taken(photographer)
    grabber.paint(1, write(blank(), "HHNHHH", (40, 60)))
    assert photographer.take(WINDOW) == NoPicture("unchanged")


def test_a_whole_picture_where_a_patch_would_not_do(grabber: FakeGrabber) -> None:
    photographer = Photographer(grabber)
    taken(photographer)
    grabber.paint(2, blank())
    assert taken(photographer, Wanted(window=2, trigger=Trigger.FOCUS, token=1)).base is None
    grabber.paint(2, blank()[:400])
    assert taken(photographer, Wanted(window=2, trigger=Trigger.FOCUS, token=1)).base is None
    grabber.paint(2, np.full((400, SIZE[1], 3), 90, np.uint8))
    assert taken(photographer, Wanted(window=2, trigger=Trigger.FOCUS, token=1)).base is None


def test_a_whole_picture_at_least_every_so_often(grabber: FakeGrabber) -> None:
    photographer, bases = Photographer(grabber), []
    for number in range(KEY_FRAME_EVERY + 2):
        grabber.paint(1, write(blank(), "moves", (30, 40 if number % 2 else 110)))
        bases.append(taken(photographer).base)
    assert [b is None for b in bases] == [True, *[False] * KEY_FRAME_EVERY, True]


@pytest.mark.parametrize("fault", ["no window", "too large", "raises", "fails to mask", "fails to encode"])
def test_whatever_fails_is_no_picture_and_the_next_is_whole(
    grabber: FakeGrabber, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    photographer = Photographer(grabber)
    assert isinstance(photographer.take_safely(WINDOW), Picture)
    grabber.paint(1, write(blank(), "more", (40, 60)))

    def fail(*_: object) -> None:
        raise cv2.error("content in here")

    with monkeypatch.context() as patch:
        if fault == "no window":
            grabber.screens.clear()
        elif fault == "too large":
            patch.setattr(module, "MAX_PIXELS", 100)
        elif fault == "raises":
            grabber.fault = ConnectionError("the display is gone")
        else:
            patch.setattr(module, "masked" if fault == "fails to mask" else "encode", fail)
        answer = photographer.take_safely(WINDOW)
    expected = {"no window": "not_clean", "too large": "too_large"}.get(fault, "redaction_failed")
    assert answer == NoPicture(expected)
    assert all(not pixels.any() for pixels in grabber.given)
    grabber.fault = None
    grabber.paint(1, write(blank(), "more", (40, 60)))
    later = taken(photographer)
    assert (later.base is None) is (expected != "not_clean")


def test_raw_pixels_are_overwritten(grabber: FakeGrabber) -> None:
    grabber.paint(1, write(blank(), "secret", (40, 60)))
    photographer = Photographer(grabber)
    taken(photographer)
    grabber.paint(1, write(blank(), "another", (40, 60)))
    photographer.take(WINDOW)
    assert len(grabber.given) == 2
    assert not any(pixels.any() for pixels in grabber.given)


def test_what_lay_over_the_window_is_told_as_covered(grabber: FakeGrabber) -> None:
    grabber.covered = ((5, 5, 50, 50),)
    assert taken(Photographer(grabber)).masks == [Mask((5, 5, 50, 50), MaskClass.OVERLAP)]
    assert "<Picture 0>" in repr(taken(Photographer(grabber)))


# --- only what was painted is looked at ---


def page_of(lines: list[str], size: float = 0.6) -> Pixels:
    page = blank()
    for row, line in enumerate(lines):
        cv2.putText(page, line, (20, 30 + 32 * row), cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 1, cv2.LINE_AA)
    return page


def band_of(before: Pixels, after: Pixels) -> Rect:
    rows, columns = np.nonzero((before != after).any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


TEXTS = st.text("abcdefghijklmnopqrstuvwxyz0123456789 .,-|il", min_size=0, max_size=38)


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXTS, min_size=14, max_size=14), st.lists(st.tuples(st.integers(0, 13), TEXTS), max_size=6))
def test_g7_no_ink_is_left_when_only_what_was_painted_is_masked_anew(
    lines: list[str], edits: list[tuple[int, str]]
) -> None:
    page = page_of(lines)
    shown, boxes = masked(page)
    for row, text in edits:
        lines[row] = text
        before, page = page, page_of(lines)
        if (before == page).all():
            continue
        _, top, _, bottom = band_of(before, page)
        shown, boxes = masked_rows(page, shown, boxes, (top, bottom))
        ink = (page != GROUND).any(axis=2)
        assert (shown[ink] == MASK_COLOUR).all()
        filled = np.zeros(SIZE, bool)
        for left, y, right, end in boxes:
            filled[y:end, left:right] = True
        assert (filled == (shown == MASK_COLOUR).all(axis=2)).all()
        assert (shown[~filled] == page[~filled]).all()


def test_a_patch_of_what_was_painted_gives_the_whole(grabber: FakeGrabber) -> None:
    photographer = Photographer(grabber)
    lines = [f"line {n}" for n in range(14)]
    page = page_of(lines)
    grabber.paint(1, page)
    canvas = look(taken(photographer).image)
    for row in (3, 4, 9, 13, 0):
        lines[row] += " and more"
        before, page = page, page_of(lines)
        grabber.painted = (band_of(before, page),)
        grabber.paint(1, page)
        picture = taken(photographer)
        left, top, right, bottom = picture.patch
        canvas[top:bottom, left:right] = look(picture.image)
        assert (canvas[(page != GROUND).any(axis=2)] == MASK_COLOUR).all()
        assert picture.base == picture.number - 1
    assert (canvas == look(module.encode(photographer._last.pixels, (0, 0, SIZE[1], SIZE[0])))).all()  # type: ignore[union-attr]  # there is one
