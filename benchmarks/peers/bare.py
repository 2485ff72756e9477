"""The home-made recorder: pynput to lines of JSON, if asked for with mss and a JPEG of the screen every second.

usage: bare.py FOLDER [--pictures]

Runs in the peers' environment, not in ours. Says "ready" once it listens; ends at SIGTERM.
"""

import io
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import mss
from PIL import Image
from pynput import keyboard, mouse

PICTURE_S = 1.0
QUALITY = 75


def record(folder: Path, *, pictures: bool) -> None:
    """Record until told to end."""
    folder.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with (folder / "events.jsonl").open("w") as out:

        def note(kind: str, *what: Any) -> None:
            out.write(json.dumps({"t": time.time(), "kind": kind, "what": [str(one) for one in what]}) + "\n")

        keys = keyboard.Listener(on_press=lambda key: note("press", key), on_release=lambda key: note("release", key))
        pointer = mouse.Listener(
            on_move=lambda x, y: note("move", x, y),
            on_click=lambda x, y, button, down: note("click" if down else "up", x, y, button),
            on_scroll=lambda x, y, dx, dy: note("scroll", x, y, dx, dy),
        )
        for listener in (keys, pointer):
            listener.start()
            listener.wait()
        print("ready", flush=True)
        if pictures:
            _film(folder, ended)
        ended.wait()
        for listener in (keys, pointer):
            listener.stop()
            listener.join()


def _film(folder: Path, ended: threading.Event) -> None:
    with mss.MSS() as screen:
        number = 0
        while not ended.wait(PICTURE_S):
            shot = screen.grab(screen.monitors[0])
            data = io.BytesIO()
            Image.frombytes("RGB", shot.size, shot.rgb).save(data, "JPEG", quality=QUALITY)
            (folder / f"{number:06d}.jpg").write_bytes(data.getvalue())
            number += 1


if __name__ == "__main__":
    record(Path(sys.argv[1]), pictures="--pictures" in sys.argv)
