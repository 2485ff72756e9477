"""The badge on Wayland: a surface in the layer that the compositor keeps above all windows (wlr-layer-shell).

It is painted as the badge of X11 is, and lets every click through. It counts as seen only while the compositor says, of
each picture anew, that it has drawn it (``wl_surface.frame``); a screen that is off draws nothing.
"""

import mmap
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtGui import QImage

from agent.native.wayland.protocol import Arguments, CompositorGone, Connection
from agent.native.wayland.session import LAYER_SHELL

if sys.platform != "linux":
    raise ImportError("Wayland is Linux's")

OVERLAY = 3
"""``zwlr_layer_shell_v1.layer``: above full-screen windows too."""
BOTTOM_RIGHT = 2 | 8
"""``zwlr_layer_surface_v1.anchor``: bottom and right."""
MARGIN_PX = 24
REFRESH_MS = 300
"""Milliseconds from one picture to the next while the sign is wanted: two in the time that one counts."""
DRAWN_S = 0.6
"""Seconds that the compositor's word counts: with a lease each 400 ms, a sign that goes closes the gate in 1 s."""
XRGB8888 = 1
RETRY_MS = 1000
BYTES_PER_PIXEL = 4

CREATE_SURFACE, CREATE_REGION = 0, 1  # wl_compositor
ATTACH, FRAME, SET_INPUT_REGION, COMMIT, DAMAGE_BUFFER = 1, 3, 5, 6, 9  # wl_surface
CREATE_POOL, CREATE_BUFFER = 0, 0  # wl_shm, wl_shm_pool
GET_LAYER_SURFACE = 0
SET_SIZE, SET_ANCHOR, SET_MARGIN, ACK_CONFIGURE = 0, 1, 3, 6
CONFIGURE, CLOSED = 0, 1


class Layer(QObject):
    """One picture above all windows.

    Args:
        environ: which compositor.
        size: width and height, pixels.
        drawn: called with the mark of each picture that the compositor says it has drawn.
    """

    def __init__(
        self, environ: Mapping[str, str], size: tuple[int, int], drawn: Callable[[bytes | None], None]
    ) -> None:
        super().__init__()
        self._environ, self._size, self._drawn = environ, size, drawn
        self._connection: Connection | None = None
        self._notifier: QSocketNotifier | None = None
        self._surface = self._layer = self._buffer = 0
        self._memory: mmap.mmap | None = None
        self._ready = False
        self._wanted: tuple[QImage, bytes | None] | None = None
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self._begin)

    def show(self, image: QImage, mark: bytes | None) -> None:
        """Show a picture; ``mark`` comes back with the word that it was drawn."""
        self._wanted = (image, mark)
        if self._connection is None:
            self._begin()
        elif self._ready:
            self._draw()

    def hide(self) -> None:
        """Show nothing. Idempotent."""
        self._wanted = None
        self._end()

    def _begin(self) -> None:
        if self._wanted is None or self._connection is not None:
            return
        try:
            self._connection = Connection(self._environ)
            self._make(self._connection)
        except CompositorGone:
            self._end()
            self._retry.start()
            return
        self._notifier = QSocketNotifier(self._connection.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def _make(self, to: Connection) -> None:
        compositor, shm = to.bind("wl_compositor", 4), to.bind("wl_shm", 1)
        shell = to.bind(LAYER_SHELL, 1)
        if compositor is None or shm is None or shell is None:
            raise CompositorGone("no layer above the windows")
        self._surface, self._layer, nothing = to.new(), to.new(self._of_layer), to.new()
        to.send(compositor, CREATE_SURFACE, self._surface)
        to.send(shell, GET_LAYER_SURFACE, self._layer, self._surface, 0, OVERLAY, "overt")
        to.send(self._layer, SET_SIZE, *self._size)
        to.send(self._layer, SET_ANCHOR, BOTTOM_RIGHT)
        to.send(self._layer, SET_MARGIN, 0, MARGIN_PX, MARGIN_PX, 0)
        to.send(compositor, CREATE_REGION, nothing)  # an empty region: no click is ours
        to.send(self._surface, SET_INPUT_REGION, nothing)
        to.send(self._surface, COMMIT)
        self._make_buffer(to, shm)

    def _make_buffer(self, to: Connection, shm: int) -> None:
        width, height = self._size
        stride = width * BYTES_PER_PIXEL
        held = os.memfd_create("overt-badge", os.MFD_CLOEXEC)
        try:
            os.ftruncate(held, stride * height)
            self._memory = mmap.mmap(held, stride * height)
            pool, self._buffer = to.new(), to.new()
            to.send(shm, CREATE_POOL, pool, stride * height, fds=(held,))
            to.send(pool, CREATE_BUFFER, self._buffer, 0, width, height, stride, XRGB8888)
        finally:
            os.close(held)

    def _draw(self) -> None:
        if self._wanted is None or self._connection is None or self._memory is None:
            return
        image, mark = self._wanted
        self._memory[:] = bytes(image.constBits())
        to = self._connection

        try:
            to.send(self._surface, FRAME, to.new(lambda _opcode, _arguments: self._drawn(mark)))
            to.send(self._surface, ATTACH, self._buffer, 0, 0)
            to.send(self._surface, DAMAGE_BUFFER, 0, 0, *self._size)
            to.send(self._surface, COMMIT)
        except CompositorGone:
            self._lose()

    def _of_layer(self, opcode: int, arguments: Arguments) -> None:
        if opcode == CONFIGURE and self._connection is not None:
            self._connection.send(self._layer, ACK_CONFIGURE, arguments.uint())
            self._ready = True
            self._draw()
        elif opcode == CLOSED:
            raise CompositorGone("the screen went away")

    def _read(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.read()
        except CompositorGone:
            self._lose()

    def _lose(self) -> None:
        self._end()
        self._retry.start()

    def _end(self) -> None:
        self._ready = False
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._memory is not None:
            with suppress(BufferError):
                self._memory.close()
            self._memory = None
