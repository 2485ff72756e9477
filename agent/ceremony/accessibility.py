"""After a yes on Wayland: whether the desktop's accessibility may be turned on, without which programs tell nothing."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from agent.ceremony.words import Words
from agent.native.wayland.session import is_wayland


def ask_for_it(note: Path, words: Words, agreed: Callable[[], bool]) -> str | None:
    """Ask where it is off, and obey.

    Args:
        note: file that says that it was off before.
        words: of the person's language.
        agreed: puts the question to the person; only ``True`` is a yes.

    Returns:
        What came of it, in words; ``None`` where there was nothing to ask.
    """
    if sys.platform != "linux" or not is_wayland(os.environ):
        return None
    from agent.native.accessible.asked_on import is_off, turn_on  # noqa: PLC0415  # D-Bus is installed on Linux only

    if not is_off(os.environ, time):
        return None
    if not agreed():
        return words("access.no")
    return words("access.on" if turn_on(note, os.environ, time) else "access.failed")
