"""Folders, a device and its envelopes, for tests of what lies on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agent.core.seal import Link
from agent.disk.enrolment import Enrolment
from agent.disk.places import Places
from agent.disk.spool import Spool
from schemas.base import digest
from schemas.envelope import HOUR_S, Envelope, EnvelopeHeader, build
from schemas.signed import public_key_text
from tests.support.devices import Device, World

SEALED_S = 1_800_000_000


@dataclass
class Machine:
    """An enrolled person's folders."""

    places: Places
    world: World
    device: Device

    @classmethod
    def make(cls, folder: Path, seed: str = "disk") -> Self:
        """Folders under ``folder``."""
        world = World.make(seed, codes=2)
        places = Places(folder / "state", folder / "run")
        places.make()
        return cls(places, world, world.device())

    def envelope(self, link: Link, payload: bytes = b"sealed") -> Envelope:
        """An envelope as the next link of the chain. Its payload is no age file: the spool never looks inside."""
        header = EnvelopeHeader(
            version=1,
            study=self.world.manifest.study,
            device=self.device.fingerprint,
            sequence=link.sequence,
            previous=link.previous,
            consent=digest(b"consent"),
            policy=digest(b"policy"),
            notice=digest(b"notice"),
            recipients=(digest(b"reader"),),
            payload_sha256=digest(payload),
            payload_bytes=len(payload),
            sealed_hour=SEALED_S // HOUR_S * HOUR_S,
        )
        return build(header, payload, self.device.key)

    def put(self, spool: Spool, payload: bytes = b"sealed", sealed_s: int = SEALED_S) -> Envelope:
        """Keep one more batch."""
        envelope = self.envelope(spool.link(), payload)
        spool.put(envelope, sealed_s)
        return envelope

    def enrolment(self, **changes: object) -> Enrolment:
        """Its enrolment as it was signed."""
        fields: dict[str, object] = {
            "manifest": self.world.signed_manifest,
            "policy": self.world.signed_policy,
            "registration": self.device.registration,
            "review_recipient": str(self.device.review.recipient),
            "organisation_key": self.world.trust,
            "collector": "https://collector.example",
            "collector_key": public_key_text(self.world.org_key),
        }
        return Enrolment.model_validate(fields | changes)
