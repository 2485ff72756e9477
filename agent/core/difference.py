"""What changed between what a person agreed to and what the study is now, and whether any of it takes more of them.

Widening ends the old consent until the person has been asked again; narrowing never asks, because ``policy ∩ consent``
already obeys it. In doubt a change counts as widening: a notice whose words differ for any reason but a fact that was
narrowed may say anything, and no program can judge it.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import ScreenMode, TimingTier
from schemas.study import StudyManifest

_TIMING = tuple(TimingTier)  # finest first
_SCREEN = tuple(ScreenMode)  # most first
SHOWN_DIGITS = 16
"""Hexadecimal digits of a key that the notice template shows beside a name."""


class Terms(Struct, frozen=True):
    """A study and its policy, as a person is or was asked about them in a language."""

    manifest: StudyManifest
    policy: Policy
    language: str


class Change(Struct, frozen=True):
    """One thing that changed: the key of its sentence, and what the sentence names."""

    key: str
    facts: dict[str, str] = {}


class Difference(Struct, frozen=True):
    """All that changed, in the order in which it is told."""

    wider: tuple[Change, ...] = ()
    narrower: tuple[Change, ...] = ()

    @property
    def asks(self) -> bool:
        """True if the person has to be asked again."""
        return bool(self.wider)


Found = Iterator[tuple[bool, Change]]
"""True with a change that widens, False with one that narrows."""


def difference(old: Terms, new: Terms) -> Difference:
    """What changed from what was agreed to (``old``) to what is offered now (``new``)."""
    found = [*_apps(old, new), *_timing(old, new), *_readers(old, new), *_study(old, new)]
    return Difference(tuple(c for wide, c in found if wide), tuple(c for wide, c in found if not wide))


def askable_in(manifest: StudyManifest, rule: AppRule) -> tuple[Modality, ...]:
    """The modalities that may be asked for in an app: offered by the policy and named by the study."""
    return tuple(
        m
        for m in Modality
        if m in rule.modalities
        and m in manifest.modalities
        and not (m is Modality.SCREEN and rule.screen is ScreenMode.NONE)
    )


def _rules(terms: Terms) -> dict[str, AppRule]:
    return {r.id: r for r in sorted(terms.policy.apps, key=lambda r: r.id) if askable_in(terms.manifest, r)}


def _apps(old: Terms, new: Terms) -> Found:
    before, now = _rules(old), _rules(new)
    for app, rule in now.items():
        if app not in before:
            yield True, _added(rule)
            continue
        yield from _app(before[app], frozenset(askable_in(old.manifest, before[app])), rule, new.manifest)
    for app, rule in before.items():
        if app not in now:
            yield False, Change("app.removed", {"app": rule.name})


def _added(rule: AppRule) -> Change:
    if rule.origins is None:
        return Change("app.added", {"app": rule.name})
    return Change("web.added", {"app": rule.name, "sites": ", ".join(rule.origins)})


def _app(before: AppRule, had: frozenset[Modality], now: AppRule, manifest: StudyManifest) -> Found:
    has = askable_in(manifest, now)
    for modality in Modality:
        if (modality in has) != (modality in had):
            more = modality in has
            key = "modality.added" if more else "modality.removed"
            yield more, Change(key, {"app": now.name, "modality": modality.value})
    if Modality.SCREEN in has and Modality.SCREEN in had and now.screen is not before.screen:
        more = _SCREEN.index(now.screen) < _SCREEN.index(before.screen)
        yield more, Change("screen.more" if more else "screen.less", {"app": now.name, "screen": now.screen.value})
    programs, known = set(now.known_by), set(before.known_by)
    if programs - known:
        yield True, Change("programs.added", {"app": now.name, "programs": ", ".join(sorted(programs - known))})
    if known - programs:
        yield False, Change("programs.removed", {"app": now.name, "programs": ", ".join(sorted(known - programs))})
    yield from _sites(before, now)


def _sites(before: AppRule, now: AppRule) -> Found:
    """No origins means the whole program, which is wider than any of its sites."""
    if now.origins is None or before.origins is None:
        if now.origins is not before.origins:
            named = {"app": now.name, "sites": ", ".join(now.origins or before.origins or ())}
            yield now.origins is None, Change("sites.all" if now.origins is None else "sites.only", named)
        return
    sites, known = set(now.origins), set(before.origins)
    if sites - known:
        yield True, Change("sites.added", {"app": now.name, "sites": ", ".join(sorted(sites - known))})
    if known - sites:
        yield False, Change("sites.removed", {"app": now.name, "sites": ", ".join(sorted(known - sites))})


def _timing(old: Terms, new: Terms) -> Found:
    before, now = old.policy.timing, new.policy.timing
    if now is not before:
        finer = _TIMING.index(now) < _TIMING.index(before)
        yield finer, Change("timing.finer" if finer else "timing.coarser", {"timing": now.value})


def _readers(old: Terms, new: Terms) -> Found:
    before = {r.recipient_fingerprint: r.name for r in old.manifest.researchers}
    now = {r.recipient_fingerprint: r.name for r in new.manifest.researchers}
    for key, name in now.items():
        if key not in before:
            yield True, Change("reader.added", {"name": name, "fingerprint": key})
        elif name != before[key]:
            yield True, Change("reader.renamed", {"old": before[key], "name": name})
    for key, name in before.items():
        if key not in now:
            yield False, Change("reader.removed", {"name": name})


def _study(old: Terms, new: Terms) -> Found:
    was, now = old.manifest, new.manifest
    if was.retention_days != now.retention_days:
        longer = now.retention_days > was.retention_days
        days = {"old": str(was.retention_days), "days": str(now.retention_days)}
        yield longer, Change("retention.longer" if longer else "retention.shorter", days)
    if was.purpose != now.purpose:
        yield True, Change("purpose.changed", {"purpose": now.purpose})
    if (was.controller.party_id, was.controller.party_name) != (now.controller.party_id, now.controller.party_name):
        yield True, Change("controller.changed", {"name": now.controller.party_name})
    for field in ("storage_location", "jurisdiction"):
        if getattr(was, field) != getattr(now, field):
            yield True, Change(f"{field}.changed", {"where": getattr(now, field)})
    if not _same_notice(old, new):
        yield True, Change("notice.changed")


def _same_notice(old: Terms, new: Terms) -> bool:
    """True if the notice says the same but for readers who left, kinds that went, and an earlier erasure."""
    was, now = old.manifest, new.manifest
    text, current = was.notices.get(old.language), now.notices.get(old.language)
    if text is None or current is None:
        return False
    if text == current:
        return True
    gone = {
        line for r in was.researchers if r not in now.researchers for line in _lines(r.name, r.recipient_fingerprint)
    }
    kept = "\n".join(line for line in text.split("\n") if line not in gone)
    kept = kept.replace(", ".join(was.modalities), ", ".join(now.modalities))
    return re.sub(rf"\b{was.retention_days}\b", str(now.retention_days), kept) == current


def _lines(name: str, key: str) -> tuple[str, str]:
    """How a notice names a reader on a line of their own."""
    return f"- {name}", f"- {name} (key {key[:SHOWN_DIGITS]}…)"
