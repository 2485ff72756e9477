"""What a person decided becomes a fact on disk: switch, signed ledger entry, and a word to the daemon.

An off or a withdrawal stops first: the switch is written before anything else is tried, and needs no daemon, network
or key. A yes is kept before the switch is turned on, so that no switch is ever on without its consent.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from agent.ceremony.errors import ClockError, NotEnrolledError, NothingOfferedError, NotKeptError
from agent.ceremony.halt import switch_off, tell_daemon
from agent.ceremony.sheet import askable_apps
from agent.core.ceremony import (
    Answers,
    Asked,
    Ledger,
    Occasion,
    defer,
    end,
    grant,
    latest,
    refuse,
    request,
)
from agent.core.difference import Difference
from agent.daemon.standing import read_standing, settle_withdrawal
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import load_enrolment
from agent.disk.keys import DEVICE_KEY, Keys, open_keys
from agent.disk.limits import read_limits
from agent.disk.places import Places
from agent.disk.switch import Position, Switch, Switched
from agent.disk.versions import Versions
from agent.native.choose import put_accessibility_back
from schemas.base import SchemaError, unbase64url
from schemas.consent import ConsentRecord, ConsentState, read_ledger
from schemas.signed import sign
from schemas.times import unix_ns


class Seen(Struct, frozen=True):
    """When a person was shown the notice and answered (Unix, nanoseconds)."""

    now_ns: int
    read_ns: int | None = None  # when its end was reached; absent if it was not


ATTEMPTS = 3
"""Tries to append to the ledger: another of the person's own programs may append at the same moment."""

Write = Callable[[Ledger], ConsentRecord | None]
"""Makes an entry that follows a ledger; ``None`` if there is nothing to add."""


def what_to_ask(places: Places) -> Asked:
    """The study and policy that a person would be asked about now.

    Raises:
        NotEnrolledError: there is none, or what is there is damaged.
        NothingOfferedError: nothing in it may be asked for.
    """
    try:
        enrolment = load_enrolment(places.enrolment)
        asked = enrolment.asked() if enrolment else None
    except (SchemaError, OSError) as error:
        raise NotEnrolledError(f"the enrolment on this machine cannot be used: {error}") from None
    if enrolment is None or asked is None:
        raise NotEnrolledError("this machine takes part in no study")
    if Versions(places.versions).rolled_back(asked, enrolment.organisation_key):
        raise NotEnrolledError("the study or policy here is older than one that was here before")
    asked = read_limits(places, asked, enrolment.organisation_key).over(asked)
    if not askable_apps(asked):
        raise NothingOfferedError("the study's policy lists no app in which anything may be captured")
    return asked


def what_changed(places: Places, asked: Asked) -> Difference:
    """What changed since the newest consent that is in force or that the change itself ended; nothing if there is none.

    Read without the key: the ledger's own word names it.
    """
    try:
        ledger = read_ledger(ConsentStore(places.consents).entries(), unbase64url(asked.registration.public_key))
    except (SchemaError, OSError):
        return Difference()
    last = latest(ledger)
    if last is None or not (last.valid or last.latest.event_state is ConsentState.INVALIDATED):
        return Difference()
    return asked.since(last)


def say_yes(places: Places, asked: Asked, answers: Answers, seen: Seen, method: str) -> None:
    """Keep that the notice was shown, then a yes to exactly what was ticked; then turn the switch on, tell the daemon.

    Args:
        places: where this person's agent lies.
        asked: what was shown.
        answers: what was ticked.
        seen: when the notice was shown and the answer given.
        method: how it was indicated: ``window`` or ``terminal``.

    Raises:
        CeremonyError: it could not be kept. The switch is as it was.
        ValueError: nothing was ticked.
    """
    if not answers.scope(asked.policy).apps:
        raise ValueError("a yes to nothing is a no")
    settle(places, seen.now_ns)
    _note(places, asked, answers.language, seen, method)
    occasion = _occasion(seen.now_ns, method)
    _append(places, seen.now_ns, lambda ledger: grant(asked, ledger, answers, occasion))
    try:
        Switch(places.switch).write(Switched(position=Position.ON, at_ns=seen.now_ns))
    except OSError:
        raise NotKeptError("the switch could not be turned on") from None
    tell_daemon(places, "reload")


def say_no(places: Places, asked: Asked, language: str, seen: Seen, method: str) -> None:
    """Turn the switch off, then keep that the notice was shown, and the no. Parameters as for :func:`say_yes`.

    Raises:
        CeremonyError: the no could not be kept. The switch is off.
    """
    switch_off(places, seen.now_ns)
    _note(places, asked, language, seen, method)
    occasion = _occasion(seen.now_ns, method)
    _append(places, seen.now_ns, lambda ledger: refuse(asked, ledger, language, occasion))
    tell_daemon(places, "reload")
    put_accessibility_back(places.accessibility, os.environ, time)


def put_off(places: Places, asked: Asked, language: str, seen: Seen, method: str) -> None:
    """Keep that the notice was shown and that the person decides later. Capture goes on as it was.

    Raises:
        CeremonyError: it could not be kept.
    """
    settle(places, seen.now_ns)
    _note(places, asked, language, seen, method)
    occasion = _occasion(seen.now_ns, method)
    _append(places, seen.now_ns, lambda ledger: defer(asked, ledger, language, occasion))
    tell_daemon(places, "reload")


def settle(places: Places, now_ns: int) -> None:
    """Write what an off, the passing of time or a wider study has ended, if the key is at hand and nobody has yet."""
    with suppress(OSError, SchemaError):
        settle_withdrawal(places, read_standing(places, open_keys(places)), now_ns)


def _note(places: Places, asked: Asked, language: str, seen: Seen, method: str) -> None:
    """The notice's own entry, apart from any answer."""
    at_ns = min(seen.read_ns or seen.now_ns, seen.now_ns)

    def write(ledger: Ledger) -> ConsentRecord:
        shown = _occasion(max(at_ns, _newest_ns(ledger)), method)
        return request(asked, ledger, language, shown, read=seen.read_ns is not None)

    _append(places, seen.now_ns, write)


def withdraw(places: Places, now_ns: int, method: str) -> bool:
    """Stop, durably, then add the withdrawal to the ledger as well as can be.

    Returns:
        True if the ledger says so too (or no consent was in force). Capture has stopped either way.
    """
    switch_off(places, now_ns)
    noted = note_withdrawal(places, now_ns, method)
    put_accessibility_back(places.accessibility, os.environ, time)
    return noted


def note_withdrawal(places: Places, now_ns: int, method: str) -> bool:
    """Add a withdrawal to the ledger once the switch is off. Returns as :func:`withdraw`."""
    try:
        _append(places, now_ns, lambda ledger: end(ledger, _not_before(ledger, now_ns, method)), stopping=True)
    except (NotKeptError, NotEnrolledError):
        return False
    tell_daemon(places, "reload")
    return True


def _occasion(now_ns: int, method: str) -> Occasion:
    return Occasion(now_ns=now_ns, record_id=uuid4().urn, method=method)


def _not_before(ledger: Ledger, now_ns: int, method: str) -> Occasion:
    """An ending is kept even where the clock was set back: at the latest time that the ledger knows."""
    return _occasion(max(now_ns, _newest_ns(ledger)), method)


def _newest_ns(ledger: Ledger) -> int:
    return unix_ns(ledger[-1][1].latest.event_time) if ledger else 0


def _append(places: Places, now_ns: int, write: Write, *, stopping: bool = False) -> None:
    """Sign what ``write`` makes of the ledger, and append it durably."""
    store = ConsentStore(places.consents)
    try:
        places.make()
        key = _device_key(open_keys(places))
        for _ in range(ATTEMPTS):
            ledger = read_ledger(store.entries(), key.public_key().public_bytes_raw())
            if not stopping and now_ns < _newest_ns(ledger):
                raise ClockError("the clock stands before your last answer")
            record = write(ledger)
            if record is None:
                return
            with suppress(FileExistsError):
                store.append(sign(record, key))
                return
    except (OSError, SchemaError) as error:
        raise NotKeptError(f"your answer could not be kept: {type(error).__name__}") from None
    raise NotKeptError("your answer could not be kept: another program writes at the same time")


def _device_key(keys: Keys) -> Ed25519PrivateKey:
    seed = keys.get(DEVICE_KEY)
    if seed is None:
        raise NotEnrolledError("this machine has no device key")
    return Ed25519PrivateKey.from_private_bytes(seed)
