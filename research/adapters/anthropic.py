"""Anthropic computer use, toolset ``computer_toolset_20260801``: items are ``{"name": member, "input": {…}}``."""

from typing import Any, Final

from research.adapters.parts import CLICKS, Adapted, Size, Step, notches, odd_scroll, path, point

_KEYS: Final = {
    "enter": "Return", "backspace": "BackSpace", "tab": "Tab", "escape": "Escape", "delete": "Delete", "home": "Home",
    "end": "End", "left": "Left", "right": "Right", "up": "Up", "down": "Down", "pageup": "Page_Up",
    "pagedown": "Page_Down", "insert": "Insert", "printscreen": "Print", "menu": "Menu", "pause": "Pause",
    "space": "space", "+": "plus",
}  # fmt: skip
_BUTTONS: Final = {"left": "left_click", "right": "right_click", "middle": "middle_click"}
_MULTIPLE: Final = {2: "double_click", 3: "triple_click"}


def adapt(step: Step, size: Size) -> Adapted:
    """A step as calls of the toolset's members."""
    del size
    kind = step["kind"]
    if kind in CLICKS:
        return _click(step)
    if kind == "drag":
        return _drag(step)
    if kind == "scroll":
        return _scroll(step)
    if kind == "type":
        return Adapted([_call("type", text=step["text"])])
    if kind == "wait":
        return Adapted([_call("wait", duration=max(1, round(step["seconds"])))])
    return Adapted([_call("key", text="+".join(_KEYS.get(k, k) for k in step["keys"]))])


def _click(step: Step) -> Adapted:
    name, count = _BUTTONS.get(step["button"]), CLICKS[step["kind"]]
    if name is None:
        return Adapted([], ("button",))
    where = {"coordinate": list(point(step)), **_held(step)}
    if count > 1 and name == "left_click":
        return Adapted([_call(_MULTIPLE[count], **where)])
    return Adapted([_call(name, **where) for _ in range(count)])


def _drag(step: Step) -> Adapted:
    if step["button"] != "left":
        return Adapted([], ("button",))
    points = [list(p) for p in path(step)]
    if len(points) <= 2:  # noqa: PLR2004  # nothing but its two ends
        ends = {"start_coordinate": points[0], "coordinate": points[-1]}
        return Adapted([_call("left_click_drag", **ends, **_held(step))])
    moves = [_call("mouse_move", coordinate=p) for p in points]
    calls = [moves[0], _call("left_mouse_down"), *moves[1:], _call("left_mouse_up")]
    return Adapted(calls, ("held_modifiers",) if step["keys"] else ())


def _scroll(step: Step) -> Adapted:
    across, down = notches(step)
    calls = []
    for amount, names in ((down, ("down", "up")), (across, ("right", "left"))):
        if amount:
            way = {"scroll_direction": names[amount < 0], "scroll_amount": abs(amount)}
            calls.append(_call("scroll", coordinate=list(point(step)), **way, **_held(step)))
    return Adapted(calls, odd_scroll(step))


def _held(step: Step) -> dict[str, Any]:
    return {"text": "+".join(step["keys"])} if step["keys"] else {}


def _call(member: str, **given: Any) -> dict[str, Any]:
    return {"name": member, "input": given}
