"""X11: keys and buttons by XInput 2.0, moves by polling, focus by its own events, pictures by MIT-SHM.

Everything that decides whose keys are whose arrives on one connection, in the server's order.
"""

from typing import TYPE_CHECKING, Any

from agent.native.x11.backend import X11Native

if TYPE_CHECKING:
    from agent.native.x11.grabber import X11Grabber

__all__ = ["X11Grabber", "X11Native"]


def __getattr__(name: str) -> Any:
    """Import what takes pictures only when it is asked for: OpenCV costs 17 MB."""
    if name == "X11Grabber":
        from agent.native.x11.grabber import X11Grabber  # noqa: PLC0415

        return X11Grabber
    raise AttributeError(name)
