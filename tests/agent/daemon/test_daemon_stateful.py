"""What happens is played to a real warden and to the tables of the core; after each step both must say the same.

Secure input, private windows and unknown sites are not played: nothing tells the warden of them yet.
"""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agent.ceremony import perform
from agent.core.happenings import Happening, after
from agent.core.lifecycle import Effect, Facts, changed, effects, may_capture, state, watches_focus
from agent.daemon.session import Session
from schemas.consent import DAY_NS
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.signed import sign
from schemas.status import ClosedReason as R
from schemas.status import State
from schemas.times import unix_ns
from tests.agent.daemon.daemon_rig import DaemonRig, texts_of, word_of
from tests.support.fake_clock import S_NS
from tests.support.fake_desktop import window

H = Happening
UNREADABLE = (R.POLICY_UNSIGNED, R.POLICY_MISSING)
HOOKABLE = frozenset({Modality.KEYBOARD, Modality.POINTER})
ALL = frozenset(Modality)
TICKS = st.sampled_from([frozenset({Modality.KEYBOARD}), frozenset({Modality.SCREEN}), HOOKABLE, ALL])
APPS = st.sampled_from([("mail",), ("editor",), ("mail", "editor")])
WINDOWS = {
    "mail": window(1),
    "another mail": window(2),
    "editor": window(3, executable="/usr/bin/editor"),
    "game": window(4, executable="/usr/bin/game"),
    "unknown": window(5, executable=None),
    "none": None,
}
FOCUS = {
    None: H.FOCUS_ALLOWED,
    R.FOCUS_UNKNOWN: H.FOCUS_UNKNOWN,
    R.APP_NOT_ALLOWED: H.FOCUS_FORBIDDEN,
    R.MODALITY_NOT_AGREED: H.FOCUS_NOT_AGREED,
}
DESKTOP = {
    "fine": H.DESKTOP_BACK,
    "lost": H.DESKTOP_LOST,
    "wayland": H.DESKTOP_WAYLAND,
    "permission": H.PERMISSION_MISSING,
}
BACK_NS = 4_000 * DAY_NS


class Lives(RuleBasedStateMachine):
    """One warden and one model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.folder = tempfile.TemporaryDirectory()
        self.rig = DaemonRig(Path(self.folder.name), self.patch)
        self.front = "none"
        self.agreed: dict[str, frozenset[Modality]] = {}
        self.offered: dict[str, frozenset[Modality]] = {"mail": ALL, "editor": ALL}
        self.pause_until = self.consent_end = 0
        self.stepped_back = False
        self.pending: set[str] = set()
        self.gone: set[str] = set()
        self.told = self.wipes = 0
        self.model = Facts()
        for happening in (H.ENROLLED, H.CLOCK_TRUSTED):
            self.model = after(self.model, happening)
        self.last = self.model
        self._came_up()

    # --- the ceremony and the switch ---

    @precondition(lambda self: self._can_answer())
    @rule(apps=APPS, ticked=TICKS)
    def say_yes(self, apps: tuple[str, ...], ticked: frozenset[Modality]) -> None:
        if self._tick(apps, ticked):
            self.rig.say_yes(self.rig.answers(apps, ticked))
            self.rig.reload()
            self._step(H.CONSENT_GIVEN, H.SWITCHED_ON)

    @precondition(lambda self: self._can_answer())
    @rule(apps=APPS, ticked=TICKS)
    def say_yes_and_crash_before_the_switch(self, apps: tuple[str, ...], ticked: frozenset[Modality]) -> None:
        if self._tick(apps, ticked):
            self.rig.begin_to_say_yes(self.rig.answers(apps, ticked))
            self._restart(H.CONSENT_GIVEN)

    @precondition(lambda self: self._can_answer())
    @rule()
    def say_no(self) -> None:
        self.rig.say_no()
        self.rig.reload()
        self._step(H.SWITCHED_OFF, H.CONSENT_REFUSED)

    @precondition(lambda self: self.model.keys)
    @rule()
    def switch_off(self) -> None:
        assert perform.withdraw(self.rig.places, self.rig.clock.time_ns(), "cli")
        self.rig.reload()
        self._step(H.SWITCHED_OFF, H.CONSENT_WITHDRAWN)

    @rule()
    def switch_off_and_no_more(self) -> None:
        """Without the key, or the disk full but for the switch: the ledger learns of it at a start."""
        self.rig.set_switch_off()
        self.rig.reload()
        self._step(H.SWITCHED_OFF)

    @rule()
    def switch_off_and_crash(self) -> None:
        self.rig.set_switch_off()
        self._restart(H.SWITCHED_OFF)

    @rule(minutes=st.sampled_from([1, 15, 60]))
    def pause(self, minutes: int) -> None:
        now = self.rig.clock.time_ns()
        if self.model.switch is not R.SWITCHED_OFF:
            self.pause_until = now + minutes * 60 * S_NS
        perform.pause(self.rig.places, now, now + minutes * 60 * S_NS)
        self.rig.reload()
        self._step(H.PAUSED)

    @rule()
    def resume(self) -> None:
        perform.resume(self.rig.places, self.rig.clock.time_ns())
        self.rig.reload()
        self._step(H.RESUMED)

    # --- time, crashes, keys ---

    @rule(seconds=st.sampled_from([1, 9, 400, 3_600, 86_400, 91 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.rig.clock.advance(seconds * S_NS)
        self.rig.review()
        self._step()

    @precondition(lambda self: self.model.consent is None and not self.stepped_back)
    @rule()
    def clock_is_set_back(self) -> None:
        self.stepped_back = True
        self._step_clock(-BACK_NS, H.CLOCK_BACK)

    @precondition(lambda self: self.stepped_back)
    @rule()
    def clock_is_set_right(self) -> None:
        self.stepped_back = False
        self._step_clock(BACK_NS, H.CLOCK_TRUSTED)

    @rule()
    def crash(self) -> None:
        self._restart()

    @rule(there=st.booleans())
    def keys(self, there: bool) -> None:  # noqa: FBT001  # drawn
        if there:
            self.rig.put_key()
        else:
            self.rig.keys.forget("device")
        self.rig.reload()
        self._step(H.KEYS_BACK if there else H.KEYS_LOST, *self._session_facts())

    # --- the organisation ---

    @rule(apps=st.sampled_from([(), ("mail",), ("mail", "editor")]), most=TICKS)
    def policy_is_pushed(self, apps: tuple[str, ...], most: frozenset[Modality]) -> None:
        self._push(apps, most, blocked=False)
        self._step(H.POLICY_PUSHED)

    @rule()
    def policy_blocks_everybody(self) -> None:
        self._push(("mail", "editor"), ALL, blocked=True)
        self._step(H.POLICY_BLOCKED)

    @rule()
    def policy_is_not_signed(self) -> None:
        machine = self.rig.machine
        self.rig.enrol(policy=sign(machine.world.policy, machine.device.key))
        self.rig.reload()
        self._step(H.POLICY_UNSIGNED)

    @rule()
    def policy_is_about_another_study(self) -> None:
        world = self.rig.machine.world
        other = world.policy.model_copy(update={"study": "other-study"})
        self.rig.enrol(policy=sign(other, world.org_key))
        self.rig.reload()
        self._step(H.POLICY_GONE)

    @precondition(lambda self: self.model.policy not in UNREADABLE)
    @rule()
    def study_changes(self) -> None:
        world = self.rig.machine.world
        world.manifest = world.manifest.model_copy(update={"version": world.manifest.version + 1})
        self.rig.enrol()
        self.rig.reload()
        self._step(H.CONSENT_CHANGED, self._policy_as_pushed())

    # --- the desktop ---

    @rule(name=st.sampled_from(sorted(WINDOWS)))
    def focus(self, name: str) -> None:
        self.front = name
        self.rig.focus(WINDOWS[name])
        self._step()

    @rule(shown=st.booleans())
    def sign(self, shown: bool) -> None:  # noqa: FBT001  # drawn
        self.rig.sign = shown
        self.rig.review()
        self._step(H.SIGN_SHOWN if shown else H.SIGN_GONE)

    @rule(active=st.booleans())
    def session(self, active: bool) -> None:  # noqa: FBT001  # drawn
        """No backend tells of this yet, so the warden is told by hand."""
        self.rig.warden.facts = changed(self.rig.warden.facts, session_active=active)
        self.rig.review()
        self._step(H.SESSION_ACTIVE if active else H.SESSION_LOCKED)

    @rule(mode=st.sampled_from(sorted(DESKTOP)))
    def desktop(self, mode: str) -> None:
        self.rig.seam.mode = mode
        if mode != "fine" and self.rig.native is not None:
            self.rig.native.die()
            self.rig.pump()
            assert self.rig.warden.gate is None
        self.rig.review()
        self._step(DESKTOP[mode])

    @precondition(lambda self: self.rig.warden.session is not None)
    @rule(full=st.booleans())
    def spool(self, full: bool) -> None:  # noqa: FBT001  # drawn
        if full:
            self.rig.fill_spool()
        else:
            self.rig.empty_spool()
        self.rig.review()
        self._step(H.SPOOL_FULL if full else H.SPOOL_ROOM)

    @precondition(lambda self: self.rig.warden.session is not None)
    @rule(works=st.booleans())
    def redaction(self, works: bool) -> None:  # noqa: FBT001  # drawn
        self._session().redaction_works = works
        self.rig.review()
        self._step(H.REDACTION_WORKS if works else H.REDACTION_FAILED)

    @rule()
    def type_a_word(self) -> None:
        word = self.rig.type_word()
        if may_capture(self._seen()) and Modality.KEYBOARD in self._modalities():
            self.pending.add(word)
        else:
            self.gone.add(word)
        self._step()

    # --- what must hold ---

    @invariant()
    def gate_and_hooks_are_the_models(self) -> None:
        warden, seen = self.rig.warden, self._seen()
        assert (warden.gate is not None) is may_capture(seen), (seen, warden.facts)
        assert warden.desk.hooked() == (self._modalities() & HOOKABLE if may_capture(seen) else frozenset())
        if warden.gate is not None:
            assert warden.gate.modalities == self._modalities()
            assert warden.gate.window == WINDOWS[self.front]
        if not self.stepped_back:  # then the reasons are told by another clock, and the gate is closed
            assert state(warden.facts) is state(seen), (seen, warden.facts)

    @invariant()
    def no_connection_is_left_behind(self) -> None:
        for made in self.rig.seam.made:
            assert made.closed or made is self.rig.native
        if self.rig.native is not None:
            assert watches_focus(self.rig.warden.facts)

    def teardown(self) -> None:
        """An orderly end keeps what was agreed to, and no word lies on the disk unsealed."""
        try:
            self.rig.end()
            self._read_batches()
            assert not self.pending
            disk = self.rig.on_disk()
            for number in range(1, self.rig.words + 1):
                assert word_of(number).encode() not in disk
        finally:
            self.patch.undo()
            self.folder.cleanup()

    # --- how it is done ---

    def _step(self, *happenings: Happening) -> None:
        for happening in happenings:
            self.model = after(self.model, happening)
        self._pass_time()
        self.model = after(self.model, FOCUS[self._focus_reason()])
        self.rig.pump()
        self._read_batches()
        seen = self._seen()
        was, todo, self.last = state(self.last), effects(self.last, seen), seen
        wiped, self.wipes = self.rig.log.wipes > self.wipes, self.rig.log.wipes
        if self.rig.warden.session is not None and not self.stepped_back:
            assert Effect.WIPE in todo or not wiped, (todo, seen)
            assert wiped or Effect.WIPE not in todo or was is State.OFF, (todo, seen)
        if Effect.WIPE in todo:
            assert self.rig.warden.session is None or self._session().pipeline.held == 0
            self.gone |= self.pending
            self.pending.clear()

    def _restart(self, *happenings: Happening) -> None:
        self.rig.crash()
        self._read_batches()
        self.gone |= self.pending
        self.pending.clear()
        for happening in (*happenings, H.STARTED):
            self.model = after(self.model, happening)
        self._pass_time()
        self.last = self._seen_by_disk()
        if self.rig.start():
            self.model = after(self.model, H.CONSENT_WITHDRAWN)
        self.wipes = self.rig.log.wipes
        self._came_up()

    def _came_up(self) -> None:
        self._step(H.SESSION_ACTIVE, DESKTOP[self.rig.seam.mode], *self._session_facts())

    def _session_facts(self) -> list[Happening]:
        """What a session's parts say of spool and redaction, once there is one."""
        session = self.rig.warden.session
        if session is None:
            return []
        room = H.SPOOL_ROOM if session.spool_room() else H.SPOOL_FULL
        return [room, H.REDACTION_WORKS if session.redaction_works else H.REDACTION_FAILED]

    def _pass_time(self) -> None:
        now = self.rig.clock.time_ns()
        if now >= self.pause_until:
            self.model = after(self.model, H.PAUSE_ENDED)
        if now >= self.consent_end:
            self.model = after(self.model, H.CONSENT_EXPIRED)
        if now >= unix_ns(self.rig.machine.world.policy.expires):
            self.model = after(self.model, H.POLICY_EXPIRED)

    def _step_clock(self, ns: int, happening: Happening) -> None:
        """What the daemon's loop does about a clock that was set."""
        self.rig.clock.step(ns)
        self.rig.warden.close()
        self.rig.warden.epoch += 1
        self.rig.review()
        self._step(happening)

    def _seen(self) -> Facts:
        """The model's facts as far as a warden can know them.

        It does not look at the desktop while that could change nothing.
        """
        seen = self._seen_by_disk()
        if not watches_focus(changed(seen, desktop=None)):
            known = self.rig.warden.facts
            seen = changed(seen, desktop=known.desktop, focus=known.focus)
        return seen

    def _seen_by_disk(self) -> Facts:
        """Without a study and a policy that can be read, nothing says what a ledger's records are about."""
        if self.model.policy in UNREADABLE:
            return changed(self.model, consent=R.NO_CONSENT)
        return self.model

    def _focus_reason(self) -> R | None:
        if self.front in ("none", "unknown"):
            return R.FOCUS_UNKNOWN
        if self._app() not in self.offered:
            return R.APP_NOT_ALLOWED
        return None if self._modalities() else R.MODALITY_NOT_AGREED

    def _app(self) -> str:
        return self.front.removeprefix("another ")

    def _modalities(self) -> frozenset[Modality]:
        """G4: what both the person and the policy said of the app in front."""
        return self.agreed.get(self._app(), frozenset()) & self.offered.get(self._app(), frozenset())

    def _can_answer(self) -> bool:
        return self.model.keys and not self.stepped_back and self.model.policy not in UNREADABLE

    def _tick(self, apps: tuple[str, ...], ticked: frozenset[Modality]) -> bool:
        """Note what a yes to this would agree to. False if that is nothing."""
        agreed = {app: ticked & self.offered.get(app, frozenset()) for app in apps}
        if not any(agreed.values()):
            return False
        self.agreed = agreed
        self.consent_end = self.rig.clock.time_ns() // 1000 * 1000 + 90 * DAY_NS
        return True

    def _push(self, apps: tuple[str, ...], most: frozenset[Modality], *, blocked: bool) -> None:
        policy = self.rig.machine.world.policy
        rules = tuple(
            AppRule(id=a, name=a, category="mail", executables=(f"/usr/bin/{a}",), modalities=tuple(sorted(most)))
            for a in apps
        )
        expires = policy.issued + timedelta(microseconds=self.rig.clock.mono_ns // 1000, days=600)
        self.rig.push(
            policy.model_copy(
                update={"version": policy.version + 1, "apps": rules, "blocked": blocked, "expires": expires}
            )
        )
        self.offered = dict.fromkeys(apps, most)
        self.rig.reload()

    def _policy_as_pushed(self) -> Happening:
        return H.POLICY_BLOCKED if self.rig.machine.world.policy.blocked else H.POLICY_PUSHED

    def _session(self) -> Session:
        assert self.rig.warden.session is not None
        return self.rig.warden.session

    def _read_batches(self) -> None:
        """What left the pipeline holds nothing that was wiped, lost or never captured."""
        batches = self.rig.log.batches[self.told :]
        self.told = len(self.rig.log.batches)
        for text in (text for batch in batches for text in texts_of(batch)):
            for word in text.split():
                assert word not in self.gone
                self.pending.discard(word)


def test_the_warden_lives_as_the_tables_say() -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
