"""The small parts: nonces, ranges, blobs, the receipt key, settings, shown counts."""

import os
from functools import partial
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from collector import limits, settings
from collector.errors import BlobMissingError, KeyFileError, Refused, SettingsError, StorageError
from collector.files import FileBlobs
from collector.nonces import Answer, Nonces
from collector.ranges import UnsatisfiableError, parse_range
from collector.receipts import ReceiptDesk, hour_of, load_key
from collector.tally import shown
from schemas.base import base64url, digest
from schemas.receipt import ReceiptKind
from schemas.wire import RefusalReason

DATA = b"sealed" * 100_000
NAME = digest(DATA)


def test_a_nonce_is_fresh_once_for_each_key() -> None:
    nonces = Nonces(start_s=100)
    assert nonces.take("a", "n", 100, 100.0) is Answer.FRESH
    assert nonces.take("a", "n", 100, 101.0) is Answer.SEEN
    assert nonces.take("b", "n", 100, 101.0) is Answer.FRESH
    assert nonces.take("a", "older than the process", 99, 101.0) is Answer.UNKNOWABLE


def test_nonces_are_forgotten_when_their_signatures_are_too_old() -> None:
    nonces = Nonces(start_s=0)
    for second in range(1000):
        assert nonces.take("a", str(second), second, float(second)) is Answer.FRESH
    assert len(nonces) <= limits.NONCE_MEMORY_S


def test_one_key_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.nonces.MAX_NONCES_PER_KEY", 3)
    nonces = Nonces(start_s=0)
    answers = [nonces.take("a", str(n), 1, 1.0) for n in range(5)]
    assert answers == [Answer.FRESH] * 3 + [Answer.UNKNOWABLE] * 2
    assert nonces.take("b", "0", 1, 1.0) is Answer.FRESH
    assert nonces.take("a", "9", 1, 1.0 + limits.NONCE_MEMORY_S) is Answer.FRESH


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-999", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-999", (0, 100)),
        ("bytes=9-3", None),
        ("bytes=0-1,5-6", None),
        ("items=0-9", None),
        ("bytes=-", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=500-600"])
def test_ranges_outside(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        parse_range(header, 100)


@given(st.text(max_size=30), st.integers(1, 1000))
def test_a_range_lies_within_what_there_is(text: str, size: int) -> None:
    try:
        found = parse_range("bytes=" + text, size)
    except UnsatisfiableError:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


async def _collect(blobs: FileBlobs, name: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name, start, end)])


def test_blobs_come_back_as_they_were(tmp_path: Path) -> None:
    async def go() -> None:
        blobs = FileBlobs(tmp_path / "blobs")
        await blobs.open()
        assert await blobs.size(NAME) is None
        for _ in range(2):
            await blobs.put(NAME, DATA)
        assert await blobs.size(NAME) == len(DATA)
        assert await _collect(blobs, NAME, 0, len(DATA)) == DATA
        assert await _collect(blobs, NAME, 5, 400_000) == DATA[5:400_000]
        assert list((tmp_path / "blobs" / "half-written").iterdir()) == []
        with pytest.raises(BlobMissingError):
            await _collect(blobs, NAME, 0, len(DATA) + 1)
        with pytest.raises(BlobMissingError):
            await _collect(blobs, digest(b""), 0, 1)

    anyio.run(go)


def test_a_blob_is_flushed_before_it_gets_its_name_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(handle: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")  # noqa: PTH112
        fsync(handle)

    def watched_replace(path: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(path, target)

    async def go() -> None:
        blobs = FileBlobs(tmp_path / "blobs")
        await blobs.open()
        steps.clear()
        await blobs.put(NAME, DATA)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    anyio.run(go)
    assert steps == ["file", "rename", "folder"]


def test_a_blob_that_cannot_be_flushed_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device", handle)

    async def go() -> None:
        blobs = FileBlobs(tmp_path / "blobs")
        await blobs.open()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError):
            await blobs.put(NAME, DATA)
        assert await blobs.size(NAME) is None
        assert list((tmp_path / "blobs" / "half-written").iterdir()) == []

    anyio.run(go)


def test_the_receipt_key_is_made_once_and_guarded(tmp_path: Path) -> None:
    first = load_key(tmp_path / "receipt.key")
    assert load_key(tmp_path / "receipt.key").private_bytes_raw() == first.private_bytes_raw()
    path = tmp_path / "receipt.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(KeyFileError):
        load_key(tmp_path / "receipt.key")
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(KeyFileError):
        load_key(tmp_path / "receipt.key")


def test_the_same_receipt_is_the_same_bytes_and_says_no_more_than_the_hour() -> None:
    desk = ReceiptDesk(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    write = partial(desk.write, ReceiptKind.BATCH, "study", NAME, digest(b"d"))
    assert write(hour_of(7300.5)) == write(hour_of(7200.0))


@pytest.mark.parametrize("key", ["", "x", base64url(bytes(31)), base64url(bytes(33)), "=" * 43])
def test_a_wrong_trust_key_is_a_wrong_usage(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError):
        settings.Settings(tmp_path, trust=(key,))


@pytest.mark.parametrize("url", ["", "mysql://x", "sqlite://", "sqlite://x", "sqlite:///", "postgresql://"])
def test_other_databases_are_a_wrong_usage(url: str) -> None:
    with pytest.raises(SettingsError):
        settings.choose_ledger(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://",
        "s3://key:secret@bucket",
        "s3://bucket?acl=public",
        "gs://bucket",
        "file://host/path",
        "file:relative",
        "/path",
    ],
)
def test_other_blob_stores_are_a_wrong_usage(url: str) -> None:
    with pytest.raises(SettingsError):
        settings.choose_blobs(url)


def test_a_data_folder_serves_one_collector_and_no_strangers(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings.make_data_folder(data)
    held = settings.lock(data)
    with pytest.raises(StorageError):
        settings.lock(data)
    os.close(held)
    os.close(settings.lock(data))
    data.chmod(0o750)
    with pytest.raises(StorageError):
        settings.make_data_folder(data)


def test_small_counts_are_not_shown() -> None:
    assert [shown(n) for n in (0, 1, 4, 5, 6)] == ["<5", "<5", "<5", 5, 6]


@pytest.mark.parametrize("reason", RefusalReason)
def test_every_reason_has_a_status_and_a_remedy(reason: RefusalReason) -> None:
    refused = Refused(reason, "detail")
    assert 400 <= refused.status < 500
    assert refused.remedy.endswith(".")
