"""Actions as rows of ``steps.parquet``, each with three pictures: before the pointer set out, at the press, settled."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa
from msgspec import Struct

from research.actions import RULES, Action, Break, Happening, Place, Point, Pointed, Pressed, Reducer, Scrolled, Typed
from research.columnar import Columnar, Words
from research.identity import sample_uid

WAITING: Final = 64
"""Steps held back until the picture taken after them arrives; one that comes later is not bound."""
_RANGE: Final = pa.struct([("first", pa.int64()), ("last", pa.int64())])
_POINT: Final = pa.struct([("x", pa.int64()), ("y", pa.int64())])

STEPS: Final[dict[str, Any]] = {
    "participant": pa.string(), "device": pa.string(), "episode": pa.string(), "sample_uid": pa.string(),
    "rules": pa.int64(), "seq": pa.int64(), "kind": pa.string(), "app": pa.string(), "window": pa.int64(),
    "wall_ns": pa.int64(), "mono_ns": pa.int64(), "end_ns": pa.int64(), "epoch": pa.int64(),
    "button": pa.string(), "x": pa.int64(), "y": pa.int64(), "path": pa.list_(_POINT),
    "text": pa.string(), "keys": pa.list_(pa.string()), "redacted": pa.bool_(),
    "dx": pa.float64(), "dy": pa.float64(), "unit": pa.string(), "seconds": pa.float64(),
    "children": pa.list_(_RANGE),
    "frame_before": pa.int64(), "frame_press": pa.int64(), "frame_settle": pa.int64(),
    "instruction": pa.string(), "last_step_correct": pa.bool_(), "redundant": pa.bool_(),
}  # fmt: skip
"""``x``, ``y`` and ``path`` count from the window's client area. Frames are numbers in the device's stream. The last
three are empty: slots for whoever annotates, in the names that AgentNet's readers filter on."""


class _Bound(Struct):
    """An action and its pictures, as far as they came."""

    action: Action
    episode: str
    before: int | None
    press: int | None = None
    settle: int | None = None


class _Seen(Struct, frozen=True):
    """A picture, as much as binding needs."""

    seq: int
    frame: int
    trigger: str
    press: int | None


class StepWriter:
    """One device's steps, batch by batch. What is open at a batch's end is told with a later one, or at the end."""

    def __init__(self, participant: str, device: str) -> None:
        self._origin = {"participant": participant, "device": device}
        self._reducer = Reducer()
        self._waiting: deque[_Bound] = deque()
        self._frames: deque[_Seen] = deque(maxlen=2 * WAITING)
        self._episode = ""

    @property
    def lost(self) -> dict[str, int]:
        """Observations that no step expresses, by reason."""
        return self._reducer.lost

    def add(self, opened: Columnar) -> Any:
        """Take in a batch; gives a table of the steps that are complete."""
        if opened.episode != self._episode:
            ended = self._reducer.close()
            self._bind(ended)
            self._episode = opened.episode
        for seen in _in_order(opened):
            if isinstance(seen, _Seen):
                self._frame(seen)
            else:
                self._bind(self._reducer.feed(seen))
        ready = [self._waiting.popleft() for _ in range(max(0, len(self._waiting) - WAITING))]
        return self._table(ready)

    def close(self) -> Any:
        """A table of what is left."""
        self._bind(self._reducer.close())
        left = list(self._waiting)
        self._waiting.clear()
        return self._table(left)

    def _bind(self, actions: Iterable[Action]) -> None:
        for action in actions:
            earlier = [f for f in self._frames if f.seq < action.begin.seq]
            bound = _Bound(action, self._episode, earlier[-1].frame if earlier else None)
            self._waiting.append(bound)
            for seen in self._frames:
                _offer(bound, seen)

    def _frame(self, seen: _Seen) -> None:
        self._frames.append(seen)
        for bound in self._waiting:
            _offer(bound, seen)

    def _table(self, ready: list[_Bound]) -> Any:
        rows = [{**self._origin, **_row(bound, self._origin["device"])} for bound in ready]
        plain = pa.Table.from_pylist(rows, schema=pa.schema(list(STEPS.items())))
        return plain.cast(pa.schema([(n, _kept(kind)) for n, kind in STEPS.items()]))


def _kept(kind: Any) -> Any:
    return pa.dictionary(pa.int32(), pa.string()) if kind == pa.string() else kind


def _offer(bound: _Bound, seen: _Seen) -> None:
    """A picture belongs to a press if it says so; to other actions, the first after their last event is the settled."""
    action = bound.action
    if action.press is not None and seen.press is not None:
        if seen.press == action.press and seen.trigger == "press":
            bound.press = seen.frame
        if _within(seen.press, action) and seen.trigger == "settle":
            bound.settle = seen.frame
    elif action.press is None and bound.settle is None and action.children and seen.seq > action.children[-1][1]:
        bound.settle = seen.frame


def _within(seq: int, action: Action) -> bool:
    return any(first <= seq <= last for first, last in action.children)


def _row(bound: _Bound, device: str) -> dict[str, Any]:
    action = bound.action
    content = [action.kind, action.children, action.button, action.path, action.text, action.keys]
    uid = sample_uid("step", RULES, device, action.begin.seq, *content, [action.dx, action.dy, action.unit])
    point = action.path[0] if action.path else (None, None)
    return {
        "episode": bound.episode, "sample_uid": uid, "rules": RULES, "seq": action.begin.seq, "kind": action.kind,
        "app": action.begin.app, "window": action.begin.window, "wall_ns": action.begin.wall_ns,
        "mono_ns": action.begin.mono_ns, "end_ns": action.end_ns, "epoch": action.begin.epoch,
        "button": action.button, "x": point[0], "y": point[1], "path": [{"x": x, "y": y} for x, y in action.path],
        "text": action.text, "keys": list(action.keys), "redacted": action.redacted, "dx": action.dx, "dy": action.dy,
        "unit": action.unit, "seconds": action.seconds,
        "children": [{"first": first, "last": last} for first, last in action.children],
        "frame_before": bound.before, "frame_press": bound.press, "frame_settle": bound.settle,
        "instruction": None, "last_step_correct": None, "redundant": None,
    }  # fmt: skip


_STAMP: Final = ("seq", "mono_ns", "wall_ns", "epoch", "app", "window")


def _in_order(opened: Columnar) -> list[Happening | _Seen]:
    found: list[Happening | _Seen] = [*_keys(opened), *_pointer(opened), *_others(opened)]
    found += [_Seen(f.seq, f.frame, f.trigger, f.press) for f in opened.pictures]
    found.sort(key=lambda seen: seen.seq if isinstance(seen, _Seen) else seen.place.seq)
    return found


def _keys(opened: Columnar) -> Iterator[Happening]:
    """Presses; and, in their first's place, segments without keys to go by: redacted, or told as changes of text."""
    redacted: dict[int, Typed] = {}
    told = {segment for (segment,) in opened.rows("text_delta", ("segment",))}
    for *stamp, segment, text, spans in opened.rows("text", (*_STAMP, "segment", "text", "spans")):
        if spans or segment in told:
            redacted[segment] = Typed(Place(*stamp), segment, text, redacted=bool(spans))
    kind = opened.kinds.get("keyboard")
    if kind:
        down: Words = kind.columns["down"]
        pressed = np.array(down.words, np.bool_)[down.codes]
        for *stamp, keysym, text, modifiers, segment in opened.rows(
            "keyboard", (*_STAMP, "keysym", "text", "modifiers", "segment"), pressed
        ):
            typed = redacted.get(segment)
            if typed is None:
                yield Pressed(Place(*stamp), keysym, text, modifiers, segment)
            elif stamp[0] < typed.place.seq:
                redacted[segment] = Typed(Place(*stamp), segment, typed.text)
    yield from sorted(redacted.values(), key=attrgetter("place.seq"))


def _pointer(opened: Columnar) -> Iterator[Happening]:
    kind = opened.kinds.get("pointer")
    if kind:
        action: Words = kind.columns["action"]
        moves = np.array([word == "move" for word in action.words])[action.codes]
        keep = ~moves | (kind.columns["buttons"] != 0)
        names = (*_STAMP, "wx", "wy", "x", "y", "action", "button", "modifiers")
        for *stamp, wx, wy, x, y, what, button, modifiers in opened.rows("pointer", names, keep):
            yield Pointed(_place(stamp, (wx, wy), (x, y)), what, button, modifiers)
    wheel = (*_STAMP, "wx", "wy", "x", "y", "dx", "dy", "unit", "modifiers")
    for *stamp, wx, wy, x, y, dx, dy, unit, modifiers in opened.rows("scroll", wheel):
        yield Scrolled(_place(stamp, (wx, wy), (x, y)), dx, dy, unit, modifiers)


def _place(stamp: Sequence[Any], at: Point, on: Point) -> Place:
    seq, mono_ns, wall_ns, epoch, app, window = stamp
    return Place(seq, mono_ns, wall_ns, epoch, app, window, at, on)


def _others(opened: Columnar) -> Iterator[Happening]:
    for stamp in opened.rows("focus", _STAMP):
        yield Break(Place(*stamp), blind=False)
    for stamp in opened.rows("gap", _STAMP):
        yield Break(Place(*stamp), blind=True)
