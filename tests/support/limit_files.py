"""Policy files that somebody may put on a machine, hostile ones among them."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from schemas.limits import LIMIT_KEYS
from schemas.signed import sign
from schemas.status import ClosedReason as R
from tests.support.devices import World, draw_key

EXTREMES: dict[str, list[object]] = {
    "blocked": [True, False],
    "purge": [True, False],
    "apps": [[], ["editor", "mail"], [f"app-{n:04}" for n in range(1000)]],
    "modalities": [[], ["keyboard", "pointer", "screen"]],
    "screen": ["reveal", "none"],
    "timing": ["exact", "order"],
    "consent_days": [1, 90],
    "review_s": [0, 2**53 - 1],
    "batch_s": [1, 2**53 - 1],
    "spool_bytes": [1 << 20, 2**53 - 1],
    "spool_days": [1, 2**53 - 1],
    "upload_bytes_s": [16 << 10, 2**53 - 1],
    "wait_metered": [True, False],
    "wait_battery_percent": [0, 100],
    "expires": ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
}
"""For each key of limits, its most and its least."""

if EXTREMES.keys() != LIMIT_KEYS.keys():
    raise RuntimeError("a key has no extremes here")


def put(path: Path, data: bytes, mode: int = 0o644) -> None:
    """As a package or a management tool leaves it: nobody else may write it or its folder."""
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    path.write_bytes(data)
    path.chmod(mode)


def _plain(**table: object) -> bytes:
    return json.dumps(table).encode()


def _symlink(path: Path, _world: World) -> None:
    put(path.with_name("elsewhere.json"), b"{}")
    path.symlink_to(path.with_name("elsewhere.json"))


def _open_folder(path: Path, _world: World) -> None:
    put(path, b"{}")
    path.parent.chmod(0o777)


def _folder(path: Path, _world: World) -> None:
    path.mkdir(parents=True)


def _signed(path: Path, world: World, *, foreign: bool = False, **changes: object) -> None:
    policy = world.policy.model_copy(update=changes)
    put(path, sign(policy, draw_key(world.rng) if foreign else world.org_key).to_bytes())


def _older(path: Path, world: World) -> None:
    """Beside a study whose policy is of version 2."""
    _signed(path, world, version=1)
    world.policy = world.policy.model_copy(update={"version": 2})


def _expired(path: Path, world: World) -> None:
    _signed(path, world, expires=world.policy.issued + timedelta(microseconds=1))


def _tampered(path: Path, world: World) -> None:
    _signed(path, world)
    table = json.loads(path.read_bytes())
    other = sign(world.policy.model_copy(update={"consent_days": 90, "version": 9}), world.org_key)
    put(path, json.dumps(table | {"payload": other.payload}).encode())


Put = Callable[[Path, World], None]
HOSTILE: dict[str, tuple[Put, R, str]] = {
    "enables": (lambda p, _: put(p, _plain(enable_capture=True)), R.POLICY_REFUSED, "starts capture"),
    "hides": (lambda p, _: put(p, _plain(hide_icon=True)), R.POLICY_REFUSED, "hides the sign"),
    "reveals": (lambda p, _: put(p, _plain(who_consented=True)), R.POLICY_REFUSED, "who takes part"),
    "lengthens": (lambda p, _: put(p, _plain(consent_days=365)), R.POLICY_REFUSED, "less than or equal to 90"),
    "unknown": (lambda p, _: put(p, _plain(colour="red")), R.POLICY_REFUSED, "Extra inputs"),
    "not json": (lambda p, _: put(p, b"blocked = true"), R.POLICY_REFUSED, "is not JSON"),
    "nested": (lambda p, _: put(p, b"[" * 100_000), R.POLICY_REFUSED, "is not JSON"),
    "a list": (lambda p, _: put(p, b"[]"), R.POLICY_REFUSED, "no table of keys"),
    "not utf-8": (lambda p, _: put(p, b'{"apps": ["\xff\xfe"]}'), R.POLICY_REFUSED, "is not UTF-8"),
    "huge": (lambda p, _: put(p, b" " * (1 << 20) + b"{}"), R.POLICY_REFUSED, "larger than 1024 KiB"),
    "symlink": (_symlink, R.POLICY_REFUSED, "is a symbolic link"),
    "world-writable": (lambda p, _: put(p, b"{}", 0o666), R.POLICY_REFUSED, "can be written by others"),
    "group-writable": (lambda p, _: put(p, b"{}", 0o664), R.POLICY_REFUSED, "can be written by others"),
    "in an open folder": (_open_folder, R.POLICY_REFUSED, "lies in a folder that can be written by others"),
    "no file": (_folder, R.POLICY_REFUSED, "is not a plain file"),
    "unsigned policy": (lambda p, w: put(p, w.signed_policy.body), R.POLICY_UNSIGNED, "without a signature"),
    "foreign": (lambda p, w: _signed(p, w, foreign=True), R.POLICY_UNSIGNED, "not signed by your organisation"),
    "tampered": (_tampered, R.POLICY_UNSIGNED, "not signed by your organisation"),
    "another study": (lambda p, w: _signed(p, w, study="other"), R.POLICY_REFUSED, "for another study"),
    "older": (_older, R.POLICY_ROLLED_BACK, "older than the policy"),
    "no signed document": (lambda p, _: put(p, _plain(payloadType="x")), R.POLICY_REFUSED, "is damaged"),
    "expired": (_expired, R.POLICY_EXPIRED, ""),
}
"""What is put there, the reason that closes the gate, and the words that people are told. An expired policy is believed
and allows nothing, so its words are the reason's own."""
