"""Pictures that are asked for, and what is answered. Apart from who takes them, which is heavy."""

from msgspec import Struct

from agent.core.triggers import Trigger
from schemas.events import Mask, Rect


class Wanted(Struct, frozen=True):
    """A picture to take: of which window, why, and in whose name (a token that comes back with the answer).

    ``reveal``: lines that are recognised as dull may be shown; otherwise all text is filled.
    ``hidden``: rectangles of the window that the person wants filled.
    """

    window: int
    trigger: Trigger
    token: int
    reveal: bool = False
    hidden: tuple[Rect, ...] = ()


class Picture(Struct, frozen=True):
    """A masked picture, or the part of it that changed. ``base`` is the number of the one that it paints over."""

    number: int
    base: int | None
    start_ns: int
    end_ns: int
    rect: Rect
    patch: Rect
    dirty: list[Rect]
    masks: list[Mask]
    scale: float
    image: bytes
    sha256: str

    def __repr__(self) -> str:
        """Its number only."""
        return f"<Picture {self.number}>"


class NoPicture(Struct, frozen=True):
    """Why none was taken."""

    reason: str


Answer = tuple[Wanted, Picture | NoPicture]
