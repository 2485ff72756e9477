"""pyautogui code in pixels, and AgentNet's (OpenCUA's) dialect of it: coordinates from 0 to 1, ``computer.*`` calls."""

from typing import Final

from research.adapters.parts import CLICKS, Adapted, Size, Step, notches, odd_scroll, path, point

_BUTTONS: Final = frozenset({"left", "middle", "right"})
_KEYS: Final = {"escape": "esc", "super": "win", "menu": "apps"}
_NAMES: Final = {1: "click", 2: "doubleClick", 3: "tripleClick"}


def adapt(step: Step, size: Size) -> Adapted:
    """A step as lines of Python."""
    del size
    kind = step["kind"]
    if kind in CLICKS or kind == "drag":
        if step["button"] not in _BUTTONS:
            return Adapted([], ("button",))
        lines = _drag(step) if kind == "drag" else [_click(step, *point(step))]
        return Adapted(_while_held(step, lines))
    if kind == "scroll":
        (x, y), (across, down) = point(step), notches(step)
        lines = [f"pyautogui.scroll({-down}, x={x}, y={y})"] if down else []
        lines += [f"pyautogui.hscroll({across}, x={x}, y={y})"] if across else []
        return Adapted(_while_held(step, lines), odd_scroll(step))
    if kind == "wait":
        return Adapted([f"time.sleep({step['seconds']:.3f})"])
    return _keyboard(step)


def adapt_agentnet(step: Step, size: Size) -> Adapted:
    """A step as AgentNet's code: one item, a string of one or more lines."""
    kind = step["kind"]
    if kind in CLICKS or kind in {"drag", "scroll"}:
        if size is None:
            return Adapted([], ("no_picture",))
        made = _relative(step, size)
    elif kind == "wait":
        made = Adapted(["computer.wait()"], ("wait_duration",))
    else:
        made = _keyboard(step)
    return Adapted(["\n".join(made.items)] if made.items else [], made.lost)


def _relative(step: Step, size: tuple[int, int]) -> Adapted:
    if step["kind"] == "scroll":
        _, down = notches(step)
        lost = (*odd_scroll(step), *(("horizontal_scroll",) if step["dx"] else ()))
        return Adapted(_while_held(step, [f"pyautogui.scroll({-down})"] if down else []), lost)
    if step["button"] not in _BUTTONS:
        return Adapted([], ("button",))
    if step["kind"] == "drag":
        (ax, ay), *between, (bx, by) = [_share(p, size) for p in path(step)]
        lines = [f"pyautogui.moveTo(x={ax}, y={ay})", f"pyautogui.dragTo(x={bx}, y={by}, button='{step['button']}')"]
        return Adapted(_while_held(step, lines), ("drag_path",) if between else ())
    x, y = _share(point(step), size)
    triple = step["kind"] == "triple_click" and step["button"] == "left"
    line = f"computer.tripleClick(x={x}, y={y})" if triple else _click(step, x, y)
    return Adapted(_while_held(step, [line]))


def _share(where: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    return round(where[0] / size[0], 4), round(where[1] / size[1], 4)


def _click(step: Step, x: float, y: float) -> str:
    return f"pyautogui.{_NAMES[CLICKS[step['kind']]]}(x={x}, y={y}, button='{step['button']}')"


def _drag(step: Step) -> list[str]:
    (x, y), *rest = path(step)
    button = f"button='{step['button']}'"
    moves = [f"pyautogui.moveTo(x={mx}, y={my})" for mx, my in rest]
    return [f"pyautogui.moveTo(x={x}, y={y})", f"pyautogui.mouseDown({button})", *moves, f"pyautogui.mouseUp({button})"]


def _while_held(step: Step, lines: list[str]) -> list[str]:
    keys = [_KEYS.get(k, k) for k in step["keys"]] if lines else []
    down, up = ([f"pyautogui.{name}({k!r})" for k in keys] for name in ("keyDown", "keyUp"))
    return [*down, *lines, *reversed(up)]


def _keyboard(step: Step) -> Adapted:
    if step["kind"] == "type":
        text = step["text"]
        return Adapted([f"pyautogui.write({text!r})"], () if text.isascii() else ("text_beyond_ascii",))
    keys = [_KEYS.get(k, k) for k in step["keys"]]
    call = "press" if len(keys) == 1 else "hotkey"
    return Adapted([f"pyautogui.{call}({', '.join(map(repr, keys))})"])
