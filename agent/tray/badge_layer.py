"""The badge of a Wayland session: painted as ever, shown by :mod:`agent.tray.layer`, and never a window."""

import os
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMenu

from agent.core.sign import CELLS
from agent.tray.badge import CELL_PX, COLOURS, HEIGHT_PX, STRIPE_PX, WIDTH_PX, Badge
from agent.tray.icons import Sign
from agent.tray.layer import DRAWN_S, REFRESH_MS, Layer
from agent.tray.look import Look
from schemas.events import Rect

if sys.platform != "linux":
    raise ImportError("Wayland is Linux's")

STRIPE: Rect = (0, HEIGHT_PX - STRIPE_PX, CELLS * CELL_PX, HEIGHT_PX)
"""Where the stripe is in the picture. Where that is on the screen, no program is told on Wayland."""


class LayerBadge(Badge):
    """See :class:`agent.tray.badge.Badge`. It cannot be dragged: no click is its own.

    Args:
        remembers: not used here: it stands in a corner.
        menu: reached by the icon only.
    """

    def __init__(self, remembers: Path, menu: QMenu) -> None:
        super().__init__(remembers, menu)
        self._layer = Layer(os.environ, (WIDTH_PX, HEIGHT_PX), self._on_screen)
        self._seen_s = 0.0
        self._seen: bytes | None = None
        self._refresh = QTimer(self, interval=REFRESH_MS)
        self._refresh.timeout.connect(self._draw)

    def tell(self, sign: Sign, words: str, look: Look) -> None:
        """Show a state in words; without words, show nothing at all."""
        self._sign, self._look = sign, look
        self.setText(words)
        self.setAccessibleName(words)
        self._draw()

    def ask(self, nonce: bytes | None) -> None:
        """What the stripe is to show; ``None``: nothing."""
        if nonce == self._nonce:
            return
        self._nonce = nonce
        if nonce is None:
            self._refresh.stop()
        else:
            self._refresh.start()
        self._draw()

    def restore(self) -> None:
        """It stands where it always does."""
        self._draw()

    def raise_(self) -> None:
        """Nothing lies above it."""

    def stripe_rect(self) -> Rect | None:
        """The stripe, if the compositor said just now that it has drawn it as it was asked for."""
        fresh = time.monotonic() - self._seen_s < DRAWN_S
        return STRIPE if self._nonce is not None and self._seen == self._nonce and fresh else None

    def proof(self) -> dict[str, str]:
        """What the daemon, which cannot look itself, is told."""
        return {"drawn": self._seen.hex()} if self._seen is not None else {}

    def _draw(self) -> None:
        if not self.text():
            self._layer.hide()
            return
        image = QImage(WIDTH_PX, HEIGHT_PX, QImage.Format.Format_RGB32)
        image.fill(COLOURS[self._look][0])
        self.render(image)
        self._layer.show(image, self._nonce)

    def _on_screen(self, nonce: bytes | None) -> None:
        news = nonce is not None and self._seen != nonce
        self._seen, self._seen_s = nonce, time.monotonic()
        if news:
            self.changed.emit()
