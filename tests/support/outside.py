"""What can be seen of a process from outside: by the X server's own account, and by the kernel's."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import xcffib
import xcffib.res
import xcffib.xproto

LOCAL_PID = 2
"""X-Resource 1.2: ask for the pid that the server itself found out."""
HARMLESS = {"OTHER CLIENT", "WINDOW", "GC", "PIXMAP", "FONT", "CURSOR", "COLORMAP ENTRY", "PICTURE", "PICTFORMAT"}
"""Resources without which there is no window, and which hear no input; ``OTHER CLIENT`` is an interest in a window's
own events, as every taskbar has it."""


def x_resources(display: str, pid: int) -> Counter[str]:
    """Every resource that a process holds at the X server, by type and number, over all its connections."""
    spy = xcffib.connect(display)
    try:
        res = spy(xcffib.res.key)
        told = res.QueryClientIds(1, [xcffib.res.ClientIdSpec.synthetic(0, LOCAL_PID)]).reply().ids
        found: Counter[str] = Counter()
        for one in told:
            if list(one.value)[:1] != [pid]:
                continue
            with suppress(xcffib.xproto.ValueError):  # that connection was closed in the meantime
                for kind in res.QueryClientResources(one.spec.client).reply().types:
                    found[spy.core.GetAtomName(kind.resource_type).reply().name.to_string()] += kind.count
        return found
    finally:
        spy.disconnect()


def hooks(display: str, pid: int) -> set[str]:
    """Types of resources at the X server through which a process may hear input or see pixels."""
    return set(x_resources(display, pid)) - HARMLESS


def threads(pid: int) -> int:
    """How many threads a process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def connections(pid: int) -> int:
    """How many sockets a process holds."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            found += str(descriptor.readlink()).startswith("socket:")
    return found
