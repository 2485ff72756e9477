"""An export on Ray Data: participants are shared out over a cluster whose machines see the same folders.

What travels through Ray: names of participants and of folders on the way there, counts and digests on the way back.
Nothing recorded does, so nothing recorded is in Ray's object store, its spill files or its logs.

The key: each worker makes a key pair of its own, in memory, and is sent the researcher's age key sealed to that
(:mod:`schemas.age`). It comes from a *holder*, one process of the cluster, to which the caller sealed it before. It is
never in an argument, an environment or a file. **That trusts the cluster**: whoever may run code on it can ask the
holder, or read a worker's memory, for as long as the export runs. Use a cluster that nobody else uses.
"""

import logging
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from research.errors import ExportError, ResearchError
from research.shard import ShardReport
from schemas.age import SEED_BYTES, Identity, Recipient, decrypt, seal

Write = Callable[[str], ShardReport]
"""Writes a participant's part."""
Prepare = Callable[[Identity], Write]
"""Given the key, once in each worker. Must be picklable and hold no key."""
SECRET_BYTES: Final = 200
"""Bytes of an identity's text; real ones have 80."""
QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_DEDUP_LOGS": "1"}
"""Ray tells its makers about its use unless told not to."""


class Holder:
    """Keeps a key for the workers, and gives it out sealed to whoever of the cluster asks."""

    def __init__(self) -> None:
        self._own = _fresh()
        self._secret = b""

    def recipient(self) -> str:
        """Seal to this."""
        return str(self._own.recipient)

    def take(self, sealed: bytes) -> None:
        """Keep the key, in memory."""
        self._secret = decrypt(sealed, [self._own], limit=SECRET_BYTES)

    def give(self, recipient: str) -> bytes:
        """The key, sealed to a worker."""
        return seal(self._secret, [Recipient.parse(recipient)], secrets.token_bytes)


class Worker:
    """Writes parts, one after the other. Made by Ray, once a process."""

    def __init__(self, ask: Callable[[str], bytes], prepare: Prepare) -> None:
        own = _fresh()
        sealed = ask(str(own.recipient))
        self._write = prepare(Identity.parse(decrypt(sealed, [own], limit=SECRET_BYTES).decode()))

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """One participant's part; what went wrong, as words."""
        try:
            return {"part": msgspec.json.encode(self._write(row["participant"])), "error": ""}
        except ResearchError as error:
            return {"part": b"", "error": str(error)}


class Asking:
    """How a worker asks the holder."""

    def __init__(self, holder: Any) -> None:
        self._holder = holder

    def __call__(self, recipient: str) -> bytes:
        """The key, sealed to that recipient."""
        found: bytes = _ray().get(self._holder.give.remote(recipient))
        return found


def run(
    identity: Identity, people: Sequence[str], prepare: Prepare, workers: int, temp: Path
) -> dict[str, ShardReport]:
    """Write the parts of these participants on Ray: at ``RAY_ADDRESS`` if that is set, else in processes here.

    Args:
        identity: the researcher's.
        people: participants.
        prepare: see :data:`Prepare`.
        workers: processes.
        temp: where Ray may put its own files, if it is started here.

    Raises:
        ExportError: Ray is not installed, or a worker failed.
    """
    ray = _ray()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    here = {} if os.environ.get("RAY_ADDRESS") else {"_temp_dir": str(temp), "include_dashboard": False,
                                                     "num_cpus": workers + 1}  # fmt: skip
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        ray.init(log_to_driver=False, logging_level="error", **here)
    except (OSError, RuntimeError, ValueError) as error:
        raise ExportError(f"Ray does not start: {error}", "Check RAY_ADDRESS, or set TMPDIR to a short path.") from None
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        holder = ray.remote(num_cpus=0)(Holder).remote()
        recipient = Recipient.parse(ray.get(holder.recipient.remote()))
        ray.get(holder.take.remote(seal(identity.encode().encode(), [recipient], secrets.token_bytes)))
        rows = ray.data.from_items([{"participant": name} for name in people], override_num_blocks=len(people))
        given = (Asking(holder), prepare)
        done = rows.map(Worker, fn_constructor_args=given, concurrency=workers, num_cpus=1).take_all()
    finally:
        ray.shutdown()
    if failed := [row["error"] for row in done if row["error"]]:
        raise ExportError(f"a worker failed: {failed[0]}", "Mend that, then run it again: it goes on.")
    parts = [msgspec.json.decode(row["part"], type=ShardReport) for row in done]
    return {part.participant: part for part in parts}


def _fresh() -> Identity:
    return Identity.from_seed(secrets.token_bytes(SEED_BYTES))


def _ray() -> Any:
    try:
        import ray  # noqa: PLC0415  # an extra of 80 MB: only who asks for it needs it
        import ray.data  # noqa: PLC0415
    except ImportError:
        raise ExportError("Ray is not installed", "pip install 'overt[ray]', or leave out --engine ray.") from None
    return ray
