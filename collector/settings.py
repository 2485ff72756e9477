"""Options, and the one place in which stores are chosen by their URLs."""

import fcntl
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from collector.errors import SettingsError, StorageError
from collector.files import FileBlobs
from collector.house import House, build_house
from collector.limits import LOG_PERIOD_S, STUDY_REQUESTS_S
from collector.ports import Blobs, Ledger
from collector.receipts import KEY_FILE, load_key
from collector.sqlite import SqliteLedger
from schemas.base import SchemaError, unbase64url
from schemas.signed import fingerprint

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRES = ("postgresql", "postgres", "postgresql+asyncpg")
KEY_BYTES = 32
MIN_TOKEN_BYTES = 24
"""Characters of a token that nobody guesses."""
LOCK_FILE = "collector.lock"


@dataclass(frozen=True)
class Settings:
    """What `overt-collector` is told.

    `database` and `blobs` are URLs; without them, both lie in `data`. `trust` are base64url public keys of
    organisations. `receipt_key` is a file that several collectors of one study share. `study_requests_s` is how many
    requests a second of all devices are served; the others are asked to come again.
    """

    data: Path
    database: str | None = None
    blobs: str | None = None
    trust: tuple[str, ...] = ()
    receipt_key: Path | None = None
    log_period_s: int = LOG_PERIOD_S
    metrics_token: Path | None = None
    auditors: tuple[str, ...] = ()
    study_requests_s: float = STUDY_REQUESTS_S

    def __post_init__(self) -> None:
        for option, keys in (("--trust", self.trust), ("--auditor", self.auditors)):
            for key in keys:
                _check_key(key, option)

    @property
    def database_url(self) -> str:
        """Where rows are."""
        return self.database or f"sqlite:///{self.data.resolve()}/ledger.db"

    @property
    def key_file(self) -> Path:
        """Where the key of receipts is."""
        return self.receipt_key or self.data / KEY_FILE

    @property
    def blobs_url(self) -> str:
        """Where blobs are."""
        return self.blobs or f"file://{self.data.resolve()}/blobs"


def _check_key(text: str, option: str) -> None:
    try:
        right = len(unbase64url(text)) == KEY_BYTES
    except SchemaError:
        right = False
    if not right:
        raise SettingsError(f"{option} takes a public key: 32 bytes in base64url, 43 characters")


def choose_ledger(url: str) -> Ledger:
    """The rows store that a URL names.

    Raises:
        SettingsError: none does.
    """
    kind, _, rest = url.partition("://")
    if kind in _SQLITE and rest.startswith("/") and len(rest) > 1:
        return SqliteLedger(f"sqlite+aiosqlite://{rest}")
    if kind in _POSTGRES and rest:
        from collector.postgres import PostgresLedger  # noqa: PLC0415  # who serves from SQLite need not wait for it

        return PostgresLedger(f"postgresql+asyncpg://{rest.replace('sslmode=', 'ssl=')}")
    raise SettingsError("--database takes sqlite:///PATH or postgresql://USER@HOST/DATABASE")


def choose_blobs(url: str) -> Blobs:
    """The blob store that a URL names.

    Raises:
        SettingsError: none does.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FileBlobs(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        from collector.s3 import S3Blobs, parse_place  # noqa: PLC0415  # as for PostgreSQL

        return S3Blobs(parse_place(url))
    raise SettingsError("--blobs takes file:///PATH or s3://BUCKET/PREFIX")


def make_data_folder(data: Path) -> None:
    """Create the data folder, for its owner alone.

    Raises:
        StorageError: it cannot be made, or others may enter it.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = data.stat().st_mode
    except OSError as error:
        raise StorageError(f"data folder: {os.strerror(error.errno or 0)}") from None
    if mode & 0o077:
        raise StorageError("the data folder can be entered by others: chmod 700 it")


def lock(data: Path) -> int:
    """Take the data folder for this process; the lock goes with it.

    Raises:
        StorageError: another collector has it.
    """
    handle = os.open(data / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise StorageError("another collector serves this data folder") from None
    return handle


def read_token(path: Path) -> bytes:
    """The token that Prometheus sends.

    Raises:
        SettingsError: the file cannot be read, or its token is short enough to be guessed.
    """
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"--metrics-token: {os.strerror(error.errno or 0)}") from None
    if len(token) < MIN_TOKEN_BYTES:
        raise SettingsError(f"--metrics-token: the file's token is shorter than {MIN_TOKEN_BYTES} characters")
    return token


def open_house(settings: Settings) -> House:
    """Compose the collector that the settings describe. Its stores open with the application."""
    ledger, blobs = choose_ledger(settings.database_url), choose_blobs(settings.blobs_url)
    make_data_folder(settings.data)
    token = read_token(settings.metrics_token) if settings.metrics_token else None
    key, period_s = load_key(settings.key_file), settings.log_period_s
    house = build_house(
        ledger, blobs, key, settings.trust, time.time, settings.data, period_s, settings.study_requests_s
    )
    auditors = {fingerprint(raw): raw for raw in map(unbase64url, settings.auditors)}
    return replace(house, metrics_token=token, auditors=auditors)
