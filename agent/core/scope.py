"""``effective scope = policy ∩ consent``. Policy only narrows (G4), and consent only within what was asked."""

from collections.abc import Collection

from agent.core.site import Site
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier

_TIMING = tuple(TimingTier)  # finest first
_SCREEN = tuple(ScreenMode)  # most first


def narrow(a: Scope, b: Scope) -> Scope:
    """What both allow: apps and modalities in both, the coarser timing, the lesser picture."""
    theirs = {app.app: app for app in b.apps}
    apps = (_narrow_app(app, theirs[app.app]) for app in a.apps if app.app in theirs)
    return Scope(
        apps=tuple(app for app in apps if app.modalities),
        timing=_TIMING[max(_TIMING.index(a.timing), _TIMING.index(b.timing))],
    )


def _narrow_app(a: AppScope, b: AppScope) -> AppScope:
    screen = _SCREEN[max(_SCREEN.index(a.screen), _SCREEN.index(b.screen))]
    both = frozenset(a.modalities) & frozenset(b.modalities)
    if screen is ScreenMode.NONE:
        both -= {Modality.SCREEN}
    return AppScope(app=a.app, modalities=tuple(sorted(both)), screen=screen)


def offered(policy: Policy, study: Collection[Modality] = tuple(Modality)) -> Scope:
    """The most that a policy allows, of the modalities that the study is about."""
    apps = sorted(policy.apps, key=lambda rule: rule.id)
    return Scope(
        apps=tuple(
            AppScope(app=r.id, modalities=tuple(sorted(m for m in r.modalities if m in study)), screen=r.screen)
            for r in apps
        ),
        timing=policy.timing,
    )


def within(scope: Scope, can: Collection[Modality]) -> Scope:
    """What of a scope this desktop can give: it only narrows."""
    apps = (
        AppScope(app=app.app, modalities=tuple(m for m in app.modalities if m in can), screen=app.screen)
        for app in scope.apps
    )
    return Scope(apps=tuple(app for app in apps if app.modalities), timing=scope.timing)


OTHERS_WORDS = ("mail", "chat")
"""Kinds of app that show what other people wrote. All text in them is filled, whatever was agreed to."""


def reveals(effective: Scope, rule: AppRule) -> bool:
    """True if dull lines of an app's pictures may be shown: policy and consent say so, and no others write there."""
    return effective.screen_of(rule.id) is ScreenMode.REVEAL and rule.category not in OTHERS_WORDS


def shows_sites(policy: Policy, executable: str | None) -> bool:
    """True for a program of which only certain sites are allowed: a browser, so far as the policy is concerned."""
    return executable in browsers(policy)


def browsers(policy: Policy) -> frozenset[str]:
    """The programs of which only certain sites are allowed."""
    return frozenset(path for rule in policy.apps if rule.origins for path in rule.executables)


def packages(policy: Policy) -> frozenset[str]:
    """The packages whose programs are allowed."""
    return frozenset(name for rule in policy.apps for name in rule.packages or ())


def app_of(
    policy: Policy, executable: str | None, site: Site | None = None, owners: Collection[str] = ()
) -> AppRule | None:
    """The allow-list's rule for a program, or for a site in a browser; ``None`` where there is none.

    An unknown program (``None``) stands on no list, and an unknown site (``None``) is no web app's.

    Args:
        policy: the allow-list.
        executable: the program.
        site: what it shows, where it is a browser.
        owners: the packages that the program came with, of those that the policy names. They never make a whole program
            of a browser that is listed by its sites.
    """
    whole = frozenset() if shows_sites(policy, executable) else frozenset(owners)
    rules = (r for r in policy.apps if executable in r.executables or not whole.isdisjoint(r.packages or ()))
    return next((rule for rule in rules if rule.origins is None or (site and site.origin in rule.origins)), None)
