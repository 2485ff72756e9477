"""Which limits hold on this machine, and who set them: ``overt policy show``. Changes nothing."""

from typing import Any

from msgspec import Struct

from agent.ceremony.errors import NotEnrolledError
from agent.core.limits import Provenance, provenance
from agent.disk.enrolment import load_enrolment
from agent.disk.limits import read_limits
from agent.disk.places import Places
from schemas.base import SchemaError
from schemas.policy_keys import Source


class Shown(Struct, frozen=True):
    """Every key's value in force with its origin; what is wrong with a file; where limits are looked for."""

    rows: list[Provenance]
    problem: str | None
    files: dict[str, list[str]]  # by source


def show(places: Places) -> Shown:
    """Read the policy and all further limits.

    Raises:
        NotEnrolledError: there is no study, so there is no policy.
    """
    try:
        enrolment = load_enrolment(places.enrolment)
        asked = enrolment.asked() if enrolment else None
    except (SchemaError, OSError) as error:
        raise NotEnrolledError(f"the enrolment on this machine cannot be used: {error}") from None
    if enrolment is None or asked is None:
        raise NotEnrolledError("This machine takes part in no study.")
    found = read_limits(places, asked, enrolment.organisation_key)
    rows = provenance(asked.policy, f"the study's policy, version {asked.policy.version}", found.sources)
    machine = [str(path) for path in places.machine_policies]
    files = {Source.MACHINE.value: machine, Source.USER.value: [str(places.own_limits)]}
    return Shown(rows, found.problem.words if found.problem else None, files)


def lines(shown: Shown) -> list[str]:
    """The same, for people."""
    told = [f"REFUSED, so nothing is captured: {shown.problem}"] if shown.problem else []
    for row in shown.rows:
        told.append(f"{row.key} = {_said(row.value)}")
        told.append(f"    from: {row.source.value} ({row.where}); combines by {row.combine.value}")
        told += [f"    narrowed: {source} would allow {_said(value)}" for source, value in row.narrowed.items()]
    return [*told, "No source can start a capture. Your own limits: " + shown.files[Source.USER.value][0]]


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)
