"""What leaks through masked pictures, how much dull text is shown, and what that costs: in three renderers.

Pictures are made from seeds at run time: Chromium's pages, Qt's and Pillow's text, in many fonts, themes, scales and
grounds, with codes, initials and photos. ``--sheets DIR`` leaves contact sheets to look at: as it was, ``layout``,
``reveal``, side by side.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtGui import QGuiApplication

from agent.core.redact.pixels import Pixels, Rect, fill, masked
from agent.sources.reader import ProcessReader
from agent.sources.revealing import Revealer, unmasked
from benchmarks.report import Measured, report
from tests.support.planted import Item, Sheet, pillow, qt, visible
from tests.support.planted_pages import painter

VISIBLE = 0.10
"""Share of an item's place that may be seen."""
SHOWN = 0.5
"""Share of a dull line's place that must be seen for it to count as shown."""
STRIP = 24
"""Rows that a typed line paints."""
LIMIT_S = 60.0
"""Seconds for the reader: what is measured here is processor time, on a machine that may be busy."""
CODE = "from agent.sources import reading; reading.main(2.0)"
TICK = 100
"""Clock ticks a second in /proc (see sysconf)."""


@dataclass
class Tally:
    """What was seen of the items of all pictures."""

    planted: int = 0
    layout: int = 0
    private: int = 0
    reveal: int = 0
    dull: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    layout_s: list[float] = field(default_factory=list)

    def look(self, sheet: Sheet, boxes: list[Rect], left: list[Rect]) -> None:
        """Count one picture, masked by ``boxes`` in layout and by ``left`` in reveal."""
        layout, reveal = _cover(sheet.pixels, boxes), _cover(sheet.pixels, left)
        renderer = sheet.name.split()[0]
        for item in sheet.items:
            self.planted += 1
            self.layout += self._leaks("layout", sheet, item, layout)
            if item.dull:
                self.dull[renderer] += 1
                self.shown[renderer] += visible(reveal, item) > SHOWN
            else:
                self.private += 1
                self.reveal += self._leaks("reveal", sheet, item, reveal)

    def _leaks(self, mode: str, sheet: Sheet, item: Item, covered: Pixels) -> bool:
        leaks = visible(covered, item) > VISIBLE
        if leaks:
            self.first.append(f"{mode}: {sheet.name}: {item.kind} {item.text!r} at {item.corners[0]}")
        return leaks


def _cover(pixels: Pixels, boxes: list[Rect]) -> Pixels:
    return np.ascontiguousarray(fill(np.zeros_like(pixels), boxes, (255, 255, 255))[:, :, 0])


def sheets(each: int) -> Iterator[Sheet]:
    """Pictures of the three renderers, by turns."""
    with painter() as browser:
        for seed in range(each):
            yield browser.paint(seed)
            yield qt(seed)
            yield pillow(seed)


def cpu_s(pid: int) -> float:
    """Processor time of a process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def strips(shows: Revealer, reader: ProcessReader, sheet: Sheet) -> list[float]:
    """Processor time, ours and the reader's, for each changed strip of a picture in which there is text; seconds."""
    boxes = masked(sheet.pixels)[1]
    tops = range(0, sheet.pixels.shape[0] - STRIP, STRIP)
    used = time.process_time() + cpu_s(reader.pid or 0)
    for top in tops:
        shows.shown(sheet.pixels, boxes, (top, top + STRIP))
    return [(time.process_time() + cpu_s(reader.pid or 0) - used) / len(tops)]


def measure(each: int, folder: Path | None) -> list[Measured]:
    """All figures."""
    reader = ProcessReader([sys.executable, "-c", CODE], LIMIT_S, LIMIT_S)
    shows = Revealer(lambda: reader, time.monotonic)
    tally, strip_s, peak_mb = Tally(), list[float](), 0.0
    for number, sheet in enumerate(sheets(each)):
        begun = time.process_time()
        filled, boxes = masked(sheet.pixels)
        tally.layout_s.append((time.process_time() - begun) / (sheet.pixels.size / 3e6))
        shown = filled.copy()
        left = unmasked(shown, sheet.pixels, boxes, shows.shown(sheet.pixels, boxes))
        tally.look(sheet, boxes, left)
        if reader.pid is not None:
            told = Path(f"/proc/{reader.pid}/status").read_text().splitlines()
            peak_mb = max([peak_mb, *(int(line.split()[1]) / 1024 for line in told if line.startswith("VmHWM"))])
            if number % 10 == 0 and "x2" not in sheet.name:
                strip_s += strips(shows, reader, sheet)
        if folder is not None and number < 60:  # noqa: PLR2004
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{number:03}.png"), np.hstack([sheet.pixels, filled, shown]))
    for line in tally.first[:20]:
        print(line)
    gone = _gone_s(reader)
    shows.close()
    dull, seen = tally.dull.total(), tally.shown.total()
    by = ", ".join(f"{name} {tally.shown[name]} of {count}" for name, count in tally.dull.items())
    return [
        Measured("layout: items that show", float(tally.layout), "items", 0.0, f"of {tally.planted}"),
        Measured("layout: CPU of a megapixel", 1e3 * float(np.mean(tally.layout_s)), "ms", 40.0),
        Measured("reveal: private items that show", float(tally.reveal), "items", 0.0, f"of {tally.private}"),
        Measured("reveal: dull lines that stay masked", 100 * (1 - seen / dull), "%", 50.0, f"shown: {by}"),
        Measured("reveal: CPU of a changed strip", 1e3 * float(np.mean(strip_s)), "ms", 40.0, f"{STRIP} rows"),
        Measured("reveal: memory of the reader, peak", peak_mb, "MB", 450.0),
        Measured("reveal: reader gone when idle", gone, "s", 10.0, "told to rest 2 s; 30 s in the daemon"),
        Measured("reveal: pictures that could not be read", float(shows.failures), "pictures", 0.0),
    ]


def _gone_s(reader: ProcessReader) -> float | None:
    begun = time.monotonic()
    while reader.pid is not None and time.monotonic() - begun < LIMIT_S:
        time.sleep(0.1)
    return time.monotonic() - begun if reader.pid is None else None


def main() -> None:
    """Measure, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--each", type=int, default=160, help="pictures of each renderer")
    parser.add_argument("--sheets", type=Path, help="a folder for contact sheets")
    asked = parser.parse_args()
    app = QGuiApplication.instance() or QGuiApplication(["benchmark", "-platform", "offscreen"])
    met = report("Redaction of pictures", measure(asked.each, asked.sheets), asked.json)
    del app
    sys.exit(not met)


if __name__ == "__main__":
    main()
