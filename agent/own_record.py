"""What the collector keeps about this person, checked from their own machine: ``overt verify-log`` and ``overt page``.

The log's newest checkpoint that was checked is remembered in the state folder. The next one must contain it: a
collector that rewrote its log is found out here. Changes nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from agent.disk.consent_store import ConsentStore
from agent.disk.durable import write_over
from agent.disk.enrolment import Enrolment, load_enrolment
from agent.disk.keys import DEVICE_KEY, Keys
from agent.disk.places import Places
from agent.errors import LogBrokenError, NoStudyError, UnreachableError
from agent.net.collector import Collector, Refused, Unreachable
from schemas.access import pull_digest
from schemas.base import SchemaError, unbase64url
from schemas.checkpoint import Checkpoint, origin_of, read_checkpoint
from schemas.log import LogKind, Opening
from schemas.log_check import LogView
from schemas.merkle import ProofError

Entropy = Callable[[int], bytes]


class LogFound(Struct, frozen=True):
    """What was checked."""

    size: int  # entries of the log
    root: str  # hexadecimal
    before: int  # entries when this machine last looked; 0 the first time
    proved: int  # entries about this person, and the study's own, that were proved to be in it
    waiting: int  # entries that have no place yet
    pulls: int  # readings of this person's batches, each with its entry
    missing: tuple[str, ...]  # in words: what should have an entry and has none


def verify_log(places: Places, keys: Keys, entropy: Entropy, now_s: Callable[[], float]) -> LogFound:
    """Check that the log was only added to, and that what concerns this person is in it.

    Raises:
        NoStudyError, UnreachableError: as their names say.
        LogBrokenError: rewritten or forked, or an entry is not where it should be.
    """
    enrolment = _enrolled(places)
    key, origin = unbase64url(enrolment.collector_key), origin_of(enrolment.registered().study)
    with _asking(enrolment, keys, entropy, now_s) as collector:
        try:
            note = collector.log_file("checkpoint")
            view = LogView(collector.log_file, read_checkpoint(note, origin, key))
            before = _seen(places, origin, key)
            if before is not None:
                view.follows(before)
            mine = list(collector.openings("openings"))
            openings = [*mine, *collector.openings("openings/public")]
            proved = view.prove_all(openings)
            pulls = {pull_digest(row.pull) for row in collector.pulls()}
        except SchemaError as error:
            raise LogBrokenError(str(error)) from None
    write_over(places.log_seen, note)
    return LogFound(
        size=view.checkpoint.size,
        root=view.checkpoint.root.hex(),
        before=before.size if before else 0,
        proved=len(proved.placed),
        waiting=len(proved.waiting),
        pulls=len(pulls),
        missing=tuple(_missing(enrolment, places, openings, pulls)),
    )


def page_link(places: Places, keys: Keys, entropy: Entropy, now_s: Callable[[], float]) -> str:
    """A link to this person's own page at the collector. It works once, for a few minutes.

    Raises:
        NoStudyError, UnreachableError: as their names say.
    """
    enrolment = _enrolled(places)
    with _asking(enrolment, keys, entropy, now_s) as collector:
        return enrolment.collector.rstrip("/") + collector.page_path()


def lift_wish(places: Places, keys: Keys, entropy: Entropy, now_s: Callable[[], float]) -> None:
    """Take back what was asked for on the page.

    Raises:
        NoStudyError, UnreachableError: as their names say.
    """
    with _asking(_enrolled(places), keys, entropy, now_s) as collector:
        collector.lift_wish()


@contextmanager
def _asking(enrolment: Enrolment, keys: Keys, entropy: Entropy, now_s: Callable[[], float]) -> Iterator[Collector]:
    seed = keys.get(DEVICE_KEY)
    if seed is None:
        raise UnreachableError("this machine's key is not at hand, so nothing can be asked in your name")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    collector = Collector(enrolment.collector, key, now_s=now_s, entropy=entropy)
    try:
        yield collector
    except Unreachable as error:
        raise UnreachableError(f"the collector at {enrolment.collector} cannot be reached ({error})") from None
    except Refused as error:
        raise UnreachableError(error.refusal.detail, error.refusal.remedy) from None
    finally:
        collector.close()


def _enrolled(places: Places) -> Enrolment:
    try:
        found = load_enrolment(places.enrolment)
    except SchemaError:
        found = None
    if found is None:
        raise NoStudyError("this machine takes part in no study")
    return found


def _seen(places: Places, origin: str, key: bytes) -> Checkpoint | None:
    """What was remembered. Of another study, nothing was."""
    if not places.log_seen.exists():
        return None
    note = places.log_seen.read_bytes()
    if not note.startswith(origin.encode() + b"\n"):
        return None
    try:
        return read_checkpoint(note, origin, key)
    except SchemaError:
        raise ProofError("what this machine remembers of the log is damaged, or is signed by another key") from None


def _missing(enrolment: Enrolment, places: Places, openings: list[Opening], pulls: set[str]) -> Iterator[str]:
    """What should have an entry and has none, and the other way round."""
    known = {(opening.kind, opening.subject) for opening in openings}
    if (LogKind.MANIFEST, enrolment.manifest.digest) not in known:
        yield "the study's notice, as this machine has it, is not in the log"
    if (LogKind.POLICY, enrolment.policy.digest) not in known:
        yield "the study's policy, as this machine has it, is not in the log"
    handed_in = {subject for kind, subject in known if kind is LogKind.CONSENT}
    own = {entry.digest for entry in ConsentStore(places.consents).entries()}
    if handed_in - own:
        yield "the log has an answer of yours that this machine does not know"
    read = {subject for kind, subject in known if kind is LogKind.PULL}
    if pulls - read:
        yield "you are shown readings that are not in the log"
    if read - pulls:
        yield "the log has readings of your batches that you are not shown"
