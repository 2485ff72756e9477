"""Names and paths that all formats share, and how a key of any type looks to a management tool."""

from enum import StrEnum
from typing import Any, get_args
from uuid import NAMESPACE_DNS, UUID, uuid5

from msgspec import Struct

from schemas.limits import LIMIT_KEYS, Limits
from schemas.policy_keys import PolicyKey

DOMAIN = "org.overt.agent"
"""Preference domain, bundle id and prefix of labels on macOS."""
MAC_APP = "/Applications/Overt.app"
LINUX_HOME = "/usr/lib/overt"
WINDOWS_HOME = r"C:\Program Files\Overt"
REGISTRY = r"Software\Policies\Overt\Agent"
"""Below HKEY_LOCAL_MACHINE. Not below Policies\\Microsoft, which Intune refuses to import."""
TITLE = "Overt"
ABOUT = "Limits to what Overt may capture. Nothing here starts a capture: only the person at the machine can."
NOT_A_LIMIT = (1 << 32) - 1
"""The largest whole number that a policy template can hold; larger limits are written to the registry as texts."""


NO_TEAM = "TEAMID0000"
"""Nobody's."""


class Kind(StrEnum):
    """How a key is shown and stored."""

    BOOL = "bool"
    NUMBER = "number"
    CHOICE = "choice"
    LIST = "list"
    TEXT = "text"


class Options(Struct, frozen=True, kw_only=True):
    """What differs between organisations."""

    version: str
    """Of the product, for packages and detection scripts."""
    team_id: str = NO_TEAM
    """Apple's id of whoever signs the macOS app."""
    extension_id: str | None = None
    """Id of the packed extension in Chromium's family: that of the key with which IT packed it."""
    update_url: str | None = None
    """Where Chromium's family finds the packed extension: an update manifest."""
    firefox_url: str | None = None
    """Where Firefox finds the signed extension."""

    @property
    def code_requirement(self) -> str:
        """What macOS checks the app's signature against."""
        return f'identifier "{DOMAIN}" and anchor apple generic and certificate leaf[subject.OU] = "{self.team_id}"'


def kind_of(key: PolicyKey) -> Kind:
    """How a key is shown and stored."""
    if key.type is bool:
        return Kind.BOOL
    if key.type is int:
        return Kind.NUMBER
    if isinstance(key.type, type) and issubclass(key.type, StrEnum):
        return Kind.CHOICE
    return Kind.LIST if get_args(key.type) else Kind.TEXT


def choices(key: PolicyKey) -> list[str]:
    """The words of a choice, or those that may stand in a list; empty where any may."""
    inner = key.type if kind_of(key) is Kind.CHOICE else next(iter(get_args(key.type)), None)
    return [member.value for member in inner] if isinstance(inner, type) and issubclass(inner, StrEnum) else []


def values(limits: Limits) -> dict[str, Any]:
    """What limits say, as JSON has it; keys about which they say nothing are left out."""
    return limits.model_dump(mode="json", exclude_none=True)


def title(key: PolicyKey) -> str:
    """A key's name, for people."""
    return key.name.replace("_", " ").capitalize()


def help_text(key: PolicyKey) -> str:
    """A key's meaning, unit and rule, in a few sentences."""
    unit = f" In {_UNITS[key.unit]}." if key.unit in _UNITS else ""
    meaning = key.description[0].upper() + key.description[1:]
    return f"{meaning}.{unit} Since {key.since}. With other sources it combines by: {key.combine.value}. {ABOUT}"


def uuid_of(name: str) -> str:
    """A UUID that is always the same for a name, so that what is rendered twice is the same file."""
    found: UUID = uuid5(NAMESPACE_DNS, f"{name}.{DOMAIN}")
    return str(found).upper()


KEYS = tuple(LIMIT_KEYS.values())
_UNITS = {"d": "days", "s": "seconds", "byte": "bytes"}
