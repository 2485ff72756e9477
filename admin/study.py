"""Study manifests: made of IT's study file, the researchers' cards and the notice templates.

A notice is a Markdown template. What stands in it as ``{{title}}`` is filled in from the same study file that the
manifest is made of, so that the words a person reads cannot differ from what is signed.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from admin.documents import build, read_table
from admin.errors import InputError
from schemas._bech32 import decode
from schemas.base import digest
from schemas.study import Researcher, StudyManifest

MAX_NOTICE_BYTES = 100_000
"""Bytes. Nobody reads a longer notice."""
NO_RESEARCHER = "a study without researchers seals for nobody"

_HOLE = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


def read_card(path: Path) -> Researcher:
    """A researcher's card, as ``overt-research keygen`` wrote it.

    Raises:
        InputError: not a card, or its fingerprint is not that of its recipient.
    """
    card = build(Researcher, read_table(path), path.name)
    try:
        raw = decode("age1pq", card.recipient)
    except ValueError:
        raise InputError(f"{path.name}: recipient: not a post-quantum age recipient (age1pq1…)") from None
    if digest(raw) != card.recipient_fingerprint:
        raise InputError(
            f"{path.name}: recipient_fingerprint: not that of the recipient",
            "Ask the researcher for their card again, over a channel that you trust.",
        )
    return card


def manifest(
    config: Path, cards: Sequence[Path], now: datetime, previous: StudyManifest | None = None
) -> StudyManifest:
    """The manifest of a study file.

    Args:
        config: TOML or JSON: the manifest's keys without ``version``, ``created`` and ``researchers``; ``notices`` maps
            a language to the path of its template, relative to this file.
        cards: JSON cards of everybody who shall be able to decrypt.
        now: in UTC; becomes ``created``.
        previous: the version before, if there is one; the new one counts up from it.

    Raises:
        InputError: with a line for each key that is wrong.
    """
    table = read_table(config)
    for key in ("version", "created", "researchers"):
        if key in table:
            raise InputError(f"{config.name}: {key}: is set by overt-admin, leave it out")
    if not cards:
        raise InputError(NO_RESEARCHER, "Name at least one card with --researcher.")
    people = [read_card(card) for card in cards]
    version = previous.version + 1 if previous else 1
    facts = {**table, "version": version, "created": now, "researchers": people}
    made = build(StudyManifest, {**facts, "notices": _notices(table, config, people)}, config.name)
    if previous and previous.study != made.study:
        raise InputError(f"{config.name}: study: the previous manifest is of another study")
    return made


def fill(template: str, facts: dict[str, str], source: str) -> str:
    """A notice's text, its holes filled.

    Raises:
        InputError: a hole that no fact fits. An unfilled hole must never reach a person who is asked to agree.
    """

    def fact(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in facts:
            raise InputError(f"{source}: {{{{{name}}}}} is not a known fact", f"Known are: {', '.join(sorted(facts))}.")
        return facts[name]

    return _HOLE.sub(fact, template)


def _notices(table: dict[str, Any], config: Path, people: Sequence[Researcher]) -> dict[str, str]:
    named = table.get("notices")
    if not isinstance(named, dict) or not named or not all(isinstance(p, str) for p in named.values()):
        raise InputError(f"{config.name}: notices: must map each language to the path of its notice")
    facts = _facts(table, people)
    return {lang: fill(_read(config.parent / path), facts, path) for lang, path in named.items()}


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_NOTICE_BYTES + 1)
        if len(data) > MAX_NOTICE_BYTES:
            raise InputError(f"{path} is larger than {MAX_NOTICE_BYTES} bytes")
        return data.decode()
    except OSError as error:
        raise InputError(f"cannot read the notice {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


def _facts(table: dict[str, Any], people: Sequence[Researcher]) -> dict[str, str]:
    facts = {key: str(value) for key, value in table.items() if isinstance(value, (str, int))}
    party = table.get("controller")
    if isinstance(party, dict):
        facts |= {f"controller_{key.removeprefix('party_')}": str(value) for key, value in party.items()}
    modalities = table.get("modalities")
    if isinstance(modalities, list):
        facts["modalities"] = ", ".join(str(m) for m in modalities)
    facts["researchers"] = "\n".join(f"- {p.name} (key {p.recipient_fingerprint[:16]}…)" for p in people)
    return facts
