"""What a database that is older than the transparency log has to be entered into it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from schemas.access import ErasureCause, Pulled, pull_digest
from schemas.base import canonical
from schemas.erasure import ErasureRequest
from schemas.feed import FIRST_HEAD, FeedEntry, GoneBatch, next_head
from schemas.log import LogKind
from schemas.signed import parse_body, parse_signed

Row = dict[str, Any]
KINDS = {"study-manifest": LogKind.MANIFEST, "policy": LogKind.POLICY, "enrolment-codes": LogKind.CODES}


def backfill(connection: Connection) -> tuple[list[Row], list[Row]]:
    """Rows of log (without salt) and feed for everything that is stored."""
    erasures = _all(connection, "SELECT * FROM erasures ORDER BY received_hour, digest")
    entries = [
        _entry(_kind(row.kind), row.digest)
        for row in _all(connection, "SELECT digest, kind FROM documents ORDER BY position")
    ]
    entries += [
        _entry(LogKind.CONSENT, row.digest, row.device)
        for row in _all(connection, "SELECT digest, device FROM consents ORDER BY device, number")
    ]
    entries += [_entry(LogKind.ERASURE, row.digest, row.device) for row in erasures]
    entries += [
        _entry(LogKind.SWEEP, row.digest) for row in _all(connection, "SELECT digest FROM sweeps ORDER BY digest")
    ]
    pulls = "SELECT p.*, b.device FROM pulls p LEFT JOIN batches b ON b.digest = p.digest ORDER BY p.position"
    entries += [_entry(LogKind.PULL, _pull(row), row.device) for row in _all(connection, pulls)]
    return entries, _feed(erasures)


def _all(connection: Connection, query: str) -> list[Any]:
    return list(connection.execute(sa.text(query)).all())


def _kind(media_type: str) -> LogKind:
    return next(kind for name, kind in KINDS.items() if f".{name}." in media_type)


def _entry(kind: LogKind, subject: str, device: str | None = None) -> Row:
    return {"kind": kind.value, "subject": subject, "device": device, "position": None}


def _pull(row: Any) -> str:
    return pull_digest(Pulled(at_s=row.at_s, researcher=row.researcher, reason=row.reason, batch=row.digest))


def _feed(erasures: list[Any]) -> list[Row]:
    lines, head = list[Row](), FIRST_HEAD
    for number, row in enumerate(erasures, 1):
        request = parse_body(ErasureRequest, parse_signed(bytes(row.body)).body)
        entry = FeedEntry(
            number=number,
            cause=ErasureCause.ASKED,
            device=row.device,
            hour=row.received_hour,
            request=row.digest,
            batches=tuple(GoneBatch(sequence=b.sequence, digest=b.digest) for b in request.batches),
        )
        head = next_head(head, entry)
        line = {"number": number, "device": row.device, "cause": entry.cause.value, "digest": row.digest}
        lines.append(line | {"body": canonical(entry), "head": head})
    return lines
