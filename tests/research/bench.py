"""A study with two participants, its envelopes in memory or in a folder, and verification over them."""

import hashlib
import io
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw

from research import feed, keys, log, trust, verify
from research.folder import Folder, Listing
from research.unseal import opener
from schemas.base import base64url
from schemas.checkpoint import Checkpoint, origin_of, sign_checkpoint
from schemas.envelope import Envelope
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.events import Event, FrameEvent
from schemas.feed import FEED_LEASE_S, FIRST_HEAD, FeedEntry, FeedPage, next_head
from schemas.log import LogKind, Opening, entry_of
from schemas.merkle import leaf_hash, root_of, tile_path
from schemas.signed import SignedDocument, public_bytes, public_key_text, sign
from schemas.wire import BatchRow, LedgerReply, StudyReply
from tests.support.devices import Actor, Device, World

COLLECTOR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""Signs checkpoints and feeds of benches."""
NOW_NS = 1_800_000_000 * 1_000_000_000
NOW_S = NOW_NS / 1e9


@dataclass
class Memory:
    """An envelope in memory under the name that it claims."""

    name: str
    data: bytes

    @classmethod
    def of(cls, envelope: Envelope) -> "Memory":
        return cls(envelope.digest, envelope.to_bytes())

    def head(self, size: int) -> bytes:
        return self.data[:size]

    def read(self) -> bytes:
        return self.data


@dataclass
class Bench:
    """A world and what a researcher holds of it. Change any part, then `run`."""

    world: World
    extra: list[Memory] = field(default_factory=list)
    policies: list[SignedDocument] = field(default_factory=list)
    manifests: list[SignedDocument] = field(default_factory=list)
    registrations: list[SignedDocument] = field(default_factory=list)
    consents: list[SignedDocument] = field(default_factory=list)
    erasures: list[SignedDocument] = field(default_factory=list)

    @classmethod
    def make(cls, seed: int = 1) -> "Bench":
        world = World.make(seed, now_ns=NOW_NS)
        return cls(world, policies=[world.signed_policy], manifests=[world.signed_manifest])

    def person(self) -> Device:
        device = self.world.device()
        device.grant()
        return device

    def sources(self) -> list[Memory]:
        return [*(Memory.of(e) for d in self.world.devices for e in d.envelopes), *self.extra]

    def ledger(self) -> LedgerReply:
        return LedgerReply(
            registrations=(*(d.registration for d in self.world.devices), *self.registrations),
            consents=(*(c for d in self.world.devices for c in d.ledger), *self.consents),
            policies=tuple(self.policies),
            manifests=tuple(self.manifests),
            erasures=tuple(self.erasures),
        )

    def erase(self, device: Device, *envelopes: Envelope, signer: Ed25519PrivateKey | None = None) -> None:
        """The device asks to have batches deleted."""
        named = tuple(
            ErasedBatch(sequence=e.header.sequence, digest=e.digest, previous=e.header.previous) for e in envelopes
        )
        study, name = self.world.manifest.study, device.fingerprint
        request = ErasureRequest(version=1, study=study, device=name, requested_hour=0, batches=named)
        self.erasures.append(sign(request, signer or device.key))

    def study(self) -> StudyReply:
        return StudyReply(
            manifest=self.manifests[-1], policy=self.policies[-1], collector_key=public_key_text(COLLECTOR)
        )

    def trust(self) -> trust.Trust:
        return trust.establish(self.ledger(), None, public_bytes(self.world.org_key))

    def run(
        self,
        sources: Sequence[Memory] | None = None,
        reader: Actor | None = None,
        listed: Sequence[str] | None = None,
        *,
        headers_only: bool = False,
    ) -> verify.Report:
        identity = (reader or self.world.researchers[0]).identity
        opens = None if headers_only else opener(identity)
        return verify.verify(self.sources() if sources is None else sources, self.trust(), listed, opens)

    def save(self, root: Path) -> Folder:
        """The folder that a pull would make of it."""
        folder, sources = Folder(root), self.sources()
        rows = tuple(
            BatchRow(cursor=n + 1, digest=s.name, device="0" * 64, sequence=n, size=len(s.data))
            for n, s in enumerate(sources)
        )
        folder.save(self.study(), self.ledger(), Listing(rows=rows, fetched=int(time.time())))
        for source in sources:
            folder.blob(source.name).parent.mkdir(parents=True, exist_ok=True)
            folder.blob(source.name).write_bytes(source.data)
        self.save_log(folder)
        self.save_feed(folder, int(time.time()))
        return folder

    def save_log(self, folder: Folder, lacking: int = 0) -> None:
        """A transparency log that holds the ledger's documents but the first so many, as a pull keeps it."""
        ledger = self.ledger()
        kinds = {LogKind.MANIFEST: ledger.manifests, LogKind.POLICY: ledger.policies, LogKind.CONSENT: ledger.consents,
                 LogKind.ERASURE: ledger.erasures}  # fmt: skip
        known = [(kind, document.digest) for kind, documents in kinds.items() for document in documents][lacking:]
        salt = base64url(bytes(range(32)))
        rows = tuple(
            Opening(cursor=n + 1, kind=kind, subject=subject, salt=salt, position=n)
            for n, (kind, subject) in enumerate(known)
        )
        leaves = [leaf_hash(entry_of(row)) for row in rows]
        place = folder.root / log.FOLDER
        shutil.rmtree(place, ignore_errors=True)
        tile = place / tile_path(0, 0, len(leaves))
        tile.parent.mkdir(parents=True)
        tile.write_bytes(b"".join(leaves))
        checkpoint = Checkpoint(origin_of(self.world.manifest.study), len(leaves), root_of(leaves))
        (place / log.CHECKPOINT).write_bytes(sign_checkpoint(checkpoint, COLLECTOR))
        (place / log.OPENINGS).write_text(log.Openings(rows=rows).model_dump_json())

    def save_feed(self, folder: Folder, issued_s: int) -> None:
        """The signed feed, in which nothing is, as a pull keeps it."""
        pages = feed.Pages(pages=(self.feed_page(issued_s),))
        (folder.root / feed.FILE).write_text(pages.model_dump_json())

    def feed_page(self, issued_s: int, entries: Sequence[FeedEntry] = ()) -> SignedDocument:
        """A page of the feed, signed by the collector."""
        head = FIRST_HEAD
        for entry in entries:
            head = next_head(head, entry)
        page = FeedPage(
            version=1,
            study=self.world.manifest.study,
            after=0,
            before=FIRST_HEAD,
            entries=tuple(entries),
            total=len(entries),
            head=head,
            checkpoint="",
            issued_s=issued_s,
            lease_s=FEED_LEASE_S,
        )
        return sign(page, COLLECTOR)

    def home(self, root: Path) -> Path:
        """The first researcher's keys, and the organisation's key pinned."""
        seed_of: Callable[[Actor], bytes] = lambda a: a.identity._seed  # noqa: E731
        actor = self.world.researchers[0]
        keys.create(root, actor.name, seed_of(actor), actor.key.private_bytes_raw())
        pin = keys.Pin(collector="http://127.0.0.1:1", organisation=self.world.trust, study=self.world.manifest.study)
        keys.save_pin(root, pin)
        return root


def picture(size: tuple[int, int], colour: tuple[int, int, int], words: str = "") -> bytes:
    """A WebP image."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).rectangle((4, 4, size[0] // 3, size[1] // 3), fill=(20, 20, 20))
    ImageDraw.Draw(image).text((8, size[1] // 2), words, fill=(0, 0, 0))
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True)
    return out.getvalue()


def filmed(device: Device, count: int = 3) -> tuple[list[Event], bytes]:
    """A key frame and patches over it, with a frame section."""
    section, frames = b"", []
    for number in range(count):
        size = (800, 600) if number == 0 else (120, 80)
        image = picture(size, (240, 240, 240) if number == 0 else (200, 60 * number % 255, 60), f"frame {number}")
        made = device.make.frame(image, offset=len(section), app="editor")
        if number:
            left = 60 * number % 600
            made = msgspec.structs.replace(
                made,
                base=made.frame - 1,
                rect=(100, 100, 900, 700),
                patch=(left, 100, left + 120, 180),
                trigger="typing",
            )
        assert isinstance(made, FrameEvent)
        assert made.sha256 == hashlib.sha256(image).hexdigest()
        frames.append(made)
        section += image
    return list(frames), section
