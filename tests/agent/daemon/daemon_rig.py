"""A real warden, with real stores on disk, on a desktop and a clock in memory: what a daemon is, without its socket."""

import selectors
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.batch import Batch
from agent.core.ceremony import Answers, Occasion, grant
from agent.core.observe import WindowInfo
from agent.daemon.session import Session, Tools
from agent.daemon.standing import Standing, read_standing, settle_withdrawal
from agent.daemon.warden import Warden
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import save_enrolment
from agent.disk.epoch import EpochStore
from agent.disk.keys import DEVICE_KEY, FileKeys
from agent.disk.places import Places
from agent.disk.spool import BatchState
from agent.disk.switch import Position, Switch, Switched
from agent.native.base import Clock, NativeUnavailable
from schemas.consent import read_ledger
from schemas.events import Modality, TextEvent
from schemas.policy import Policy
from schemas.scope import TimingTier
from schemas.signed import public_bytes, sign
from tests.agent.disk.disk_rig import Machine
from tests.support.devices import World
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import FakeDesktop, FakeGrabber
from tests.support.waiting import until

SPOOL_BYTES = 1 << 20
LETTERS = "bcdfghjklm"
UNAVAILABLE = {"lost": "no display", "wayland": "this is Wayland", "permission": "not permitted"}


def word_of(number: int) -> str:
    """A word that nothing else here contains and no rule takes for a secret."""
    return "".join(f"{LETTERS[int(digit)]}a" for digit in f"{number:05d}")


def texts_of(batch: Batch) -> Iterator[str]:
    """What was typed, as a batch tells it."""
    return (event.text for event in batch.payload.events if isinstance(event, TextEvent))


class Seam:
    """What stands for the display, whichever warden asks for it. Put in place of the chooser by :meth:`install`."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.mode = "fine"
        self.window: WindowInfo | None = None
        self.made: list[FakeDesktop] = []

    def open_native(self, _environ: Mapping[str, str], _clock: Clock) -> FakeDesktop:
        """As :func:`agent.native.choose.open_native`."""
        if self.mode != "fine":
            raise NativeUnavailable(UNAVAILABLE[self.mode], "none")
        desktop = FakeDesktop(self.clock)
        desktop.focus(self.window)
        desktop.read()
        self.made.append(desktop)
        return desktop

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand for the display from now on."""
        patch.setattr("agent.daemon.desk.open_native", self.open_native)
        patch.setattr("agent.daemon.warden.open_grabber", lambda *_: FakeGrabber(self.clock))


class OfflineSession(Session):
    """A session whose shipper never starts, and which tells of each wipe and each closed batch."""

    def __init__(self, places: Places, found: Standing, epoch: int, tools: Tools, log: "Log") -> None:
        super().__init__(places, found, epoch, tools)
        put, wipe = self.sealing.put, self.pipeline.wipe

        def noted_put(batch: Batch) -> None:
            log.batches.append(batch)
            put(batch)

        def noted_wipe() -> None:
            log.wipes += 1
            wipe()

        self.pipeline._out = noted_put
        self.pipeline.wipe = noted_wipe  # type: ignore[method-assign,assignment]

    def start(self) -> None:
        """Seal, and ship nothing."""
        self.sealing.start()

    def stop(self) -> None:
        """Seal what is closed."""
        self.sealing.stop(5.0)
        self.spool.close()


@dataclass
class Log:
    """What the pipeline did."""

    wipes: int = 0
    batches: list[Batch] = field(default_factory=list)


class DaemonRig:
    """One person's daemon. What :mod:`agent.daemon.loop` does about a warden is done here by hand."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        world = World.make("stateful", researchers=1, codes=1, now_ns=self.clock.time_ns())
        world.policy = world.policy.model_copy(update={"spool_bytes": SPOOL_BYTES})
        self.machine = Machine(Places(folder / "state", folder / "run"), world, world.device())
        self.places = self.machine.places
        self.places.make()
        self.keys = FileKeys(self.places)
        self.seam = Seam(self.clock)
        self.seam.install(patch)
        self.log = Log()
        self.sign = False
        self.words = 0
        self.put_key()
        self.enrol()
        Switch(self.places.switch).preallocate()
        self.start()

    # --- the daemon's life ---

    def start(self) -> bool:
        """A daemon starts. True if it found an off that the ledger did not know of."""
        self.selector = selectors.DefaultSelector()
        self.sign = False
        found = read_standing(self.places, self.keys)
        tools = Tools(self.clock.now_s, self.clock.monotonic_s, self.machine.world.rng.randbytes, lambda: None)
        self.warden = Warden(
            {},
            self.clock,
            self.selector,
            lambda: None,
            lambda standing, epoch: OfflineSession(self.places, standing, epoch, tools, self.log),
            found,
        )
        self.warden.epoch = EpochStore(self.places.epoch).next()
        settled = settle_withdrawal(self.places, found, self.clock.time_ns())
        self.reload()
        return settled

    def crash(self) -> None:
        """The daemon is killed: connections go, nothing is finished, memory is gone."""
        for desktop in self.seam.made:
            desktop.close()
        self.selector.close()
        self.warden._camera.stop()
        if self.warden.session is not None:
            self.warden.session.stop()

    def end(self) -> None:
        """An orderly end."""
        self.warden.end(self.offset_ns)
        self.selector.close()

    @property
    def offset_ns(self) -> int:
        return self.clock.time_ns() - self.clock.monotonic_ns()

    def reload(self) -> None:
        """The disk is read anew, and the facts with it."""
        self.warden.found = read_standing(self.places, self.keys)
        self.review()

    def review(self) -> None:
        self.warden.review(sign_visible=self.sign)

    def pump(self) -> None:
        """Hear what the desktop says, and let time have its way."""
        for key, mask in self.selector.select(0):
            key.data(mask)
        self.warden.on_time(self.clock.monotonic_ns(), self.offset_ns)

    # --- what people and machines do ---

    def answers(self, apps: Sequence[str], modalities: frozenset[Modality]) -> Answers:
        return Answers(apps=dict.fromkeys(apps, modalities), timing=TimingTier.EXACT, language="en")

    def say_yes(self, answers: Answers) -> None:
        asked = perform.what_to_ask(self.places)
        perform.say_yes(self.places, asked, answers, self.clock.time_ns(), "window")

    def begin_to_say_yes(self, answers: Answers) -> None:
        """A ceremony that is killed between its two writes."""
        asked = perform.what_to_ask(self.places)
        store, key = ConsentStore(self.places.consents), self.machine.device.key
        ledger = read_ledger(store.entries(), public_bytes(key))
        when = Occasion(now_ns=self.clock.time_ns(), record_id=f"urn:uuid:{len(ledger)}", method="window")
        store.append(sign(grant(asked, ledger, answers, when), key))

    def say_no(self) -> None:
        asked = read_standing(self.places, self.keys).asked
        assert asked is not None
        perform.say_no(self.places, asked, "en", self.clock.time_ns(), "window")

    def set_switch_off(self) -> None:
        """An off that gets no further than the switch."""
        Switch(self.places.switch).write(Switched(position=Position.OFF, at_ns=self.clock.time_ns()))

    def put_key(self) -> None:
        self.keys.put(DEVICE_KEY, self.machine.device.key.private_bytes_raw())

    def enrol(self, **changes: object) -> None:
        save_enrolment(self.places.enrolment, self.machine.enrolment(**changes))

    def push(self, policy: Policy) -> None:
        """A policy that the organisation signed."""
        self.machine.world.policy = policy
        self.enrol()

    def fill_spool(self) -> None:
        session = self.warden.session
        assert session is not None
        until(lambda: session.sealing.pending == 0)
        self.machine.put(session.spool, bytes(SPOOL_BYTES), int(self.clock.now_s()))

    def empty_spool(self) -> None:
        session = self.warden.session
        assert session is not None
        until(lambda: session.sealing.pending == 0)
        for row in session.spool.history():
            if row.state is BatchState.WAITING:
                session.spool.sent(row.sequence, b"receipt")

    def focus(self, info: WindowInfo | None) -> None:
        self.seam.window = info
        if self.native is not None:
            self.native.focus(info)

    def type_word(self) -> str:
        """Type a new word into whatever has the focus."""
        self.words += 1
        word = word_of(self.words)
        if self.native is not None:
            self.native.type(f"{word} ")
        return word

    @property
    def native(self) -> FakeDesktop | None:
        found = self.warden.desk.native
        assert found is None or isinstance(found, FakeDesktop)
        return found

    def on_disk(self) -> bytes:
        """Everything that lies in the person's folders."""
        return b"".join(path.read_bytes() for path in self.places.state.rglob("*") if path.is_file())
