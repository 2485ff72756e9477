"""The file with the person's wish to hold batches for longer. One that cannot be read holds everything."""

from pathlib import Path

import msgspec

from agent.core.hold import Hold
from agent.disk.durable import write_over

UNREADABLE = Hold(all=True)
"""What holds where the wish cannot be read: nothing leaves that the person may have wanted to see."""


def read_hold(path: Path) -> Hold:
    """The wish; nothing beyond the study's own time where there is none."""
    try:
        hold = msgspec.json.decode(path.read_bytes(), type=Hold)
    except FileNotFoundError:
        return Hold()
    except (OSError, msgspec.MsgspecError, ValueError):
        return UNREADABLE
    return hold if hold.version == 1 and hold.seconds >= 0 and hold.released_s >= 0 else UNREADABLE


def write_hold(path: Path, hold: Hold) -> None:
    """Keep the wish durably.

    Raises:
        OSError: the disk refused; what was there stays.
    """
    write_over(path, msgspec.json.encode(hold))
