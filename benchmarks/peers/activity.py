"""ActivityWatch's watchers, rewritten: its server and client come from their packages, its watchers come in none.

usage: activity.py PORT

Each second the title and class of the active window, and how many keys, clicks and moves there were, as heartbeats by
ActivityWatch's own client: what aw-watcher-window and aw-watcher-input do. Runs in the peers' environment. Says "ready"
once it watches; ends at SIGTERM.
"""

import signal
import socket
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from aw_client import ActivityWatchClient
from aw_core.models import Event
from pynput import keyboard, mouse
from Xlib import X, display

BEAT_S = 1.0
PULSE_S = BEAT_S + 1
"""Heartbeats that say the same within this time are one event."""


def watch(port: int) -> None:
    """Watch until told to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    counted: Counter[str] = Counter()
    keys = keyboard.Listener(on_press=lambda _: counted.update(presses=1))
    pointer = mouse.Listener(
        on_move=lambda *_: counted.update(moves=1),
        on_click=lambda _x, _y, _button, down: counted.update(clicks=int(down)),
    )
    client = ActivityWatchClient("watcher", host="127.0.0.1", port=port)
    buckets = {kind: f"aw-watcher-{kind}_{socket.gethostname()}" for kind in ("window", "input")}
    for listener in (keys, pointer):
        listener.start()
        listener.wait()
    with client:
        for kind, bucket in buckets.items():
            client.create_bucket(bucket, event_type=kind)
        print("ready", flush=True)
        x = display.Display()
        total: Counter[str] = Counter()
        while not ended.wait(BEAT_S):
            now, seconds = datetime.now(UTC), dict(counted)
            counted.clear()
            total.update(seconds)
            client.heartbeat(buckets["window"], Event(timestamp=now, data=_active(x)), pulsetime=PULSE_S)
            client.heartbeat(buckets["input"], Event(timestamp=now, data=seconds), pulsetime=PULSE_S)
        total.update(counted)
    print(f"presses {total['presses']}", flush=True)


def _active(x: Any) -> dict[str, str]:
    root = x.screen().root
    active = root.get_full_property(x.intern_atom("_NET_ACTIVE_WINDOW"), X.AnyPropertyType)
    if active is None or not active.value[0]:
        return {"app": "", "title": ""}
    window = x.create_resource_object("window", active.value[0])
    return {"app": (window.get_wm_class() or ("", ""))[1], "title": window.get_wm_name() or ""}


if __name__ == "__main__":
    watch(int(sys.argv[1]))
