"""A number that was never used before on this device: counts clock epochs, and keeps event numbers apart."""

from pathlib import Path

from agent.disk.durable import write_over

NUMBERS_PER_EPOCH = 1 << 32
"""Events that one epoch can number: a century of typing."""


class EpochStore:
    """A durable counter in a small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def next(self) -> int:
        """The next number, durable before it is given out.

        Raises:
            OSError: the disk refused; nothing may be captured without a number.
            ValueError: the file is damaged.
        """
        try:
            last = int(self._path.read_text())
        except FileNotFoundError:
            last = 0
        write_over(self._path, str(last + 1).encode())
        return last + 1
