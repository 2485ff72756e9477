"""UI-TARS 1.5: items are ``Action:`` lines as its parser reads them; coordinates in the picture as scaled for it."""

import math
from typing import Final

from research.adapters.parts import CLICKS, Adapted, Size, Step, notches, path, point

MAX_HOTKEY: Final = 3
"""Keys in one ``hotkey``, by its prompt."""
_FACTOR: Final = 28
_MIN_PIXELS: Final = 100 * _FACTOR * _FACTOR
_MAX_PIXELS: Final = 16_384 * _FACTOR * _FACTOR
_KEYS: Final = {"left": "arrowleft", "right": "arrowright", "up": "arrowup", "down": "arrowdown", "escape": "esc"}
_CLICK: Final = {("left", 1): ["click"], ("left", 2): ["left_double"], ("left", 3): ["left_double", "click"],
                 ("right", 1): ["right_single"], ("right", 2): ["right_single"] * 2,
                 ("right", 3): ["right_single"] * 3}  # fmt: skip


def adapt(step: Step, size: Size) -> Adapted:
    """A step as action lines."""
    kind = step["kind"]
    if kind == "wait":
        return Adapted(["wait()"], ("wait_duration",))
    if kind == "type":
        return Adapted([f"type(content='{_escaped(step['text'])}')"])
    if kind in {"key", "hotkey"}:
        keys = " ".join(_KEYS.get(k, k) for k in step["keys"])
        too_many = len(step["keys"]) > MAX_HOTKEY
        return Adapted([] if too_many else [f"hotkey(key='{_escaped(keys)}')"], ("long_hotkey",) if too_many else ())
    if size is None:
        return Adapted([], ("no_picture",))
    held = ("held_modifiers",) if step["keys"] else ()
    if kind == "scroll":
        return _scroll(step, size, held)
    return _pointer(step, size, held) if kind in CLICKS else _drag(step, size, held)


def _pointer(step: Step, size: tuple[int, int], lost: tuple[str, ...]) -> Adapted:
    names = _CLICK.get((step["button"], CLICKS[step["kind"]]))
    if names is None:
        return Adapted([], ("button",))
    return Adapted([f"{name}(point='{_point(point(step), size)}')" for name in names], lost)


def _drag(step: Step, size: tuple[int, int], lost: tuple[str, ...]) -> Adapted:
    if step["button"] != "left":
        return Adapted([], ("button",))
    first, *between, last = path(step)
    line = f"drag(start_point='{_point(first, size)}', end_point='{_point(last, size)}')"
    return Adapted([line], (*lost, *(("drag_path",) if between else ())))


def _scroll(step: Step, size: tuple[int, int], lost: tuple[str, ...]) -> Adapted:
    across, down = notches(step)
    where = _point(point(step), size)
    ways = [name for name, amount in (("down", down), ("right", across)) if amount > 0]
    ways += [name for name, amount in (("up", down), ("left", across)) if amount < 0]
    return Adapted([f"scroll(point='{where}', direction='{way}')" for way in ways], (*lost, "scroll_amount"))


def _point(where: tuple[int, int], size: tuple[int, int]) -> str:
    seen = resized(*size)
    x, y = (round(place * new / old) for place, new, old in zip(where, seen, size, strict=True))
    return f"<point>{max(0, x)} {max(0, y)}</point>"


def resized(width: int, height: int) -> tuple[int, int]:
    """Width and height to which Qwen2.5-VL's preprocessing scales a picture: whole patches, bounded in area."""
    new = [max(_FACTOR, round(side / _FACTOR) * _FACTOR) for side in (width, height)]
    if new[0] * new[1] > _MAX_PIXELS:
        shrink = math.sqrt(width * height / _MAX_PIXELS)
        new = [math.floor(side / shrink / _FACTOR) * _FACTOR for side in (width, height)]
    elif new[0] * new[1] < _MIN_PIXELS:
        grow = math.sqrt(_MIN_PIXELS / (width * height))
        new = [math.ceil(side * grow / _FACTOR) * _FACTOR for side in (width, height)]
    return new[0], new[1]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"').replace("\n", "\\n")
