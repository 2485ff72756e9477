"""Looks for a newer study or policy now and then, from a thread of its own that sleeps in between."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from random import SystemRandom

from agent.core.polling import wait_s
from agent.disk.enrolment import load_enrolment
from agent.disk.places import OWNER_ONLY_FILE, Places
from agent.net.collector import Refused, Unreachable
from agent.net.renewal import renew
from schemas.base import SchemaError

_log = logging.getLogger(__name__)


class Updates:
    """Looks until stopped.

    Args:
        places: of this person's agent.
        entropy: gives so many random bytes.
        now_s: Unix time.
        looked: called after each look, from the thread: with whether there is something new.
        wait_s: as :func:`agent.core.polling.wait_s`.
    """

    def __init__(
        self,
        places: Places,
        entropy: Callable[[int], bytes],
        now_s: Callable[[], float],
        looked: Callable[[bool], None],
        wait_s: Callable[[int, float], float] = wait_s,
    ) -> None:
        self._places = places
        self._entropy = entropy
        self._now_s = now_s
        self._looked = looked
        self._wait_s = wait_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="updates", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more. A request under way is left to itself: nothing is written after it."""
        self._stop.set()

    def _run(self) -> None:
        looks = 0
        while not self._stop.wait(self._wait_s(looks, SystemRandom().random())):
            looks += 1
            new = self._look()
            if not self._stop.is_set():
                self._looked(new)

    def _look(self) -> bool:
        """Whether what lies on the disk is newer now."""
        try:
            before = load_enrolment(self._places.enrolment)
            if before is None:
                return False
            after, _ = renew(self._places, before, self._entropy, self._now_s)
        except Unreachable:
            return False
        except (Refused, SchemaError, OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            _log.info("no newer study or policy was taken: %s", why)
            return False
        with suppress(OSError):
            self._places.looked.touch(OWNER_ONLY_FILE)
        return after != before
