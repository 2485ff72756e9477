"""What the disk says of capture: enrolment, policy, consent, switch, keys. Read anew whenever any may have changed."""

import logging
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.core.ceremony import NOTHING as NOTHING  # noqa: PLC0414  # of what a reading comes to
from agent.core.ceremony import Agreement, Asked, Occasion, answer, end, ends_ns, lapse, latest, standing
from agent.core.scope import narrow, offered
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import Enrolment, load_enrolment
from agent.disk.keys import DEVICE_KEY, Keys
from agent.disk.limits import Managed, read_limits, stamps
from agent.disk.places import Places
from agent.disk.switch import Position, Switch, Switched
from agent.disk.versions import Versions
from schemas.base import SchemaError
from schemas.consent import ConsentRecord, read_ledger
from schemas.scope import Scope
from schemas.signed import SignatureError, sign
from schemas.status import ClosedReason
from schemas.times import unix_ns

_log = logging.getLogger(__name__)

_SWITCH_REASON = {Position.OFF: ClosedReason.SWITCHED_OFF, Position.PAUSED: ClosedReason.PAUSED, Position.ON: None}


@dataclass(frozen=True)
class Standing:
    """A reading of the disk. Times are Unix nanoseconds."""

    enrolment: Enrolment | None
    asked: Asked | None
    policy_error: ClosedReason | None
    ledger: tuple[tuple[str, ConsentRecord], ...]
    switched: Switched
    key: Ed25519PrivateKey | None
    managed: Managed

    def consent(self, now_ns: int) -> tuple[ClosedReason | None, Agreement | None]:
        """How consent stands. Where the study cannot be read, the person's own answer; it allows nothing then."""
        if self.asked is None:
            return answer(self.ledger), None
        return standing(self.asked, self.ledger, now_ns)

    def policy(self, now_ns: int) -> ClosedReason | None:
        """How the policy stands; ``None`` if it is in force."""
        if self.asked is None:
            return self.policy_error or ClosedReason.POLICY_MISSING
        if self.asked.policy.blocked:
            return ClosedReason.BLOCKED_BY_ORGANISATION
        if self.managed.problem is not None:
            return self.managed.problem.reason
        return ClosedReason.POLICY_EXPIRED if now_ns >= unix_ns(self.asked.policy.expires) else None

    @property
    def purges(self) -> bool:
        """Whether the organisation wants what is still held to be deleted."""
        return self.asked is not None and self.asked.policy.blocked and self.asked.policy.purge is True

    def effective(self, now_ns: int) -> Scope:
        """``policy ∩ consent``; empty where either does not hold."""
        _, interval = self.consent(now_ns)
        if self.asked is None or interval is None or self.policy(now_ns) is not None:
            return NOTHING
        return narrow(interval.scope, offered(self.asked.policy, self.asked.manifest.modalities))

    def facts(self, now_ns: int) -> dict[str, object]:
        """The facts that the disk decides."""
        consent, _ = self.consent(now_ns)
        untrusted = consent is ClosedReason.CLOCK_UNTRUSTED
        return {
            "enrolled": self.enrolment is not None,
            "consent": None if untrusted else consent,
            "clock_trusted": not untrusted,
            "switch": _SWITCH_REASON[self.switched.now(now_ns)],
            "policy": self.policy(now_ns),
            "keys": self.key is not None,
        }

    def changes_at_ns(self, now_ns: int) -> int | None:
        """The next time at which any of this changes by itself."""
        times = [
            ends_ns(self.asked, self.ledger) if self.asked else None,  # also while the clock stands before its begin
            unix_ns(self.asked.policy.expires) if self.asked else None,
            self.switched.until_ns,
        ]
        return min((t for t in times if t is not None and t > now_ns), default=None)


def read_standing(places: Places, keys: Keys) -> Standing:
    """Read the disk. Whatever is damaged or not signed closes the gate; nothing here raises for it."""
    enrolment, asked, error = _enrolled(places)
    if asked is not None and enrolment is not None:
        managed = read_limits(places, asked, enrolment.organisation_key)
    else:
        managed = Managed(stamps=stamps(places))  # nothing to narrow, and no key to verify with
    return Standing(
        enrolment=enrolment,
        asked=managed.over(asked) if asked else None,
        policy_error=error,
        ledger=_ledger(places, enrolment),
        switched=Switch(places.switch).read(),
        key=device_key(keys, enrolment),
        managed=managed,
    )


def device_key(keys: Keys, enrolment: Enrolment | None) -> Ed25519PrivateKey | None:
    """The device's signing key, if it can be had and is the one that was registered."""
    if enrolment is None:
        return None
    try:
        seed = keys.get(DEVICE_KEY)
        key = Ed25519PrivateKey.from_private_bytes(seed) if seed else None
        registered = enrolment.public_key
    except (OSError, SchemaError, ValueError):
        return None
    return key if key and key.public_key().public_bytes_raw() == registered else None


def settle_withdrawal(places: Places, found: Standing, now_ns: int) -> bool:
    """Write the end of a consent that ended while nobody with the key was there to write it. True if the ledger grew.

    That is an off without the key, the passing of time, or a study that grew wider. The end itself was in force at
    once; this only makes the ledger say so. Where the disk refuses, the next start or the
    next off tries again.
    """
    record = _withdrawal(found, now_ns)
    if record is None and found.asked is not None:
        record = lapse(found.asked, found.ledger, now_ns)
    if record is None or found.key is None:
        return False
    try:
        ConsentStore(places.consents).append(sign(record, found.key))
    except FileExistsError:
        return True  # another program wrote it first
    except OSError as error:
        _log.warning("the ledger cannot be written yet: %s", error.strerror)
        return False
    return True


def _withdrawal(found: Standing, now_ns: int) -> ConsentRecord | None:
    last = latest(found.ledger)
    if found.switched.position is not Position.OFF or last is None:
        return None
    at_ns = found.switched.at_ns
    if at_ns < unix_ns(last.latest.event_time):
        return None  # an off from before that consent: the person agreed again and the switch was not set yet
    newest_ns = unix_ns(found.ledger[-1][1].latest.event_time)  # a notice may have been shown since
    return end(found.ledger, Occasion(now_ns=max(min(at_ns, now_ns), newest_ns), record_id="", method="switch"))


def _enrolled(places: Places) -> tuple[Enrolment | None, Asked | None, ClosedReason | None]:
    try:
        enrolment = load_enrolment(places.enrolment)
    except (SchemaError, OSError) as error:
        _log.warning("enrolment: %s", _why(error))
        return None, None, ClosedReason.POLICY_MISSING
    if enrolment is None:
        return None, None, ClosedReason.POLICY_MISSING
    try:
        asked = enrolment.asked()
    except SignatureError:
        return enrolment, None, ClosedReason.POLICY_UNSIGNED
    except SchemaError as error:
        _log.warning("enrolment: %s", error)
        return enrolment, None, ClosedReason.POLICY_MISSING
    if Versions(places.versions).rolled_back(asked, enrolment.organisation_key):
        return enrolment, None, ClosedReason.POLICY_ROLLED_BACK
    return enrolment, asked, None


def _ledger(places: Places, enrolment: Enrolment | None) -> tuple[tuple[str, ConsentRecord], ...]:
    if enrolment is None:
        return ()
    try:
        return tuple(read_ledger(ConsentStore(places.consents).entries(), enrolment.public_key))
    except (SchemaError, OSError) as error:
        _log.warning("ledger: %s", _why(error))
        return ()


def _why(error: SchemaError | OSError) -> str | None:
    return error.strerror if isinstance(error, OSError) else str(error)
