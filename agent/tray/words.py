"""Every text of the indicator, by language (BCP 47), looked up as the ceremony's are."""

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH = "en"

_EN = {
    "name": "Overt",
    "offline": "Nothing is captured. Overt is not running.",
    "recording": "Recording {what} in {app}",
    "keyboard": "keys",
    "pointer": "pointer",
    "screen": "screen",
    "and": " and ",
    "paused_until": "Paused until {time}. Nothing is captured.",
    "turn_on": "Turn &on…",
    "turn_off": "Turn o&ff",
    "pause_15": "Pause for &15 minutes",
    "pause_60": "Pause for 1 &hour",
    "resume": "&Resume",
    "why": "Wh&y?",
    "managed": "Managed by {organisation}",
    "quit": "&Quit this icon (capture stops)",
    "why.title": "Why, or why not",
    "why.study": "Study “{study}”, run by {organisation}",
    "why.no_study": "This machine takes part in no study.",
    "why.holds": "fulfilled",
    "why.fails": "not fulfilled",
    "why.remedy": "To change it: {remedy}",
    "why.close": "&Close",
    "badge.idle": "Overt: ready",
    "badge.capturing": "Overt: recording {app}",
    "badge.paused": "Overt: paused",
    "badge.blocked": "Overt: not recording",
    "badge.error": "Overt: needs attention",
    "started.title": "Recording has started",
    "started.text": "{what}. Click the Overt icon to turn it off.",
    "stopped.title": "Recording has stopped",
}

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType({ENGLISH: MappingProxyType(_EN)})
"""All texts, by language and key."""


def text(key: str, language: str = ENGLISH, **fields: object) -> str:
    """A text with its fields filled in; in English where the language lacks it.

    Raises:
        KeyError: there is no such text.
    """
    found = TABLES.get(language, {}).get(key) or TABLES[ENGLISH][key]
    return found.format(**fields) if fields else found
