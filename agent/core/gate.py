"""The gate: one decision for each observation. What it lets through is of another type; the rest is only counted."""

from collections.abc import Collection

from msgspec import Struct, structs

from agent.core.observe import MODALITY_OF, Observation, WindowInfo
from agent.core.scope import app_of, shows_sites
from agent.core.site import Site
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import Scope
from schemas.status import ClosedReason


class Open(Struct, frozen=True, kw_only=True):
    """An open gate: exactly one window of one app, for the modalities that policy and consent both allow."""

    window: WindowInfo
    app: AppRule
    modalities: frozenset[Modality]
    since_ns: int  # monotonic: nothing older is let through


class Allowed(Struct, frozen=True):
    """An observation that may be kept, with the gate through which it came. Made by :func:`decide` only."""

    observation: Observation
    gate: Open


class Dropped(Struct, frozen=True):
    """An observation that is counted and forgotten."""

    modality: Modality
    reason: str


def decide(observation: Observation, gate: Open | None) -> Allowed | Dropped:
    """Let an observation through, or name why not. Attribution is by the focus at the event's own time."""
    modality = MODALITY_OF[type(observation)]
    if gate is None:
        return Dropped(modality, "gate_closed")
    if observation.window != gate.window.window:
        return Dropped(modality, "other_window")
    if modality not in gate.modalities:
        return Dropped(modality, "modality_not_agreed")
    if observation.mono_ns < gate.since_ns:
        return Dropped(modality, "before_gate")
    return Allowed(observation, gate)


def judge_focus(
    window: WindowInfo | None,
    policy: Policy,
    effective: Scope,
    site: Site | None = None,
    owners: Collection[str] = (),
) -> tuple[ClosedReason | None, AppRule | None, frozenset[Modality]]:
    """Whether the window in front is one that may be captured: why not, or by which rule and what of it.

    Args:
        window: the window; ``None`` where that cannot be told.
        policy: what may be captured at most.
        effective: what may be captured.
        site: what the window shows, where it is a browser's; ``None`` where that cannot be told.
        owners: the packages that its program came with, of those that the policy names.
    """
    nothing: frozenset[Modality] = frozenset()
    if window is None or window.executable is None or window.pid is None:
        return ClosedReason.FOCUS_UNKNOWN, None, nothing
    if not shows_sites(policy, window.executable):
        site = None  # whatever a browser told is not about this window
    elif site is None:
        return ClosedReason.ORIGIN_UNKNOWN, None, nothing
    elif site.private:
        return ClosedReason.PRIVATE_WINDOW, None, nothing
    rule = app_of(policy, window.executable, site, owners)
    if rule is None:
        return ClosedReason.APP_NOT_ALLOWED, None, nothing
    modalities = effective.of(rule.id)
    if not modalities:
        return ClosedReason.MODALITY_NOT_AGREED, rule, nothing
    hidden = site is not None and site.secret
    return (ClosedReason.SECURE_INPUT, rule, nothing) if hidden else (None, rule, modalities)


def titled(window: WindowInfo | None, rule: AppRule | None) -> WindowInfo | None:
    """The window as it may be told of: a browser's title names the page, of which only the origin is known."""
    if window is None or rule is None or rule.origins is None:
        return window
    return structs.replace(window, title=None)
