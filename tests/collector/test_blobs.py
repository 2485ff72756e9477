"""The blob store, the same over files and over a real S3: whole or not there, and gone in all versions."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from collector.errors import BlobMissingError, StorageError
from collector.ports import Blobs
from collector.s3 import S3Blobs, parse_place
from collector.settings import choose_blobs
from schemas.base import digest
from tests.support.buckets import KEYS, Bucket, bucket

DATA = b"sealed" * 100_000


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@pytest.fixture(params=["files", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "files":
        return choose_blobs(f"file://{tmp_path}/blobs")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return choose_blobs(request.getfixturevalue("store").url.replace("/blobs?", f"/{tmp_path.name}?"))


async def collect(blobs: Blobs, name: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name, start, end)])


def test_blobs_come_back_as_they_were(blobs: Blobs) -> None:
    async def go() -> None:
        await blobs.open()
        name = digest(DATA)
        assert await blobs.size(name) is None
        for _ in range(2):
            await blobs.put(name, DATA)
        assert await blobs.size(name) == len(DATA)
        assert await collect(blobs, name, 0, len(DATA)) == DATA
        assert await collect(blobs, name, 5, 400_000) == DATA[5:400_000]
        with pytest.raises(BlobMissingError):
            await collect(blobs, name, 0, len(DATA) + 1)
        with pytest.raises(BlobMissingError):
            await collect(blobs, digest(b""), 0, 1)

    anyio.run(go)


def test_a_damaged_blob_is_replaced(blobs: Blobs) -> None:
    async def go() -> None:
        await blobs.open()
        name = digest(DATA)
        await blobs.put(name, DATA[:100])
        await blobs.put(name, DATA)
        assert await collect(blobs, name, 0, len(DATA)) == DATA

    anyio.run(go)


def test_what_is_deleted_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    async def go() -> None:
        await blobs.open()
        name, other = digest(DATA), digest(DATA)[:-1] + "x"
        for each in (name, other):
            await blobs.put(each, DATA)
        for _ in range(2):
            await blobs.delete(name)
            assert await blobs.size(name) is None
        assert await blobs.size(other) == len(DATA)

    anyio.run(go)


def with_s3(store: Bucket, monkeypatch: pytest.MonkeyPatch, work: Callable[[S3Blobs], Awaitable[None]]) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    anyio.run(work, S3Blobs(parse_place(store.url.replace("/blobs?", "/versions?"))))


def test_s3_deletes_every_version_and_marker(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(blobs: S3Blobs) -> None:
        await blobs.open()
        name = digest(DATA)
        key, state = blobs._key(name), {"Status": "Enabled"}
        blobs._client.put_bucket_versioning(Bucket=store.name, VersioningConfiguration=state)
        for length in (10, 20, 30):  # versions of different lengths: each replaces the one before
            await blobs.put(name, DATA[:length])
        blobs._client.delete_object(Bucket=store.name, Key=key)  # only hides what is there
        assert len(blobs._versions(key)) == 4
        await blobs.delete(name)
        assert blobs._versions(key) == []

    with_s3(store, monkeypatch, work)


def test_an_s3_that_is_not_there_or_refuses_is_a_storage_error_without_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        blobs = S3Blobs(parse_place("s3://overt?endpoint=http://127.0.0.1:9"))
        with pytest.raises(StorageError) as raised:
            await blobs.open()
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(raised.value) + repr(blobs)
        with pytest.raises(StorageError):
            await blobs.put("a" * 64, b"")

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    anyio.run(go)
