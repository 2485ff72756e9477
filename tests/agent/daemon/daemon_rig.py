"""A real daemon with real stores on disk, on a desktop and a clock in memory, that goes round when a test says so."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.ceremony import Answers, Occasion, grant, latest
from agent.core.observe import WindowInfo
from agent.daemon.loop import Daemon
from agent.daemon.session import Tools
from agent.daemon.warden import Warden
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import Enrolment, save_enrolment
from agent.disk.keys import DEVICE_KEY, FileKeys
from agent.disk.places import Places
from agent.disk.spool import BatchState
from agent.disk.switch import Position, Switch, Switched
from agent.disk.versions import Versions
from agent.net.control import Request
from schemas.consent import ConsentState, read_ledger
from schemas.events import Modality
from schemas.scope import TimingTier
from schemas.signed import SignedDocument, public_bytes, sign
from tests.agent.daemon.daemon_parts import Log, Seam
from tests.agent.disk.disk_rig import Machine
from tests.support.devices import World
from tests.support.fake_clock import MS_NS, FakeClock
from tests.support.fake_desktop import FakeDesktop
from tests.support.fake_detector import FakeDetector
from tests.support.waiting import until

SPOOL_BYTES = 8 << 20
"""Room for more batches than a life has steps."""
LETTERS = "bcdfghjklm"


def word_of(number: int) -> str:
    """A word that nothing else here contains and no rule takes for a secret."""
    return "".join(f"{LETTERS[int(digit)]}a" for digit in f"{number:05d}")


class DaemonRig:
    """One person's daemon, and the hands of everybody who has to do with it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        world = World.make("stateful", researchers=1, codes=1, now_ns=self.clock.time_ns())
        world.policy = world.policy.model_copy(update={"spool_bytes": SPOOL_BYTES})
        places = Places(folder / "state", folder / "run", (folder / "etc" / "policy.json",))
        self.machine = Machine(places, world, world.device())
        self.places = self.machine.places
        self.places.make()
        self.keys = FileKeys(self.places)
        self.seam = Seam(self.clock)
        self.log = Log()
        self.seam.install(patch, self.log)
        for caller in ("perform", "halt"):
            patch.setattr(f"agent.ceremony.{caller}.tell_daemon", self.tell)
        self.words = 0
        self.older: SignedDocument | None = None
        self.put_key()
        self.enrolment: Enrolment = self.machine.enrolment()
        save_enrolment(self.places.enrolment, self.enrolment)
        Switch(self.places.switch).preallocate()
        self.start()

    # --- the daemon's life ---

    def start(self) -> None:
        """A daemon starts, and goes round once."""
        self.seam.sign.shown = False
        self.daemon = Daemon(self.places, self.keys, {}, self.clock, Tools(
            self.clock.now_s, self.clock.monotonic_s, self.machine.world.rng.randbytes, lambda: None
        ))  # fmt: skip
        self.daemon._settle_ledger()
        self.daemon._review()
        self.turn()

    def turn(self) -> None:
        """The daemon's loop goes round once, without waiting."""
        self.daemon._patience_s()  # as its own loop does: what is due by now
        self.daemon._turn(0)

    def nudge(self) -> None:
        """Something in the background woke the loop."""
        self.daemon.wake()
        self.turn()

    def tell(self, _places: Places, op: str) -> None:
        """One of the person's programs speaks to the daemon over the local socket."""
        self.daemon._answer(Request(v=1, op=op))  # type: ignore[arg-type]

    def crash(self) -> None:
        """The daemon is killed: connections go, nothing is finished, memory is gone."""
        for desktop in self.seam.made:
            desktop.close()
        if self.warden.session is not None:
            self.warden.session.pipeline._out = lambda _batch: None
            self.warden.session.stop()
        self.warden._camera.stop()
        self.warden.desk.native = None
        self.warden.session = None
        self.daemon._end()

    def end(self) -> None:
        """An orderly end."""
        self.daemon._end()

    @property
    def warden(self) -> Warden:
        return self.daemon._warden

    @property
    def native(self) -> FakeDesktop | None:
        found = self.warden.desk.native
        assert found is None or isinstance(found, FakeDesktop)
        return found

    @property
    def detectors(self) -> list[FakeDetector]:
        """Of the daemon that lives now."""
        return self.seam.detectors

    # --- what people do ---

    def answers(self, apps: Sequence[str], modalities: frozenset[Modality]) -> Answers:
        return Answers(apps=dict.fromkeys(apps, modalities), timing=TimingTier.EXACT, language="en")

    def say_yes(self, answers: Answers) -> None:
        seen = perform.Seen(self.clock.time_ns())
        perform.say_yes(self.places, perform.what_to_ask(self.places), answers, seen, "window")

    def begin_to_say_yes(self, answers: Answers) -> None:
        """A ceremony that is killed between its two writes."""
        perform.settle(self.places, self.clock.time_ns())
        asked = perform.what_to_ask(self.places)
        store, key = ConsentStore(self.places.consents), self.machine.device.key
        ledger = read_ledger(store.entries(), public_bytes(key))
        when = Occasion(now_ns=self.clock.time_ns(), record_id=f"urn:uuid:{len(ledger)}", method="window")
        store.append(sign(grant(asked, ledger, answers, when), key))

    def say_no(self) -> None:
        seen = perform.Seen(self.clock.time_ns())
        perform.say_no(self.places, perform.what_to_ask(self.places), "en", seen, "window")

    def set_switch_off(self) -> None:
        """An off that gets no further than the switch."""
        Switch(self.places.switch).write(Switched(position=Position.OFF, at_ns=self.clock.time_ns()))

    def states(self) -> list[ConsentState]:
        """What the ledger says, oldest first."""
        ledger = read_ledger(ConsentStore(self.places.consents).entries(), public_bytes(self.machine.device.key))
        return [record.latest.event_state for _, record in ledger]

    def put_key(self) -> None:
        self.keys.put(DEVICE_KEY, self.machine.device.key.private_bytes_raw())

    def type_word(self, lasts_ms: int = 0) -> str:
        """Type a new word into whatever has the focus, and let time pass while the daemon hears it."""
        self.words += 1
        word = word_of(self.words)
        if self.native is not None:
            self.native.type(f"{word} ")
        self.turn()
        self.clock.advance(lasts_ms * MS_NS)
        return word

    def focus(self, info: WindowInfo | None) -> None:
        self.seam.window = info
        if self.native is not None:
            self.native.focus(info)

    # --- what the organisation does ---

    def publish(self) -> None:
        """The world's study and policy as they are now reach this machine, as ``overt refresh`` brings them."""
        ledger = read_ledger(ConsentStore(self.places.consents).entries(), public_bytes(self.machine.device.key))
        last = latest(ledger)
        cited = {last.overt.manifest, last.overt.policy} if last is not None else set()
        world = self.machine.world
        before = self.enrolment
        self.enrolment = before.succeeded(world.signed_manifest, world.signed_policy, cited)
        if before.asked().policy.version < world.policy.version:
            self.older = before.policy
        save_enrolment(self.places.enrolment, self.enrolment)
        Versions(self.places.versions).note(self.enrolment.asked(), self.enrolment.organisation_key)
        perform.settle(self.places, self.clock.time_ns())
        self.tell(self.places, "reload")

    def damage(self, policy: SignedDocument) -> None:
        """A policy that cannot be used lies on the disk instead."""
        save_enrolment(self.places.enrolment, self.enrolment.model_copy(update={"policy": policy}))
        self.tell(self.places, "reload")

    # --- what machines do ---

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

    def on_disk(self) -> bytes:
        """Everything that lies in the person's folders."""
        return b"".join(path.read_bytes() for path in self.places.state.rglob("*") if path.is_file())
