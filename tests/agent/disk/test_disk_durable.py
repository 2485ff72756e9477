"""Writes survive a failing disk: the old content or the new one, never a mixture, and no rest that a reader sees."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.disk.durable import OLD_PART_S, sweep_parts, write_new, write_over
from agent.disk.epoch import EpochStore
from agent.disk.switch import SIZE, UNREADABLE, Position, Switch, Switched

OLD, NEW = b"old content", b"new content " * 1000
CALLS = ("open", "write", "fsync", "replace", "link", "fdopen")
NOW = 1_800_000_000 * 10**9


class Faulty:
    """Fails the n-th of the disk's calls, whichever that is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        self.failed = False
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrap(getattr(os, name)))

    def _wrap(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self.failed = True
                raise OSError(28, "No space left on device")
            return real(*args, **options)

        return call


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("before", [OLD, None])
def test_write_over_leaves_old_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, before: bytes | None
) -> None:
    path = tmp_path / "file"
    if before is not None:
        write_over(path, before)
    with monkeypatch.context() as patch:
        faulty = Faulty(patch, at)
        try:
            write_over(path, NEW)
        except OSError:
            assert faulty.failed
        else:
            assert not faulty.failed
            assert path.read_bytes() == NEW
    assert (path.read_bytes() if path.exists() else None) in (before, NEW)
    assert [p.name for p in tmp_path.iterdir() if p != path] == []


@pytest.mark.parametrize("at", range(1, 9))
def test_write_new_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    path = tmp_path / "file"
    with monkeypatch.context() as patch:
        faulty = Faulty(patch, at)
        try:
            write_new(path, NEW)
        except OSError:
            assert faulty.failed
        else:
            assert not faulty.failed
            assert path.exists()
    assert not path.exists() or path.read_bytes() == NEW
    assert [p.name for p in tmp_path.iterdir() if p != path] == []


def test_every_fault_was_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two tests above count to 8; a write that made more calls would have faults that they never see."""
    with monkeypatch.context() as patch:
        faulty = Faulty(patch, 0)
        write_over(tmp_path / "file", NEW)
        assert 4 <= -faulty.left <= 8
        faulty.left = 0
        write_new(tmp_path / "other", NEW)
        assert 4 <= -faulty.left <= 8


def test_write_new_never_replaces(tmp_path: Path) -> None:
    write_new(tmp_path / "file", OLD)
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == OLD
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("write", [write_new, write_over])
def test_only_the_owner_can_read_it(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    write(tmp_path / "file", NEW)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


# --- the switch ---


def test_only_what_a_crash_left_long_ago_is_swept(tmp_path: Path) -> None:
    for name in (".old.1.part", ".new.2.part", "file", "file.part"):
        (tmp_path / name).write_bytes(OLD)
        os.utime(tmp_path / name, (1_000, 1_000))
    os.utime(tmp_path / ".new.2.part", (1_001, 1_001))
    sweep_parts(tmp_path, 1_000 + OLD_PART_S)
    assert {path.name for path in tmp_path.iterdir()} == {".new.2.part", "file", "file.part"}
    sweep_parts(tmp_path / "missing", 2_000)


def switched(position: Position, until_ns: int | None = None) -> Switched:
    return Switched(position=position, at_ns=NOW, until_ns=until_ns)


@pytest.mark.parametrize("position", list(Position))
def test_the_switch_reads_what_was_written(tmp_path: Path, position: Position) -> None:
    switch = Switch(tmp_path / "switch")
    switch.write(switched(position, NOW + 1 if position is Position.PAUSED else None))
    assert switch.read().position is position
    assert switch.read().at_ns == NOW


def test_no_switch_is_off(tmp_path: Path) -> None:
    assert Switch(tmp_path / "switch").read() == UNREADABLE
    assert UNREADABLE.now(NOW) is Position.OFF


def test_a_torn_or_damaged_switch_is_off(tmp_path: Path) -> None:
    path = tmp_path / "switch"
    switch = Switch(path)
    switch.write(switched(Position.ON))
    whole = path.read_bytes()
    length = len(whole.rstrip())
    for cut in range(length):
        path.write_bytes(whole[:cut])
        assert switch.read() == UNREADABLE
        path.write_bytes(whole[:cut].ljust(SIZE))
        assert switch.read() == UNREADABLE
        path.write_bytes(whole[:cut] + bytes([whole[cut] ^ 1]) + whole[cut + 1 :])
        assert switch.read().now(NOW) is Position.OFF
    for junk in (b"", bytes(SIZE), b"\xff" * SIZE, b"00000000 {}".ljust(SIZE)):
        path.write_bytes(junk)
        assert switch.read() == UNREADABLE


def test_a_switch_that_is_half_on_and_half_off_is_off(tmp_path: Path) -> None:
    path = tmp_path / "switch"
    images = []
    for position in (Position.ON, Position.OFF):
        Switch(path).write(Switched(position=position, at_ns=NOW))
        images.append(path.read_bytes())
    on, off = images
    for cut in range(1, SIZE):
        path.write_bytes(on[:cut] + off[cut:])
        read = Switch(path).read()
        assert read in (switched(Position.ON), UNREADABLE)
        assert read == UNREADABLE or path.read_bytes() == on


def test_a_pause_ends_by_itself_and_an_off_never_does() -> None:
    pause = switched(Position.PAUSED, NOW + 10)
    assert pause.now(NOW + 9) is Position.PAUSED
    assert pause.now(NOW + 10) is Position.ON
    assert switched(Position.PAUSED).now(1 << 62) is Position.PAUSED, "a pause that says no end has none"
    for until_ns in (None, 0, NOW + 10):
        assert switched(Position.OFF, until_ns).now(1 << 62) is Position.OFF


def test_switching_off_needs_no_free_space(tmp_path: Path) -> None:
    path = tmp_path / "switch"
    switch = Switch(path)
    switch.preallocate()
    assert path.stat().st_size == SIZE
    before = path.stat()
    switch.write(switched(Position.ON))
    switch.preallocate()  # it exists already, and stays as it stands
    assert switch.read().position is Position.ON
    switch.write(switched(Position.PAUSED, (1 << 63) - 1))
    switch.write(switched(Position.OFF))
    after = path.stat()
    assert (after.st_size, after.st_ino, after.st_blocks) == (SIZE, before.st_ino, before.st_blocks)
    assert stat.S_IMODE(after.st_mode) == 0o600


# --- the epoch ---


def test_an_epoch_is_never_given_twice_whatever_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    for at in range(1, 30):
        with monkeypatch.context() as patch:
            Faulty(patch, at % 10 + 1)
            try:
                given.append(EpochStore(tmp_path / "epoch").next())
            except OSError:
                continue
    assert len(given) == len(set(given)) > 0
    assert given == sorted(given)


def test_a_damaged_epoch_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "epoch").write_text("seven")
    with pytest.raises(ValueError, match="invalid literal"):
        EpochStore(tmp_path / "epoch").next()
