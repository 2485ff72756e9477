"""Layout masking on rendered pictures: every planted item is covered, in every theme, size and renderer."""

import itertools
import random
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter

from agent.core.redact.pixels import MASK_COLOUR, Pixels, Rect, fill, layout_boxes, masked

SANS = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
MONO = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
VISIBLE = 0.10
"""Share of an item's box that may stay visible."""
THEMES = {  # ground, ink (red, green, blue)
    "light": ((255, 255, 255), (30, 30, 30)),
    "dark": ((30, 31, 34), (220, 220, 220)),
    "low contrast": ((250, 250, 250), (238, 238, 238)),
    "faint": ((40, 40, 40), (46, 46, 46)),
    "equal luminance": ((150, 110, 110), (96, 133, 130)),
    "blue on black": ((0, 0, 0), (0, 0, 90)),
    "selection": ((0, 120, 215), (255, 255, 255)),
    "disabled": ((240, 240, 240), (160, 160, 160)),
}
TEXTS = ("ann.lee@example.org", "Transfer 1,250.00", "il1|.,:;", "Ωμέγα Привет", "mmmm nnnn", "x")
Item = tuple[str, Rect]


def _ground(kind: str, theme: str, size: tuple[int, int], seed: int) -> Image.Image:
    width, height = size
    colour, ink = THEMES[theme]
    # Half-way to the ink at most: where the ground is as bright as the ink there is nothing to see or to find.
    swing = min(30, max(abs(a - b) for a, b in zip(colour, ink, strict=True)) // 2)
    base = np.full((height, width, 3), colour, np.int16)
    if kind == "gradient":
        base += np.linspace(-swing, swing, width).astype(np.int16)[None, :, None]
    if kind == "noise":
        base += np.random.default_rng(seed).integers(-25, 26, base.shape, dtype=np.int16)
    return Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))


def _pillow(theme: str, kind: str, size: int, scale: int) -> tuple[Pixels, list[Item]]:
    _, ink = THEMES[theme]
    image = _ground(kind, theme, (520 * scale, 260 * scale), size)
    draw = ImageDraw.Draw(image)
    items: list[Item] = []
    for row, text in enumerate(TEXTS):
        font = ImageFont.truetype(MONO if row % 2 else SANS, size * scale)
        at = (23 + 7 * row, 11 + row * 40 * scale)
        draw.text(at, text, fill=ink, font=font)
        left, top, right, bottom = draw.textbbox(at, text, font=font)
        items.append((text, (int(left), int(top), int(right), int(bottom))))
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), items


def _opencv(theme: str, size: int, scale: int) -> tuple[Pixels, list[Item]]:
    ground, ink = THEMES[theme]
    picture = np.full((260 * scale, 520 * scale, 3), ground[::-1], np.uint8)
    items: list[Item] = []
    for row, text in enumerate(text for text in TEXTS if text.isascii()):
        factor = size * scale / 22
        (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, factor, 1)
        left, base = 20 + row, (row + 1) * 40 * scale
        cv2.putText(picture, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, factor, ink[::-1], 1, cv2.LINE_AA)
        items.append((text, (left, base - height, left + width, base + below)))
    return picture, items


@pytest.fixture(scope="module")
def qt() -> QGuiApplication:
    known = QGuiApplication.instance()
    return known if isinstance(known, QGuiApplication) else QGuiApplication(["test", "-platform", "offscreen"])


def _qt(theme: str, size: int, scale: int) -> tuple[Pixels, list[Item]]:
    ground, ink = THEMES[theme]
    image = QImage(520 * scale, 260 * scale, QImage.Format.Format_RGB32)
    image.fill(QColor(*ground))
    painter = QPainter(image)
    font = QFont("DejaVu Sans")
    font.setPixelSize(size * scale)
    painter.setFont(font)
    painter.setPen(QColor(*ink))
    items: list[Item] = []
    for row, text in enumerate(TEXTS):
        room = QRect(20, 8 + row * 40 * scale, 480 * scale, 38 * scale)
        box = painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft), text)
        items.append((text, (box.left(), box.top(), box.right() + 1, box.bottom() + 1)))
    painter.end()
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return np.ascontiguousarray(raw[:, : image.width(), :3]), items


def _visible(picture: Pixels, boxes: list[Rect], box: Rect) -> float:
    covered = fill(np.zeros_like(picture), boxes, (255, 255, 255))
    left, top, right, bottom = box
    return 1 - float((covered[top:bottom, left:right, 0] > 0).mean())


def _leaks(picture: Pixels, items: list[Item]) -> list[tuple[str, float]]:
    boxes = layout_boxes(picture)
    seen = [(name, _visible(picture, boxes, box)) for name, box in items]
    return [(name, share) for name, share in seen if share > VISIBLE]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", ["plain", "gradient", "noise"])
def test_pillow_text_is_covered(theme: str, kind: str) -> None:
    for size, scale in itertools.product((9, 10, 11, 12, 14, 24), (1, 2)):
        assert _leaks(*_pillow(theme, kind, size, scale)) == [], (size, scale)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("renderer", [_opencv, _qt])
@pytest.mark.usefixtures("qt")
def test_other_renderers_are_covered(
    theme: str, renderer: Callable[[str, int, int], tuple[Pixels, list[Item]]]
) -> None:
    for size, scale in itertools.product((9, 11, 14), (1, 2)):
        assert _leaks(*renderer(theme, size, scale)) == [], (size, scale)


@pytest.mark.parametrize("size", [48, 96, 160])
@pytest.mark.parametrize("theme", ["light", "dark", "equal luminance"])
def test_huge_text_is_covered(theme: str, size: int) -> None:
    ground, ink = THEMES[theme]
    image = Image.new("RGB", (1200, 300), ground)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(SANS, size)
    draw.text((40, 30), "Ann Lee 7", fill=ink, font=font)
    left, top, right, bottom = map(int, draw.textbbox((40, 30), "Ann Lee 7", font=font))
    assert _leaks(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), [("huge", (left, top, right, bottom))]) == []


@pytest.mark.parametrize("angle", [15, 45, 90])
def test_rotated_text_is_covered(angle: int) -> None:
    label = Image.new("L", (160, 20), 0)
    ImageDraw.Draw(label).text((2, 2), "ann.lee@example.org", fill=255, font=ImageFont.truetype(SANS, 12))
    turned = np.asarray(label.rotate(angle, expand=True))
    picture = np.full((300, 300, 3), 255, np.uint8)
    picture[40 : 40 + turned.shape[0], 40 : 40 + turned.shape[1]] -= turned[:, :, None]
    out, _ = masked(picture)
    assert set(map(tuple, out.reshape(-1, 3).tolist())) == {(255, 255, 255), MASK_COLOUR}


def _code(seed: int, module: int) -> Pixels:
    cells = np.random.default_rng(seed).integers(0, 2, (29, 29), np.uint8) * 255
    return np.repeat(np.repeat(cells, module, 0), module, 1)[:, :, None].repeat(3, 2)


def _bars(seed: int) -> Pixels:
    rng = random.Random(seed)  # noqa: S311
    line = [c for i in range(60) for c in [255 * (i % 2)] * rng.randint(1, 4)]
    return np.tile(np.array(line, np.uint8)[None, :, None], (60, 1, 3))


def _avatar(seed: int) -> Pixels:
    picture = np.full((48, 48, 3), 255, np.uint8)
    hue = np.random.default_rng(seed).integers(40, 200, 3).tolist()
    cv2.circle(picture, (24, 24), 22, hue, -1, cv2.LINE_AA)
    cv2.putText(picture, "AL", (9, 31), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize("make", [lambda s: _code(s, 3), lambda s: _code(s, 9), _bars, _avatar])
@pytest.mark.parametrize("seed", range(10))
def test_codes_and_initials_are_covered(make: Callable[[int], Pixels], seed: int) -> None:
    planted = make(seed)
    picture = np.full((400, 400, 3), 255, np.uint8)
    height, width = planted.shape[:2]
    picture[50 : 50 + height, 60 : 60 + width] = planted
    assert _leaks(picture, [("code", (60, 50, 60 + width, 50 + height))]) == []


def test_a_smooth_photo_is_covered() -> None:
    rows, columns = np.mgrid[0:120, 0:120]
    face = 150 + 60 * np.exp(-((rows - 60) ** 2 + (columns - 60) ** 2) / 900) + 20 * np.sin(columns / 9)
    rng = np.random.default_rng(3)
    picture = np.full((300, 300, 3), 245, np.uint8)
    photo = np.clip(face[:, :, None] + rng.normal(0, 3, (120, 120, 3)), 0, 255)
    picture[80:200, 80:200] = photo.astype(np.uint8)
    assert _leaks(picture, [("photo", (80, 80, 200, 200))]) == []


def test_plain_grounds_slow_gradients_and_frames_stay_open() -> None:
    assert layout_boxes(np.full((300, 400, 3), 128, np.uint8)) == []
    slope = np.tile(np.linspace(0, 255, 800).astype(np.uint8)[None, :, None], (100, 1, 3))
    assert layout_boxes(np.ascontiguousarray(slope)) == []
    framed = np.full((400, 600, 3), 255, np.uint8)
    cv2.rectangle(framed, (50, 50), (550, 350), (120, 120, 120), 1)
    assert (masked(framed)[0][100:300, 100:500] == 255).all()


def test_the_fill_is_solid_and_leaves_the_original_alone() -> None:
    picture, _ = _pillow("light", "plain", 12, 1)
    before = picture.copy()
    out, boxes = masked(picture)
    assert (picture == before).all()
    for left, top, right, bottom in boxes:
        assert (out[top:bottom, left:right] == MASK_COLOUR).all()
    assert sum((r - x) * (b - t) for x, t, r, b in boxes) == int((out == MASK_COLOUR).all(axis=2).sum())
    assert layout_boxes(picture) == boxes


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 5, 3), (7, 200, 3), (0, 5, 3)])
def test_odd_sizes_stay_inside(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    for left, top, right, bottom in layout_boxes(picture):
        assert 0 <= left < right <= shape[1]
        assert 0 <= top < bottom <= shape[0]


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="height by width"):
        layout_boxes(np.zeros((4, 4), np.uint8))
