"""Limits: what one more source allows at most. Each of them only narrows what the study's policy allows (G4).

A key that is left out says nothing. Two sources combine by each key's rule (:class:`schemas.policy_keys.Combine`),
which always gives the more restrictive of both; so their number and order do not matter.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from typing import Any

from pydantic import field_validator, model_validator

from schemas.base import Document, Slug
from schemas.events import Modality
from schemas.policy import MAX_CONSENT_DAYS, MIN_SPOOL_BYTES, MIN_UPLOAD_BYTES_S, Policy, check_purge
from schemas.policy_keys import Combine, key, keys_of
from schemas.scope import ScreenMode, TimingTier
from schemas.times import Instant

_OF_POLICY = keys_of(Policy)


def _as_in_policy(name: str, **constraints: Any) -> Any:
    """The same key as the policy's, which may be left out here."""
    its = _OF_POLICY[name]
    return key(
        its.description,
        combine=its.combine,
        unit=its.unit,
        since=its.since,
        scope=its.scope,
        default=None,
        **constraints,
    )


class Limits(Document):
    """What a source allows at most."""

    blocked: bool | None = _as_in_policy("blocked")
    purge: bool | None = _as_in_policy("purge")
    apps: tuple[Slug, ...] | None = key(
        "ids of the policy's apps in which capture stays possible; other apps are taken off the allow-list",
        combine=Combine.INTERSECTION,
        since="0.2",
        default=None,
        max_length=1000,
    )
    modalities: tuple[Modality, ...] | None = key(
        "kinds of capture that stay possible", combine=Combine.INTERSECTION, since="0.2", default=None
    )
    screen: ScreenMode | None = key(
        "the most of a window's picture that may be kept", combine=Combine.RESTRICTIVE, since="0.2", default=None
    )
    timing: TimingTier | None = _as_in_policy("timing")
    consent_days: int | None = _as_in_policy("consent_days", ge=1, le=MAX_CONSENT_DAYS)
    review_s: int | None = _as_in_policy("review_s", ge=0)
    batch_s: int | None = _as_in_policy("batch_s", ge=1)
    spool_bytes: int | None = _as_in_policy("spool_bytes", ge=MIN_SPOOL_BYTES)
    spool_days: int | None = _as_in_policy("spool_days", ge=1)
    upload_bytes_s: int | None = _as_in_policy("upload_bytes_s", ge=MIN_UPLOAD_BYTES_S)
    wait_metered: bool | None = _as_in_policy("wait_metered")
    wait_battery_percent: int | None = _as_in_policy("wait_battery_percent", ge=0, le=100)
    expires: Instant | None = _as_in_policy("expires")

    @model_validator(mode="after")
    def _purged_is_off(self) -> "Limits":
        check_purge(blocked=self.blocked, purge=self.purge)
        return self

    @field_validator("apps", "modalities")
    @classmethod
    def _one_spelling(cls, value: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        if value is not None and list(value) != sorted(set(value)):
            raise ValueError("must be sorted and distinct, or left out")
        return value


LIMIT_KEYS = keys_of(Limits)
"""Metadata of each key that limits can have."""
NO_LIMITS = Limits()


def meet(a: Limits, b: Limits) -> Limits:
    """What both allow."""
    return Limits(**{name: _less(name, getattr(a, name), getattr(b, name)) for name in LIMIT_KEYS})


def meet_all(sources: "list[Limits]") -> Limits:
    """What all of them allow; no limits where there are no sources."""
    return reduce(meet, sources, NO_LIMITS)


def limits_of(policy: Policy) -> Limits:
    """A whole policy as limits: its apps by id, and every other key that both have."""
    same = {name: getattr(policy, name) for name in LIMIT_KEYS if name in _OF_POLICY and name != "apps"}
    return Limits(apps=tuple(sorted(rule.id for rule in policy.apps)), **same)


def _less(name: str, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    return combine(LIMIT_KEYS[name].combine, a, b)


def combine(rule: Combine, a: Any, b: Any) -> Any:
    """Two values of a key, by its rule: the more restrictive of both.

    Raises:
        KeyError: the rule is ``single``: such a key is not combined.
    """
    return _RULES[rule](a, b)


def _later(a: StrEnum, b: StrEnum) -> StrEnum:
    order = list(type(a))  # least restrictive first
    return max(a, b, key=order.index)


_RULES: dict[Combine, Callable[[Any, Any], Any]] = {
    Combine.INTERSECTION: lambda a, b: tuple(sorted(set(a) & set(b))),
    Combine.OR: lambda a, b: a or b,
    Combine.MINIMUM: min,
    Combine.MAXIMUM: max,
    Combine.RESTRICTIVE: _later,
}
