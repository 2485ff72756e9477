"""What can be done to a daemon: by its person, by time and machines, by the organisation, by the desktop."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from agent.ceremony import halt, perform
from agent.core.happenings import Happening, after
from schemas.consent import DAY_NS
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.signed import sign
from schemas.status import ClosedReason as R
from tests.agent.daemon.daemon_parts import DETECTORS
from tests.agent.daemon.life_model import ALL, HOOKABLE, WINDOWS, Answer, Life
from tests.support.fake_clock import MS_NS, S_NS

TICKS = st.sampled_from([frozenset({Modality.KEYBOARD}), frozenset({Modality.SCREEN}), HOOKABLE, ALL])
APPS = st.sampled_from([("mail",), ("editor",), ("mail", "editor")])
VERDICTS = st.sampled_from([None, R.SECURE_INPUT, R.PRIVATE_WINDOW, R.ORIGIN_UNKNOWN])
WHICH = st.integers(0, DETECTORS - 1)
BACK_NS = 4_000 * DAY_NS
LATE_MS = st.sampled_from([0, 1, 60, 249])
DESK = st.lists(
    st.one_of(
        st.tuples(st.just("type_a_word"), st.sampled_from([1, 40, 120, 400])),
        st.tuples(st.just("focus"), st.sampled_from(["mail", "mail", *sorted(WINDOWS)])),
        st.tuples(st.just("detector_tells"), WHICH, st.none() | VERDICTS, LATE_MS),
        st.tuples(st.just("detector_will_tell"), WHICH, st.none() | VERDICTS, st.sampled_from([1, 300, 5_000])),
        st.tuples(st.just("time_passes"), st.sampled_from([1, 9])),
        st.tuples(st.just("a_secret"), WHICH, st.sampled_from([R.SECURE_INPUT, R.PRIVATE_WINDOW]), st.booleans()),
    ),
    min_size=2,
    max_size=8,
)
"""What somebody does at their desk within seconds: names of rules, and what they are called with."""


class Ceremony(Life):
    """What the person says, and what they switch."""

    def _can_answer(self) -> bool:
        return self.has_key and self.readable and any(self.offered.values()) and self.now_ns >= self.newest_ns

    def _note_yes(self, apps: tuple[str, ...], ticked: frozenset[Modality]) -> bool:
        """Note what a yes to this would agree to. False if that is nothing."""
        agreed = {app: both for app in apps if (both := ticked & self.offered.get(app, frozenset()))}
        if not agreed:
            return False
        self.moment()
        days = self.rig.machine.world.policy.consent_days
        at_ns = self.now_ns // 1000 * 1000
        self.answer = Answer(None, agreed, at_ns, days, dict(self.offered), self.studies)
        self.newest_ns = at_ns
        return True

    @precondition(lambda self: self._can_answer())
    @rule(apps=APPS, ticked=TICKS)
    def say_yes(self, apps: tuple[str, ...], ticked: frozenset[Modality]) -> None:
        if self._note_yes(apps, ticked):
            self.switched(off=False)
            self.rig.say_yes(self.rig.answers(apps, ticked))
            self.step()

    @precondition(lambda self: self._can_answer())
    @rule(apps=APPS, ticked=TICKS)
    def say_yes_and_crash_before_the_switch(self, apps: tuple[str, ...], ticked: frozenset[Modality]) -> None:
        if self._note_yes(apps, ticked):
            self.rig.begin_to_say_yes(self.rig.answers(apps, ticked))
            # It was given, although an off of a time to come, before the clock went back, may end it at once.
            self.model = after(self.model, Happening.CONSENT_GIVEN)
            self.restart()

    @precondition(lambda self: self._can_answer())
    @rule()
    def say_no(self) -> None:
        self.moment()
        self.switched(off=True)
        self.answer = Answer(R.REFUSED)
        self.newest_ns = self.now_ns // 1000 * 1000
        self.rig.say_no()
        self.step()

    @rule()
    def switch_off(self) -> None:
        self.moment()
        self.switched(off=True)
        self.settles()
        self.withdraws()
        assert perform.withdraw(self.rig.places, self.now_ns, "cli") is self.has_key
        self.step()

    @rule()
    def switch_off_by_signal(self) -> None:
        """The daemon alone hears it."""
        self.moment()
        self.switched(off=True)
        self.settles()
        self.rig.daemon.switch_off_soon()
        self.step()

    @rule()
    def switch_off_and_crash(self) -> None:
        self.moment()
        self.switched(off=True)
        self.rig.set_switch_off()
        self.restart()

    @rule(minutes=st.sampled_from([1, 15, 60]))
    def pause(self, minutes: int) -> None:
        self.moment()
        until_ns = self.now_ns + minutes * 60 * S_NS
        if not self.off[1]:
            self.off, self.pause_until = (self.now_ns, False), until_ns
            self.settles()
        halt.pause(self.rig.places, self.now_ns, until_ns)
        self.step()

    @rule()
    def resume(self) -> None:
        self.moment()
        if self.switch() is R.PAUSED:
            self.switched(off=False)
            self.settles()
        halt.resume(self.rig.places, self.now_ns)
        self.step()


class Machine(Life):
    """Time, crashes, keys, disk."""

    @rule(seconds=st.sampled_from([1, 9, 400, 3_600, 86_400, 91 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.rig.clock.advance(seconds * S_NS)
        self.step()

    @precondition(lambda self: not self.stepped_back)
    @rule()
    def clock_is_set_back(self) -> None:
        self.stepped_back = True
        self.rig.clock.step(-BACK_NS)
        self.step()

    @precondition(lambda self: self.stepped_back)
    @rule()
    def clock_is_set_right(self) -> None:
        self.stepped_back = False
        self.rig.clock.step(BACK_NS)
        self.step()

    @rule()
    def crash(self) -> None:
        self.restart()

    @rule(there=st.booleans())
    def keys(self, there: bool) -> None:  # noqa: FBT001  # drawn
        self.has_key = there
        if there:
            self.rig.put_key()
        else:
            self.rig.keys.forget("device")
        self.settles()
        self.rig.tell(self.rig.places, "reload")
        self.step()

    @precondition(lambda self: self.rig.warden.session is not None)
    @rule(full=st.booleans())
    def spool(self, full: bool) -> None:  # noqa: FBT001  # drawn
        if full:
            self.rig.fill_spool()
        else:
            self.rig.empty_spool()
        self.step()

    @precondition(lambda self: self.rig.warden.session is not None)
    @rule(works=st.booleans())
    def redaction(self, works: bool) -> None:  # noqa: FBT001  # drawn
        assert self.rig.warden.session is not None
        self.rig.warden.session._rules_work = works
        self.step()


class Organisation(Life):
    """Studies and policies that reach the machine."""

    def _publish(self, apps: tuple[str, ...], most: frozenset[Modality], days: int, *, blocked: bool) -> None:
        world = self.rig.machine.world
        rules = tuple(
            AppRule(id=a, name=a, category="mail", executables=(f"/usr/bin/{a}",), modalities=tuple(sorted(most)))
            for a in apps
        )
        age = timedelta(microseconds=self.rig.clock.mono_ns // 1000)
        world.policy = world.policy.model_copy(
            update={
                "version": world.policy.version + 1,
                "apps": rules,
                "blocked": blocked,
                "consent_days": days,
                "expires": world.policy.issued + age + timedelta(days=600),
            }
        )
        self.offered = dict.fromkeys(apps, most)
        self._arrives()

    def _arrives(self) -> None:
        self.policy = R.BLOCKED_BY_ORGANISATION if self.rig.machine.world.policy.blocked else None
        self.settles()
        self.rig.publish()
        self.step()

    @rule(apps=st.sampled_from([(), ("mail",), ("mail", "editor")]), most=TICKS, days=st.sampled_from([30, 90]))
    def policy_is_pushed(self, apps: tuple[str, ...], most: frozenset[Modality], days: int) -> None:
        self._publish(apps, most, days, blocked=False)

    @rule()
    def policy_blocks_everybody(self) -> None:
        self._publish(("mail", "editor"), ALL, 90, blocked=True)

    @rule()
    def policy_is_not_signed(self) -> None:
        self.policy = R.POLICY_UNSIGNED
        self.settles()
        self.rig.damage(sign(self.rig.machine.world.policy, self.rig.machine.device.key))
        self.step()

    @rule()
    def policy_is_about_another_study(self) -> None:
        self.policy = R.POLICY_MISSING
        self.settles()
        world = self.rig.machine.world
        self.rig.damage(sign(world.policy.model_copy(update={"study": "other-study"}), world.org_key))
        self.step()

    @precondition(lambda self: self.rig.older is not None)
    @rule()
    def older_policy_returns(self) -> None:
        """One that the organisation did sign, but not last."""
        assert self.rig.older is not None
        self.policy = R.POLICY_ROLLED_BACK
        self.settles()
        self.rig.damage(self.rig.older)
        self.step()

    @precondition(lambda self: not self.readable)
    @rule()
    def policy_is_whole_again(self) -> None:
        self._arrives()

    @rule()
    def study_grows(self) -> None:
        world = self.rig.machine.world
        manifest = world.manifest
        world.manifest = manifest.model_copy(
            update={"version": manifest.version + 1, "purpose": f"{manifest.purpose} And more."}
        )
        self.studies += 1
        self._arrives()

    @rule()
    def study_is_published_again(self) -> None:
        world = self.rig.machine.world
        world.manifest = world.manifest.model_copy(update={"version": world.manifest.version + 1})
        self._arrives()


class Desk(Life):
    """Windows, the sign, the display, and what detectors say of the window in front."""

    @rule(name=st.sampled_from(sorted(WINDOWS)))
    def focus(self, name: str) -> None:
        self.front = name
        self.rig.focus(WINDOWS[name])
        self.step()

    @rule(shown=st.booleans())
    def sign(self, shown: bool) -> None:  # noqa: FBT001  # drawn
        self.rig.seam.sign.shown = shown
        self.step()

    @rule(there=st.booleans())
    def session(self, there: bool) -> None:  # noqa: FBT001  # drawn
        self.active = self.rig.seam.seat.here = there
        self.step()

    @rule(mode=st.sampled_from(["fine", "lost", "wayland", "permission"]))
    def desktop(self, mode: str) -> None:
        self.rig.seam.mode = mode
        if mode != "fine" and self.rig.native is not None:
            self.rig.native.die()
            self.rig.turn()
            assert self.rig.warden.gate is None
        self.step()

    @rule(which=WHICH, verdict=VERDICTS, late_ms=LATE_MS)
    def detector_tells(self, which: int, verdict: R | None, late_ms: int) -> None:
        since_ns = self.rig.clock.monotonic_ns() - late_ms * MS_NS
        self.verdicts[which], self.later[which] = verdict, None
        detector = self.rig.detectors[which]
        if detector.window is not None and any(v is not None for v in self.verdicts):
            self.news(since_ns)
        detector.tell(verdict, since_ns)
        self.step()

    @rule(which=WHICH, verdict=VERDICTS, in_ms=st.sampled_from([1, 300, 5_000]))
    def detector_will_tell(self, which: int, verdict: R | None, in_ms: int) -> None:
        at_ns = self.rig.clock.monotonic_ns() + in_ms * MS_NS
        self.later[which] = at_ns, verdict
        self.rig.detectors[which].tell_later(verdict, at_ns)
        self.step()

    @rule(lasts_ms=st.sampled_from([1, 40, 120, 400]))
    def type_a_word(self, lasts_ms: int) -> None:
        self.type_word(lasts_ms)
        self.step()


class Whole(Ceremony, Machine, Organisation, Desk):
    """Everything that capture needs at once: by chance alone it seldom comes together."""

    @initialize(there=st.booleans())
    def begins_live(self, there: bool) -> None:  # noqa: FBT001  # drawn
        if there:
            self.live(("mail", "editor"), [])

    @rule(apps=st.sampled_from([("mail",), ("mail", "editor")]), actions=DESK)
    def live(self, apps: tuple[str, ...], actions: list[tuple[Any, ...]]) -> None:
        if self.stepped_back:
            self.clock_is_set_right()
        self.keys(there=True)
        if self.policy_now() is not None or Modality.KEYBOARD not in self.offered.get("mail", frozenset()):
            self.policy_is_pushed(("mail", "editor"), ALL, 90)
        self.spool(full=False)
        self.redaction(works=True)
        for which in range(DETECTORS):
            self.detector_tells(which, None, 0)
        self.session(there=True)
        self.sign(shown=True)
        self.desktop("fine")
        self.focus("mail")
        self.say_yes(apps, ALL)
        assert self.rig.warden.gate is not None
        self.at_the_desk(actions)

    @precondition(lambda self: self.rig.warden.gate is not None)
    @rule(actions=DESK)
    def at_the_desk(self, actions: list[tuple[Any, ...]]) -> None:
        for name, *drawn in actions:
            getattr(self, name)(*drawn)

    def a_secret(self, which: int, verdict: R, after_another: bool) -> None:  # noqa: FBT001  # drawn
        """Typed before a detector knew, which may speak when another has closed the gate already."""
        self.type_a_word(40)
        if after_another:
            self.detector_tells(1 - which, R.ORIGIN_UNKNOWN, 0)
        self.detector_tells(which, verdict, 60)
        self.time_passes(400)
        self.detector_tells(1 - which, None, 0)
        self.detector_tells(which, None, 0)
