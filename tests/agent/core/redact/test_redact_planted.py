"""Planted items of every kind, in three renderers, many fonts, themes, scales and grounds: none shows in ``layout``."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from agent.core.redact.pixels import fill, layout_boxes
from tests.support.planted import Item, Sheet, pillow, qt, visible
from tests.support.planted_pages import painter

VISIBLE = 0.10


@pytest.fixture(scope="module")
def qt_runs() -> QGuiApplication:
    known = QGuiApplication.instance()
    return known if isinstance(known, QGuiApplication) else QGuiApplication(["test", "-platform", "offscreen"])


def leaks(sheet: Sheet) -> list[tuple[str, Item]]:
    boxes = layout_boxes(sheet.pixels)
    covered = np.ascontiguousarray(fill(np.zeros_like(sheet.pixels), boxes, (255, 255, 255))[:, :, 0])
    return [(sheet.name, item) for item in sheet.items if visible(covered, item) > VISIBLE]


@pytest.mark.parametrize("seed", range(1000, 1008))
@pytest.mark.parametrize("renderer", [pillow, qt])
@pytest.mark.usefixtures("qt_runs")
def test_planted_items_are_covered(renderer: Callable[[int], Sheet], seed: int) -> None:
    sheet = renderer(seed)
    assert len(sheet.items) >= 5
    assert leaks(sheet) == []


def test_planted_items_of_web_pages_are_covered() -> None:
    with painter() as browser:
        sheets = [browser.paint(seed) for seed in range(1000, 1008)]
    assert sum(len(sheet.items) for sheet in sheets) > 200
    assert [leak for sheet in sheets for leak in leaks(sheet)] == []


@pytest.mark.soak
@pytest.mark.usefixtures("qt_runs")
def test_thousands_of_planted_items_are_covered() -> None:
    total, found = 0, []
    for seed in range(2000, 2150):
        for sheet in (pillow(seed), qt(seed)):
            total += len(sheet.items)
            found += leaks(sheet)
    assert total >= 3000
    assert found == []
