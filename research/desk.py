"""What the commands do, put together: folder, keys, trust, verification, export. Prints nothing."""

import re
from pathlib import Path
from typing import Any

from research import export as exporting
from research import keys
from research.client import Collector
from research.errors import InputError
from research.folder import Folder, Stored
from research.trust import Trust, establish
from research.unseal import opener
from research.verify import Opener, Report, begin, missing, stream
from research.verify import verify as verify_all
from schemas.base import SchemaError, unbase64url
from schemas.envelope import parse
from schemas.signed import fingerprint
from schemas.signed import verify as verify_signed
from schemas.study import StudyManifest

KEY_BYTES = 32


def organisation_key(text: str) -> bytes:
    """The raw public key of an organisation.

    Raises:
        InputError: not 32 bytes in base64url.
    """
    try:
        raw = unbase64url(text)
    except SchemaError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InputError(
            "--organisation is not a public key", "It has 43 characters; `overt-admin init` printed it, IT knows it."
        )
    return raw


def enrol(collector: Collector, url: str, organisation: str, home: Path) -> dict[str, Any]:
    """Check that a collector's study is the organisation's, and pin both.

    Raises:
        SignatureError: another organisation signed the manifest.
        CollectorError: not reached.
    """
    raw = organisation_key(organisation)
    manifest = verify_signed(collector.study().manifest, StudyManifest, {fingerprint(raw): raw})
    keys.save_pin(home, keys.Pin(collector=url, organisation=organisation, study=manifest.study))
    own = keys.load(home).card() if keys.exist(home) else None
    named = own is not None and any(
        (r.recipient_fingerprint, r.signing_key) == (own.recipient_fingerprint, own.signing_key)
        for r in manifest.researchers
    )
    return {"study": manifest.study, "title": manifest.title, "organisation": fingerprint(raw), "names_you": named}


def verify(folder: Folder, organisation: str | None, home: Path, *, headers_only: bool) -> Report:
    """Verify a folder; with the key in ``home``, if there is one, event by event.

    Raises:
        NotEnrolledError: no organisation's key to go by.
        InputError: not a pulled folder.
    """
    with_key = keys.exist(home) and not headers_only
    return verify_all(folder.blobs(), _trust(folder, organisation, home), _listed(folder), _opener(home, with_key))


def export(folder: Folder, out: Path, organisation: str | None, home: Path) -> tuple[exporting.Exported, Report]:
    """Verify a folder and export what verifies.

    Raises:
        KeyFileError: no key to open with.
        ExportError: cannot be written.
    """
    trust, opens = _trust(folder, organisation, home), _opener(home, wanted=True)
    sources, listed = list(folder.blobs()), _listed(folder)
    report = begin(trust, opened=True)
    report.findings += missing(sources, listed)
    done = exporting.export(stream(sources, trust, listed, opens), trust, out, report)
    return done, report


def unseal(folder: Folder, digest: str, home: Path) -> bytes:
    """The plaintext of one batch's age file: a payload, see :mod:`schemas.payload`.

    Raises:
        InputError: no such batch, or several.
        UnsealError: this key does not open it.
    """
    opens = opener(keys.load(home).identity)
    return opens(parse(_find(folder, digest).read()).payload)


def _find(folder: Folder, digest: str) -> Stored:
    found = [b for b in folder.blobs() if b.name.startswith(digest)] if re.fullmatch("[0-9a-f]{4,64}", digest) else []
    if len(found) != 1:
        raise InputError(f"{len(found)} batches of that name in {folder.root}", "Name one by more of its digest.")
    return found[0]


def _trust(folder: Folder, organisation: str | None, home: Path) -> Trust:
    text = organisation if organisation is not None else keys.load_pin(home).organisation
    return establish(folder.ledger(), folder.study(), organisation_key(text))


def _listed(folder: Folder) -> list[str] | None:
    listing = folder.listing()
    return None if listing is None else [row.digest for row in listing.rows if not row.erased]


def _opener(home: Path, wanted: bool) -> Opener | None:  # noqa: FBT001
    return opener(keys.load(home).identity) if wanted else None
