"""OpenAI computer use: items are the ``action`` objects of a ``computer_call``."""

from typing import Any, Final

from research.adapters.parts import CLICKS, Adapted, Size, Step, notches, odd_scroll, path, point

PIXELS_A_NOTCH: Final = 100
"""``scroll_x`` and ``scroll_y`` are pixels; browsers scroll by about this much for one notch."""
_BUTTONS: Final = {"left": "left", "right": "right", "middle": "wheel", "back": "back", "forward": "forward"}
_KEYS: Final = {
    "escape": "ESC", "left": "ARROWLEFT", "right": "ARROWRIGHT", "up": "ARROWUP", "down": "ARROWDOWN",
    "super": "META",
}  # fmt: skip


def adapt(step: Step, size: Size) -> Adapted:
    """A step as actions."""
    del size
    kind = step["kind"]
    if kind in CLICKS:
        return Adapted(_clicks(step))
    if kind == "drag":
        points = [{"x": x, "y": y} for x, y in path(step)]
        lost = () if step["button"] == "left" else ("button",)
        return Adapted([] if lost else [{"type": "drag", "path": points, **_held(step)}], lost)
    if kind == "scroll":
        (x, y), (across, down) = point(step), notches(step)
        ways = {"scroll_x": across * PIXELS_A_NOTCH, "scroll_y": down * PIXELS_A_NOTCH}
        return Adapted([{"type": "scroll", "x": x, "y": y, **ways, **_held(step)}], odd_scroll(step))
    if kind == "type":
        return Adapted([{"type": "type", "text": step["text"]}])
    if kind == "wait":
        return Adapted([{"type": "wait"}], ("wait_duration",))
    return Adapted([{"type": "keypress", "keys": _names(step["keys"])}])


def _clicks(step: Step) -> list[Any]:
    x, y = point(step)
    where, count = {"x": x, "y": y, **_held(step)}, CLICKS[step["kind"]]
    single = {"type": "click", "button": _BUTTONS[step["button"]], **where}
    if step["button"] != "left" or count == 1:
        return [single] * count
    return [{"type": "double_click", **where}, *([single] * (count - 2))]


def _held(step: Step) -> dict[str, Any]:
    return {"keys": _names(step["keys"])} if step["keys"] else {}


def _names(keys: list[str]) -> list[str]:
    return [_KEYS.get(k, k.upper()) for k in keys]
