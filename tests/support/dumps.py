"""All memory of a running process, as somebody with root would take it (what gcore writes, without gdb)."""

from collections.abc import Iterator
from pathlib import Path

PIECE_BYTES = 8 << 20


def memory(pid: int) -> Iterator[bytes]:
    """Each readable mapping, in pieces that overlap by 4 KiB."""
    overlap = 4096
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as mem:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            if not rights.startswith("r") or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            begin, end = (int(part, 16) for part in place.split("-"))
            for start in range(begin, end, PIECE_BYTES):
                length = min(PIECE_BYTES + overlap, end - start)
                try:
                    mem.seek(start)
                    yield mem.read(length)
                except OSError:  # a mapping of a device, or gone meanwhile
                    continue
