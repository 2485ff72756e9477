"""A bench for each test; see :mod:`tests.research.bench`."""

import pytest

from tests.research.bench import Bench, filmed


@pytest.fixture
def bench() -> Bench:
    return Bench.make()


@pytest.fixture
def busy() -> Bench:
    """Two participants with three batches each: typing, pointer, pictures."""
    bench = Bench.make()
    for person in range(2):
        device = bench.person()
        make = device.make
        device.envelope([make.focus(), *make.typing("dear team"), make.gap()])
        device.envelope([make.pointer("move"), make.pointer("down"), make.pointer("up"), make.scroll(2.0)])
        frames, section = filmed(device, 3 + person)
        device.envelope(frames, frames=section)
    return bench
