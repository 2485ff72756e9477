"""What `overt-collector status` and `doctor` say: amounts and faults, nothing about anybody (G12)."""

import os
import shutil
import time
from pathlib import Path

from msgspec import Struct

from collector.errors import CollectorError, Refused
from collector.library import MANIFEST, POLICY, Library
from collector.limits import MAX_BATCH_BYTES
from collector.ports import Blobs, Ledger
from collector.receipts import load_key
from collector.retention import RetentionReport, report_retention
from collector.sessions import OPERATOR, Sessions
from collector.settings import Settings, choose_blobs, choose_ledger
from collector.tally import shown
from schemas.wire import MAX_PAGE_ROWS

LOW_DISK_BYTES = 16 * MAX_BATCH_BYTES
"""Bytes: room for some minutes of the largest batches, so that somebody can still act."""


class Status(Struct, frozen=True):
    """What is stored. `devices` is "<5" where it would say too much."""

    study: str | None
    manifest_version: int
    policy_version: int
    devices: int | str
    batches: int
    batch_bytes: int
    pulls: int


class Finding(Struct, frozen=True):
    """One thing that was checked."""

    check: str
    ok: bool
    detail: str = ""


async def read_status(settings: Settings) -> Status:
    """What is stored, read beside a running collector.

    Raises:
        CollectorError: there is no collector's data here.
    """
    ledger = _existing_ledger(settings)
    try:
        counts, shelf = await ledger.counts(), await Library(ledger).shelf()
    finally:
        await ledger.close()
    return Status(
        study=shelf.study,
        manifest_version=shelf.version(MANIFEST),
        policy_version=shelf.version(POLICY),
        devices=shown(counts.devices),
        batches=counts.batches,
        batch_bytes=counts.batch_bytes,
        pulls=counts.pulls,
    )


async def read_retention(settings: Settings) -> RetentionReport:
    """What is over its time, read beside a running collector.

    Raises:
        CollectorError: there is no collector's data here.
    """
    ledger = _existing_ledger(settings)
    try:
        return await report_retention(ledger, Library(ledger), time.time())
    finally:
        await ledger.close()


async def operator_path(settings: Settings) -> str:
    """Path of the operator's page, with a ticket that works once.

    Raises:
        CollectorError: there is no collector's data here.
    """
    ledger = _existing_ledger(settings)
    try:
        ticket, _ = await Sessions(ledger, time.time).ticket(OPERATOR, None)
    finally:
        await ledger.close()
    return f"/operator/enter?ticket={ticket}"


async def examine(settings: Settings) -> list[Finding]:
    """Check permissions, key, free space, the database, and that every row's blob is whole in length."""
    findings = [_folder(settings.data), _key(settings.key_file), _space(settings.data)]
    ledger = _existing_ledger(settings)
    try:
        faults = await ledger.faults()
        findings.append(Finding("database", not faults, "; ".join(faults[:3])))
        findings.append(await _blobs(ledger, await _opened(settings)))
        findings.append(await _study(ledger))
    finally:
        await ledger.close()
    return findings


def _existing_ledger(settings: Settings) -> Ledger:
    if settings.database is None and not (settings.data / "ledger.db").exists():
        raise CollectorError("no collector has served from this data folder")
    return choose_ledger(settings.database_url)


async def _opened(settings: Settings) -> Blobs:
    blobs = choose_blobs(settings.blobs_url)
    if not settings.blobs_url.startswith("file:"):  # opening a folder clears what a running collector writes there
        await blobs.open()
    return blobs


def _folder(data: Path) -> Finding:
    open_to = data.stat().st_mode & 0o077
    return Finding("data folder", not open_to, "others may enter it: chmod 700 it" if open_to else "")


def _key(path: Path) -> Finding:
    if not path.exists():
        return Finding("receipt key", ok=False, detail="missing")
    try:
        load_key(path)
    except CollectorError as error:
        return Finding("receipt key", ok=False, detail=str(error))
    return Finding("receipt key", ok=True)


def _space(data: Path) -> Finding:
    free = shutil.disk_usage(data).free
    writable = os.access(data, os.W_OK)
    return Finding("disk", free >= LOW_DISK_BYTES and writable, f"{free} bytes free")


async def _blobs(ledger: Ledger, blobs: Blobs) -> Finding:
    after, wrong, seen = 0, 0, 0
    while rows := await ledger.page(after, MAX_PAGE_ROWS):
        sizes = [await blobs.size(row.digest) for row in rows]
        whole = [row.size if row.erased_hour is None else None for row in rows]
        wrong += sum(size != wanted for size, wanted in zip(sizes, whole, strict=True))
        seen, after = seen + len(rows), rows[-1].cursor
    return Finding("blobs", not wrong, f"{seen} rows, {wrong} without their whole blob, or erased and with it")


async def _study(ledger: Ledger) -> Finding:
    shelf = await Library(ledger).shelf()
    try:
        shelf.newest(MANIFEST), shelf.newest(POLICY)
    except Refused:
        return Finding("study", ok=False, detail="no manifest or no policy is published yet")
    return Finding("study", ok=True, detail=f"manifest version {shelf.version(MANIFEST)}")
