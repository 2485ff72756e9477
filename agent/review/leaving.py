"""What leaves with a batch, exactly: its open part line by line, and what can and cannot be learnt from it."""

from typing import Any

from agent.review.desk import Desk
from agent.review.opening import Opened
from agent.tray.words import Words
from schemas.envelope import EnvelopeHeader


def header_lines(header: EnvelopeHeader) -> list[tuple[str, str, str]]:
    """Each field of the open part: its name, its value, and what it means (as the published schema says)."""
    found = []
    for name, value in header.model_dump(mode="json").items():
        meaning = EnvelopeHeader.model_fields[name].description or ""
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        found.append((name, shown, meaning))
    return found


def readers(desk: Desk, header: EnvelopeHeader) -> list[str]:
    """The names of everybody else who can open it; a fingerprint where no name is known."""
    asked = desk.found.asked
    assert asked is not None  # noqa: S101  # a desk has a study
    names = {
        r.recipient_fingerprint: r.name for m in (*asked.manifests.values(), asked.manifest) for r in m.researchers
    }
    own = asked.registration.review_fingerprint
    return [names.get(one, one) for one in header.recipients if one != own]


def statement(words: Words, desk: Desk, one: Opened) -> list[str]:
    """What the collector can and cannot learn, in plain words."""
    return [
        words("leaves.sees"),
        words("leaves.not"),
        words("leaves.who", names=", ".join(readers(desk, one.header))),
        words("leaves.digest", digest=one.digest),
    ]


def as_data(words: Words, desk: Desk, one: Opened) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "batch": one.row.sequence,
        "digest": one.digest,
        "bytes": one.row.size,
        "header": one.header.model_dump(mode="json"),
        "readers": readers(desk, one.header),
        "statement": statement(words, desk, one),
    }
