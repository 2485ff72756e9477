"""The stripe says one nonce and nothing near it, and the sign counts exactly while lease and look are fresh."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.sign import (
    CELLS,
    LEASE_NS,
    MAX_CELL_PX,
    MAX_HEIGHT_PX,
    NONCE_BYTES,
    READY_NS,
    TOLERANCE,
    TONES,
    SignState,
    bits,
    carries,
    ends_ns,
    judge,
    plausible,
)
from agent.core.stripe import Pixels, read, shows, stripe

nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
cells = st.integers(1, MAX_CELL_PX)
heights = st.integers(1, MAX_HEIGHT_PX)


def shifted(pixels: Pixels, by: int) -> Pixels:
    return np.clip(pixels.astype(np.int16) + by, 0, 255).astype(np.uint8)


@given(nonces, cells, heights)
def test_what_is_painted_is_read(nonce: bytes, cell: int, height: int) -> None:
    pixels = stripe(nonce, cell, height)
    assert pixels.shape == (height, CELLS * cell, 3)
    assert read(pixels) == nonce
    assert len(bits(nonce)) == CELLS


@given(nonces, nonces, cells)
def test_another_nonce_is_not_it(one: bytes, other: bytes, cell: int) -> None:
    assert shows(stripe(one, cell, 3), other) is (one == other)


@given(nonces, cells, heights, st.integers(-TOLERANCE, TOLERANCE))
def test_a_slight_shift_of_colours_is_allowed(nonce: bytes, cell: int, height: int, by: int) -> None:
    assert shows(shifted(stripe(nonce, cell, height), by), nonce)


@given(nonce=nonces, cell=cells, by=st.integers(TOLERANCE + 1, 255), darker=st.booleans())
def test_more_than_a_slight_shift_is_not(nonce: bytes, cell: int, by: int, *, darker: bool) -> None:
    assert read(shifted(stripe(nonce, cell, 3), -by if darker else by)) != nonce


@given(nonces, cells, heights, st.data())
def test_one_wrong_pixel_spoils_it(nonce: bytes, cell: int, height: int, data: st.DataObject) -> None:
    pixels = stripe(nonce, cell, height)
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, CELLS * cell - 1))
    pixels[row, column] = data.draw(st.tuples(*[st.integers(0, 255)] * 3))
    near = np.abs(pixels.astype(np.int16) - stripe(nonce, cell, height)).max() <= TOLERANCE
    assert shows(pixels, nonce) is bool(near)


@given(nonces, cells, st.data())
def test_a_stripe_that_is_cut_or_pushed_aside_is_not_it(nonce: bytes, cell: int, data: st.DataObject) -> None:
    by = data.draw(st.integers(1, CELLS * cell - 1))
    pixels = stripe(nonce, cell, 3)
    pushed = np.zeros_like(pixels)
    pushed[:, by:] = pixels[:, :-by]
    assert read(pushed) is None
    if by % CELLS:
        assert read(pixels[:, by:]) is None


@given(st.integers(0, 9), st.integers(0, 400))
def test_no_pixels_are_no_nonce(height: int, width: int) -> None:
    assert read(np.zeros((height, width, 3), np.uint8)) is None


def test_the_tones_cannot_be_taken_for_one_another() -> None:
    apart = min(abs(a - b) for a, b in zip(*TONES, strict=True))
    assert apart > 2 * TOLERANCE


@pytest.mark.parametrize("length", [0, NONCE_BYTES - 1, NONCE_BYTES + 1])
def test_only_nonces_have_cells(length: int) -> None:
    with pytest.raises(ValueError, match="length"):
        bits(bytes(length))


@given(st.tuples(*[st.integers(-(1 << 40), 1 << 40)] * 4))
def test_any_rectangle_is_judged_and_what_is_plausible_is_small(rect: tuple[int, int, int, int]) -> None:
    if plausible(rect):
        assert (rect[2] - rect[0]) * (rect[3] - rect[1]) <= CELLS * MAX_CELL_PX * MAX_HEIGHT_PX


@given(st.integers(-1000, 5000), st.integers(-1000, 5000), cells, heights)
def test_a_stripe_of_whole_cells_is_plausible(left: int, top: int, cell: int, height: int) -> None:
    assert plausible((left, top, left + CELLS * cell, top + height))
    assert not plausible((left, top, left + CELLS * cell + 1, top + height)) or cell == MAX_CELL_PX
    assert not plausible((left, top, left, top + height))
    assert not plausible((left, top, left + CELLS * cell, top + MAX_HEIGHT_PX + 1))


nows = st.integers(0, 10**11)
times = st.none() | st.integers(0, 10**11)


@given(now=nows, lease=times, seen=times, claims=st.booleans(), holds=st.sampled_from([LEASE_NS, READY_NS]))
def test_it_is_seen_only_by_a_fresh_lease_and_a_fresh_look(
    now: int, lease: int | None, seen: int | None, *, claims: bool, holds: int
) -> None:
    fresh = [t is not None and now - t < holds for t in (lease, seen)]
    state = judge(now, lease, seen, claims=claims, holds_ns=holds)
    assert (state is SignState.SEEN) is (all(fresh) and claims)
    assert (state is SignState.NO_LEASE) is (not fresh[0])
    if lease is not None and seen is not None and claims:
        assert (state is SignState.SEEN) is (now < ends_ns(lease, seen, holds))


@given(now=nows, lease=times, seen=times, claims=st.booleans())
def test_what_holds_while_capturing_holds_while_ready(
    now: int, lease: int | None, seen: int | None, *, claims: bool
) -> None:
    if judge(now, lease, seen, claims=claims) is SignState.SEEN:
        assert judge(now, lease, seen, claims=claims, holds_ns=READY_NS) is SignState.SEEN


def test_a_stripe_needs_a_badge_that_carries_it() -> None:
    stripe = (10, 125, 202, 128)
    assert carries((10, 100, 202, 128), stripe)
    assert carries((0, 93, 240, 128), stripe)  # at a scale of 1.25: cells are whole pixels
    assert not carries((10, 125, 202, 128), stripe)
    assert not carries((10, 102, 202, 128), stripe)
    assert not carries((11, 100, 202, 128), stripe)
    assert not carries((10, 100, 201, 128), stripe)
    assert not carries((10, 100, 202, 127), stripe)
    assert not carries((10, 100, 202, 140), stripe)
