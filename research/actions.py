"""What was done, out of raw events: click, double and triple click, drag, scroll, type, hotkey, key, wait. Pure.

Rules, version 1 (:data:`RULES`). They see one device's events in the order of ``seq``:

- A press and its release within :data:`DRAG_PX` of each other are a click; further apart, or with a path that leaves
  that far, a drag with every recorded point. A click on the same button, within :data:`MULTI_NS` of the press before
  and :data:`MULTI_PX` of it, with nothing else in between, makes it double, then triple.
- Presses that produce printable text join into ``type`` until anything else happens. A backspace takes the last
  character of a run away; with nothing left to take, it is a ``key`` of its own.
- With Ctrl, Super or Alt held, a key is a ``hotkey``, whatever text it carries. Modifiers alone are nothing.
- A segment in which something was redacted is one ``type`` with the redacted text: its keys do not count.
- Wheel events less than :data:`SCROLL_NS` apart, of one unit, join into one ``scroll``.
- More than :data:`WAIT_NS` of nothing is a ``wait``, unless a gap event says that nobody was looking.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from research.keynames import commands, held, key_name, lone

RULES: Final = 1
"""Version of the rules above. It is written into every step."""
DRAG_PX: Final = 4
"""Pixels. Usual desktops begin a drag between 4 and 8; a hand on a mouse trembles by 1 or 2."""
MULTI_NS: Final = 500_000_000
"""Nanoseconds between presses: the default of Windows and of macOS; GTK has 400 ms."""
MULTI_PX: Final = 5
"""Pixels between the presses of one double click (GTK's default)."""
SCROLL_NS: Final = 400_000_000
WAIT_NS: Final = 2_000_000_000

Point = tuple[int, int]
Range = tuple[int, int]
"""First and last sequence number of a run without a gap."""


class Place(Struct, frozen=True):
    """When and where something happened. ``at`` is in the window, ``on`` on the desktop, both in physical pixels."""

    seq: int
    mono_ns: int
    wall_ns: int
    epoch: int
    app: str
    window: int
    at: Point | None = None
    on: Point | None = None


class Pressed(Struct, frozen=True):
    """A key going down."""

    place: Place
    keysym: int | None
    text: str | None
    modifiers: int
    segment: int | None


class Typed(Struct, frozen=True):
    """A text segment told as a whole: something in it was redacted, or a program told of changes and not of keys."""

    place: Place
    segment: int
    text: str
    redacted: bool = True


class Pointed(Struct, frozen=True):
    """A button going down or up, or a move while one is held."""

    place: Place
    action: str
    button: int | None
    modifiers: int


class Scrolled(Struct, frozen=True):
    """The wheel."""

    place: Place
    dx: float
    dy: float
    unit: str
    modifiers: int


class Break(Struct, frozen=True):
    """Focus changed, or a gap: nothing joins over it."""

    place: Place
    blind: bool  # true: a gap, so what follows it says nothing of waiting


Happening = Pressed | Typed | Pointed | Scrolled | Break


class Action(Struct, frozen=True):
    """One thing that was done."""

    kind: str
    begin: Place
    end_ns: int  # monotonic
    children: tuple[Range, ...]
    button: str | None = None
    path: tuple[Point, ...] = ()  # in the window; a click has one point
    text: str | None = None
    keys: tuple[str, ...] = ()  # of a hotkey or key; modifiers first. Of a click, scroll or drag: held modifiers
    dx: float = 0.0
    dy: float = 0.0
    unit: str | None = None
    seconds: float = 0.0
    redacted: bool = False
    press: int | None = None  # `seq` of the press by which frames name it


BUTTONS: Final = {1: "left", 2: "middle", 4: "right", 8: "back", 16: "forward"}
_NEXT: Final = {"click": "double_click", "double_click": "triple_click"}


class _Open:
    """An action that may still grow. Growing by one costs the same however long it is."""

    def __init__(self, made: Action) -> None:
        self.made = made
        self.end_ns = made.end_ns
        self.children = list(made.children)
        self.letters = list(made.text or "")

    def grow(self, place: Place) -> None:
        """Take in one more event."""
        first, last = self.children[-1]
        if place.seq == last + 1:
            self.children[-1] = (first, place.seq)
        else:
            self.children.append((place.seq, place.seq))
        self.end_ns = place.mono_ns

    def done(self) -> Action:
        """As it is now."""
        text = self.made.text if self.made.text is None else "".join(self.letters)
        return replace(self.made, end_ns=self.end_ns, children=tuple(self.children), text=text)


class Reducer:
    """Feed it happenings in order; it gives actions as soon as nothing can join them any more."""

    def __init__(self) -> None:
        self.lost: dict[str, int] = {}
        """Observations that no action expresses, by reason."""
        self._open: _Open | None = None
        self._down: dict[int, list[Pointed]] = {}
        self._ended: Place | None = None
        self._redacted: int | None = None

    def feed(self, happening: Happening) -> Iterator[Action]:
        """Take in the next one."""
        if isinstance(happening, Break):
            yield from self._flush()
            self._ended = None if happening.blind else self._ended
        elif isinstance(happening, Pointed):
            yield from self._pointed(happening)
        elif isinstance(happening, Scrolled):
            yield from self._scrolled(happening)
        elif isinstance(happening, Typed):
            self._redacted = happening.segment
            typed = _action("type", happening.place, text=happening.text, redacted=happening.redacted)
            yield from self._put(typed)
        elif happening.segment is None or happening.segment != self._redacted:
            yield from self._pressed(happening)

    def close(self) -> Iterator[Action]:
        """Give what is still open."""
        for points in self._down.values():
            self._lose("button_never_released", len(points))
        self._down.clear()
        yield from self._flush()

    def _pressed(self, key: Pressed) -> Iterator[Action]:
        if lone(key.keysym):
            return
        name = key_name(key.keysym, key.text)
        if commands(key.modifiers, key.text):
            if name is None:
                self._lose("unknown_key", 1)
                return
            yield from self._put(_action("hotkey", key.place, keys=(*held(key.modifiers), name)))
        elif key.text and key.text.isprintable():
            yield from self._type(key, key.text)
        elif name == "backspace" and self._open and self._open.made.kind == "type" and self._open.letters:
            if not self._open.made.redacted:
                self._open.grow(key.place)
                self._open.letters.pop()
                return
            yield from self._put(_action("key", key.place, keys=(name,)))
        elif name is None:
            self._lose("unknown_key", 1)
        else:
            shift = ("shift",) if "shift" in held(key.modifiers) else ()
            yield from self._put(_action("hotkey" if shift else "key", key.place, keys=(*shift, name)))

    def _type(self, key: Pressed, text: str) -> Iterator[Action]:
        running = self._open
        made = running.made if running else None
        same = made and made.kind == "type" and not made.redacted and _together(made.begin, key.place)
        if running and same:
            running.grow(key.place)
            running.letters += text
        else:
            yield from self._put(_action("type", key.place, text=text))

    def _pointed(self, seen: Pointed) -> Iterator[Action]:
        if seen.action == "down" and seen.button is not None:
            self._down[seen.button] = [seen]
        elif seen.action == "move":
            for points in self._down.values():
                points.append(seen)
        elif seen.button is not None:
            points = self._down.pop(seen.button, [])
            if points:
                yield from self._released([*points, seen])
            else:
                self._lose("press_not_seen", 1)

    def _released(self, points: list[Pointed]) -> Iterator[Action]:
        first = points[0]
        path = tuple(p.place.at for p in points if p.place.at is not None)
        made = Action(
            kind="drag" if any(_far(path[0], p, DRAG_PX) for p in path) else "click",
            begin=first.place,
            end_ns=points[-1].place.mono_ns,
            children=_ranges([p.place.seq for p in points]),
            button=BUTTONS.get(first.button or 0, "left"),
            path=path,
            keys=tuple(held(first.modifiers)),
            press=first.place.seq,
        )
        before = self._open.done() if self._open and self._open.made.kind in _NEXT else None
        if made.kind == "click":
            made = replace(made, path=path[:1])
        if before and made.kind == "click" and _repeats(before, made):
            children = _merge((*before.children, *made.children))
            self._open = _Open(replace(before, kind=_NEXT[before.kind], end_ns=made.end_ns, children=children))
        else:
            yield from self._put(made)

    def _scrolled(self, seen: Scrolled) -> Iterator[Action]:
        running, place = self._open, seen.place
        before = running.made if running else None
        if (
            running
            and before
            and before.kind == "scroll"
            and before.unit == seen.unit
            and before.keys == tuple(held(seen.modifiers))
            and _together(before.begin, place)
            and place.mono_ns - running.end_ns < SCROLL_NS
        ):
            running.grow(place)
            running.made = replace(before, dx=before.dx + seen.dx, dy=before.dy + seen.dy)
        else:
            path = () if place.at is None else (place.at,)
            keys = tuple(held(seen.modifiers))
            made = _action("scroll", place, keys=keys)
            yield from self._put(replace(made, path=path, dx=seen.dx, dy=seen.dy, unit=seen.unit))

    def _put(self, action: Action) -> Iterator[Action]:
        yield from self._flush()
        last, begin = self._ended, action.begin
        if last and last.epoch == begin.epoch and begin.mono_ns - last.mono_ns > WAIT_NS:
            seconds = (begin.mono_ns - last.mono_ns) / 1e9
            yield Action("wait", replace(last, seq=begin.seq), begin.mono_ns, (), seconds=seconds)
        self._open = _Open(action)

    def _flush(self) -> Iterator[Action]:
        running, self._open = self._open, None
        if running is None:
            return
        done = running.done()
        self._ended = replace(done.begin, mono_ns=done.end_ns)
        if done.kind != "type" or done.text:
            yield done

    def _lose(self, reason: str, count: int) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + count


def _action(
    kind: str, place: Place, *, text: str | None = None, keys: tuple[str, ...] = (), redacted: bool = False
) -> Action:
    children = ((place.seq, place.seq),)
    return Action(kind, place, place.mono_ns, children, text=text, keys=keys, redacted=redacted)


def _ranges(seqs: Sequence[int]) -> tuple[Range, ...]:
    return _merge(tuple((seq, seq) for seq in seqs))


def _merge(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for first, last in ranges:
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def _together(one: Place, other: Place) -> bool:
    return (one.app, one.window, one.epoch) == (other.app, other.window, other.epoch)


def _far(one: Point, other: Point, limit: int) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) > limit


def _repeats(before: Action, made: Action) -> bool:
    """Whether a click goes on with the one before. Presses are compared with the *last* press of the run."""
    if before.kind not in _NEXT or not _together(before.begin, made.begin):
        return False
    same = (before.button, before.keys) == (made.button, made.keys)
    return same and made.begin.mono_ns - before.end_ns < MULTI_NS and not _far(before.path[0], made.path[0], MULTI_PX)
