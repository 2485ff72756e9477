"""What was read must account for every mark in its place: whatever a reader leaves out keeps its line masked."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from agent.core.redact.pixels import Pixels, Rect
from agent.core.redact.reveal import ReadLine, revealed
from tests.support.planted import FONTS

SANS = FONTS["DejaVu Sans"]
TEXT = "Save all changes"


def drawn(*parts: tuple[str, tuple[int, int], str], size: int = 14) -> tuple[Pixels, list[Rect]]:
    """Text on white; gives the picture and each part's box with some room, as readers tell it."""
    image = Image.new("RGB", (420, 120), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(SANS, size)
    boxes = []
    for text, at, ink in parts:
        draw.text(at, text, fill=ink, font=font)
        left, top, right, bottom = map(int, draw.textbbox(at, text, font=font))
        boxes.append((left - 3, top - 3, right + 3, bottom + 3))
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), boxes


def all_dull(lines: list[str]) -> list[bool]:
    return [True] * len(lines)


def shown(picture: Pixels, *read: ReadLine) -> list[Rect]:
    return revealed(picture, list(read), all_dull)


def test_a_line_that_adds_up_is_shown_whole() -> None:
    picture, (box,) = drawn((TEXT, (40, 40), "black"))
    ((left, top, right, bottom),) = shown(picture, ReadLine(TEXT, 0.99, box))
    dark = np.argwhere((picture < 250).any(axis=2))
    assert (left, top) <= (dark[:, 1].min(), dark[:, 0].min())
    assert (right, bottom) > (dark[:, 1].max(), dark[:, 0].max())


@pytest.mark.parametrize("size", [11, 14, 24])
@pytest.mark.parametrize("font", FONTS)
def test_usual_fonts_add_up(font: str, size: int) -> None:
    image = Image.new("RGB", (420, 80), "white")
    draw, face = ImageDraw.Draw(image), ImageFont.truetype(FONTS[font], size)
    draw.text((20, 20), "Find the next page", fill="black", font=face)
    left, top, right, bottom = map(int, draw.textbbox((20, 20), "Find the next page", font=face))
    picture = np.ascontiguousarray(np.asarray(image))
    assert shown(picture, ReadLine("Find the next page", 0.99, (left - 3, top - 3, right + 3, bottom + 3)))


@pytest.mark.parametrize(
    "read",
    ["Save all", "Save changes", "Save", "all changes", "Save all the changes", "S a", "", "......"],
)
def test_what_was_read_wrongly_stays(read: str) -> None:
    picture, (box,) = drawn((TEXT, (40, 40), "black"))
    assert shown(picture, ReadLine(read, 0.99, box)) == []


@pytest.mark.parametrize("ink", ["#eeeeee", "#fafafa", "#ffffc0", "red"])
def test_a_faint_word_that_was_not_read_keeps_its_line_masked(ink: str) -> None:
    picture, boxes = drawn((TEXT, (40, 40), "black"), ("Ada", (173, 40), ink))
    whole = (boxes[0][0], boxes[0][1], boxes[1][2], boxes[0][3])
    assert shown(picture, ReadLine(TEXT, 0.99, whole)) == []
    assert shown(picture, ReadLine(TEXT, 0.99, boxes[0])) == []


def test_a_line_below_that_was_not_read_keeps_it_masked() -> None:
    picture, boxes = drawn((TEXT, (40, 40), "black"), ("Ada Lovelace", (40, 60), "black"))
    both = (boxes[0][0], boxes[0][1], boxes[0][2], boxes[1][3])
    assert shown(picture, ReadLine(TEXT, 0.99, both)) == []


def test_lines_side_by_side_are_judged_as_one() -> None:
    picture, boxes = drawn(("Grant", (40, 40), "black"), ("Road", (92, 40), "black"))
    read = [ReadLine("Grant", 0.99, boxes[0]), ReadLine("Road", 0.99, boxes[1])]
    asked: list[str] = []

    def judge(lines: list[str]) -> list[bool]:
        asked.extend(lines)
        return [False] * len(lines)

    assert revealed(picture, read, judge) == []
    assert asked == ["Grant Road"]


def test_what_is_hidden_is_not_shown_by_a_neighbour() -> None:
    picture, (box,) = drawn((TEXT, (40, 40), "black"))
    over = (box[0], box[1] - 20, box[2], box[1] + 8)
    rects = revealed(
        picture, [ReadLine(TEXT, 0.99, box), ReadLine("Ada", 0.99, over)], lambda x: [t == TEXT for t in x]
    )
    assert all(rect[1] >= over[3] for rect in rects)


@pytest.mark.parametrize("confidence", [0.0, 0.5, 0.89, float("nan")])
def test_a_guess_is_not_shown(confidence: float) -> None:
    picture, (box,) = drawn((TEXT, (40, 40), "black"))
    assert shown(picture, ReadLine(TEXT, confidence, box)) == []


@pytest.mark.parametrize("rect", [(0, 40, 150, 60), (40, 0, 150, 20), (-5, -5, 5, 5), (40, 40, 40, 40),
                                  (60, 60, 50, 50), (300, 40, 900, 60), (40, 110, 150, 140)])  # fmt: skip
def test_a_place_at_the_edge_or_beyond_is_not_shown(rect: Rect) -> None:
    picture, _ = drawn((TEXT, (40, 40), "black"))
    assert shown(picture, ReadLine(TEXT, 0.99, rect)) == []


def test_noise_has_no_ground_and_stays() -> None:
    picture, (box,) = drawn((TEXT, (40, 40), "black"))
    noise = np.random.default_rng(1).integers(0, 60, picture.shape)
    assert shown(np.clip(picture.astype(int) - noise, 0, 255).astype(np.uint8), ReadLine(TEXT, 0.99, box)) == []
