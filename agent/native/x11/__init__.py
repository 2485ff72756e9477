"""X11: keys and buttons by XInput 2.0, moves by polling, focus by its own events, pictures by MIT-SHM.

Everything that decides whose keys are whose arrives on one connection, in the server's order.
"""

from agent.native.x11.backend import X11Native
from agent.native.x11.grabber import X11Grabber

__all__ = ["X11Grabber", "X11Native"]
