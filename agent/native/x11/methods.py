"""Whether an input method may commit text that no key event tells: the record must not claim to have all of it then.

Input methods (ibus, fcitx, XIM servers) take keys and give a program the text that comes of them. The keys are seen;
what was chosen is not. Where one is at work cannot be asked for; whether one could be, can: a program is told which to
use by its environment, and servers of the X Input Method protocol (XIM 1.0, "Locating an IM Server") are listed at the
root window.
"""

from pathlib import Path

from agent.native.x11.link import Link, answer, property_bytes, words

VARIABLES = (b"GTK_IM_MODULE=", b"QT_IM_MODULE=", b"QT_IM_MODULES=", b"XMODIFIERS=")
"""What toolkits read. Nothing else of a program's environment is looked at."""
NONE = frozenset(
    {b"", b"none", b"simple", b"gtk-im-context-simple", b"compose", b"xim", b"@im=", b"@im=none", b"@im=local"}
)
"""Values that name no input method, or only the X one, which is told by its server. A compose key's text is known."""
ENVIRON_BYTES = 1 << 18
"""Bytes of an environment that are read: many times the usual."""


def named(environ: bytes) -> bool:
    """Whether an environment, as ``/proc/PID/environ`` has it (proc(5)), tells of an input method to use."""
    told = (entry.partition(b"=") for entry in environ.split(b"\0") if entry.startswith(VARIABLES))
    return any(value.strip().lower() not in NONE for _, _, value in told)


def composes(pid: int | None) -> bool:
    """Whether a program was told to use an input method; also where that cannot be read."""
    if pid is None:
        return True
    try:
        with Path(f"/proc/{pid}/environ").open("rb") as file:
            told = file.read(ENVIRON_BYTES)
    except OSError:
        return True
    return not told or named(told)


def served(link: Link) -> bool:
    """Whether an input method serves this display."""
    servers = words(property_bytes(link.ask_property(link.root, "XIM_SERVERS")))
    owners = [answer(link.core.GetSelectionOwner(atom)) for atom in servers]
    return any(owner is not None and owner.owner for owner in owners)
