"""The window in front, judged: by policy and consent, by the page that it shows, and by what looks into it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from agent.core.gate import judge_focus, titled
from agent.core.observe import WindowInfo
from agent.core.scope import packages, shows_sites
from agent.daemon.detectors import Detector
from agent.daemon.sites import NoSites, SiteSource
from agent.native.packages import Packages
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import Scope
from schemas.status import ClosedReason

Owning = Callable[[str, Collection[str]], frozenset[str]]


@dataclass(frozen=True)
class View:
    """What was found of the window in front."""

    reason: ClosedReason | None  # why it may not be captured; None: nothing speaks against it
    window: WindowInfo | None
    rule: AppRule | None
    modalities: frozenset[Modality]


class Front:
    """Judges, and has detectors and browsers asked only about what may be captured at all. For one thread.

    Args:
        detectors: of the daemon.
        owning: tells which of some packages a program came with.
    """

    def __init__(self, detectors: Sequence[Detector], owning: Owning | None = None) -> None:
        self._detectors = detectors
        self._owning = owning or Packages().owning
        self.sites: SiteSource = NoSites()
        """Knows what a browser's window shows."""

    def judge(self, window: WindowInfo | None, policy: Policy, effective: Scope, *, grabbed: bool) -> View:
        """Whether the window in front may be captured, as which app, and what of it.

        Args:
            window: the window; ``None`` where that cannot be told.
            policy: what may be captured at most.
            effective: what may be captured.
            grabbed: another program has the keyboard for itself, which is why it cannot be told.
        """
        browser = window if window is not None and shows_sites(policy, window.executable) else None
        named = packages(policy)
        program = window.executable if window is not None else None
        owners = self._owning(program, named) if program is not None and named else ()
        reason, rule, modalities = judge_focus(window, policy, effective, self.sites.look(browser), owners)
        if window is None and grabbed:
            reason = ClosedReason.KEYBOARD_GRABBED
        window = titled(window, rule)
        self.attend(window if reason is None else None, rule)
        return View(reason or self.verdict(), window, rule, modalities)

    def leave(self) -> None:
        """Nobody knows what is in front: look into nothing."""
        self.attend(None, None)
        self.sites.look(None)

    def attend(self, window: WindowInfo | None, rule: AppRule | None) -> None:
        """Have the detectors look into this window; ``None``: into none."""
        for detector in self._detectors:
            detector.attend(window, rule if window else None)

    def verdict(self) -> ClosedReason | None:
        """The first thing that a detector holds against the window in front."""
        return next((why for detector in self._detectors if (why := detector.verdict()) is not None), None)

    def deadline_ns(self) -> int | None:
        """When (monotonic) :meth:`verdict` may become another by time alone; ``None`` for never."""
        return min((due for each in self._detectors if (due := each.deadline_ns()) is not None), default=None)

    def open_since_ns(self) -> int | None:
        """Since when (monotonic) a detector or a browser has still to say what it makes of the window, if one has."""
        earliest = self.sites.open_since_ns()
        for each in self._detectors:
            since_ns = each.open_since_ns()
            if since_ns is not None and (earliest is None or since_ns < earliest):
                earliest = since_ns
        return earliest
