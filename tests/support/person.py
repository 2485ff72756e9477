"""A person who answers without a terminal: for tests that need many answers, and are not about the ceremony."""

import time
from collections.abc import Mapping

from agent.ceremony import perform
from agent.core.ceremony import Answers
from agent.disk.places import Places
from schemas.events import Modality
from schemas.scope import TimingTier


def agree(environ: Mapping[str, str], *apps: str) -> None:
    """Keep a yes to all of some apps (``mousepad`` by default), signed as the ceremony does at its end."""
    places = Places.from_environ(environ)
    answers = Answers(
        apps={app: frozenset(Modality) for app in apps or ("mousepad",)}, timing=TimingTier.EXACT, language="en"
    )
    perform.say_yes(places, perform.what_to_ask(places), answers, perform.Seen(time.time_ns()), "terminal")
