"""The device's private keys: in the system's keyring where there is one, else in a file that only its owner reads.

Keyrings hang and fail in many ways; each call gets a time limit, and every error means "no keyring".
"""

import base64
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from agent.disk.durable import write_over
from agent.disk.places import OWNER_ONLY_DIR, Places

SERVICE = "overt"
DEVICE_KEY = "device"
"""Name of the signing key: its 32-byte Ed25519 seed."""
REVIEW_KEY = "review"
"""Name of the key with which the person reads their own batches: its 32-byte X-Wing seed."""
KEYRING_TIMEOUT_S = 5.0
"""Seconds: a keyring that wants a password asks the person; longer than this, the agent goes on without."""

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Keys(Protocol):
    """A store of named secrets."""

    where: str  # in words, for ``overt status``

    def get(self, name: str) -> bytes | None:
        """A secret, or ``None``."""
        ...

    def put(self, name: str, secret: bytes) -> None:
        """Keep a secret durably.

        Raises:
            OSError: it cannot be kept.
        """
        ...

    def forget(self, name: str) -> None:
        """Drop a secret. Idempotent."""
        ...


class FileKeys:
    """Secrets in files of mode 0600 in a folder of mode 0700."""

    def __init__(self, places: Places) -> None:
        self._folder = places.keys
        self.where = "a file that only you can read (there is no usable keyring)"

    def get(self, name: str) -> bytes | None:
        """See :class:`Keys`."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, name: str, secret: bytes) -> None:
        """See :class:`Keys`."""
        self._folder.mkdir(mode=OWNER_ONLY_DIR, parents=True, exist_ok=True)
        self._folder.chmod(OWNER_ONLY_DIR)
        write_over(self._folder / name, secret)

    def forget(self, name: str) -> None:
        """See :class:`Keys`."""
        (self._folder / name).unlink(missing_ok=True)


class KeyringKeys:
    """Secrets in the Secret Service, the Keychain or DPAPI, told apart by the agent's state folder."""

    def __init__(self, places: Places) -> None:
        self._prefix = f"{places.state}:"
        self.where = f"the system's keyring ({_in_time(_keyring().get_keyring).name})"

    def get(self, name: str) -> bytes | None:
        """See :class:`Keys`."""

        def read() -> bytes | None:
            text = _keyring().get_password(SERVICE, self._prefix + name)
            return base64.b64decode(text, validate=True) if text else None

        return _in_time(read)

    def put(self, name: str, secret: bytes) -> None:
        """See :class:`Keys`."""
        _in_time(lambda: _keyring().set_password(SERVICE, self._prefix + name, base64.b64encode(secret).decode()))

    def forget(self, name: str) -> None:
        """See :class:`Keys`."""
        if self.get(name) is not None:
            _in_time(lambda: _keyring().delete_password(SERVICE, self._prefix + name))


def open_keys(places: Places) -> Keys:
    """The store that holds this agent's keys, or the best one if it has none yet."""
    files = FileKeys(places)
    if files.get("device") is not None:
        return files
    try:
        if _in_time(_none_usable):
            return files
        keys = KeyringKeys(places)
        keys.get("device")
    except OSError:
        return files
    return keys


def _keyring() -> Any:
    """Loaded when a keyring is asked: 6 MB and a tenth of a second that nobody needs whose keys lie in files."""
    import keyring  # noqa: PLC0415

    return keyring


def _none_usable() -> bool:
    from keyring.backends import fail, null  # noqa: PLC0415

    return isinstance(_keyring().get_keyring(), fail.Keyring | null.Keyring)


def _in_time(call: Callable[[], T]) -> T:
    """The result of a call in a daemon thread: a pool's threads would be waited for at the program's end.

    Raises:
        OSError: it raised anything at all, or took too long.
    """
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
        _log.info("keyring not usable: %s", type(error).__name__)
        raise OSError("the keyring cannot be used") from None
