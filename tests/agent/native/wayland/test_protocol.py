"""The compositor's bytes are read or refused; nothing else comes out, and nothing is kept."""

import socket
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.native.wayland.protocol import HEAD, Arguments, CompositorGone, Connection, offered

WORD = struct.Struct("=I")
ASKED_BYTES = 24
"""What a client asks for first: the registry, and to be told when all of it came."""


def event(target: int, opcode: int, *words: int | str) -> bytes:
    body = b""
    for word in words:
        if isinstance(word, int):
            body += WORD.pack(word)
        else:
            data = word.encode() + b"\0"
            body += WORD.pack(len(data)) + data + bytes(-len(data) % 4)
    return HEAD.pack(target, (HEAD.size + len(body)) << 16 | opcode) + body


class Compositor:
    """Says what a test has it say to whoever connects first, and nothing else."""

    def __init__(self, folder: Path, says: bytes) -> None:
        self.environ = {"XDG_RUNTIME_DIR": str(folder), "WAYLAND_DISPLAY": "wayland-9"}
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / "wayland-9"))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, args=(says,))
        self._thread.start()

    def _serve(self, says: bytes) -> None:
        connection, _ = self._listening.accept()
        with connection:
            asked = b""
            while len(asked) < ASKED_BYTES and (more := connection.recv(4096)):
                asked += more
            connection.sendall(says)

    def close(self) -> None:
        self._thread.join()
        self._listening.close()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w")


def test_what_is_offered_is_told(folder: Path) -> None:
    says = event(2, 0, 1, "wl_compositor", 4) + event(2, 0, 9, "wl_shm", 1) + event(3, 0, 0)
    compositor = Compositor(folder, says)
    assert offered(compositor.environ) == {"wl_compositor", "wl_shm"}
    compositor.close()


def test_where_nobody_listens_nothing_is_offered(tmp_path: Path) -> None:
    assert offered({}) == frozenset()
    assert offered({"WAYLAND_DISPLAY": "wayland-0"}) == frozenset()
    assert offered({"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}) == frozenset()


@pytest.mark.parametrize(
    "says",
    [
        b"",
        event(1, 0, 2, 0, "no such request"),
        HEAD.pack(2, 4 << 16),
        HEAD.pack(2, 0xFFFF << 16),
        event(2, 0, 1) + event(3, 0, 0),
        event(2, 0, 1, "wl_shm")[:-4] + event(3, 0, 0),
    ],
    ids=["hangs up", "an error", "too short", "too long", "no name", "a text cut off"],
)
def test_a_compositor_that_talks_nonsense_is_none(folder: Path, says: bytes) -> None:
    compositor = Compositor(folder, says)
    with pytest.raises(CompositorGone):
        Connection(compositor.environ)
    compositor.close()


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_arguments_are_read_or_refused(data: bytes) -> None:
    arguments = Arguments(data)
    try:
        while True:
            assert 0 <= arguments.uint() < 1 << 32
            arguments.text()
    except CompositorGone:
        return
