"""How long the review takes to open a full day, and how smoothly it scrolls: 10,000 events and 1,000 pictures.

The day is really sealed and spooled, in batches as the agent makes them. Opening is reading the spool, decrypting,
checking signatures and digests, decoding every event, and the first painting of the window. Qt paints into memory, so
that no display is needed: what a display adds is not in these figures.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import Measured, percentile, report

OPEN_S, FRAME_MS = 1.0, 1000 / 60
EVENTS, PICTURES, BATCHES = 10_000, 1_000, 20
SCROLLS, LOOKS = 300, 200
SIZE = (1280, 800)
WORD = 9
"""Events of a typed word of four letters."""


def day(folder: Path) -> Any:
    """A person with a full day in the spool."""
    from tests.agent.review.review_rig import Person, webp  # noqa: PLC0415
    from tests.support.devices import NS  # noqa: PLC0415

    person = Person.make(folder)
    make = person.me.device.make
    stamp: dict[str, Any] = {"app": "mousepad", "consent": person.consent}
    each, pictures = EVENTS // BATCHES, PICTURES // BATCHES
    images = [webp(number, SIZE) for number in range(pictures)]
    at = time.time_ns() // NS * NS - 3600 * NS
    for _ in range(BATCHES):
        events: list[Any] = []
        base = None
        for number in range(pictures):
            frame = person.frame(at, base=base)
            frame = type(frame)(**{n: getattr(frame, n) for n in frame.__struct_fields__} | {"patch": (0, 0, *SIZE)})
            base = frame.frame
            events.append(frame)
            while len(events) < (number + 1) * each // pictures:
                at += NS // 20
                room = (number + 1) * each // pictures - len(events)
                events += make.typing("word", at=at, **stamp) if room >= WORD else [make.pointer(at=at, **stamp)]
        person.put(events[:each], images)
    return person


def measure() -> list[Measured]:
    """Open, scroll, look at pictures."""
    from datetime import datetime  # noqa: PLC0415

    from PySide6.QtCore import QElapsedTimer  # noqa: PLC0415
    from PySide6.QtWidgets import QListView  # noqa: PLC0415

    from agent.review.desk import Desk  # noqa: PLC0415
    from agent.review.pictures import Gallery  # noqa: PLC0415
    from agent.review.window import ReviewWindow  # noqa: PLC0415
    from agent.review.words import review_words  # noqa: PLC0415
    from agent.tray.app import make_app  # noqa: PLC0415

    app = make_app()
    with tempfile.TemporaryDirectory() as folder:
        person = day(Path(folder))
        clock = QElapsedTimer()
        clock.start()
        began_s = time.process_time()
        window = ReviewWindow(review_words(), Desk(person.places), datetime.now().astimezone().date())
        window.show()
        app.processEvents()
        window.grab()
        opened_s, opened_cpu_s = clock.nsecsElapsed() / 1e9, time.process_time() - began_s
        view = window.findChild(QListView)
        assert view is not None  # noqa: S101  # the window has one list
        bar, spent = view.verticalScrollBar(), list[float]()
        began_s = time.process_time()
        for step in range(SCROLLS):
            clock.restart()
            bar.setValue(bar.maximum() * step // SCROLLS)
            view.viewport().grab()
            spent.append(clock.nsecsElapsed() / 1e6)
        scrolled_cpu_ms = (time.process_time() - began_s) * 1e3 / SCROLLS
        opened = Desk(person.places)
        held = opened.open(opened.rows())
        events = sum(len(one.payload.events) for one in held.opened)
        gallery, looks = Gallery(held.opened), []
        for number in range(0, PICTURES, PICTURES // LOOKS):
            clock.restart()
            assert gallery.image(number) is not None  # noqa: S101  # a picture that fails would be quick
            looks.append(clock.nsecsElapsed() / 1e6)
        window.close()
    return [
        Measured("events opened", events, "1", EVENTS, at_least=True),
        Measured("pictures in them", PICTURES, "1", PICTURES, at_least=True),
        Measured("open to first painting", opened_s, "s", OPEN_S),
        Measured("open to first painting, processor", opened_cpu_s, "s", OPEN_S),
        Measured("scroll one step and paint, processor, mean", scrolled_cpu_ms, "ms", FRAME_MS),
        Measured("scroll one step and paint, p50", percentile(spent, 0.5), "ms", FRAME_MS),
        Measured("scroll one step and paint, p99", percentile(spent, 0.99), "ms", FRAME_MS),
        Measured("put together and decode a picture 5 patches on, p50", percentile(looks, 0.5), "ms", None),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    report("Review", measure(), options.json)


if __name__ == "__main__":
    main()
