"""Pixels of a window or pixmap, through memory shared with the X server (MIT-SHM 1.2), which is blanked after each use.

The memory is an anonymous file that only this process and the server ever had a descriptor of. A server that shares
none (another machine's) sends the pixels over the connection.
"""

import ctypes
import mmap
import os
import sys

import cv2
import numpy as np
import xcffib
import xcffib.shm
import xcffib.xproto

from agent.native.base import Pixels
from agent.native.x11.link import Link, answer
from schemas.events import Rect

ALL_PLANES = 0xFFFFFFFF
BYTES_A_PIXEL = 4
"""Blue, green, red and one that means nothing (depth 24) or is opacity (depth 32)."""
DEPTHS = (24, 32)
SHARES_BY_FD = (1, 2)
"""MIT-SHM from this version on takes a descriptor."""
_FORM = xcffib.xproto.ImageFormat.ZPixmap


class Images:
    """Reads pixels over one connection. Shared memory is made when first needed, and again where it is too small."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._shm = _shared(link)
        self._segment = 0
        self._memory: mmap.mmap | None = None

    def __repr__(self) -> str:
        return "<Images>"

    def read(self, drawable: int, rect: Rect) -> Pixels | None:
        """A rectangle of a drawable, in its own coordinates; ``None`` where the server refuses or keeps other forms.

        Raises:
            xcffib.ConnectionException: The server is gone.
        """
        width, height = rect[2] - rect[0], rect[3] - rect[1]
        size = width * height * BYTES_A_PIXEL
        place = (rect[0], rect[1], width, height)
        if self._shm is None or not self._room(size):
            return self._sent(drawable, place)
        asked = self._shm.GetImage(drawable, *place, ALL_PLANES, _FORM, self._segment, 0)
        done = answer(asked)
        if done is None or done.depth not in DEPTHS or self._memory is None:
            return None
        with memoryview(self._memory) as shared:
            padded = np.frombuffer(shared, np.uint8, size).reshape(height, width, BYTES_A_PIXEL)
            try:
                return _bgr(padded)
            finally:
                padded[:] = 0
                del padded

    def release(self) -> None:
        """Give the shared memory back. Idempotent."""
        if self._memory is not None:
            if not self._link.lost():
                self._shm.Detach(self._segment)  # type: ignore[union-attr]  # without it there is no memory
            self._memory.close()
            self._memory = None

    def _room(self, size: int) -> bool:
        """Have that many bytes shared. Gives up for good where the server takes no descriptors."""
        if self._memory is not None and len(self._memory) >= size:
            return True
        self.release()
        descriptor = _anonymous(size)
        memory = mmap.mmap(descriptor, size)
        segment = self._link.xcb.generate_id()
        _send_descriptor(self._link, descriptor)  # libxcb closes it
        try:
            self._shm.AttachFdChecked(segment, 0).check()  # type: ignore[union-attr]  # asked for by read() only
        except xcffib.Error:
            memory.close()
            self._shm = None
            return False
        self._segment, self._memory = segment, memory
        return True

    def _sent(self, drawable: int, place: tuple[int, int, int, int]) -> Pixels | None:
        """The same over the connection, which costs several times as much."""
        width, height = place[2:]
        done = answer(self._link.core.GetImage(_FORM, drawable, *place, ALL_PLANES))
        if done is None or done.depth not in DEPTHS:
            return None
        padded = np.frombuffer(done.data.raw, np.uint8, width * height * BYTES_A_PIXEL)
        return _bgr(padded.reshape(height, width, BYTES_A_PIXEL))


def _bgr(padded: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGRA2BGR), np.uint8)


def _shared(link: Link) -> "xcffib.shm.shmExtension | None":
    try:
        shm = link.xcb(xcffib.shm.key)
        version = answer(shm.QueryVersion())
    except xcffib.ExtensionException:
        return None
    enough = version is not None and (version.major_version, version.minor_version) >= SHARES_BY_FD
    return shm if enough else None


def _anonymous(size: int) -> int:
    """A file in memory without a name."""
    if sys.platform != "linux":
        raise OSError("only Linux has files without a name")
    descriptor = os.memfd_create("overt-picture", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, size)
    return descriptor


def _send_descriptor(link: Link, descriptor: int) -> None:
    """Queue a descriptor for the next request; xcffib has no call for that, libxcb does."""
    send = ctypes.CDLL("libxcb.so.1").xcb_send_fd
    send.argtypes, send.restype = (ctypes.c_void_p, ctypes.c_int), None
    send(link.pointer, descriptor)
