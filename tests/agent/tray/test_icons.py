"""The seven pictures: told apart without colour, drawn at every size, legible on both kinds of panel."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtGui import QImage

from agent.tray.icons import SIZES_PX, Sign, draw
from agent.tray.look import Look

GROUNDS = {False: 255, True: 30}
"""A light and a dark panel, in grey."""
LEAST_DIFFERENCE = 0.06
"""Share of the square whose grey differs clearly: at 16 px, fifteen pixels."""


def grey(image: QImage, ground: int) -> npt.NDArray[np.float64]:
    """The picture on a panel, as a person without colour vision sees it (ITU-R BT.601)."""
    side = image.width()
    flat = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(flat.constBits(), np.uint8).reshape(side, flat.bytesPerLine() // 4, 4)[:, :side]
    alpha = pixels[..., 3:] / 255
    return np.asarray((pixels[..., :3] * alpha + ground * (1 - alpha)) @ [0.299, 0.587, 0.114])


def coverage(sign: Sign, size: int, scale: float = 1.0) -> npt.NDArray[np.float64]:
    """The shape alone: how far each pixel is covered, 0 to 1."""
    flat = draw(sign, size, scale).convertToFormat(QImage.Format.Format_Alpha8)
    side = flat.width()
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(side, flat.bytesPerLine())[:, :side]
    return np.asarray(rows / 255)


@pytest.mark.parametrize("contrast", [False, True])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", SIZES_PX)
def test_all_pairs_differ_in_greyscale(size: int, *, dark: bool, contrast: bool) -> None:
    pictures = {sign: grey(draw(sign, size, look=Look(dark, contrast)), GROUNDS[dark]) for sign in Sign}
    for one, other in itertools.combinations(Sign, 2):
        clearly = np.abs(pictures[one] - pictures[other]) > 60
        assert clearly.mean() > LEAST_DIFFERENCE, f"{one} and {other} look alike at {size} px"


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0])
def test_all_pairs_differ_by_shape_alone(scale: float) -> None:
    for one, other in itertools.combinations(Sign, 2):
        difference = np.abs(coverage(one, 16, scale) - coverage(other, 16, scale))
        assert (difference > 0.5).mean() > LEAST_DIFFERENCE, f"{one} and {other} have the same shape"


@pytest.mark.parametrize("sign", list(Sign))
def test_it_is_drawn_in_device_pixels_and_leaves_its_margin(sign: Sign) -> None:
    image = draw(sign, 22, 2.0)
    assert (image.width(), image.height(), image.devicePixelRatio()) == (44, 44, 2.0)
    edge = coverage(sign, 64)
    assert max(edge[0].max(), edge[-1].max(), edge[:, 0].max(), edge[:, -1].max()) == 0


@pytest.mark.parametrize("sign", [Sign.OFF, Sign.READY, Sign.CAPTURING, Sign.BLOCKED])
def test_round_is_round(sign: Sign) -> None:
    """Qt cuts paths coarsely on small squares; a ring must not become an octagon."""
    shape = coverage(sign, 64, 4.0) > 0.5
    rows, columns = np.nonzero(shape)
    middle = (shape.shape[0] - 1) / 2
    reach = np.hypot(rows - middle, columns - middle)
    angle = np.round(np.arctan2(rows - middle, columns - middle), 1)
    outline = [reach[angle == a].max() for a in np.unique(angle)]
    assert max(outline) - min(outline) < 1.5


@pytest.mark.parametrize(("sign", "centre_filled"), [(Sign.OFF, False), (Sign.READY, True), (Sign.CAPTURING, True)])
def test_hollow_and_solid(sign: Sign, *, centre_filled: bool) -> None:
    shape = coverage(sign, 64)
    assert bool(shape[32, 32] > 0.5) is centre_filled
    assert bool(shape[32, 32 + 16] > 0.5) is (sign is Sign.CAPTURING)


@pytest.mark.parametrize(("contrast", "least"), [(False, 3), (True, 15)])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("sign", list(Sign))
def test_contrast_with_the_panel(sign: Sign, *, dark: bool, contrast: bool, least: float) -> None:
    """At least 3 : 1, what WCAG 2.2 asks of pictures (1.4.11); where more is asked for, black and white."""
    colour = draw(sign, 64, look=Look(dark, contrast))
    pixels = [colour.pixelColor(x, y) for x in range(64) for y in range(64)]
    solid = next(c for c in pixels if c.alpha() == 255)
    light = _luminance(solid.redF(), solid.greenF(), solid.blueF())
    ground = _luminance(*[GROUNDS[dark] / 255] * 3)
    bright, dim = max(light, ground), min(light, ground)
    assert (bright + 0.05) / (dim + 0.05) >= least


def _luminance(*channels: float) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
