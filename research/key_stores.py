"""Where a researcher's secret lies: a file of mode 0600, such a file under a passphrase, or the system's keyring."""

import getpass
import os
import secrets
import stat
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

import keyring

from research import phrase as phrases
from research.disk import write_whole
from research.errors import KeyFileError

MAX_FILE_BYTES = 10_000
"""Bytes. Real ones are below 900."""
PHRASE_VARIABLE: Final = "OVERT_RESEARCH_PASSPHRASE"
"""Environment variable with the passphrase, for where nobody can be asked."""
KEYRING_SERVICE: Final = "overt-research"
KEYRING_TIMEOUT_S: Final = 60.0
"""Seconds: a keyring that is locked asks the person for its password."""


class Store(StrEnum):
    """Kinds of place."""

    FILE = "file"
    PASSPHRASE = "passphrase"  # noqa: S105  # a kind of place, not a secret
    KEYRING = "keyring"


FILES: Final = {
    Store.FILE: "researcher.keys.json",
    Store.PASSPHRASE: "researcher.keys.age",
    Store.KEYRING: "researcher.keyring",
}
"""The file that shows which store holds the keys of a folder."""

T = TypeVar("T")
_phrase: str | None = None


def remember(phrase: str | None) -> None:
    """Keep a passphrase in this process's memory, so that it is asked for once only."""
    global _phrase  # noqa: PLW0603  # one person, one process; it must outlive single calls
    _phrase = phrase


def remembered() -> str | None:
    """What was typed in this process."""
    return _phrase


def find(home: Path) -> tuple[Store, Path] | None:
    """Which store holds the keys of a folder; None if none does."""
    return next(((store, home / name) for store, name in FILES.items() if (home / name).exists()), None)


def put(home: Path, store: Store, secret: bytes, phrase: str | None) -> None:
    """Keep a secret.

    Raises:
        KeyFileError: no passphrase, or the keyring does not take it.
        OSError: cannot be written.
    """
    path = home / FILES[store]
    if store is Store.FILE:
        write_whole(path, secret)
    elif store is Store.PASSPHRASE:
        if not phrase:
            raise KeyFileError("a passphrase is needed", f"Type one, or set {PHRASE_VARIABLE}.")
        write_whole(path, phrases.lock(secret, phrase, secrets.token_bytes))
        remember(phrase)
    else:
        _in_time(lambda: keyring.set_password(KEYRING_SERVICE, str(home.resolve()), secret.decode()))
        write_whole(path, b"The keys of this folder are in the system's keyring.\n")


def get(home: Path) -> tuple[bytes, Path]:
    """The secret, and the file that shows where it was.

    Raises:
        FileNotFoundError: there is none.
        KeyFileError: usable by others, or it does not open.
        OSError: cannot be read.
    """
    found = find(home)
    if found is None:
        raise FileNotFoundError(home)
    store, path = found
    data = _read_private(path)
    if store is Store.PASSPHRASE:
        given = _phrase or os.environ.get(PHRASE_VARIABLE) or _ask(path)
        data = phrases.unlock(data, given)
        remember(given)
    elif store is Store.KEYRING:
        text = _in_time(lambda: keyring.get_password(KEYRING_SERVICE, str(home.resolve())))
        if not text:
            raise KeyFileError("the keyring does not hold the keys any more", "Restore them from a backup.")
        data = text.encode()
    return data, path


def _ask(path: Path) -> str:
    if not sys.stdin.isatty():
        raise KeyFileError(f"{path} needs a passphrase, and nobody can be asked", f"Set {PHRASE_VARIABLE}.")
    return getpass.getpass("Passphrase of your keys: ")


def _in_time(call: Callable[[], T]) -> T:
    """The result of a call to the keyring, which may hang, and raises anything at all. Raises: KeyFileError."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except Exception as error:  # noqa: BLE001  # keyring backends raise anything at all
            answer.set_exception(error)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        return answer.result(timeout=KEYRING_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001  # as above, or the time is over
        raise KeyFileError(
            f"the system's keyring cannot be used: {type(error).__name__}", "Unlock it, or use --store passphrase."
        ) from None


def _read_private(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        check_mode(os.fstat(file.fileno()), "file")
        return file.read(MAX_FILE_BYTES)


def check_mode(status: os.stat_result, what: str) -> None:
    """Refuse what others can use. Raises: KeyFileError."""
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"the keys' {what} can be used by others", "Take their access: chmod go= on it.")
