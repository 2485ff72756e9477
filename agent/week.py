"""``python -m agent.week``: the last seven days in figures, for the indicator's weekly notification.

Counts, and who read what; nothing that was typed or shown. Prints nothing where there is nothing to tell.
"""

import os
import sys
import time

from agent import history
from agent.ceremony.words import spoken
from agent.disk.places import Places
from agent.errors import OvertError
from agent.native.harden import name_process, refuse_dumps
from agent.review.desk import Desk
from agent.review.words import review_words


def main() -> int:
    """Print a title and lines, and return the exit code."""
    refuse_dumps()
    name_process("overt-review")
    try:
        told = history.week(Desk(Places.from_environ(os.environ)), time.time_ns())
    except OvertError as error:
        sys.stderr.write(f"{error}\n{error.remedy}\n")
        return 1
    words = review_words(spoken(os.environ))
    if told.events or told.frames or told.unknown or told.readers:
        sys.stdout.write("\n".join([words("digest.title"), *history.week_in_words(words, told)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
