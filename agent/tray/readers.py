"""Who can read what is captured: names, keys, who answers for it, how long it is kept. As ``overt consent show``."""

from collections.abc import Sequence

from agent.ceremony.plain import clean
from agent.ceremony.sheet import grouped
from agent.daemon.standing import Standing
from agent.tray.panel import Lines, Panel
from agent.tray.when import SECOND_NS, day_of
from agent.tray.words import Words

SIZE_PX = (720, 520)


def told(words: Words, found: Standing, now_ns: int) -> list[str]:
    """The facts, a paragraph each.

    Args:
        words: the language.
        found: what the disk says.
        now_ns: Unix time, nanoseconds.

    Returns:
        Everybody named in the consent in force who can still read; without a consent, only that there is none and
        who answers for the study.
    """
    if found.asked is None:
        return [words("why.no_study")]
    manifest, (_, agreement) = found.asked.manifest, found.consent(now_ns)
    lines = [words("readers.none")] if agreement is None else []
    if agreement is not None:
        readers = [r for r in manifest.researchers if r.recipient in agreement.readers]
        lines += [
            words("readers.researcher", name=clean(r.name), fingerprint=grouped(r.recipient_fingerprint))
            for r in readers
        ]
        own = grouped(found.asked.registration.review_fingerprint)
        lines += [words("readers.you", fingerprint=own), words("readers.collector")]
        lines.append(words("readers.until", date=day_of(words, agreement.end_ns // SECOND_NS)))
    place, law = clean(manifest.storage_location), clean(manifest.jurisdiction)
    lines.append(words("readers.keeping", days=manifest.retention_days, location=place, jurisdiction=law))
    who = manifest.controller
    name, address, contact = (clean(part) for part in (who.party_name, who.party_address, who.party_contact))
    lines.append(words("readers.controller", name=name, address=address, contact=contact))
    return [*lines, words("readers.complaints", complaints=clean(manifest.complaints))]


class Readers(Panel):
    """A list to read.

    Args:
        words: the language.
        paragraphs: as :func:`told` made them.
        in_force: whether anybody can read anything new.
    """

    def __init__(self, words: Words, paragraphs: Sequence[str], *, in_force: bool) -> None:
        lines = Lines(words("readers.list"))
        for paragraph in paragraphs:
            lines.add(paragraph)
        head = words("readers.head" if in_force else "readers.title")
        super().__init__(words, words("readers.title"), head, [lines], SIZE_PX)
