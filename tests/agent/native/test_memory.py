"""The C library gives back what a large piece of memory took, in a process of its own."""

import subprocess
import sys

CODE = """
import numpy
from agent.native.memory import give_back, keep_little

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

keep_little()
before = resident()
for _ in range(3):
    pieces = [numpy.ones(size, numpy.uint8) for size in (1 << 20, 3 << 20) * 8]
    small = [numpy.ones(100_000, numpy.uint8) for _ in range(200)]
    assert resident() - before > 40 << 20
    del pieces, small
give_back()
print(resident() - before)
"""


def test_pictures_leave_nothing_behind() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 8 << 20
