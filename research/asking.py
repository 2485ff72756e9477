"""What there is, before anything is fetched or opened: studies and counts, put together. Prints nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from research import documents, keys, query
from research.client import Collector
from research.folder import Folder
from research.trust import Trust, establish
from research.unseal import opener
from research.verify import Opener, Outcome, stream
from schemas.policy import Policy
from schemas.signed import fingerprint, verify
from schemas.study import StudyManifest


def study(collector: Collector, organisation: str, home: Path) -> dict[str, Any]:
    """What a collector's study is about, after its signed manifest and policy.

    Raises:
        SignatureError: another organisation signed them.
        CollectorError: not reached.
    """
    raw = documents.organisation_key(organisation)
    trusted = {fingerprint(raw): raw}
    reply = collector.study()
    manifest = verify(reply.manifest, StudyManifest, trusted)
    policy = verify(reply.policy, Policy, trusted)
    own = keys.load(home).card() if keys.exist(home) else None
    return {
        "study": manifest.study,
        "version": manifest.version,
        "title": manifest.title,
        "purpose": manifest.purpose,
        "controller": manifest.controller.party_name,
        "modalities": [m.value for m in manifest.modalities],
        "apps": [] if policy.blocked else [rule.id for rule in policy.apps],
        "researchers": [r.name for r in manifest.researchers],
        "names_you": own is not None and own.recipient_fingerprint in manifest.recipients(),
        "retention_days": manifest.retention_days,
        "notices": sorted(manifest.notices),
        "collector": manifest.collector,
    }


def before_pulling(collector: Collector, organisation: str, wanted: query.Wanted) -> query.Answer:
    """Count on the collector's documents: nothing sealed is asked for. Raises: CollectorError."""
    rows = list(collector.rows())
    trust = establish(collector.ledger(), collector.study(), documents.organisation_key(organisation))
    return query.agreed(trust, rows, wanted)


def in_folder(
    folder: Folder, organisation: str | None, home: Path, wanted: query.Wanted, *, headers_only: bool
) -> query.Answer:
    """Count in a pulled folder: events with a key, else envelopes. Raises: InputError, KeyFileError."""
    trust = documents.trust(folder, organisation, home)
    if headers_only or not keys.exist(home):
        seen = _looked(folder, trust, None)
        good = ((o, size) for size, o in seen if o.header and not any(f.disqualifies for f in o.findings))
        return query.sealed(trust, ((o.name, size, o.header) for o, size in good if o.header), wanted)
    return query.held(trust, _looked(folder, trust, opener(keys.load(home).identity)), wanted)


def _looked(folder: Folder, trust: Trust, opens: Opener | None) -> Iterator[tuple[int, Outcome]]:
    for outcome in stream(folder.blobs(), trust, documents.listed(folder), opens):
        yield folder.blob(outcome.name).stat().st_size, outcome
