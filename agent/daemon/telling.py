"""What the daemon tells the person's programs: where it stands, what the badge is to show, and when that is news."""

from collections.abc import Callable
from operator import is_
from typing import Any

from agent.core.lifecycle import Facts, closed_by
from agent.daemon.describe import describe
from agent.daemon.pace import Pace
from agent.daemon.sign import Sign
from agent.daemon.warden import Warden
from agent.disk.keys import Keys
from agent.net.control import reply
from schemas.status import ClosedReason, Status


class Teller:
    """Answers of the control socket, and events for those who listen there.

    Args:
        warden: knows the facts and the gate.
        sign: knows what the badge is to show.
        pace: how often a lease is wanted.
        keys: where the person's keys lie.
        tell: says an event to every listener.
    """

    def __init__(
        self, warden: Warden, sign: Sign, pace: Pace, keys: Keys, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self._warden = warden
        self._sign = sign
        self._pace = pace
        self._keys = keys
        self._tell = tell
        self._told: dict[str, Any] | None = None
        self._told_badge: dict[str, Any] | None = None
        self._glance: tuple[object, ...] | None = None  # what was last looked at, to be the very same objects
        self._reasons: tuple[Facts, list[ClosedReason]] | None = None

    def status(self) -> Status:
        """Where the daemon stands."""
        warden = self._warden
        return describe(
            warden.facts, warden.found, warden.session, warden.gate, keys=self._keys, hooked=warden.desk.hooked()
        )

    def answer(self, *, badge: bool) -> dict[str, Any]:
        """The status as an answer; with what the badge is to show, where that was asked for."""
        return reply(self.status(), self._pace.renew_ms(), self._badge() if badge else None)

    def renewed(self) -> dict[str, Any]:
        """The answer to a lease that was renewed: the client knows the status, and is told when it changes."""
        return reply(None, self._pace.renew_ms(), self._badge())

    def broadcast(self) -> None:
        """Tell the indicator when what it shows has changed; counts alone are no news."""
        warden = self._warden
        renew_ms = self._pace.renew_ms()
        reached = warden.session.shipper.reached if warden.session else None
        glance = warden.facts, warden.gate, renew_ms, reached, self._sign.nonce if renew_ms is not None else None
        if self._glance is not None and all(map(is_, glance, self._glance)):
            return  # several dozen times a second
        self._glance = glance
        shown = {
            "facts": self._closed(warden.facts),
            "app": warden.gate.app.id if warden.gate else None,
            "renew": renew_ms,
            "reached": reached,
        }
        badge = self._badge()
        if shown != self._told:
            self._tell(reply(self.status(), renew_ms, badge, event=True))
        elif badge != self._told_badge:
            self._tell(reply(None, renew_ms, badge, event=True))
        self._told, self._told_badge = shown, badge

    def _closed(self, facts: Facts) -> list[ClosedReason]:
        """The reasons that close the gate, worked out once for each change of the facts, and not in every turn."""
        if self._reasons is None or self._reasons[0] is not facts:
            self._reasons = facts, closed_by(facts)
        return self._reasons[1]

    def _badge(self) -> dict[str, Any] | None:
        """What the badge is to show, while a lease is wanted."""
        gate = self._warden.gate
        return self._sign.asked(gate.window.rect if gate else None) if self._pace.renew_ms() is not None else None
