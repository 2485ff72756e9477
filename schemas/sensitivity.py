"""How much a published field tells about a person, and the notes that say so. Without pydantic, which is heavy."""

from enum import StrEnum
from typing import Any

from msgspec import Meta


class Sensitivity(StrEnum):
    """How much a field's value tells about a person who took part."""

    PUBLIC = "public"  # may stand on a public page
    PSEUDONYM = "pseudonym"  # tells people of one study apart, names nobody
    BEHAVIOUR = "behaviour"  # says what somebody did or when
    CONTENT = "content"  # may hold words that somebody wrote or saw, redacted


PUBLIC, BEHAVIOUR = Sensitivity.PUBLIC, Sensitivity.BEHAVIOUR


def note(meaning: str, sensitivity: Sensitivity, unit: str = "1", **limits: Any) -> Meta:
    """A struct's field with its meaning, sensitivity and unit (UCUM where one exists, ``1`` for none)."""
    extra: dict[str, Any] = {"x-unit": unit, "x-sensitivity": sensitivity.value}
    return Meta(description=meaning, extra_json_schema=extra, **limits)
