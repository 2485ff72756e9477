"""One small computer, and a driver of it for each target's actions: what a step's words do when they are replayed."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]
_MULTIPLE = {"click": 1, "doubleClick": 2, "tripleClick": 3}
_ENTER = {"return": "enter", "esc": "escape", "arrowleft": "left", "arrowright": "right", "meta": "super"}


@dataclass
class Computer:
    """Text at a caret that stands at its end, and what the pointer did."""

    text: str = ""
    shortcuts: list[tuple[str, ...]] = field(default_factory=list)
    pointer: list[tuple[str, tuple[Point, ...]]] = field(default_factory=list)
    scrolled: list[float] = field(default_factory=lambda: [0, 0])
    at: Point = (0, 0)
    _held: list[Point] | None = None

    def type(self, text: str) -> None:
        self.text += text

    def keys(self, keys: Sequence[str]) -> None:
        named = tuple(_ENTER.get(k.lower(), k.lower()) for k in keys)
        if named == ("backspace",):
            self.text = self.text[:-1]
        elif named == ("enter",):
            self.text += "\n"
        else:
            self.shortcuts.append(named)

    def click(self, button: str, where: Point, count: int = 1) -> None:
        self.pointer += [(button, (where,))] * count

    def drag(self, points: Sequence[Point]) -> None:
        self.pointer.append(("left", tuple(points)))

    def move(self, where: Point) -> None:
        self.at = where
        if self._held is not None:
            self._held.append(where)

    def down(self) -> None:
        self._held = [self.at]

    def up(self) -> None:
        assert self._held is not None
        self.drag(self._held)
        self._held = None


def anthropic(computer: Computer, call: dict[str, Any]) -> None:
    name, given = call["name"], call["input"]
    where = tuple(given.get("coordinate") or ())
    clicks = {"left_click": ("left", 1), "right_click": ("right", 1), "middle_click": ("middle", 1),
              "double_click": ("left", 2), "triple_click": ("left", 3)}  # fmt: skip
    if name in clicks:
        computer.click(clicks[name][0], where, clicks[name][1])
    elif name == "scroll":
        axis = given["scroll_direction"] in {"up", "down"}
        computer.scrolled[axis] += given["scroll_amount"] * (
            1 if given["scroll_direction"] in {"down", "right"} else -1
        )
    elif name == "type":
        computer.type(given["text"])
    elif name == "key":
        computer.keys([{"plus": "+"}.get(k, k).replace("_", "") for k in given["text"].split("+")])
    elif name == "mouse_move":
        computer.move(where)
    elif name == "left_click_drag":
        computer.drag([tuple(given["start_coordinate"]), where])
    elif name in {"left_mouse_down", "left_mouse_up"}:
        computer.down() if name == "left_mouse_down" else computer.up()
    else:
        assert name == "wait", name


def openai(computer: Computer, action: dict[str, Any]) -> None:
    kind = action["type"]
    if kind == "click":
        button = {"wheel": "middle"}.get(action["button"], action["button"])
        computer.click(button, (action["x"], action["y"]))
    elif kind == "double_click":
        computer.click("left", (action["x"], action["y"]), 2)
    elif kind == "drag":
        computer.drag([(p["x"], p["y"]) for p in action["path"]])
    elif kind == "scroll":
        computer.scrolled[0] += action["scroll_x"] / 100
        computer.scrolled[1] += action["scroll_y"] / 100
    elif kind == "type":
        computer.type(action["text"])
    elif kind == "keypress":
        computer.keys(action["keys"])


def python(computer: Computer, code: str, size: Point = (1, 1)) -> None:
    """Code for pyautogui, parsed as Python and never run. `size` turns shares into pixels."""
    for line in ast.parse(code).body:
        assert isinstance(line, ast.Expr)
        call = line.value
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Attribute)
        name, args = call.func.attr, [ast.literal_eval(a) for a in call.args]
        given = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
        where = (given.get("x", 0) * size[0], given.get("y", 0) * size[1])
        if name in _MULTIPLE:
            computer.click(given.get("button", "left"), where, _MULTIPLE[name])
        elif name == "scroll":
            computer.scrolled[1] -= args[0]
        elif name == "dragTo":
            computer.drag([computer.at, where])
        elif name in {"moveTo", "mouseDown", "mouseUp"}:
            computer.move(where) if name == "moveTo" else computer.down() if name == "mouseDown" else computer.up()
        elif name in {"write", "press", "hotkey"}:
            computer.type(args[0]) if name == "write" else computer.keys(args)
        else:
            assert name in {"sleep", "wait", "hscroll", "keyDown", "keyUp"}, name


_CALL = re.compile(r"<point>(\d+) (\d+)</point>")


def uitars(computer: Computer, line: str, scale: Point) -> None:
    """An action line, read by Python's own parser."""
    call = ast.parse(line).body[0].value  # type: ignore[attr-defined]
    given = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    points = [(int(x) * scale[0], int(y) * scale[1]) for x, y in _CALL.findall(line)]
    clicks = {"click": ("left", 1), "left_double": ("left", 2), "right_single": ("right", 1)}
    name = call.func.id
    if name in clicks:
        computer.click(clicks[name][0], points[0], clicks[name][1])
    elif name == "drag":
        computer.drag(points)
    elif name == "type":
        computer.type(given["content"])
    elif name == "hotkey":
        computer.keys(given["key"].split())
    else:
        assert name in {"wait", "scroll"}, name
