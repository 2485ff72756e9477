"""What all adapters share."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

Step = Mapping[str, Any]
"""A row of ``steps.parquet``."""
Size = tuple[int, int] | None
"""Width and height of the picture that coordinates lie in; None if the step has no picture."""

CLICKS: Final = {"click": 1, "double_click": 2, "triple_click": 3}
NOTCH: Final = {"notch": 1.0, "line": 1 / 3, "page": 10.0, "pixel": 1 / 100}
"""Notches of a wheel in one unit of scrolling: three lines or about a hundred pixels make a notch."""


class Adapted(Struct, frozen=True):
    """What a target would have done: items in its own form, and what it cannot express, as stable names."""

    items: list[Any]
    lost: tuple[str, ...] = ()


def point(step: Step) -> tuple[int, int]:
    """Where it happened."""
    return int(step["x"]), int(step["y"])


def path(step: Step) -> list[tuple[int, int]]:
    """Every recorded point of a drag."""
    return [(p["x"], p["y"]) for p in step["path"]]


def notches(step: Step) -> tuple[int, int]:
    """Whole notches to the right and down; what is less than one counts as one."""
    factor = NOTCH[step["unit"]]
    return _whole(step["dx"] * factor), _whole(step["dy"] * factor)


def odd_scroll(step: Step) -> tuple[str, ...]:
    """The loss, if whole notches do not tell the amount exactly."""
    exact = step["unit"] == "notch" and all(float(step[n]).is_integer() for n in ("dx", "dy"))
    return () if exact else ("scroll_amount",)


def _whole(amount: float) -> int:
    return round(amount) or (0 if not amount else 1 if amount > 0 else -1)
