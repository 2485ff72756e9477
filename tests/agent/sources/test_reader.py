"""The process that reads text: it answers, it is bounded, it can open nothing, and nobody waits for it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.redact.pixels import Pixels
from agent.sources.reader import ProcessReader, ReadingFailed, open_reader
from agent.sources.reading import MAX_PIXELS, MEMORY, bitmap
from tests.support.waiting import until

PAGE = np.full((60, 400, 3), 255, np.uint8)
PATIENT_S = 60.0
FOOT = """
import sys
from agent.sources import reading
def read(height, width, pixels):
    return [(str(sum(pixels[:3])), 1.0, (0, 0, width, height))]
"""


def page(text: str) -> Pixels:
    out = PAGE.copy()
    cv2.putText(out, text, (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2, cv2.LINE_AA)
    return out


def script(code: str) -> list[str]:
    return [sys.executable, "-c", FOOT + code]


@pytest.fixture(scope="module")
def real() -> Iterator[ProcessReader]:
    reader = ProcessReader([sys.executable, "-m", "agent.sources.reading"], PATIENT_S, PATIENT_S)
    yield reader
    reader.close()


@pytest.fixture
def made() -> Iterator[Callable[..., ProcessReader]]:
    readers: list[ProcessReader] = []

    def make(code: str, limit_s: float = PATIENT_S) -> ProcessReader:
        readers.append(ProcessReader(script(code), limit_s, limit_s))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


SERVE = "reading.serve(sys.stdin.buffer, sys.stdout.buffer, read)"


def test_it_reads_in_another_process(real: ProcessReader) -> None:
    (line,) = real.read(page("Save changes"))
    assert "".join(line.text.split()) == "Savechanges"
    assert real.pid not in {None, os.getpid()}
    assert "Save" not in repr(line)
    assert "Save" not in repr(real)


def test_it_stays_within_its_memory(real: ProcessReader) -> None:
    side = int(MAX_PIXELS**0.5)
    rng = np.random.default_rng(1)
    big = np.full((side, side, 3), 255, np.uint8)
    for row in range(30, side - 20, 60):
        word = "".join(chr(c) for c in rng.integers(97, 123, 40))
        cv2.putText(big, word, (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2, cv2.LINE_AA)
    assert real.read(big)
    told = Path(f"/proc/{real.pid}/status").read_text()
    peak = next(line for line in told.splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) << 10 <= MEMORY


def test_the_daemon_loads_no_reader() -> None:
    code = (
        "import sys, agent.daemon.main, agent.sources.screen, agent.sources.revealing as r, time;"
        "assert r.revealer(time.monotonic).installed; assert 'faster_paddle' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_can_open_nothing_once_it_is_shut() -> None:
    code = FOOT + (
        "import os, socket\nreading.bound(); reading.shut()\nfails = 0\n"
        "for attempt in (socket.socket, os.pipe, lambda: open('/etc/passwd')):\n"
        "    try:\n        attempt()\n    except OSError:\n        fails += 1\n"
        "os.write(1, str(fails).encode())"
    )
    done = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert done.stdout == b"3"


def test_it_is_not_dumpable_and_its_memory_is_bounded() -> None:
    code = FOOT + (
        "import ctypes, resource\nreading.bound()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[1])\n"
        "try:\n    bytearray(reading.MEMORY)\nexcept MemoryError:\n    print('bounded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["0", "0", "bounded"]


def test_it_hears_nothing_of_the_session(made: Callable[..., ProcessReader], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("DISPLAY", ":77")
    look = "import os\nread = lambda *a: [(' '.join(os.environ), 1.0, (0, 0, 1, 1))]\n"
    (line,) = made(look + SERVE).read(PAGE)
    assert not {"HTTPS_PROXY", "DISPLAY", "HOME"} & set(line.text.split())


def test_it_ends_when_nobody_asks_and_comes_back(made: Callable[..., ProcessReader]) -> None:
    reader = made("reading.serve(sys.stdin.buffer, sys.stdout.buffer, read, 0.05)")
    assert reader.read(PAGE)[0].text == "765"
    until(lambda: reader.pid is None, PATIENT_S, "the end of the reader")
    assert reader.read(PAGE)[0].text == "765"


@pytest.mark.parametrize(
    "code",
    [
        "sys.exit(1)",
        "sys.stdin.buffer.read(8); sys.exit(1)",
        "reading.serve(sys.stdin.buffer, sys.stdout.buffer, lambda *a: 1 / 0)",
        "sys.stdout.buffer.write(b'\\xff' * 4); sys.stdout.flush(); sys.stdin.read()",
        "sys.stdout.buffer.write(b'\\x02\\0\\0\\0{}'); sys.stdout.flush(); sys.stdin.read()",
        "sys.stdout.buffer.write(b'\\x09\\0\\0\\0[[1,2,3]]'); sys.stdout.flush(); sys.stdin.read()",
    ],
)
def test_one_that_dies_or_talks_nonsense_has_failed(made: Callable[..., ProcessReader], code: str) -> None:
    reader = made(code)
    with pytest.raises(ReadingFailed):
        reader.read(PAGE)
    assert reader.pid is None


def test_one_that_is_late_is_killed(made: Callable[..., ProcessReader]) -> None:
    reader = made("import time\ntime.sleep(600)", 0.3)
    begun = time.monotonic()
    with pytest.raises(ReadingFailed):
        reader.read(PAGE)
    assert time.monotonic() - begun < PATIENT_S
    assert reader.pid is None


def test_one_that_was_killed_is_started_anew(made: Callable[..., ProcessReader]) -> None:
    reader = made(SERVE)
    reader.read(PAGE)
    assert reader.pid is not None
    os.kill(reader.pid, 9)
    until(lambda: reader.pid is None, PATIENT_S, "the end of the reader")
    assert reader.read(PAGE)[0].text == "765"


def test_what_is_too_large_is_not_asked(made: Callable[..., ProcessReader]) -> None:
    with pytest.raises(ReadingFailed, match="too large"):
        made(SERVE).read(np.zeros((MAX_PIXELS + 1, 1, 3), np.uint8))


def test_without_the_extra_there_is_no_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.sources.reader.find_spec", lambda _: None)
    assert open_reader() is None


@pytest.mark.parametrize("width", [1, 2, 3, 4, 101])
def test_a_bitmap_is_what_was_given(width: int) -> None:
    pixels = np.random.default_rng(width).integers(0, 256, (7, width, 3), np.uint8)
    found = cv2.imdecode(np.frombuffer(bitmap(7, width, pixels.tobytes()), np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    assert (found == pixels).all()
