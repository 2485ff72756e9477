"""What a daemon should hold true, worked out beside it from what was done to it; and how the two are compared."""

import tempfile
from pathlib import Path

import pytest
from hypothesis.stateful import RuleBasedStateMachine
from msgspec import Struct

from agent.core.happenings import LIVE, Happening, after
from agent.core.lifecycle import Effect, Facts, changed, effects, may_capture, state, watches_focus
from agent.core.observe import WindowInfo
from agent.pipeline.slots import HOLD_NS
from schemas.consent import DAY_NS
from schemas.events import Modality
from schemas.status import ClosedReason as R
from schemas.status import State
from schemas.times import unix_ns
from tests.agent.daemon.daemon_parts import DETECTORS, texts_of
from tests.agent.daemon.daemon_rig import DaemonRig, word_of
from tests.support.fake_clock import MS_NS
from tests.support.fake_desktop import window

H = Happening
Scope = dict[str, frozenset[Modality]]
HOOKABLE = frozenset({Modality.KEYBOARD, Modality.POINTER})
ALL = frozenset(Modality)
WINDOWS: dict[str, WindowInfo | None] = {
    "mail": window(1),
    "another mail": window(2),
    "editor": window(3, executable="/usr/bin/editor"),
    "game": window(4, executable="/usr/bin/game"),
    "unknown": window(5, executable=None),
    "none": None,
}
MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own in it
"""Where files are quick: no life here asks whether a disk really keeps them."""
UNREADABLE = (R.POLICY_UNSIGNED, R.POLICY_MISSING, R.POLICY_ROLLED_BACK)
DESKTOP = {"fine": None, "lost": R.DISPLAY_LOST, "wayland": R.WAYLAND, "permission": R.PERMISSION_MISSING}
TOLD: dict[tuple[str, object], Happening] = {
    ("consent", None): H.CONSENT_GIVEN,
    ("consent", R.REFUSED): H.CONSENT_REFUSED,
    ("consent", R.WITHDRAWN): H.CONSENT_WITHDRAWN,
    ("consent", R.EXPIRED): H.CONSENT_EXPIRED,
    ("consent", R.CONSENT_CHANGED): H.CONSENT_CHANGED,
    ("switch", None): H.SWITCHED_ON,
    ("switch", R.SWITCHED_OFF): H.SWITCHED_OFF,
    ("switch", R.PAUSED): H.PAUSED,
    ("keys", True): H.KEYS_BACK,
    ("keys", False): H.KEYS_LOST,
    ("policy", None): H.POLICY_PUSHED,
    ("policy", R.POLICY_MISSING): H.POLICY_GONE,
    ("policy", R.POLICY_UNSIGNED): H.POLICY_UNSIGNED,
    ("policy", R.POLICY_ROLLED_BACK): H.POLICY_ROLLED_BACK,
    ("policy", R.POLICY_EXPIRED): H.POLICY_EXPIRED,
    ("policy", R.BLOCKED_BY_ORGANISATION): H.POLICY_BLOCKED,
    ("clock_trusted", True): H.CLOCK_TRUSTED,
    ("clock_trusted", False): H.CLOCK_BACK,
    ("desktop", None): H.DESKTOP_BACK,
    ("desktop", R.DISPLAY_LOST): H.DESKTOP_LOST,
    ("desktop", R.WAYLAND): H.DESKTOP_WAYLAND,
    ("desktop", R.PERMISSION_MISSING): H.PERMISSION_MISSING,
    ("sign_visible", True): H.SIGN_SHOWN,
    ("sign_visible", False): H.SIGN_GONE,
    ("session_active", True): H.SESSION_ACTIVE,
    ("session_active", False): H.SESSION_LOCKED,
    ("spool_room", True): H.SPOOL_ROOM,
    ("spool_room", False): H.SPOOL_FULL,
    ("redaction_works", True): H.REDACTION_WORKS,
    ("redaction_works", False): H.REDACTION_FAILED,
    ("focus", None): H.FOCUS_ALLOWED,
    ("focus", R.APP_NOT_ALLOWED): H.FOCUS_FORBIDDEN,
    ("focus", R.MODALITY_NOT_AGREED): H.FOCUS_NOT_AGREED,
    ("focus", R.FOCUS_UNKNOWN): H.FOCUS_UNKNOWN,
    ("focus", R.SECURE_INPUT): H.FOCUS_SECURE,
    ("focus", R.KEYBOARD_GRABBED): H.FOCUS_GRABBED,
    ("focus", R.PRIVATE_WINDOW): H.FOCUS_PRIVATE,
    ("focus", R.ORIGIN_UNKNOWN): H.FOCUS_ORIGIN_UNKNOWN,
}
"""The happening of the core's table that makes a fact what it is."""


class Answer(Struct):
    """The newest answer in the ledger, as the model knows it. Times are Unix nanoseconds."""

    ended: R | None = R.NO_CONSENT
    scope: Scope = {}
    begin_ns: int = 0
    days: int = 0
    offered: Scope = {}  # what the policy offered then
    study: int = 0  # how often the study had grown wider then


class Life(RuleBasedStateMachine):
    """One daemon and one model of it. Rules stand in the classes that build on this one."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.rig = DaemonRig(Path(self.folder.name), self.patch)
        self.answer = Answer()
        self.newest_ns = 0
        self.off: tuple[int, bool] = (0, True)  # when it was switched last, and whether that was an off
        self.pause_until: int | None = None
        self.has_key = True
        self.policy: R | None = None
        self.offered: Scope = {"mail": ALL, "editor": ALL}
        self.studies = 0
        self.stepped_back = False
        self.front = "none"
        self.active = True
        self.verdicts: list[R | None] = [None] * DETECTORS
        self.later: list[tuple[int, R | None] | None] = [None] * DETECTORS
        self.typed: dict[str, int] = {}
        self.kept: set[str] = set()
        self.pending: set[str] = set()
        self.gone: set[str] = set()
        self.read = self.wipes = 0
        self.model = changed(Facts(), enrolled=True, clock_trusted=True, session_active=True)
        self.last = self.model
        self.last_ns = self.now_ns
        self.step()

    # --- the model ---

    @property
    def now_ns(self) -> int:
        return self.rig.clock.time_ns()

    @property
    def readable(self) -> bool:
        return self.policy not in UNREADABLE

    @property
    def app(self) -> str:
        return self.front.removeprefix("another ")

    @property
    def end_ns(self) -> int:
        """When the consent ends: as given, or earlier if the policy shortens it."""
        return self.answer.begin_ns + min(self.answer.days, self.rig.machine.world.policy.consent_days) * DAY_NS

    def wider(self) -> bool:
        """Whether study or policy take more than what was agreed to."""
        more = any(self.offered[app] - self.answer.offered.get(app, frozenset()) for app in self.offered)
        return more or self.studies > self.answer.study

    def consent(self) -> tuple[R | None, bool]:
        """How consent stands, and whether the clock fits it."""
        if self.answer.ended is not None or not self.readable:
            return self.answer.ended, True
        if self.now_ns >= self.end_ns:
            return R.EXPIRED, True
        if self.wider():
            return R.CONSENT_CHANGED, True
        return None, self.now_ns >= self.answer.begin_ns

    def switch(self) -> R | None:
        if self.off[1]:
            return R.SWITCHED_OFF
        return R.PAUSED if self.pause_until is not None and self.now_ns < self.pause_until else None

    def policy_now(self) -> R | None:
        expired = self.now_ns >= unix_ns(self.rig.machine.world.policy.expires)
        return R.POLICY_EXPIRED if self.policy is None and expired else self.policy

    def modalities(self) -> frozenset[Modality]:
        """G4: what both the person and the policy said of the app in front."""
        none: frozenset[Modality] = frozenset()
        holds = self.consent() == (None, True) and self.policy_now() is None
        return self.answer.scope.get(self.app, none) & self.offered.get(self.app, none) if holds else none

    def focus_reason(self) -> R | None:
        if self.rig.seam.mode != "fine" or self.front in ("none", "unknown"):
            return R.FOCUS_UNKNOWN
        if self.app not in self.offered:
            return R.APP_NOT_ALLOWED
        if not self.modalities():
            return R.MODALITY_NOT_AGREED
        return next((v for v in self.verdicts if v is not None), None)

    def settles(self) -> None:
        """The daemon, or a program with the key, writes down what ended a consent."""
        if self.answer.ended is not None or not self.has_key:
            return
        at_ns, off = self.off
        if off and at_ns >= self.answer.begin_ns:
            self._ends(R.WITHDRAWN, min(at_ns, self.now_ns))
        elif self.readable and self.now_ns >= self.end_ns:
            self._ends(R.EXPIRED, min(self.answer.begin_ns + self.answer.days * DAY_NS, self.now_ns))
        elif self.readable and self.wider() and self.now_ns >= self.newest_ns:
            self._ends(R.CONSENT_CHANGED, self.now_ns)

    def withdraws(self) -> None:
        """The person's own withdrawal, which waits for nothing."""
        if self.answer.ended is None and self.has_key:
            self._ends(R.WITHDRAWN, self.now_ns)

    def switched(self, *, off: bool) -> None:
        self.off, self.pause_until = (self.now_ns, off), None

    def _ends(self, reason: R, at_ns: int) -> None:
        self.answer.ended = reason
        self.newest_ns = max(self.newest_ns, at_ns)

    # --- how the two are compared ---

    def step(self) -> None:
        """The daemon goes round, and both must say the same."""
        self._time_passed()
        self.rig.nudge()
        self._read_batches()
        self._play(self._facts())
        assert self.rig.warden.facts == self.seen(), (self.seen(), self.rig.warden.facts)
        self._compare_effects()
        self._compare_gate()

    def restart(self) -> None:
        """A crash, and a daemon that starts after it."""
        self.rig.crash()
        self._read_batches()
        self.gone |= self.pending
        self.pending.clear()
        self.model = after(self.model, H.STARTED)
        assert not {getattr(self.model, fact) for fact in LIVE} & {None, True}
        self.rig.start()
        self.settles()
        self.wipes = self.rig.log.wipes
        self._play(self._facts())
        self.last = self.seen()
        self.step()

    def seen(self) -> Facts:
        """The model's facts as far as a daemon can know them: it does not look while that could change nothing."""
        here = changed(self.model, session_active=True)
        facts = self.model if watches_focus(changed(here, desktop=None)) else here
        if watches_focus(changed(facts, desktop=None)):
            return facts
        known = self.rig.warden.facts
        return changed(facts, desktop=known.desktop, focus=known.focus)

    def news(self, since_ns: int) -> None:
        """A detector spoke late: what was typed since that moment is in no batch and comes into none."""
        bad = {word for word, at_ns in self.typed.items() if at_ns >= since_ns}
        assert not bad & self.kept, "it left before news could come"
        self.gone |= bad
        self.pending.clear()  # what was typed before may be kept, or go with a text that tells of both

    def _time_passed(self) -> None:
        """What the daemon does by itself as time passes."""
        policy_ns = unix_ns(self.rig.machine.world.policy.expires) if self.readable else 0
        due = (policy_ns, self.pause_until or 0, self.end_ns if self.answer.ended is None else 0)
        if any(self.last_ns < at_ns <= self.now_ns for at_ns in due):
            self.settles()
        self.last_ns = self.now_ns
        for index, later in enumerate(self.later):
            if later is not None and self.rig.clock.monotonic_ns() >= later[0]:
                self.verdicts[index], self.later[index] = later[1], None

    def _facts(self) -> dict[str, object]:
        """All facts, from the model's own documents and from what was done."""
        consent, trusted = self.consent()
        session = self.rig.warden.session
        assert session is not None or not (self.readable and self.has_key)
        return {
            "consent": consent,
            "clock_trusted": trusted,
            "switch": self.switch(),
            "keys": self.has_key,
            "policy": self.policy_now(),
            "desktop": DESKTOP[self.rig.seam.mode],
            "sign_visible": self.rig.seam.sign.shown,
            "session_active": self.active,
            "spool_room": session is not None and session.spool_room(),
            "redaction_works": session is not None and session.redaction_works,
            "focus": self.focus_reason(),
        }

    def _play(self, facts: dict[str, object]) -> None:
        """Whatever became of a fact, the table has a happening that makes just that of it."""
        for fact, value in facts.items():
            if getattr(self.model, fact) != value:
                self.model = after(self.model, TOLD[fact, value])
                assert getattr(self.model, fact) == value, (fact, value)

    def _compare_gate(self) -> None:
        """Gate, hooks, connections and detectors are what the facts call for, and nothing is left behind."""
        warden, seen, native = self.rig.warden, self.seen(), self.rig.native
        is_open = may_capture(seen)
        assert (warden.gate is not None) is is_open, (seen, warden.facts)
        assert warden.desk.hooked() == (self.modalities() & HOOKABLE if is_open else frozenset())
        if warden.gate is not None:
            assert warden.gate.modalities == self.modalities()
            assert warden.gate.window == WINDOWS[self.front]
        assert all(made.closed or made is native for made in self.rig.seam.made)
        assert native is None or watches_focus(warden.facts)
        allowed = native is not None and self.app in self.offered and bool(self.modalities())
        for detector in self.rig.detectors:
            assert detector.window == (WINDOWS[self.front] if allowed else None)

    def _compare_effects(self) -> None:
        seen = self.seen()
        was, todo, self.last = state(self.last), effects(self.last, seen), seen
        wiped, self.wipes = self.rig.log.wipes > self.wipes, self.rig.log.wipes
        session = self.rig.warden.session
        if session is not None:
            assert Effect.WIPE in todo or not wiped, (todo, seen)
            assert wiped or Effect.WIPE not in todo or was is State.OFF, (todo, seen)
        if Effect.WIPE in todo:
            assert session is None or session.pipeline.held == 0
            self.gone |= self.pending
            self.pending.clear()

    def _read_batches(self, held_ns: int = HOLD_NS) -> None:
        """What left the pipeline has waited long enough, and holds nothing that was wiped, lost or never captured."""
        batches = self.rig.log.batches[self.read :]
        self.read = len(self.rig.log.batches)
        for text in (text for batch in batches for text in texts_of(batch)):
            for word in self.typed:
                if word in text:
                    assert word not in self.gone
                    assert self.rig.clock.monotonic_ns() - self.typed[word] >= held_ns
                    self.kept.add(word)
        self.pending -= self.kept

    def teardown(self) -> None:
        """An orderly end keeps what was agreed to, and no word lies on the disk unsealed."""
        try:
            self.rig.end()
            self._read_batches(held_ns=0)
            assert not self.pending
            disk = self.rig.on_disk()
            for number in range(1, self.rig.words + 1):
                assert word_of(number).encode() not in disk
        finally:
            self.patch.undo()
            self.folder.cleanup()

    def type_word(self, lasts_ms: int) -> None:
        """Type a word, and note what must become of it."""
        at_ns = self.rig.clock.monotonic_ns()
        captured = may_capture(self.seen()) and Modality.KEYBOARD in self.modalities()
        word = self.rig.type_word(lasts_ms)
        self.typed[word] = at_ns
        (self.pending if captured else self.gone).add(word)

    def moment(self) -> None:
        """People do one thing after another."""
        self.rig.clock.advance(MS_NS)
