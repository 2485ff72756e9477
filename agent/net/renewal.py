"""Fetches the organisation's newer study and policy, and keeps them if they may follow those that are here.

Refused are: what the pinned key did not sign; an older version, or another document of the same one (rollback); a
policy that names another manifest than comes with it (mix and match). A collector that goes on offering what is old can
do so until the policy's own end (freeze). Whatever is refused, what is here stays.
"""

from collections.abc import Callable

from agent.core.ceremony import Asked, Ledger, latest
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import Enrolment, load_enrolment, save_enrolment
from agent.disk.places import Places
from agent.disk.versions import Versions
from agent.net.collector import Collector
from schemas.base import SchemaError
from schemas.consent import read_ledger


class ChangedMeanwhileError(SchemaError):
    """Another program enrolled this machine anew while the collector was asked."""

    remedy = "Try again."


def renew(
    places: Places, enrolment: Enrolment, entropy: Callable[[int], bytes], now_s: Callable[[], float]
) -> tuple[Enrolment, Asked]:
    """Ask the collector, and keep what is newer. The request carries no signature: it tells nobody who asks.

    Raises:
        Unreachable, Refused: the collector gives no study.
        SchemaError: what it gives may not follow what is here.
        OSError: the disk refused.
    """
    collector = Collector(enrolment.collector, None, now_s=now_s, entropy=entropy)
    try:
        reply = collector.study()
    finally:
        collector.close()
    if (reply.manifest, reply.policy) == (enrolment.manifest, enrolment.policy):
        asked = enrolment.asked()
        Versions(places.versions).note(asked, enrolment.organisation_key)
        return enrolment, asked  # the documents before them stay: an open ceremony may still show those
    newer = enrolment.succeeded(reply.manifest, reply.policy, cited(places, enrolment))
    asked = newer.asked()
    if load_enrolment(places.enrolment) != enrolment:
        raise ChangedMeanwhileError("this machine was enrolled anew meanwhile")
    save_enrolment(places.enrolment, newer)
    Versions(places.versions).note(asked, newer.organisation_key)
    return newer, asked


def cited(places: Places, enrolment: Enrolment) -> frozenset[str]:
    """The documents that the consent in force was given to, or that the newest one was if a change ended it."""
    last = latest(ledger_of(places, enrolment))
    return frozenset({last.overt.manifest, last.overt.policy}) if last is not None else frozenset()


def ledger_of(places: Places, enrolment: Enrolment) -> Ledger:
    """The person's consents; none where they cannot be read."""
    try:
        return read_ledger(ConsentStore(places.consents).entries(), enrolment.public_key)
    except (SchemaError, OSError):
        return ()
