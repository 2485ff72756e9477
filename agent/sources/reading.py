"""``python -m agent.sources.reading``: the process that reads text in pictures, one at a time, from a pipe.

Before the first pixel comes, everything is loaded and the door is shut: no further file, socket or pipe can be opened
(the limit of open files is what is open), nothing can be written to a file, the process cannot be dumped or traced,
ends with the daemon, and has a bound of memory. It ends by itself when nobody asked for a while.

Question: height and width (two little-endian 32-bit numbers), then the pixels, blue, green, red, row by row. Answer:
the length of what follows, then JSON: a list of [text, confidence, [left, top, right, bottom]].
"""

import ctypes
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from agent.native.harden import name_process, refuse_dumps

ENGINE = "faster_paddle"
"""The library that reads; the extra ``overt[reveal]`` installs it."""
IDLE_S = 30.0
"""Seconds without a question after which the process ends."""
MEMORY = 450 << 20
"""Bytes of data that the process may hold; it takes 290 to 340 MB."""
MAX_PIXELS = 2_600_000
"""Pixels of one picture; larger ones are read in bands. The reader's memory grows with them."""
QUESTION, ANSWER = struct.Struct("<II"), struct.Struct("<I")
_BMP = struct.Struct("<2sIIIIiiHHIIiiII")
_OPEN = 3  # standard input, output and error
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # prctl(2)

Read = Callable[[int, int, bytes], list[tuple[str, float, tuple[int, int, int, int]]]]
"""Height, width, pixels: what is read there."""


def engine() -> Read:
    """Load the reader, small model, one thread."""
    import faster_paddle  # noqa: PLC0415  # the one place that loads it

    loaded = faster_paddle.OcrEngine(model_size="tiny", threads=1, det_min_side=0)

    def read(height: int, width: int, pixels: bytes) -> list[tuple[str, float, tuple[int, int, int, int]]]:
        found: dict[Any, dict[str, Any]] = loaded.ocr(bitmap(height, width, pixels))["bounds"]
        return [
            (str(f["text"]), float(f["confidence"]), _rect(f["topLeftCoord"], f["bottomRightCoord"]))
            for f in found.values()
        ]

    return read


def _rect(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int, int, int]:
    return int(one[0]), int(one[1]), int(other[0]), int(other[1])


def bitmap(height: int, width: int, pixels: bytes) -> bytes:
    """A BMP file, rows from top to bottom, of 24 bits a pixel: what the reader takes, without a codec's memory."""
    line = 3 * width
    pad = bytes(-line % 4)
    if pad:
        pixels = b"".join(pixels[at : at + line] + pad for at in range(0, len(pixels), line))
    size = _BMP.size + len(pixels)
    return _BMP.pack(b"BM", size, 0, _BMP.size, 40, width, -height, 1, 24, 0, len(pixels), 2835, 2835, 0, 0) + pixels


def bound() -> None:
    """Limits that hold from the start: memory, no dump, the end with the parent."""
    refuse_dumps()
    name_process("overt-reader")
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # absent on Windows

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def shut() -> None:
    """Open nothing any more.

    Raises:
        OSError: something could still be opened; the process must end.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # absent on Windows

    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN, _OPEN))
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return
    raise OSError("files can still be opened")


def serve(source: BinaryIO, into: BinaryIO, read: Read, idle_s: float = IDLE_S) -> None:
    """Answer until nobody asks any more."""
    while True:
        idle = threading.Timer(idle_s, os._exit, (0,))
        idle.daemon = True
        idle.start()
        head = source.read(QUESTION.size)
        idle.cancel()
        if len(head) != QUESTION.size:
            return
        height, width = QUESTION.unpack(head)
        if not 0 < height * width <= MAX_PIXELS:
            return
        pixels = source.read(3 * height * width)
        if len(pixels) != 3 * height * width:
            return
        answer = msgspec.json.encode(read(height, width, pixels))
        into.write(ANSWER.pack(len(answer)) + answer)
        into.flush()


def main(idle_s: float = IDLE_S) -> None:
    """Load, shut the door, answer."""
    bound()
    read = engine()
    read(64, 64, bytes(3 * 64 * 64))  # what it loads with the first picture is loaded now
    shut()
    serve(sys.stdin.buffer, sys.stdout.buffer, read, idle_s)


if __name__ == "__main__":
    main()
