"""Numbers of the core protocol's events (X.h), and when the untimed ones happened."""

import struct
from collections.abc import Sequence

from agent.native.x11.link import GENERIC_EVENT, Wire
from agent.native.x11.times import Times

FOCUS_IN, FOCUS_OUT, KEYMAP = 9, 10, 11
DESTROY, UNMAP, REPARENT, CONFIGURE = 17, 18, 21, 22
PROPERTY, MAPPING = 28, 34

RAW_TIME_AT, XKB_TIME_AT = 12, 4
"""Where the server's time stands in a raw XInput event and in an XKB event."""


def bounds(wires: Sequence[Wire], xkb_event: int, times: Times) -> list[int]:
    """A monotonic time for each event: its own, or for one that has none, that of the next that has one, else now.

    So a focus change that was read together with the keys after it is not stamped later than they are.
    """
    found, bound = [], times.now
    for wire in reversed(wires):
        at = {GENERIC_EVENT: RAW_TIME_AT, xkb_event: XKB_TIME_AT}.get(wire.kind)
        if at is not None:
            bound = min(bound, times.of_server(struct.unpack_from("=I", wire.data, at)[0])[0])
        found.append(bound)
    return found[::-1]
