"""One desktop for all X11 tests of a module; one backend for each test."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from agent.native.x11 import X11Grabber, X11Native
from tests.agent.native.x11_rig import Keys, Plain, wait_focus
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Rectangle, connected, managed_ids

OpenPlain = Callable[..., Plain]


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop(tray=None) as one:
        yield one


@pytest.fixture
def driver(desktop: Desktop) -> Iterator[Driver]:
    with Driver(desktop.display) as one:
        yield one


@pytest.fixture
def keys(desktop: Desktop) -> Iterator[Keys]:
    with closing(Keys(desktop.display)) as one:
        yield one


@pytest.fixture
def native(desktop: Desktop) -> Iterator[X11Native]:
    with closing(X11Native(desktop.env, time)) as one:
        yield one


@pytest.fixture
def grabber(desktop: Desktop) -> Iterator[X11Grabber]:
    with closing(X11Grabber(desktop.env, time)) as one:
        yield one


@pytest.fixture
def plain(desktop: Desktop) -> Iterator[OpenPlain]:
    """Opens small windows; managed ones are really managed when it returns."""
    with ExitStack() as stack:

        def open_one(place: Rectangle | None = None, colour: int = 0x336699, *, unmanaged: bool = False) -> Plain:
            spot = place or Rectangle(200, 200, 300, 200)
            one = stack.enter_context(closing(Plain(desktop.display, spot, colour, unmanaged=unmanaged)))

            def managed() -> bool:
                with connected(desktop.display) as x:
                    return one.id in managed_ids(x)

            if not unmanaged:
                until(managed, what="the window to be managed")
            return one

        yield open_one


@pytest.fixture
def target(plain: OpenPlain, native: X11Native, driver: Driver) -> Plain:
    """A window that has the focus, and the backend knows."""
    one = plain()
    driver.focus_window(one.id)
    wait_focus(native, one.id)
    one.keys()
    return one
