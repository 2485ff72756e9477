"""The desktop's accessibility switch (``org.a11y.Status.IsEnabled``): turned on where a person said yes, and put back.

Programs tell what is written in them only while it is on. That it was off before is noted first, so that no crash
between the two leaves it on for good. ``ScreenReaderEnabled`` is read, never set: it starts a screen reader.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dbus_fast import Variant

from agent.native.accessible.probe import NAME, PATH, STATUS, answer_of, property_of
from agent.native.accessible.wire import Call
from agent.native.base import Clock

PROPERTIES = "org.freedesktop.DBus.Properties"
OWNER_ONLY = 0o600


def is_off(environ: Mapping[str, str], clock: Clock) -> bool:
    """Whether the switch is there and stands at off. Where nobody tells, there is nothing to ask the person."""
    return property_of(environ, clock, NAME, PATH, STATUS, "IsEnabled") is False


def turn_on(note: Path, environ: Mapping[str, str], clock: Clock) -> bool:
    """Turn it on, for a person who was asked.

    Args:
        note: file that says that it was off before.
        environ: which session.
        clock: the time.

    Returns:
        Whether it is on.
    """
    try:
        note.touch(OWNER_ONLY)
    except OSError:
        return False  # nobody would know to put it back
    return _set(environ, clock, on=True)


def put_back(note: Path, environ: Mapping[str, str], clock: Clock) -> bool:
    """Turn it off again if it was :func:`turn_on` that turned it on. Idempotent. Parameters as there.

    A screen reader that is in use by now needs it: then it stays on, and is the person's own.

    Returns:
        Whether nothing of ours is left: not so where the session cannot be reached; the next off tries again.
    """
    if not note.exists():
        return True
    reader = property_of(environ, clock, NAME, PATH, STATUS, "ScreenReaderEnabled")
    if reader is None or (reader is False and not _set(environ, clock, on=False)):
        return False
    with suppress(OSError):
        note.unlink(missing_ok=True)
    return True


def _set(environ: Mapping[str, str], clock: Clock, *, on: bool) -> bool:
    values = (STATUS, "IsEnabled", Variant("b", on))
    answer_of(environ, clock, Call(NAME, PATH, PROPERTIES, "Set", "ssv", values))
    return property_of(environ, clock, NAME, PATH, STATUS, "IsEnabled") is on
