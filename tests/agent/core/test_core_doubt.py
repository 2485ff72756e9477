"""Doubt about pixels: whatever was added and not painted since is still in doubt, and nothing that was painted is."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from agent.core.doubt import MAX_RECTS, Doubt
from agent.core.rects import intersect, shifted, without
from schemas.events import Rect

SIDE = 24


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    left, top = draw(st.integers(0, SIDE - 1)), draw(st.integers(0, SIDE - 1))
    return left, top, draw(st.integers(left + 1, SIDE)), draw(st.integers(top + 1, SIDE))


def area(*of: Rect) -> npt.NDArray[np.bool_]:
    canvas = np.zeros((SIDE, SIDE), bool)
    for left, top, right, bottom in of:
        canvas[top:bottom, left:right] = True
    return canvas


@given(st.lists(st.tuples(st.booleans(), rects()), max_size=25))
def test_exactly_what_was_added_and_not_painted_since(steps: list[tuple[bool, Rect]]) -> None:
    doubt, expected = Doubt(), area()
    for paints, rect in steps:
        if paints:
            doubt.painted(rect)
            expected &= ~area(rect)
        else:
            doubt.add([rect])
            expected |= area(rect)
        found = area(*doubt.rects)
        assert not (expected & ~found).any(), "something doubtful is trusted"
        if len(steps) < MAX_RECTS // 4:
            assert (found == expected).all()


def test_too_many_rectangles_become_one_that_holds_them_all() -> None:
    doubt = Doubt()
    many = [(3 * n, 0, 3 * n + 1, 1) for n in range(MAX_RECTS + 1)]
    doubt.add(many[:-1])
    assert len(doubt.rects) == MAX_RECTS
    doubt.add(many[-1:])
    assert doubt.rects == ((0, 0, 3 * MAX_RECTS + 1, 1),)


@given(rects(), rects())
def test_what_is_left_of_a_rectangle_is_disjoint_and_complete(rect: Rect, hole: Rect) -> None:
    parts = without(rect, hole)
    assert sum(int(area(part).sum()) for part in parts) == int(area(*parts).sum())
    assert (area(*parts) == (area(rect) & ~area(hole))).all()


def test_rectangles_meet_or_do_not() -> None:
    assert intersect((0, 0, 10, 10), (5, 5, 20, 20)) == (5, 5, 10, 10)
    assert intersect((0, 0, 10, 10), (10, 0, 20, 10)) is None
    assert shifted((1, 2, 3, 4), 10, -2) == (11, 0, 13, 2)
