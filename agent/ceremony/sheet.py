"""What a person is told, as headings and sentences; the window and the terminal only differ in how they show it."""

from collections.abc import Iterator

from msgspec import Struct

from agent.ceremony.words import Words
from agent.core.ceremony import Asked
from agent.core.difference import Change, Difference, askable_in
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.scope import ScreenMode, TimingTier
from schemas.study import Researcher

GROUP = 8
"""Hexadecimal digits between two blanks of a fingerprint: people compare them aloud."""


NO_CHANGE = Difference()


class Section(Struct, frozen=True):
    """A heading and what stands under it."""

    title: str
    lines: tuple[str, ...] = ()
    markdown: str = ""  # the organisation's own words, instead of lines


def sections(asked: Asked, language: str, changed: Difference = NO_CHANGE) -> tuple[Section, ...]:
    """Everything that has to be said before a yes, in order: first of all what changed since the last one.

    Raises:
        KeyError: the study has no notice in this language.
    """
    words = Words(language)
    return (*difference_told(words, changed), *_told(asked, language, words))


def difference_told(words: Words, changed: Difference) -> tuple[Section, ...]:
    """What changed, what takes more first; nothing where nothing did."""
    changes = (*changed.wider, *changed.narrower)
    if not changes:
        return ()
    ended = (words("changed.ended"),) if changed.asks else ()
    return (Section(words("changed.title"), (*(sentence(words, one) for one in changes), *ended)),)


def sentence(words: Words, change: Change) -> str:
    """One change in words."""
    facts = dict(change.facts)
    if "modality" in facts:
        facts["modality"] = words(facts["modality"])
    if "timing" in facts:
        facts["timing"] = words(f"timing.{facts['timing']}")
    if "screen" in facts:
        facts["screen"] = words(f"screen.{facts['screen']}")
    key = facts.pop("fingerprint", None)
    told = words(f"diff.{change.key}", **facts) if facts else words(f"diff.{change.key}")
    return f"{told}\n{words('fingerprint', fingerprint=grouped(key))}" if key else told


def _told(asked: Asked, language: str, words: Words) -> Iterator[Section]:
    manifest = asked.manifest
    who = manifest.controller
    purpose = (manifest.purpose, words("purpose.use"), words("purpose.never"))
    yield Section(words("purpose.title"), purpose)
    yield Section(words("notice.title", organisation=who.party_name), markdown=manifest.notices[language])
    yield Section(words("captured.title"), _captured(asked, words))
    yield _of(words, "never", "apps", "devices", "secrets")
    readers = (_reader(words, one) for one in manifest.researchers)
    yield Section(words("readers.title"), (words("readers.sealed"), *readers, words("readers.you")))
    yield Section(words("keeping.title"), _keeping(asked, words))
    yield _of(words, "stop", "how", "withdraw", "pause")
    yield _of(words, "no", "consequence", "private")
    contact = words("complain.controller", name=who.party_name, address=who.party_address, contact=who.party_contact)
    yield Section(words("complain.title"), (words("complain.where", complaints=manifest.complaints), contact))


def _of(words: Words, group: str, *keys: str) -> Section:
    return Section(words(f"{group}.title"), tuple(words(f"{group}.{key}") for key in keys))


def _captured(asked: Asked, words: Words) -> tuple[str, ...]:
    what = []
    for modality in Modality:
        modes = {rule.screen for rule in asked.policy.apps if modality in askable(asked, rule)}
        what += [f"{words(modality)}: {describe(words, modality, mode)}" for mode in _distinct(modality, modes)]
    return (words("captured.where"), *what)


def _distinct(modality: Modality, modes: set[ScreenMode]) -> list[ScreenMode]:
    ordered = [mode for mode in ScreenMode if mode in modes]
    return ordered if modality is Modality.SCREEN else ordered[:1]


def _keeping(asked: Asked, words: Words) -> tuple[str, ...]:
    manifest = asked.manifest
    kept = words(
        "keeping.days",
        days=manifest.retention_days,
        location=manifest.storage_location,
        jurisdiction=manifest.jurisdiction,
    )
    again = words("keeping.again", days=asked.policy.consent_days)
    return kept, again, words("keeping.assessment", where=manifest.impact_assessment)


def _reader(words: Words, researcher: Researcher) -> str:
    return f"{researcher.name}\n{words('fingerprint', fingerprint=grouped(researcher.recipient_fingerprint))}"


def grouped(fingerprint: str) -> str:
    """A fingerprint in groups that can be read out."""
    return " ".join(fingerprint[at : at + GROUP] for at in range(0, len(fingerprint), GROUP))


def describe(words: Words, modality: Modality, mode: ScreenMode) -> str:
    """What one modality captures, in a sentence."""
    return words(f"screen.{mode}" if modality is Modality.SCREEN else f"{modality}.what")


def askable(asked: Asked, rule: AppRule) -> tuple[Modality, ...]:
    """The modalities that may be asked for in an app: offered by the policy and named by the study."""
    return askable_in(asked.manifest, rule)


def askable_apps(asked: Asked) -> tuple[AppRule, ...]:
    """The apps in which anything may be asked for, by name."""
    return tuple(sorted((r for r in asked.policy.apps if askable(asked, r)), key=lambda rule: rule.name.casefold()))


def askable_timing(asked: Asked) -> tuple[TimingTier, ...]:
    """The timing tiers that the policy leaves open, least first: that one is the default."""
    tiers = tuple(TimingTier)
    return tuple(reversed(tiers[tiers.index(asked.policy.timing) :]))
