"""What every policy key says of itself, and which keys no policy will ever have.

A key carries its meaning, unit, sensitivity, the version that brought it, who may set it, and the rule by which several
sources combine. All of it stands in the field, is published with the JSON Schema, and is what the management formats of
``overt-admin mdm render`` and ``overt policy show`` are made from.
"""

from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from schemas.base import Sensitivity


class Combine(StrEnum):
    """How a key of two sources becomes one: always towards less. The rules are commutative and idempotent."""

    INTERSECTION = "set-intersection"  # what stands in both
    OR = "boolean-or"  # a refusal: true as soon as one says so
    MINIMUM = "minimum"  # a limit: the smaller
    MAXIMUM = "maximum"  # a protection: the larger
    RESTRICTIVE = "most-restrictive"  # an ordered list of words, least restrictive first: the later
    SINGLE = "single"  # names the document; is not combined


class Source(StrEnum):
    """Who may say something about what is captured. None of them can say yes for the person."""

    ORGANISATION = "organisation"  # a signed policy that IT puts on the machine
    STUDY = "study"  # the signed policy that enrolling brought
    MACHINE = "machine"  # plain limits that IT puts on the machine, owned by its administrator
    USER = "user"  # the person's own limits


EVERYBODY = tuple(Source)
SIGNED = (Source.ORGANISATION, Source.STUDY)


class PolicyKey(Struct, frozen=True, kw_only=True):
    """A key's metadata. ``type`` is the key's own, without the ``None`` that stands for "says nothing"."""

    name: str
    type: Any
    default: Any
    required: bool
    scope: tuple[Source, ...]
    since: str
    description: str
    sensitivity: Sensitivity
    unit: str
    combine: Combine
    least: int | None
    most: int | None


def key(
    meaning: str,
    *,
    combine: Combine,
    unit: str = "1",
    since: str = "0.1",
    scope: tuple[Source, ...] = EVERYBODY,
    **constraints: Any,
) -> Any:
    """A policy key's field."""
    extra: dict[str, Any] = {
        "x-unit": unit,
        "x-sensitivity": Sensitivity.PUBLIC.value,
        "x-combine": combine.value,
        "x-since": since,
        "x-scope": [source.value for source in scope],
    }
    return Field(description=meaning, json_schema_extra=extra, **constraints)


def keys_of(model: type[BaseModel]) -> dict[str, PolicyKey]:
    """The metadata of each key of a model, by name, in the order in which they are declared."""
    return {name: _key(name, field) for name, field in model.model_fields.items()}


def _key(name: str, field: FieldInfo) -> PolicyKey:
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or field.description is None:
        raise TypeError(f"{name} is no policy key")
    said: dict[str, Any] = dict(extra)
    return PolicyKey(
        name=name,
        type=_own_type(field.annotation),
        default=None if field.is_required() else field.default,
        required=field.is_required(),
        scope=tuple(Source(source) for source in said["x-scope"]),
        since=said["x-since"],
        description=field.description,
        sensitivity=Sensitivity(said["x-sensitivity"]),
        unit=said["x-unit"],
        combine=Combine(said["x-combine"]),
        least=next((m.ge for m in field.metadata if hasattr(m, "ge")), None),
        most=next((m.le for m in field.metadata if hasattr(m, "le")), None),
    )


def _own_type(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


NEVER = "no such key exists, and none will: "
"""Told to whoever tries, so that nobody goes looking for the right spelling."""

REFUSED_KEYS: dict[str, tuple[str, ...]] = {
    "no policy hides the sign or works in secret: where no sign is seen, nothing is captured": (
        *("hide", "hidden", "silent", "stealth", "invisible", "covert", "secret", "unattended", "background"),
        *("notray", "noicon", "nobadge", "noindicator", "nosign", "showicon", "showtray", "showbadge", "showsign"),
    ),
    "no policy shortens, skips or replaces the notice: whoever is asked reads all of it": ("notice", "ceremony"),
    "no policy lengthens consent: it ends after the days that the person agreed to, 90 at most": (
        *("extend", "lengthen", "prolong", "renew", "forever", "permanent", "neverexpire", "noexpir", "maxconsent"),
    ),
    "no policy tells who takes part: that is between each person and the researchers' pseudonyms": (
        *(
            "participant",
            "whoconsent",
            "consentedby",
            "consentedname",
            "roster",
            "manager",
            "notify",
            "username",
            "employee",
            "person",
        ),
        *("tellwho", "listconsent", "reportconsent", "disclose"),
    ),
    "nothing measures how hard somebody works": ("idle", "productiv", "presence", "attendance", "score"),
    "no policy starts capture or consents for anyone: only the person can, in their own session": (
        *("enable", "force", "autostart", "always", "grant", "assume", "accept", "mandatory", "implied", "optout"),
        *("captureon", "startcapture", "lockon", "preventoff", "disableoff", "disablepause", "required"),
        *("giveconsent", "autoconsent", "preconsent", "consentfor", "consentgiven", "consented"),
    ),
}
"""For each thing that no policy can do, parts of the names under which people look for it. The first one tells."""


def refusal(name: str) -> str | None:
    """Why there is no such key and will be none; ``None`` for a name that is merely unknown."""
    squeezed = "".join(c for c in name.lower() if c.isalnum())
    fitting = (why for why, parts in REFUSED_KEYS.items() if any(part in squeezed for part in parts))
    why = next(fitting, None)
    return NEVER + why if why else None
