"""A machine with really sealed batches, some with the collector, and a researcher who verifies what comes of it."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from agent.core.batch import Authority, Batch
from agent.core.chain import BatchState, extent_of
from agent.core.seal import Sealer
from agent.disk.erasing import Eraser
from agent.disk.places import Places
from agent.disk.spool import Spool
from schemas.envelope import HOUR_S, Envelope, parse
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.events import LossAccount
from schemas.payload import Payload
from schemas.signed import SignedDocument, sign
from tests.support.device_events import account_of
from tests.support.devices import NS, Device, World

MINUTE_NS = 60 * NS
FIRST_NS = -30 * MINUTE_NS
"""The first batch begins half an hour before the world's now; each lasts a minute."""


@dataclass
class Laptop:
    """Folders, a device that agreed, and its chain."""

    places: Places
    world: World
    device: Device
    rng: random.Random
    sent: dict[int, Envelope] = field(default_factory=dict)  # what the collector has

    @classmethod
    def make(cls, folder: Path, seed: str = "erase") -> Self:
        world = World.make(seed, codes=2, now_ns=1_800_000_000 * NS)
        device = world.device()
        device.grant()
        places = Places(folder / "state", folder / "run")
        places.make()
        return cls(places, world, device, random.Random(seed))  # noqa: S311  # sealed bytes must come again

    @property
    def readers(self) -> list[str]:
        return [r.recipient for r in self.world.manifest.researchers]

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.world.manifest.study, self.device.key, self.device.review.recipient, self.rng.randbytes)

    def eraser(self, spool: Spool, *, key: bool = True) -> Eraser:
        return Eraser(spool, self.sealer if key else None, self.readers)

    def begins_ns(self, number: int) -> int:
        """When the events of a batch begin (Unix)."""
        return self.world.now_ns + FIRST_NS + number * MINUTE_NS

    def batch(self, number: int, words: str = "hello there") -> Batch:
        """What was captured in the minute of that number; each also dropped some pointer moves."""
        made = [e for n, c in enumerate(words) for e in [self.device.make.key(c, at=self.begins_ns(number) + n * NS)]]
        kept = account_of(made)
        account = LossAccount(
            seen={**kept.seen, "pointer": number + 1}, kept=kept.kept, dropped={"pointer": {"overflow": number + 1}}
        )
        record = self.device.records[-1]
        authority = Authority(
            self.device.consent,
            self.world.signed_policy.digest,
            record.processing.privacy_notice,
            tuple(self.readers),
        )
        return Batch(authority, Payload([*made], b"", account, "episode"))

    def put(self, spool: Spool, number: int, *, known: bool = True) -> Envelope:
        """Seal and keep a batch; ``known``: false as by a version that noted nothing of it."""
        batch = self.batch(number)
        envelope = self.sealer.seal(batch, spool.link())
        spool.put(envelope, self.begins_ns(number + 1) // NS, extent_of(batch.payload) if known else None)
        return envelope

    def try_to_send(self, spool: Spool, sequence: int, *, received: bool, acknowledged: bool) -> None:
        """An upload, which may get lost on the way there or back."""
        row = spool.history()[sequence]
        body = spool.begin(row)
        assert body is not None
        if received:
            self.sent[sequence] = parse(body)
        if acknowledged:
            spool.sent(sequence, b"receipt")

    def request(self, spool: Spool) -> SignedDocument | None:
        """What the shipper would ask the collector to delete, once all that waits has gone."""
        rows = spool.history()
        before = [None, *(row.digest for row in rows)]
        named = tuple(
            ErasedBatch(sequence=r.sequence, digest=r.digest, previous=before[r.sequence])
            for r in rows
            if r.state in (BatchState.ERASING, BatchState.ERASED)
        )
        if not named:
            return None
        hour = self.world.now_ns // NS // HOUR_S * HOUR_S
        study, device = self.world.manifest.study, self.device.fingerprint
        request = ErasureRequest(version=1, study=study, device=device, requested_hour=hour, batches=named)
        return sign(request, self.device.key)

    def arrived(self, spool: Spool) -> list[Envelope]:
        """What the collector has in the end: what it got and was not asked to delete, and what still waits."""
        rows = spool.history()
        kept = [e for s, e in self.sent.items() if rows[s].state not in (BatchState.ERASING, BatchState.ERASED)]
        waiting = [
            parse(spool.read(r.sequence)) for r in rows if r.state is BatchState.WAITING and r.sequence not in self.sent
        ]
        return sorted([*kept, *waiting], key=lambda e: e.header.sequence)

    def holds(self, needle: bytes) -> bool:
        """True if any file of this machine holds these bytes."""
        return any(needle in path.read_bytes() for path in self.places.state.rglob("*") if path.is_file())


def fingerprint_of(envelope: Envelope) -> bytes:
    """Bytes from the middle of the ciphertext that occur nowhere else."""
    middle = len(envelope.payload) // 2
    return envelope.payload[middle : middle + 64]
