"""Policies in words: what one allows, and what changed between two, each change as wider or narrower."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.limits import combine
from schemas.policy import AppRule, Policy
from schemas.policy_keys import Combine, keys_of
from schemas.scope import ScreenMode

_KEYS = keys_of(Policy)
_PLAIN = tuple(n for n, key in _KEYS.items() if key.combine is not Combine.SINGLE and n not in ("apps", "version"))
_SCREEN = tuple(ScreenMode)  # most first
WIDER, NARROWER, OTHER = "wider", "narrower", "other"


class Change(Struct, frozen=True):
    """One change: its direction, the key, and both values in words."""

    direction: str
    key: str
    before: str
    after: str


def explain(policy: Policy) -> list[str]:
    """What a policy allows, in sentences."""
    lines = [
        f"Policy {policy.version} for study {policy.study}: in force until {policy.expires.isoformat()}.",
        "It starts no capture: each person decides, in their own session, and may agree to less.",
    ]
    if policy.blocked:
        lines.append("Capture is switched off for everybody, whatever they agreed to.")
    if policy.purge:
        lines.append("What machines still hold is deleted, and the collector is asked to delete what it has.")
    lines += [_app_in_words(app) for app in policy.apps] or ["No app is listed, so nothing can be captured."]
    for name in _PLAIN:
        key = _KEYS[name]
        if name != "blocked" and getattr(policy, name) is not None:
            lines.append(f"{name} = {_said(getattr(policy, name))}: {key.description} ({key.combine.value}).")
    return lines


def diff(before: Policy, after: Policy) -> list[Change]:
    """What changed. Wider means that somebody has to be asked again before it is captured."""
    return [*_plain(before, after), *_apps(before, after)]


def _plain(before: Policy, after: Policy) -> Iterator[Change]:
    for name in ("study", "version", *_PLAIN):
        was, now = getattr(before, name), getattr(after, name)
        if was == now:
            continue
        rule = _KEYS[name].combine
        known = name in _PLAIN
        direction = (NARROWER if combine(rule, was, now) == now else WIDER) if known else OTHER
        yield Change(direction, name, _said(was), _said(now))


def _apps(before: Policy, after: Policy) -> Iterator[Change]:
    was, now = ({app.id: app for app in policy.apps} for policy in (before, after))
    for name in sorted(was.keys() | now.keys()):
        key = f"apps.{name}"
        if name not in was:
            yield Change(WIDER, key, "not listed", _app_in_words(now[name]))
        elif name not in now:
            yield Change(NARROWER, key, _app_in_words(was[name]), "not listed")
        elif was[name] != now[name]:
            yield Change(_direction(was[name], now[name]), key, _app_in_words(was[name]), _app_in_words(now[name]))


def _direction(was: AppRule, now: AppRule) -> str:
    parts: list[tuple[set[Any], set[Any]]] = [
        (set(was.modalities), set(now.modalities)),
        (set(was.known_by), set(now.known_by)),
        (set(_SCREEN[_SCREEN.index(was.screen) :]), set(_SCREEN[_SCREEN.index(now.screen) :])),
    ]
    if (was.origins is None) is not (now.origins is None):
        parts.append((set(), {"all"}) if now.origins is None else ({"all"}, set()))
    else:
        parts.append((set(was.origins or ()), set(now.origins or ())))
    if any(more - less for less, more in parts):
        return WIDER
    return NARROWER if any(more - less for more, less in parts) else OTHER


def _app_in_words(app: AppRule) -> str:
    where = f" at {', '.join(app.origins)}" if app.origins else ""
    kinds = ", ".join(app.modalities) or "nothing"
    return f"{app.name} ({app.id}){where}: {kinds}; screen at most {app.screen}; {', '.join(app.known_by)}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)
