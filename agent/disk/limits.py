"""Further limits on this machine: IT's file, and the person's own. Whatever cannot be believed closes the gate.

IT's file holds either plain limits (:class:`schemas.limits.Limits`), which are believed because only an administrator
can have put them there, or a policy as ``overt-admin policy sign`` writes it, which must be signed by the organisation
that was pinned when enrolling, be for this study, and be no older than the policy that is here.
"""

import json
import plistlib
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from msgspec import Struct, structs
from pydantic import ValidationError

from agent.core.ceremony import Asked
from agent.core.limits import Sourced, restrict
from agent.disk.guarded import GuardedError, Stamp, read_guarded, stamp
from agent.disk.places import Places
from agent.disk.registry import MACHINE_KEY, machine_stamp, machine_table
from schemas.base import SchemaError, unbase64url
from schemas.limits import Limits, limits_of, meet_all
from schemas.policy import Policy
from schemas.policy_keys import Source
from schemas.signed import SignatureError, fingerprint, parse_body, parse_signed, verify
from schemas.status import ClosedReason

SIGNED_KEY = "payloadType"
"""A file with this key is a signed document."""


class Problem(Struct, frozen=True):
    """A file that is not believed, and why: in words for people, and as the reason that closes the gate."""

    reason: ClosedReason
    words: str


class Managed(Struct, frozen=True):
    """What the files say."""

    sources: tuple[Sourced, ...] = ()
    problem: Problem | None = None
    stamps: tuple[Stamp, ...] = ()

    def over(self, asked: Asked) -> Asked:
        """What a person is asked about, under these limits."""
        if not self.sources:
            return asked
        return structs.replace(asked, policy=restrict(asked.policy, meet_all([s.limits for s in self.sources])))


class _RefusedError(Exception):
    def __init__(self, reason: ClosedReason, why: str) -> None:
        super().__init__(why)
        self.reason = reason


def stamps(places: Places) -> tuple[Stamp, ...]:
    """Changes whenever one of the files does."""
    return *(stamp(path) for path in (*places.machine_policies, places.own_limits)), machine_stamp()


def read_limits(places: Places, asked: Asked, organisation_key: str) -> Managed:
    """Read all of them. Nothing here raises: what is wrong is the answer's ``problem``.

    Args:
        places: of this person's agent.
        asked: the study that a signed policy must be for.
        organisation_key: that must have signed it, base64url.
    """
    seen, found, problem = stamps(places), list[Sourced](), None
    files = [*((path, Source.MACHINE) for path in places.machine_policies), (places.own_limits, Source.USER)]
    for path, source in files:
        try:
            found += _read(path, source, asked, organisation_key)
        except _RefusedError as error:
            problem = problem or Problem(error.reason, f"{path} {error}")
    try:
        found += _registry()
    except _RefusedError as error:
        problem = problem or Problem(error.reason, f"HKLM\\{MACHINE_KEY} {error}")
    return Managed(tuple(found), problem, seen)


def _registry() -> list[Sourced]:
    try:
        table = machine_table()
    except GuardedError as error:
        raise _RefusedError(ClosedReason.POLICY_REFUSED, str(error)) from None
    return [] if table is None else [_plain(Source.MACHINE, f"HKLM\\{MACHINE_KEY}", table)]


def _plain(source: Source, where: str, table: dict[str, Any]) -> Sourced:
    try:
        return Sourced(source, where, parse_body(Limits, json.dumps(table).encode()))
    except SchemaError as error:
        raise _not_limits(table, error) from None


def _read(path: Path, source: Source, asked: Asked, organisation_key: str) -> list[Sourced]:
    try:
        data = read_guarded(path)
        table = _table(path, data) if data is not None else None
    except GuardedError as error:
        raise _RefusedError(ClosedReason.POLICY_REFUSED, str(error)) from None
    if data is None or table is None:
        return []
    if SIGNED_KEY in table and source is Source.MACHINE:
        policy = _signed(data, asked, organisation_key)
        return [Sourced(Source.ORGANISATION, str(path), limits_of(policy))]
    return [_plain(source, str(path), table)]


def _not_limits(table: dict[str, Any], error: SchemaError) -> _RefusedError:
    try:
        Policy.model_validate_json(json.dumps(table), strict=True)
    except (ValidationError, ValueError):
        return _RefusedError(ClosedReason.POLICY_REFUSED, f"is refused: {str(error).partition(': ')[2] or error}")
    return _RefusedError(ClosedReason.POLICY_UNSIGNED, "is a policy without a signature")


def _signed(data: bytes, asked: Asked, organisation_key: str) -> Policy:
    raw = unbase64url(organisation_key)
    try:
        policy = verify(parse_signed(data), Policy, {fingerprint(raw): raw})
    except SignatureError:
        raise _RefusedError(ClosedReason.POLICY_UNSIGNED, "is not signed by your organisation") from None
    except SchemaError as error:
        raise _RefusedError(ClosedReason.POLICY_REFUSED, f"is damaged: {error}") from None
    if policy.study != asked.policy.study:
        raise _RefusedError(ClosedReason.POLICY_REFUSED, "is a policy for another study")
    if policy.version < asked.policy.version:
        raise _RefusedError(ClosedReason.POLICY_ROLLED_BACK, "is older than the policy that is here")
    return policy


def _table(path: Path, data: bytes) -> dict[str, Any]:
    """The keys of a JSON file, or of a property list as macOS writes managed preferences."""
    try:
        table = _plist(data) if path.suffix == ".plist" else json.loads(data.decode())
    except UnicodeDecodeError:
        raise GuardedError("is not UTF-8 text") from None
    except (ValueError, ExpatError, RecursionError):
        raise GuardedError("is not JSON" if path.suffix != ".plist" else "is not a property list") from None
    except TypeError:  # dates and data of property lists
        raise GuardedError("holds a value of a kind that no key has") from None
    if not isinstance(table, dict):
        raise GuardedError("holds no table of keys")
    return table


def _plist(data: bytes) -> Any:
    found = plistlib.loads(data)
    if isinstance(found, dict):  # macOS adds keys of its own to what a profile says
        found = {name: value for name, value in found.items() if not name.startswith(("Payload", "PfM", "_"))}
    return json.loads(json.dumps(found))
