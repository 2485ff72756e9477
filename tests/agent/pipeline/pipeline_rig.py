"""A pipeline on a clock that stands still, with gates to enter and pictures to answer with."""

from collections import Counter

from agent.core.batch import Authority, Batch
from agent.core.cut import OBSERVED
from agent.core.gate import Allowed, Open
from agent.core.observe import MODALITY_OF as KIND_OF
from agent.core.observe import Observation
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from agent.core.triggers import Trigger
from agent.pipeline.pipe import Pipeline
from agent.pipeline.stamps import Ground, Moment
from agent.sources.pictures import NoPicture, Picture
from policies import redaction_rules
from schemas.base import digest
from schemas.events import MODALITY_OF, Event, Modality
from schemas.policy import AppRule
from schemas.scope import TimingTier
from tests.support.fake_clock import S_NS, FakeClock
from tests.support.fake_desktop import clipboard_seen, key_seen, pointer_seen, scroll_seen, window

RULES = RuleSet(redaction_rules())
BATCH_NS = 300 * S_NS
FIRST_SEQ = 7 << 32
MAIL = AppRule(
    id="mail", name="Mail", category="mail", executables=("/usr/bin/mail",), modalities=tuple(sorted(Modality))
)


def authority(number: int = 1) -> Authority:
    """What a consent record of this number allows."""
    return Authority(digest(b"consent %d" % number), digest(b"policy"), digest(b"notice"), ())


class Rig:
    """A pipeline with one gate after another."""

    def __init__(self, timing: TimingTier = TimingTier.EXACT) -> None:
        self.clock = FakeClock()
        self.batches: list[Batch] = []
        self.redactor = TextRedactor(RULES, bytes(range(32)))
        self.pipe = Pipeline(self.redactor, "episode", self.batches.append, BATCH_NS, FIRST_SEQ)
        self.timing = timing
        self.ground: Ground | None = None
        self.seen: Counter[str] = Counter()

    @property
    def now(self) -> Moment:
        """The time on both clocks."""
        return Moment(self.clock.monotonic_ns(), self.clock.time_ns())

    def enter(self, number: int = 1, consent: int = 1, title: str | None = "Inbox") -> Ground:
        """A gate opens on a window."""
        info = window(number, title=title)
        gate = Open(window=info, app=MAIL, modalities=frozenset(Modality), since_ns=self.clock.monotonic_ns())
        self.ground = Ground(gate, number, authority(consent), self.timing, 1, self.now)
        self.pipe.enter(self.ground, self.now)
        return self.ground

    def retitle(self, title: str) -> Ground:
        """The window in front changes its title: the same gate, told anew as the daemon does."""
        old = self.open_ground
        gate = Open(
            window=window(old.number, title=title),
            app=MAIL,
            modalities=old.gate.modalities,
            since_ns=old.gate.since_ns,
        )
        self.ground = Ground(gate, old.number, old.authority, old.timing, old.epoch, old.since)
        self.pipe.enter(self.ground, self.now)
        return self.ground

    @property
    def open_ground(self) -> Ground:
        """The open gate."""
        assert self.ground is not None
        return self.ground

    def leave(self) -> None:
        """The gate closes."""
        self.pipe.leave(self.open_ground, self.now)
        self.ground = None

    def see(self, observation: Observation) -> None:
        """Something that the gate let through."""
        ground = self.open_ground
        self.pipe.observe(ground, Allowed(observation, ground.gate))
        self.seen[KIND_OF[type(observation)].value] += 1

    def press(self, text: str | None = None, keysym: int | None = None) -> None:
        """A key goes down and up."""
        for down in (True, False):
            self.clock.advance(1_000_000)
            self.see(key_seen(self.clock, text, keysym=keysym, down=down, number=self.open_ground.number))

    def type(self, text: str) -> None:
        """A key for each character."""
        for char in text:
            self.press(char)

    def move(self) -> None:
        """The pointer moves."""
        self.clock.advance(1_000_000)
        self.see(pointer_seen(self.clock, number=self.open_ground.number))

    def scroll(self) -> None:
        """The wheel turns."""
        self.clock.advance(1_000_000)
        self.see(scroll_seen(self.clock, number=self.open_ground.number))

    def clip(self, action: str = "copy") -> None:
        """Some text is copied, cut or pasted."""
        self.clock.advance(1_000_000)
        self.see(clipboard_seen(self.clock, action, number=self.open_ground.number))

    def shoot(self) -> int:
        """A picture is asked for."""
        self.seen["screen"] += 1
        return self.pipe.expect_picture(self.open_ground, Trigger.PRESS, self.clock.monotonic_ns())

    def answer(self, token: int, number: int = 0, image: bytes = b"webp", taken: Picture | None = None) -> None:
        """It was taken: now, or before."""
        offset_ns = self.clock.time_ns() - self.clock.monotonic_ns()
        self.pipe.picture(token, taken or self.picture(number, image), offset_ns)

    def picture(self, number: int = 0, image: bytes = b"webp") -> Picture:
        """A whole picture."""
        now = self.clock.monotonic_ns()
        whole = (0, 0, 8, 8)
        return Picture(
            number=number,
            base=None,
            start_ns=now,
            end_ns=now + 1,
            rect=whole,
            patch=whole,
            dirty=[whole],
            masks=[],
            scale=1.0,
            image=image,
            sha256=digest(image),
        )

    def no_answer(self, token: int, reason: str = "unchanged") -> None:
        """It was not taken."""
        self.pipe.picture(token, NoPicture(reason), 0)

    def done(self) -> list[Event]:
        """Close the batch; gives the events of every batch since the beginning, in order."""
        self.pipe.flush()
        return self.events()

    def events(self) -> list[Event]:
        """The events of the closed batches."""
        return [event for batch in self.batches for event in batch.payload.events]

    def dropped(self, modality: Modality = Modality.KEYBOARD) -> dict[str, int]:
        """What was dropped in all, by reason."""
        return self.pipe.totals().dropped.get(modality.value, {})


def kept_of(batch: Batch) -> dict[str, int]:
    """Observations that a batch's events stand for, by modality."""
    found = (MODALITY_OF[type(e)] for e in batch.payload.events if isinstance(e, OBSERVED))
    return dict(Counter(m.value for m in found if m))
