"""``python -m scripts.demo``: see the module's siblings. Ends 0 only if every claim that it prints was checked."""

import argparse
import os
import random
import shutil
import sys
from pathlib import Path

from scripts.demo.planted import plant
from scripts.demo.screens import RealDesktop
from scripts.demo.stage import Stage
from scripts.demo.story import Story
from tests.support.desktop import Desktop, DesktopError
from tests.support.driver import Driver

STEPS = 7


def main() -> int:
    """Play the demo; gives the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="Plays Overt's main job for real.")
    parser.add_argument("--display", choices=["virtual", "real"], default="virtual")
    parser.add_argument("--out", type=Path, default=Path("demo-out"))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    real = options.display == "real"
    if real and not os.environ.get("DISPLAY"):
        print("make demo: there is no display here; leave out DISPLAY_MODE=real", file=sys.stderr)
        return 2
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    try:
        with (
            Stage(options.out, STEPS) as stage,
            RealDesktop() if real else Desktop() as desktop,
            Driver(desktop.display) as hands,
        ):
            return Story(stage, desktop, hands, plant(options.seed), real, options.out.resolve()).play()
    except DesktopError as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
