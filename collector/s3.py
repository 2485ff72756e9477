"""Sealed bytes in an S3-compatible store, named by their digest.

Bytes come and go through obstore. botocore finds the credentials, and deletes: only it can name an object's versions.
An object appears whole or not at all, and `put` returns when the store has acknowledged it; whether that means a disk
is the store's own promise (SeaweedFS: `fs.configure -fsync=true`).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import botocore.session
import obstore
from anyio import to_thread
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from collector.errors import BlobMissingError, SettingsError, StorageError
from collector.limits import CHUNK_BYTES, S3_ATTEMPTS, S3_CONNECT_S, S3_RETRY_S, S3_S

_TOKEN_LIFE = timedelta(minutes=10)  # then botocore is asked again, which renews what expires
_FAULTS = (BaseError, BotoCoreError, ClientError, OSError)
T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where blobs are: bucket, what their names begin with, and whose S3 it is (None: Amazon's)."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None


def parse_place(url: str) -> Place:
    """The place that `s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME]` names.

    Raises:
        SettingsError: it names none.
    """
    parts = urlsplit(url)
    asked = parse_qs(parts.query, keep_blank_values=True)
    unknown = asked.keys() - {"endpoint", "region"}
    if parts.scheme != "s3" or not parts.hostname or parts.username or unknown or parts.fragment:
        raise SettingsError("--blobs takes s3://BUCKET/PREFIX?endpoint=URL&region=NAME; keys come from the environment")
    prefix = parts.path.strip("/")
    endpoint, region = (asked.get(name, [None])[0] for name in ("endpoint", "region"))
    return Place(parts.netloc, f"{prefix}/" if prefix else "", endpoint, region)


class S3Blobs:
    """Blobs in a bucket, shared by any number of collectors."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._session = botocore.session.get_session()
        self._store: S3Store | None = None
        self._client: Any = None

    def __repr__(self) -> str:
        return f"S3Blobs({self._place.bucket})"

    async def open(self) -> None:
        """Connect, and see that the bucket is there.

        Raises:
            StorageError: it is not, or there are no credentials for it.
        """
        await self._in_thread(self._connect)

    async def put(self, digest: str, data: bytes) -> None:
        """Store bytes; a blob of this name and length that is there stays as it is.

        Raises:
            StorageError: the store did not acknowledge them.
        """
        write = partial(obstore.put_async, self._opened, self._key(digest), data, use_multipart=False)
        try:
            try:
                await write(mode="create")
            except AlreadyExistsError:
                if await self.size(digest) != len(data):
                    await write(mode="overwrite")
        except _FAULTS as error:
            raise _fault(error) from None

    async def delete(self, digest: str) -> None:
        """Delete a blob with all its versions, if there is one.

        Raises:
            StorageError: it may still be there.
        """
        await self._in_thread(partial(self._delete, self._key(digest)))

    async def size(self, digest: str) -> int | None:
        """Length of a blob, None if there is none."""
        try:
            return int((await obstore.head_async(self._opened, self._key(digest)))["size"])
        except FileNotFoundError:
            return None
        except _FAULTS as error:
            raise _fault(error) from None

    async def read(self, digest: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` until before `end`, in chunks.

        Raises:
            BlobMissingError: there is no such blob, or it is shorter.
            StorageError: the store does not answer.
        """
        for begin in range(start, end, CHUNK_BYTES):
            length = min(CHUNK_BYTES, end - begin)
            try:
                key = self._key(digest)
                chunk = bytes(await obstore.get_range_async(self._opened, key, start=begin, length=length))
            except FileNotFoundError:
                raise BlobMissingError("a row's blob is missing") from None
            except _FAULTS as error:
                raise _fault(error) from None
            if len(chunk) != length:
                raise BlobMissingError("a blob is shorter than its row says")
            yield chunk

    @property
    def _opened(self) -> S3Store:
        if self._store is None:
            raise StorageError("blobs: the store is not open")
        return self._store

    def _key(self, digest: str) -> str:
        return f"{self._place.prefix}{digest[:2]}/{digest}"

    def _connect(self) -> None:
        place, region = self._place, self._place.region or self._session.get_config_variable("region") or "us-east-1"
        path_style = {"addressing_style": "path"} if place.endpoint else {}
        limits = {"connect_timeout": S3_CONNECT_S, "read_timeout": S3_S, "retries": {"max_attempts": S3_ATTEMPTS}}
        config = Config(s3=path_style, **limits)
        self._client = self._session.create_client("s3", region, endpoint_url=place.endpoint, config=config)
        self._client.head_bucket(Bucket=place.bucket)
        self._store = S3Store(
            place.bucket,
            region=region,
            credential_provider=self._credentials,
            virtual_hosted_style_request=False,
            client_options={
                "connect_timeout": timedelta(seconds=S3_CONNECT_S),
                "timeout": timedelta(seconds=S3_S),
                "allow_http": (place.endpoint or "").startswith("http://"),
            },
            retry_config={"max_retries": S3_ATTEMPTS, "retry_timeout": timedelta(seconds=S3_RETRY_S)},
            endpoint=place.endpoint or f"https://s3.{region}.amazonaws.com",
        )

    def _credentials(self) -> Any:
        found = self._session.get_credentials()
        if found is None:
            raise StorageError("blobs: there are no credentials for S3")
        frozen = found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _TOKEN_LIFE,
        }

    def _delete(self, key: str) -> None:
        for name, version in self._versions(key):
            self._client.delete_object(Bucket=self._place.bucket, Key=name, VersionId=version)
        if self._versions(key):
            raise StorageError("blobs: versions are still there after they were deleted")

    def _versions(self, key: str) -> list[tuple[str, str]]:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._place.bucket, Prefix=key)
        every = (each for page in pages for part in ("Versions", "DeleteMarkers") for each in page.get(part, ()))
        return [(each["Key"], each["VersionId"]) for each in every if each["Key"] == key]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(work)
        except _FAULTS as error:
            raise _fault(error) from None


def _fault(error: Exception) -> StorageError:
    """Its kind only: texts hold addresses, and a store's answers anything."""
    return StorageError(f"blobs: {type(error).__name__}")
