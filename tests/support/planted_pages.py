"""Web pages with planted items, as Chromium paints them: a browser without a window, spoken to over a pipe."""

import base64
import html
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.support.browsers import CHROMIUM, QUIET
from tests.support.planted import FONTS, SIZES, THEMES, Item, Sheet
from tests.support.planted_texts import DULL, private

END = b"\0"
"""Ends a message of the DevTools protocol on a pipe."""
PLACES = """JSON.stringify([...document.querySelectorAll('[data-k]')].map(e => {
  const r = document.createRange(); r.selectNodeContents(e); const b = (e.dataset.k == 'text' ? r : e)
  .getBoundingClientRect(); return [e.dataset.k, e.dataset.d, e.textContent, b.left, b.top, b.right, b.bottom]}))"""


class Painter:
    """A page that paints what it is given.

    Args:
        take: the file descriptor that the browser writes to.
        give: the one that it reads from.
    """

    def __init__(self, take: int, give: int) -> None:
        self._take, self._give = take, give
        self._numbers = count(1)
        self._left = b""
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._page = str(self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])
        self._frame = self._ask("Page.getFrameTree", {})["frameTree"]["frame"]["id"]

    def paint(self, seed: int) -> Sheet:
        """The picture of one page, and where its items stand, in pixels of the picture."""
        rng = random.Random(seed)  # noqa: S311
        scale = rng.choice((1, 1.25, 1.5, 2))
        width, height = 900, 700
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", metrics)
        theme, page = _page(rng, height)
        self._ask("Page.setDocumentContent", {"frameId": self._frame, "html": page})
        told = self._ask("Runtime.evaluate", {"expression": PLACES})["result"]["value"]
        shot = self._ask("Page.captureScreenshot", {"format": "png"})["data"]
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(shot), np.uint8), cv2.IMREAD_COLOR)
        items = []
        for kind, dull, text, *box in json.loads(told):
            left, top, right, bottom = (scale * side for side in box)
            if bottom <= height * scale and right <= width * scale:
                items.append(
                    Item(kind, text, ((left, top), (right, top), (right, bottom), (left, bottom)), dull == "1")
                )
        return Sheet(f"chromium {seed}: {theme}, x{scale}", np.asarray(pixels, np.uint8), items)

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        asked: dict[str, Any] = {"id": number, "method": method, "params": params}
        if hasattr(self, "_page"):
            asked["sessionId"] = self._page
        os.write(self._give, json.dumps(asked).encode() + END)
        while True:
            while END not in self._left:
                got = os.read(self._take, 1 << 20)
                assert got, "the browser ended"
                self._left += got
            line, self._left = self._left.split(END, 1)
            told = json.loads(line)
            if told.get("id") == number:
                assert "result" in told, told
                return dict(told["result"])


@contextmanager
def painter() -> Iterator[Painter]:
    """A browser of one's own, ended at the end."""
    (their_in, give), (take, their_out) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # The browser takes its pipe at descriptors 3 and 4; a shell puts it there.
        script = f'exec 3<&{their_in} 4>&{their_out}; exec "$@"'
        options = ("--headless=new", "--remote-debugging-pipe", "--hide-scrollbars", f"--user-data-dir={folder}")
        browser = subprocess.Popen(
            ["bash", "-c", script, "bash", CHROMIUM, *QUIET, *options],
            pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL, env={**os.environ, "HOME": folder},
        )  # fmt: skip
        os.close(their_in)
        os.close(their_out)
        try:
            yield Painter(take, give)
        finally:
            os.close(give)
            os.close(take)
            with suppress(ProcessLookupError):
                browser.terminate()
            browser.wait(30)
    assert not Path(folder, "SingletonLock").exists()


def _page(rng: random.Random, height: int) -> tuple[str, str]:
    theme = rng.choice(list(THEMES))
    ground, ink = (f"rgb{colour}" for colour in THEMES[theme])
    paint = rng.choice(("", "", "background-image:linear-gradient(90deg,#0001,#fff1);",
                        "background-image:repeating-linear-gradient(0deg,#0000 0 24px,#8881 24px 48px);"))  # fmt: skip
    parts, y = [], 6
    while y < height - 30:
        size = rng.choice(SIZES) if rng.random() < 0.95 else rng.choice((28, 48))
        room = 3
        for x in (10, 460):
            text, dull = (rng.choice(DULL), 1) if rng.random() < 0.5 else (private(rng), 0)
            style, tag = rng.choice(_STYLES)
            font, weight = rng.choice([*FONTS, "sans-serif", "serif", "monospace"]), rng.choice((400, 400, 400, 700))
            parts.append(
                f'<div style="position:absolute;left:{x + rng.randint(0, 20)}px;top:{y}px;white-space:nowrap;'
                f'{style}"><{tag} data-k=text data-d={dull} style="font:{weight} {size}px {font}">'
                f"{html.escape(text)}</{tag}></div>"
            )
            room = max(room, int(1.3 * size) + (18 if style else 3))
        y += room + rng.randint(2, 14)
    body = f'<body style="margin:0;background-color:{ground};{paint}color:{ink}">'
    return theme, f'<!doctype html><meta charset="utf-8">{body}{"".join(parts)}'


_STYLES = (
    ("", "span"), ("", "span"), ("", "span"), ("", "b"), ("", "em"),
    ("padding:3px 8px;border:1px solid #8886;border-radius:4px", "span"),
    ("padding:3px 8px;background:#1a73e8;color:#fff;border-radius:12px", "span"),
    ("padding:2px 6px;background:#8882", "span"),
    ("text-decoration:underline", "span"),
    ("opacity:.5", "span"),
    ("text-shadow:1px 1px 2px #888", "span"),
    ("letter-spacing:2px", "span"),
)  # fmt: skip
"""Of the block and the tag around a text: plain, buttons, chips, links, faint, with a shadow, spaced."""
