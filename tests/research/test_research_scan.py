"""Many pieces in many bytes: what is found is what a plain search finds, at any place, across windows, compressed."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from research import scan
from research.scan import Scanner

PIECE = b"a piece that was withdrawn"
SMALL = st.binary(min_size=8, max_size=12)


@given(st.lists(SMALL, max_size=4), st.binary(max_size=80), st.data())
def test_it_finds_what_a_plain_search_finds(pieces: list[bytes], noise: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(noise)))
    planted = data.draw(st.sampled_from([b"", *pieces]))
    whole = noise[:place] + planted + noise[place:]
    assert Scanner(pieces).within(whole) == any(piece in whole for piece in pieces)


def test_a_piece_that_lies_across_two_windows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "WINDOW_BYTES", 16)
    for before in range(40):
        assert Scanner([PIECE]).in_stream(io.BytesIO(bytes(before) + PIECE + bytes(9)))
        assert not Scanner([PIECE]).in_stream(io.BytesIO(bytes(before) + PIECE[:-1] + bytes(9)))


def _zip(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", data)


@pytest.mark.parametrize(
    "write",
    [
        lambda path, data: path.write_bytes(gzip.compress(data)),
        lambda path, data: path.write_bytes(zstd.compress(data)),
        _zip,
    ],
)
def test_it_looks_into_what_is_compressed_and_trusts_nothing_that_does_not_open(
    tmp_path: Path, write: Callable[[Path, bytes], object]
) -> None:
    path, filler = tmp_path / "copy", bytes(range(256)) * 40
    write(path, filler + PIECE + filler)
    assert Scanner([PIECE]).in_file(path)
    write(path, filler)
    assert not Scanner([PIECE]).in_file(path)
    path.write_bytes(path.read_bytes()[:-12])
    assert Scanner([PIECE]).in_file(path)
