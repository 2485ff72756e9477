"""Pictures with planted items whose places are known: text in many fonts, themes and sizes, codes, initials, photos.

Two renderers are here, Pillow and Qt; ``planted_pages`` has Chromium. Everything comes from a seed at run time.
"""

import math
import random
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter

from tests.support.planted_texts import DULL, private

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Red, green, blue."""
Corners = tuple[tuple[float, float], ...]
"""Four points in pixels of the picture, around an item."""

FOLDER = "/usr/share/fonts/truetype"
FONTS = {
    "DejaVu Sans": f"{FOLDER}/dejavu/DejaVuSans.ttf",
    "DejaVu Serif": f"{FOLDER}/dejavu/DejaVuSerif.ttf",
    "DejaVu Sans Mono": f"{FOLDER}/dejavu/DejaVuSansMono.ttf",
    "Liberation Sans": f"{FOLDER}/liberation/LiberationSans-Regular.ttf",
    "Liberation Serif": f"{FOLDER}/liberation/LiberationSerif-Regular.ttf",
    "Liberation Mono": f"{FOLDER}/liberation/LiberationMono-Regular.ttf",
    "Liberation Sans Narrow": f"{FOLDER}/liberation/LiberationSansNarrow-Regular.ttf",
}
THEMES: dict[str, tuple[Colour, Colour]] = {  # ground, ink
    "light": ((255, 255, 255), (30, 30, 30)),
    "dark": ((30, 31, 34), (220, 220, 220)),
    "black": ((0, 0, 0), (255, 255, 255)),
    "low contrast": ((250, 250, 250), (238, 238, 238)),
    "faint": ((40, 40, 40), (46, 46, 46)),
    "equal luminance": ((150, 110, 110), (96, 133, 130)),
    "equal luminance, bright": ((230, 190, 190), (180, 210, 210)),
    "blue on black": ((0, 0, 0), (0, 0, 90)),
    "yellow on white": ((255, 255, 255), (255, 255, 160)),
    "red on green": ((90, 140, 90), (190, 100, 90)),
    "selection": ((0, 120, 215), (255, 255, 255)),
    "disabled": ((240, 240, 240), (160, 160, 160)),
    "sepia": ((251, 240, 217), (95, 75, 50)),
    "solarized": ((0, 43, 54), (131, 148, 150)),
}
GROUNDS = ("plain", "across", "down", "noise", "stripes", "dither")
SIZES = (9, 10, 11, 12, 13, 14)
HUGE = (28, 40, 64, 110)
NONES = [None] * (1 << 22)
"""PySide6 6.12 on Python 3.11 gives a reference to ``None`` back that it never took, at each call that returns none;
when the last is gone the interpreter aborts. These last for four million calls."""


class Item(NamedTuple):
    """Something planted: what it is, what it says, where, and whether it is nobody's business."""

    kind: str
    text: str
    corners: Corners
    dull: bool = False


class Sheet(NamedTuple):
    """A picture, blue, green, red, and what was planted in it."""

    name: str
    pixels: Pixels
    items: list[Item]


def _box(left: float, top: float, right: float, bottom: float) -> Corners:
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _turned(corners: Corners, around: tuple[float, float], degrees: float) -> Corners:
    """Clockwise, as pixels count."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x0, y0 = around
    return tuple((x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos) for x, y in corners)


def visible(covered: Pixels, item: Item) -> float:
    """The share of an item's area that is not covered; ``covered`` is 0 where the picture shows."""
    area = np.zeros(covered.shape[:2], np.uint8)
    # The far corners lie outside of the item, so they are drawn half a pixel inwards.
    cv2.fillConvexPoly(area, np.round(np.asarray(item.corners) - 0.5).astype(np.int32), 1)
    inside = area > 0
    return float((covered[inside] == 0).mean()) if inside.any() else 0.0


def ground(kind: str, colour: Colour, ink: Colour, size: tuple[int, int], seed: int) -> Pixels:
    """A ground, red, green, blue. It swings half-way to the ink at most, so that what is planted can be seen."""
    width, height = size
    swing = min(40, max(abs(a - b) for a, b in zip(colour, ink, strict=True)) // 2)
    base = np.full((height, width, 3), colour, np.float32)
    rng = np.random.default_rng(seed)
    if kind == "across":
        base += np.linspace(-swing, swing, width)[None, :, None]
    elif kind == "down":
        base += np.linspace(-swing, swing, height)[:, None, None]
    elif kind == "noise":
        base += rng.integers(-25, 26, base.shape)
    elif kind == "dither":
        base += rng.integers(0, 2, (height, width, 1))
    elif kind == "stripes":
        base[(np.arange(height) // 24) % 2 == 1] += swing / 3
    return np.clip(np.round(base), 0, 255).astype(np.uint8)


def _texts(rng: random.Random) -> tuple[str, bool]:
    return (rng.choice(DULL), True) if rng.random() < 0.5 else (private(rng), False)


class _Place(NamedTuple):
    text: str
    dull: bool
    x: int
    y: int
    size: int
    font: str
    degrees: int


def _places(rng: random.Random, size: tuple[int, int], scale: int) -> list[_Place]:
    """Where text goes: rows far enough apart that none touches another; some rows of huge letters, some turned."""
    places, y = [], 8 * scale
    width, height = size
    while y < height - 40 * scale:
        kind = rng.random()
        font = rng.choice(list(FONTS))
        text, dull = _texts(rng)
        x = rng.randint(4, 60 * scale)
        if kind < 0.04 and y < height - 200 * scale:
            big = rng.choice(HUGE) * scale
            places.append(_Place(text[: max(3, int(width / big))].strip(), dull, x, y, big, font, 0))
            y += int(1.6 * big)
        elif kind < 0.10 and y < height - 260 * scale:
            small = rng.choice(SIZES) * scale
            places += [
                _Place(
                    text[:22].strip(),
                    dull,
                    x + 20 * scale,
                    y + 20 * scale,
                    small,
                    font,
                    rng.choice((15, 30, 45, 60, 90)),
                ),
                _Place(
                    private(rng)[:22].strip(),
                    False,
                    width // 2,
                    y + 200 * scale,
                    small,
                    font,
                    rng.choice((-15, -45, -90)),
                ),
            ]
            y += 250 * scale
        else:
            small = rng.choice(SIZES) * scale
            places.append(_Place(text, dull, x, y, small, font, 0))
            if len(text) * small < width * 0.7:
                other, other_dull = _texts(rng)
                places.append(_Place(other[:30].strip(), other_dull, width // 2 + x, y, small, font, 0))
            y += rng.randint(int(1.5 * small), 3 * small) + 6
    return places


def pillow(seed: int) -> Sheet:
    """A picture drawn with Pillow: text, and pictures that are no text."""
    rng = random.Random(seed)  # noqa: S311
    theme, kind, scale = rng.choice(list(THEMES)), rng.choice(GROUNDS), rng.choice((1, 2))
    size = (640 * scale, 640 * scale)
    colour, ink = THEMES[theme]
    image = Image.fromarray(ground(kind, colour, ink, size, seed))
    items: list[Item] = []
    for place in _places(rng, (size[0], size[1] - 130 * scale), scale):
        font = ImageFont.truetype(FONTS[place.font], place.size)
        left, top, right, bottom = font.getbbox(place.text)
        right = min(right, size[0] - place.x) if not place.degrees else right
        layer = Image.new("L", size, 0)
        ImageDraw.Draw(layer).text((place.x, place.y), place.text, fill=255, font=font)
        corners = _box(place.x + left, place.y + top, place.x + right, place.y + bottom)
        if place.degrees:
            layer = layer.rotate(-place.degrees, center=(place.x, place.y), resample=Image.Resampling.BICUBIC)
            corners = _turned(corners, (place.x, place.y), place.degrees)
        image.paste(Image.new("RGB", size, ink), mask=layer)
        items.append(Item("text" if not place.degrees else "turned text", place.text, corners, place.dull))
    pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    items += _pictures(rng, pixels, size[1] - 120 * scale, scale)
    return Sheet(f"pillow {seed}: {theme}, {kind}, x{scale}", pixels, items)


def qt(seed: int) -> Sheet:
    """A picture drawn with Qt, off screen; needs a ``QGuiApplication``."""
    assert QGuiApplication.instance() is not None, "Qt draws text only in an application"
    rng = random.Random(seed)  # noqa: S311
    theme, kind, scale = rng.choice(list(THEMES)), rng.choice(GROUNDS), rng.choice((1, 2))
    size = (640 * scale, 640 * scale)
    colour, ink = THEMES[theme]
    base = np.zeros((size[1], size[0], 4), np.uint8)
    base[:, :, :3] = ground(kind, colour, ink, size, seed)[:, :, ::-1]
    image = QImage(base.tobytes(), size[0], size[1], size[0] * 4, QImage.Format.Format_RGB32).copy()
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, rng.random() < 0.8)
    painter.setPen(QColor(*ink))
    items: list[Item] = []
    for place in _places(rng, (size[0], size[1] - 130 * scale), scale):
        font = QFont(place.font)
        font.setPixelSize(place.size)
        font.setBold(rng.random() < 0.2)
        metrics = QFontMetricsF(font)
        text = metrics.elidedText(place.text, Qt.TextElideMode.ElideRight, size[0] - place.x)
        painter.save()
        painter.setFont(font)
        painter.translate(place.x, place.y)
        painter.rotate(place.degrees)
        painter.drawText(QPointF(0, metrics.ascent()), text)
        painter.restore()
        right, bottom = place.x + metrics.horizontalAdvance(text), place.y + metrics.height()
        corners = _turned(_box(place.x, place.y, right, bottom), (place.x, place.y), place.degrees)
        items.append(Item("text" if not place.degrees else "turned text", text, corners, place.dull))
    painter.end()
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(size[1], image.bytesPerLine() // 4, 4)
    pixels = np.ascontiguousarray(raw[:, : size[0], :3])
    items += _pictures(rng, pixels, size[1] - 120 * scale, scale)
    return Sheet(f"qt {seed}: {theme}, {kind}, x{scale}", pixels, items)


def _pictures(rng: random.Random, pixels: Pixels, top: int, scale: int) -> list[Item]:
    """A row of codes, initials and photos, drawn into the picture."""
    made: dict[str, Callable[[random.Random, int], Pixels]] = {
        "code": code, "bars": bars, "initials": initials, "face": face, "icon": icon,
    }  # fmt: skip
    items, x = [], rng.randint(6, 30)
    for kind, make in rng.sample(list(made.items()), len(made)):
        drawn = make(rng, scale)
        height, width = drawn.shape[:2]
        if x + width > pixels.shape[1] or top + height > pixels.shape[0]:
            continue
        there = pixels[top : top + height, x : x + width]
        clear = (drawn == CLEAR).all(axis=2)
        there[~clear] = drawn[~clear]
        items.append(Item(kind, "", _box(x, top, x + width, top + height)))
        x += width + rng.randint(24, 40) * scale
    return items


CLEAR = (1, 2, 3)
"""Stands for what is not painted in a small picture."""


def code(rng: random.Random, scale: int) -> Pixels:
    """A square code, such as a QR code, in modules of 2 to 4 pixels."""
    cells = np.random.default_rng(rng.getrandbits(32)).integers(0, 2, (25, 25), np.uint8) * 255
    for y, x in ((0, 0), (0, 18), (18, 0)):
        cells[y : y + 7, x : x + 7] = 0
        cells[y + 1 : y + 6, x + 1 : x + 6] = 255
        cells[y + 2 : y + 5, x + 2 : x + 5] = 0
    size = rng.randint(2, 3) * scale
    return np.repeat(np.repeat(cells, size, 0), size, 1)[:, :, None].repeat(3, 2)


def bars(rng: random.Random, scale: int) -> Pixels:
    """A bar code."""
    line = [c for i in range(48) for c in [255 * (i % 2)] * (rng.randint(1, 3) * scale)]
    return np.tile(np.array(line, np.uint8)[None, :, None], (40 * scale, 1, 3))


def initials(rng: random.Random, scale: int) -> Pixels:
    """A disc of one colour with two letters."""
    side = rng.choice((24, 32, 40, 56, 96)) * scale
    colour = [rng.randint(40, 210) for _ in range(3)]
    picture = np.full((side, side, 3), CLEAR, np.uint8)
    cv2.circle(picture, (side // 2, side // 2), side // 2 - 1, colour, -1)
    word = "".join(rng.choice("ABCDEFGHKLMNPRSTW") for _ in range(2))
    thick = max(1, side // 20)
    (width, height), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, side / 60, thick)
    at = ((side - width) // 2, (side + height) // 2)
    cv2.putText(picture, word, at, cv2.FONT_HERSHEY_SIMPLEX, side / 60, (255, 255, 255), thick, cv2.LINE_AA)
    return picture


def face(rng: random.Random, scale: int) -> Pixels:
    """A smooth picture of a head before a wall, with a camera's noise."""
    side = rng.choice((32, 48, 72, 96)) * scale
    rows, columns = np.mgrid[0:side, 0:side] / side - 0.5
    head = np.exp(-((columns / 0.22) ** 2 + ((rows + 0.05) / 0.3) ** 2))
    eyes = sum(np.exp(-(((columns - x) / 0.04) ** 2 + ((rows + 0.1) / 0.03) ** 2)) for x in (-0.09, 0.09))
    body = np.exp(-((columns / 0.4) ** 2 + ((rows - 0.55) / 0.22) ** 2))
    wall = rng.randint(90, 200) + 30 * columns
    tone = np.array([rng.randint(60, 110), rng.randint(90, 140), rng.randint(140, 200)])
    shirt = np.array([rng.randint(20, 160) for _ in range(3)])
    picture = wall[:, :, None] * np.ones(3)
    for share, paint in ((body, shirt), (head, tone), (eyes, np.array([30, 30, 40]))):
        picture = picture * (1 - share[:, :, None]) + paint * share[:, :, None]
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 2, picture.shape)
    return np.asarray(np.clip(picture + noise, 4, 255), np.uint8)


def icon(rng: random.Random, scale: int) -> Pixels:
    """A square with round corners and a letter, such as a program's icon."""
    side = rng.choice((16, 20, 24, 32)) * scale
    image = Image.new("RGB", (side, side), CLEAR)
    draw = ImageDraw.Draw(image)
    fill = (rng.randint(40, 220), rng.randint(40, 220), rng.randint(40, 220))
    draw.rounded_rectangle((0, 0, side - 1, side - 1), side // 5, fill=fill)
    font = ImageFont.truetype(FONTS["DejaVu Sans"], int(side * 0.7))
    draw.text((side / 2, side / 2), rng.choice("ABEGKMRSW"), fill=(255, 255, 255), font=font, anchor="mm")
    return np.ascontiguousarray(np.asarray(image))
