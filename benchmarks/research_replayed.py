"""The row of ``python -m benchmarks.research`` on round trips: what every adapter says, replayed."""

import random
from typing import Final

from benchmarks.report import Measured
from research.adapters import ADAPTERS
from tests.research.replayers import Computer
from tests.research.test_research_actions import REPLAY, SIZE, Hand, act

SESSIONS: Final = 300
_LETTERS: Final = "abcXYZ 0'\"\\+-äß\b\r"


def replayed() -> Measured:
    """Random sessions of typing, shortcuts, clicks and drags, through every adapter: how many come out the same."""
    rng, same = random.Random(1), 0  # noqa: S311  # the same sessions each time
    for _ in range(SESSIONS):
        hand = Hand()
        for _ in range(rng.randrange(1, 8)):
            what = rng.choice(["type", "hotkey", "click", "double", "triple", "right", "drag"])
            place = (rng.randrange(SIZE[0]), rng.randrange(SIZE[1]))
            given = {"type": "".join(rng.choices(_LETTERS, k=8)), "hotkey": rng.choice("acvz")}.get(what, place)
            act(hand, what, given)
        same += sum(_came_back(hand, target) for target in ADAPTERS)
    whole = SESSIONS * len(ADAPTERS)
    beside = f"{SESSIONS} sessions, {len(ADAPTERS)} adapters: text, shortcuts, pointer"
    return Measured("round trip of actions", same / whole, "share", 1.0, beside, at_least=True)


def _came_back(hand: Hand, target: str) -> bool:
    replay, exact, between = REPLAY[target]
    computer = Computer()
    for step in hand.steps():
        for item in ADAPTERS[target](step, SIZE).items:
            replay(computer, item)
    wanted = hand.wanted
    shortcuts = [k for k in computer.shortcuts if "escape" not in k]
    pairs = list(zip(computer.pointer, wanted.pointer, strict=False))
    moved = all(_near(path, own if between else (own[0], own[-1])[: len(path)], exact) and button == with_
                for (button, path), (with_, own) in pairs)  # fmt: skip
    counts = len(computer.pointer) == len(wanted.pointer)
    return computer.text == wanted.text and shortcuts == wanted.shortcuts and counts and moved


def _near(path: tuple[tuple[float, float], ...], wanted: tuple[tuple[float, float], ...], exact: float) -> bool:
    if len(path) != len(wanted):
        return False
    return all(abs(a - b) <= exact + 1e-6 for p, w in zip(path, wanted, strict=True) for a, b in zip(p, w, strict=True))
