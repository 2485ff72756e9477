"""A policy under further limits, and which source narrowed what. Whatever the sources say, the result only narrows."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from agent.core.scope import narrow, offered
from schemas.events import Modality
from schemas.limits import LIMIT_KEYS, Limits, limits_of, meet, meet_all
from schemas.policy import AppRule, Policy
from schemas.policy_keys import Combine, Source
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier

_SENDING = ("spool_days", "upload_bytes_s", "wait_metered", "wait_battery_percent")
_PLAIN = ("blocked", "purge", "consent_days", "review_s", "batch_s", "spool_bytes", "expires", *_SENDING)
"""Keys that are no part of a scope: for those, :func:`agent.core.scope.narrow` decides."""


class Sourced(Struct, frozen=True):
    """Limits, and where they come from."""

    source: Source
    where: str  # the file's path, or the document's name
    limits: Limits


class Provenance(Struct, frozen=True):
    """A key's value in force, and how it came about."""

    key: str
    value: Any
    source: Source  # the first source, in the order of reading, that asks for this value
    where: str
    narrowed: dict[str, Any]  # values that other sources would have allowed, by source
    combine: Combine


def restrict(policy: Policy, limits: Limits) -> Policy:
    """The policy, with everything taken away that the limits do not allow."""
    scope = narrow(offered(policy), _ceiling(policy, limits))
    left = {app.app: app for app in scope.apps}
    both = meet(limits_of(policy), limits)
    return policy.model_copy(
        update={
            **{name: getattr(both, name) for name in _PLAIN},
            "apps": tuple(_rule(rule, left[rule.id]) for rule in policy.apps if rule.id in left),
            "timing": scope.timing,
        }
    )


def provenance(policy: Policy, policy_where: str, sources: Sequence[Sourced]) -> list[Provenance]:
    """Each key's value in force: where it comes from, and what it narrowed."""
    study = Sourced(Source.STUDY, policy_where, limits_of(policy))
    everybody = [study, *sources]
    result = meet_all([each.limits for each in everybody])
    return [found for name in LIMIT_KEYS if (found := _trace(name, everybody, getattr(result, name))) is not None]


def _trace(name: str, everybody: Sequence[Sourced], value: Any) -> Provenance | None:
    said = [(each, getattr(each.limits, name)) for each in everybody if getattr(each.limits, name) is not None]
    if not said:
        return None
    exact = [each for each, own in said if own == value]
    first = exact[0] if exact else said[-1][0]  # an intersection that no source asks for alone
    narrowed = {each.source.value: own for each, own in said if own != value}
    return Provenance(name, value, first.source, first.where, narrowed, LIMIT_KEYS[name].combine)


def _ceiling(policy: Policy, limits: Limits) -> Scope:
    """The most that limits allow, in terms of a policy's apps."""
    kept = {rule.id for rule in policy.apps} if limits.apps is None else set(limits.apps)
    modalities = tuple(sorted(Modality if limits.modalities is None else limits.modalities))
    screen = limits.screen or ScreenMode.REVEAL
    apps = tuple(AppScope(app=app, modalities=modalities, screen=screen) for app in sorted(kept))
    return Scope(apps=apps, timing=limits.timing or TimingTier.EXACT)


def _rule(rule: AppRule, scope: AppScope) -> AppRule:
    return rule.model_copy(update={"modalities": scope.modalities, "screen": scope.screen})
