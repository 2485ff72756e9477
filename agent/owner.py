"""Whose agent this is."""

import os
import sys

from agent.disk.places import Places
from agent.errors import NotYoursError


def check_owner(places: Places) -> None:
    """Say nothing about anybody else.

    Raises:
        NotYoursError: this state is another person's, or it cannot be told whose it is.
    """
    if sys.platform == "win32":
        return  # profiles are closed to others there, administrators aside
    for folder in (places.state, places.runtime):
        try:
            owner = folder.stat().st_uid
        except FileNotFoundError:
            continue
        except OSError:
            owner = None
        if owner != os.geteuid():
            raise NotYoursError("This is another person's Overt. Whether they take part cannot be told from here.")
