"""After ``refuse_dumps`` the kernel itself says that the process is not dumpable and writes no core."""

import subprocess
import sys

LOOK = """
import ctypes, resource
from agent.native.harden import refuse_dumps
libc = ctypes.CDLL(None)
before = libc.prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
refuse_dumps()
print(before, libc.prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_g6_the_process_is_not_dumpable() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 0 (0, 0)"
