"""An enrolled person with a key to read their own batches, and a day of sealed ones."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from agent.ceremony import perform
from agent.core.batch import Authority, Batch
from agent.core.ceremony import Answers
from agent.core.chain import extent_of
from agent.core.seal import Sealer
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.disk.spool import Spool
from agent.review.desk import Desk
from schemas import age
from schemas.base import digest
from schemas.envelope import Envelope
from schemas.events import Event, FrameEvent, Modality
from schemas.payload import Payload
from schemas.scope import TimingTier
from tests.agent.ceremony.participant import Participant, enrolled
from tests.support.device_events import account_of
from tests.support.devices import NS

ALL = frozenset(Modality)
WIDTH, HEIGHT = 800, 600


def webp(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """A picture that is told from others by the place of a white bar."""
    pixels = np.full((size[1], size[0], 3), 60, np.uint8)
    pixels[10 + number % 500 : 30 + number % 500, 10:200] = 255
    return bytes(cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes())


@dataclass
class Person:
    """A participant and their spool."""

    me: Participant
    consent: str

    @classmethod
    def make(cls, folder: Path) -> Self:
        me = enrolled(folder)
        FileKeys(me.places).put("review", me.device.review._seed)
        answers = Answers(apps={"mousepad": ALL, "thunderbird": ALL}, timing=TimingTier.EXACT, language="en")
        long_ago_ns = time.time_ns() - 8 * 24 * 3600 * NS
        perform.say_yes(me.places, me.asked, answers, perform.Seen(long_ago_ns, long_ago_ns), "window")
        _, agreement = Desk(me.places).found.consent(time.time_ns())
        assert agreement is not None
        return cls(me, agreement.consent)

    @property
    def places(self) -> Places:
        return self.me.places

    @property
    def desk(self) -> Desk:
        return Desk(self.places)

    def put(self, events: Sequence[Event], images: Sequence[bytes] = (), episode: str = "episode") -> Envelope:
        """Seal a batch and spool it."""
        placed, offset, at = [], 0, iter(images)
        for event in events:
            if isinstance(event, FrameEvent):
                image = next(at)
                changed = {"offset": offset, "size": len(image), "sha256": digest(image)}
                event = type(event)(**{n: getattr(event, n) for n in event.__struct_fields__} | changed)  # noqa: PLW2901
                offset += len(image)
            placed.append(event)
        manifest = self.me.asked.manifest
        readers = tuple(r.recipient for r in manifest.researchers)
        record = self.me.ledger()[-1]
        authority = Authority(self.consent, self.me.asked.policy_digest, record.processing.privacy_notice, readers)
        batch = Batch(authority, Payload(placed, b"".join(images), account_of(placed), episode))
        review = age.Recipient.parse(str(self.me.device.review.recipient))
        sealer = Sealer(manifest.study, self.me.device.key, review, os.urandom)
        spool = Spool(self.places)
        envelope = sealer.seal(batch, spool.link())
        spool.put(envelope, max(e.wall_ns for e in placed) // NS, extent_of(batch.payload), sealer.note(batch.payload))
        spool.close()
        return envelope

    def events(self, words: str, at_ns: int, app: str = "mousepad") -> list[Event]:
        """Somebody typed something in a window."""
        make = self.me.device.make
        stamp: dict[str, Any] = {"app": app, "consent": self.consent}
        typed = make.typing(words, at=at_ns + NS, **stamp)
        return [
            make.focus(title=f"{app} window", at=at_ns, **stamp),
            *typed,
            make.pointer("down", at=at_ns + 2 * NS, **stamp),
            make.focus(gained=False, at=at_ns + 30 * NS, **stamp),
        ]

    def frame(self, at_ns: int, app: str = "mousepad", base: int | None = None) -> FrameEvent:
        """A picture; its image is given with :meth:`put`."""
        made = self.me.device.make.frame(b"", at=at_ns, app=app, consent=self.consent)
        return type(made)(**{n: getattr(made, n) for n in made.__struct_fields__} | {"base": base})
