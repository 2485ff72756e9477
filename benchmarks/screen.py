"""What pictures cost: ours, on what a person does, beside bare mss and WebP by the clock, in the same run.

A real desktop with a real editor in front, which is typed into, clicked and pointed at as DESIGN §6 has it, and then
left alone. Each photographer is a process of its own, so that its processor time is told by the kernel. Ours is given
the same keys, clicks and moves on paper; hearing them is another part's cost.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import mss
import numpy as np

from agent.core.gate import Open
from agent.core.observe import PointerObserved
from agent.core.triggers import Trigger
from agent.daemon.camera import Camera
from agent.native.choose import open_grabber
from agent.pipeline.stamps import Ground, Moment
from agent.sources.pictures import NoPicture, Picture
from benchmarks.load import Load
from benchmarks.report import Measured, report
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.scope import TimingTier
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.fake_desktop import key_seen, pointer_seen, window
from tests.support.windows import Rectangle, geometry, open_mousepad

CPU_TARGET = 3.0
"""Percent of a core for all of capture (DESIGN §6); pictures alone must stay below it."""
STILL_TARGET = 0.2
KEYS, CLICKS, MOVES = 8.0, 0.5, 60.0
SIZE = (1280, 800)
PLACE = Rectangle(40, 60, 1200, 700)
FPS = 1.0
QUALITY = 80
STEP_S = 0.02
WARM_UP_S = 3.0
CONTEXT = multiprocessing.get_context("spawn")


@dataclass
class Cost:
    """What a photographer used and made."""

    cpu_s: float = 0.0
    asked: int = 0
    pictures: int = 0
    sent: int = 0


class Album:
    """Stands where the pipeline does, and counts."""

    def __init__(self) -> None:
        self.cost = Cost()

    def expect_picture(self, _ground: Ground, _trigger: Trigger, _now_ns: int) -> int:
        """Give a token."""
        self.cost.asked += 1
        return self.cost.asked

    def picture(self, _token: int, answer: Picture | NoPicture, _offset_ns: int) -> None:
        """Count what was taken."""
        if isinstance(answer, Picture):
            self.cost.pictures += 1
            self.cost.sent += len(answer.image)

    def no_picture(self, _token: int, _reason: str) -> None:
        """None was taken."""


def ours(environ: Mapping[str, str], number: int, seconds: float, rates: tuple[float, float, float]) -> Cost:
    """The agent's camera on a window."""
    album = Album()
    camera = Camera(lambda: open_grabber(environ, time), lambda: None, time)
    app = AppRule.model_construct(id="editor")
    info = window(number)
    gate = Open(window=info, app=app, modalities=frozenset(Modality), since_ns=0)
    ground = Ground(gate, 0, cast("Any", None), TimingTier.EXACT, 0, Moment(0, 0))
    camera.note(Trigger.FOCUS, ground)
    act: dict[str, Callable[[], None]] = {
        "key": lambda: camera.follow(cast("Any", key_seen(time, "a", number=number)), ground),
        "click": lambda: camera.follow(_press(number), ground),
        "move": lambda: camera.follow(pointer_seen(time, "move", number=number), ground),
    }
    ends, before = 0.0, 0.0
    due: dict[str, float] = {}
    for phase_s in (WARM_UP_S, seconds):
        before, ends = time.process_time(), time.monotonic() + phase_s
        album.cost = Cost(asked=album.cost.asked)
        # Moves are looked at 20 times a second at most (DESIGN §5).
        paces = dict(zip(act, (rates[0], rates[1], min(rates[2], 20.0)), strict=True))
        due = {kind: time.monotonic() + 1 / rate for kind, rate in paces.items() if rate}
        while (now := time.monotonic()) < ends:
            for kind in [k for k, at in due.items() if at <= now]:
                due[kind] += 1 / paces[kind]
                act[kind]()
            camera.take_due(cast("Any", album), ground)
            camera.fetch(cast("Any", album), 0)
            time.sleep(STEP_S)
    album.cost.cpu_s = time.process_time() - before
    camera.rest()
    camera.stop()
    return album.cost


def _press(number: int) -> PointerObserved:
    return pointer_seen(time, "down", number=number)


def idling(_environ: Mapping[str, str], _number: int, seconds: float, _rates: tuple[float, float, float]) -> Cost:
    """The benchmark's own stepping, which is taken off ours."""
    before, ends = time.process_time(), time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(STEP_S)
    return Cost(cpu_s=time.process_time() - before)


def bare(environ: Mapping[str, str], number: int, seconds: float, _rates: tuple[float, float, float]) -> Cost:
    """Mss and WebP by the clock, masking nothing and comparing nothing."""
    cost = Cost()
    place = geometry(environ["DISPLAY"], number)
    area = {"left": place.x, "top": place.y, "width": place.width, "height": place.height}
    with closing(mss.MSS(display=environ["DISPLAY"])) as screen:
        before, begins = time.process_time(), time.monotonic()
        while (at := time.monotonic() - begins) < seconds:
            raw = np.frombuffer(screen.grab(area).raw, np.uint8).reshape(place.height, place.width, 4)
            done, data = cv2.imencode(
                ".webp", cv2.cvtColor(raw, cv2.COLOR_BGRA2BGR), [cv2.IMWRITE_WEBP_QUALITY, QUALITY]
            )
            cost.pictures, cost.sent = cost.pictures + bool(done), cost.sent + data.size
            time.sleep(max(0.0, (cost.pictures / FPS) - at))
        cost.cpu_s = time.process_time() - before
    return cost


def measure(seconds: float) -> list[Measured]:
    """Everything, on a desktop of its own."""
    rows: list[Measured] = []
    with Desktop(size=SIZE, tray=None) as desktop, Driver(desktop.display) as hands, CONTEXT.Pool(3) as workers:
        page = desktop.home / "page.txt"
        page.write_text("\n".join(f"{n} The quick brown fox jumps over the lazy dog" for n in range(200)))
        editor = open_mousepad(desktop, page)
        hands.move_resize(editor.window.id, PLACE)
        hands.focus_window(editor.window.id)
        at = geometry(desktop.display, editor.window.id)
        area = (at.x + 20, at.y + 80, at.x + at.width - 40, at.y + at.height - 40)
        for name, rates in (("at work", (KEYS, CLICKS, MOVES)), ("left alone", (0.0, 0.0, 0.0))):
            with ExitStack() as stack:
                if any(rates):
                    stack.enter_context(Load(desktop.display, area, keys=KEYS, clicks=CLICKS, moves=MOVES))
                asked = [
                    workers.apply_async(one, (desktop.env, editor.window.id, seconds, rates))
                    for one in (ours, idling, bare)
                ]
                mine, nothing, theirs = (done.get(timeout=seconds + 120) for done in asked)
            rows += _rows(name, seconds, mine, nothing, theirs)
    return rows


def _rows(name: str, seconds: float, mine: Cost, nothing: Cost, theirs: Cost) -> list[Measured]:
    cpu_s = max(mine.cpu_s - nothing.cpu_s, 0.0)
    share, their_share = 100 * cpu_s / seconds, 100 * theirs.cpu_s / seconds
    beside = f"mss and WebP at {FPS:g} fps: {their_share:.2f} %"
    rows = [
        Measured(f"{name}: processor", share, "% of a core", CPU_TARGET if mine.asked > 1 else STILL_TARGET, beside),
        Measured(f"{name}: processor beside mss", share / their_share if their_share else None, "times", None),
        Measured(f"{name}: pictures kept a minute", 60 * mine.pictures / seconds, "pictures", None, "mss: 60"),
        Measured(
            f"{name}: kept a minute",
            60 * mine.sent / seconds / 1024,
            "KiB",
            None,
            f"mss: {60 * theirs.sent / seconds / 1024:,.0f} KiB, with every word in it",
        ),
    ]
    if mine.pictures:
        rows.append(Measured(f"{name}: processor a picture kept", 1000 * cpu_s / mine.pictures, "ms", None))
    return rows


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Measure what pictures cost.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load (60)")
    options = parser.parse_args()
    met = report("Pictures", measure(options.seconds), options.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
