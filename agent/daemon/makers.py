"""How a warden's parts are made: passed in, so that each is made when it is first needed, and by a test if it likes."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.daemon.detectors import Detect, none
from agent.daemon.session import Session
from agent.daemon.standing import Standing
from agent.native.base import AlwaysHere, Grabber, SessionWatch


@dataclass(frozen=True)
class Makers:
    """Make a warden's parts, each when it is first needed."""

    begin: Callable[[Standing], Session]
    """The session's parts, once the keys are at hand; raises ``OSError`` where that fails."""
    pictures: Callable[[], Grabber] | None = None
    """Connects for taking pictures, in the thread that takes them; by default without looking at the sign."""
    detect: Detect = none
    """What looks into the window in front; by default nothing does."""
    seat: Callable[[Callable[[], None]], SessionWatch] = lambda _changed: AlwaysHere()
    """What tells whether the person sits at this session; calls back when that may have changed."""
