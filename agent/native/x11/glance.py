"""A second look at the badge where it was found before: four questions on one way to the server, no objects made."""

import struct

import numpy as np
import xcffib
import xcffib.xproto

from agent.core.stripe import Pixels
from agent.native.x11.link import Link, words
from agent.native.x11.question import REPLY_BYTES, Question
from schemas.events import Rect

GET_ATTRIBUTES, GET_GEOMETRY, QUERY_TREE, GET_IMAGE = 3, 14, 15, 73
"""Opcodes of the core protocol."""
ALL_PLANES = 0xFFFFFFFF
BYTES_A_PIXEL = 4
"""Blue, green, red and one that means nothing: what X servers keep at depths 24 and 32."""
CLASS_AT, MAP_STATE_AT = 12, 26
"""Where GetWindowAttributes' reply tells these."""
PLACE = struct.Struct("=12xhhHHH")
"""GetGeometry's reply: left, top, width, height, border."""


class Seen:
    """What one glance found.

    Attributes:
        stack: The root's children, the lowest first.
        place: The window's rectangle with its borders; ``None`` where it is not shown.
        pixels: What is on the screen at the stripe; none at all where a part of it is off the screen.
    """

    __slots__ = ("pixels", "place", "stack")

    def __init__(self, stack: list[int], place: Rect | None, pixels: Pixels) -> None:
        self.stack, self.place, self.pixels = stack, place, pixels


class Glance:
    """Looks at one window and at one rectangle of the screen.

    Args:
        link: The connection.
        window: Which window.
        rect: Where the stripe is claimed to be.
    """

    def __init__(self, link: Link, window: int, rect: Rect) -> None:
        self.window, self.rect = window, rect
        left, top, right, bottom = rect
        self._size = bottom - top, right - left
        image = struct.pack("=IhhHHI", link.root, left, top, right - left, bottom - top, ALL_PLANES)
        self._questions = (
            Question(link, None, QUERY_TREE, struct.pack("=I", link.root)),
            Question(link, None, GET_ATTRIBUTES, struct.pack("=I", window)),
            Question(link, None, GET_GEOMETRY, struct.pack("=I", window)),
            Question(link, None, GET_IMAGE, image, xcffib.xproto.ImageFormat.ZPixmap),
        )

    def look(self) -> Seen | None:
        """Ask all of it; ``None`` where the server refused a part: the window is gone, or the stripe off the screen.

        Raises:
            xcffib.ConnectionException: The server is gone.
        """
        numbers = [one.send() for one in self._questions]
        answers = [_taken(one, number) for one, number in zip(self._questions, numbers, strict=True)]
        tree, attributes, geometry, image = answers
        if tree is None or attributes is None or geometry is None or image is None:
            return None
        height, width = self._size
        if len(image) < REPLY_BYTES + height * width * BYTES_A_PIXEL:
            return None
        padded = np.frombuffer(image, np.uint8, height * width * BYTES_A_PIXEL, REPLY_BYTES)
        pixels = padded.reshape(height, width, BYTES_A_PIXEL)[:, :, :3]
        return Seen(list(words(tree[REPLY_BYTES:])), _place(attributes, geometry), pixels)


def _taken(question: Question, number: int) -> bytes | None:
    """Every answer must be fetched, also after one that was refused."""
    try:
        return question.answer(number)
    except xcffib.ConnectionException:
        raise
    except xcffib.XcffibException:
        return None


def _place(attributes: bytes, geometry: bytes) -> Rect | None:
    kind = struct.unpack_from("=H", attributes, CLASS_AT)[0]
    shown = attributes[MAP_STATE_AT] == xcffib.xproto.MapState.Viewable
    if not shown or kind == xcffib.xproto.WindowClass.InputOnly:
        return None
    x, y, width, height, border = PLACE.unpack_from(geometry)
    return x, y, x + width + 2 * border, y + height + 2 * border
