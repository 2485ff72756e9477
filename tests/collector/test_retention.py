"""The notice's time limits: what is over them goes, bytes and all, and everybody concerned is told."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from collector.house import House, build_house
from collector.settings import choose_blobs, choose_ledger
from research.reasons import Reason
from research.trust import establish
from schemas.access import ErasureCause
from schemas.envelope import HOUR_S
from schemas.feed import FeedPage
from schemas.log import LogKind
from schemas.signed import parse_body, public_bytes, public_key_text, sign
from schemas.wire import RefusalReason
from tests.support.devices import Device, World, draw_key

DAY_S = 86_400


class Clock:
    """Time that the test sets."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def house(folder: Path, world: World, clock: Clock) -> AsyncIterator[House]:
    ledger, blobs = choose_ledger(f"sqlite:///{folder}/ledger.db"), choose_blobs(f"file://{folder}/blobs")
    made = build_house(ledger, blobs, draw_key(world.rng), [world.trust], clock, folder)
    await blobs.open()
    await ledger.open()
    for document in world.publications():
        await made.publishing.publish(document)
    try:
        yield made
    finally:
        await ledger.close()


async def sent(made: House, world: World, count: int) -> Device:
    device = world.device()
    await made.intake.enrol(device.enrol_request())
    await made.intake.consent(device.fingerprint, device.grant())
    for _ in range(count):
        envelope = device.envelope()
        await made.intake.batch(device.fingerprint, envelope.digest, envelope.to_bytes())
    return device


def test_what_is_over_its_time_goes_and_is_told(tmp_path: Path) -> None:
    async def work() -> None:
        world = World.make("retention")
        clock = Clock(world.now_ns / 1e9)
        async with house(tmp_path, world, clock) as made:
            device = await sent(made, world, 3)
            digests = [e.digest for e in device.envelopes]
            clock.now_s += (world.manifest.retention_days - 1) * DAY_S
            assert await made.retention.sweep() == 0
            clock.now_s += 2 * DAY_S
            report = await made.retention.report()
            assert (report.overdue, report.half_erased) == (3, 0)
            assert report.oldest_overdue_hour is not None
            assert report.oldest_overdue_hour <= clock.now_s
            assert await made.retention.sweep() == 3
            assert (await made.retention.report()).overdue == 0
            assert [await made.blobs.size(name) for name in digests] == [None] * 3
            rows = await made.ledger.page(0, 10)
            assert [(row.digest, row.size, row.erased_hour is not None) for row in rows] == [
                (name, 0, True) for name in digests
            ]
            record = await made.access.record(device.fingerprint, 0, 10)
            assert [(e.cause, e.batches) for e in record.erasures] == [(ErasureCause.RETENTION, 3)]
            feed = parse_body(FeedPage, (await made.feed.page(0)).body)
            assert [b.digest for b in feed.entries[0].batches] == digests
            await check_that_research_believes_it(made, world, device, digests)
            (entry,) = await made.ledger.openings([LogKind.RETENTION], device.fingerprint, 0, 10)
            assert entry.subject == record.erasures[0].digest
            assert await made.retention.sweep() == 0

    anyio.run(work)


async def check_that_research_believes_it(made: House, world: World, device: Device, digests: list[str]) -> None:
    """By the collector's signature, and nobody else's."""
    ledger, study = await made.outlet.ledger(), await made.publishing.study()
    organisation = public_bytes(world.org_key)
    trust = establish(ledger, study, organisation)
    assert trust.findings == []
    assert trust.devices[device.fingerprint].erased == dict(enumerate(digests))
    other = study.model_copy(update={"collector_key": public_key_text(draw_key(world.rng))})
    doubted = establish(ledger, other, organisation)
    assert [finding.reason for finding in doubted.findings] == [Reason.ERASURE_UNTRUSTED]
    assert doubted.devices[device.fingerprint].erased == {}


def test_a_shorter_notice_counts_for_all_and_a_longer_one_for_nobody_before_it(tmp_path: Path) -> None:
    async def work() -> None:
        world = World.make("retention changes")
        clock = Clock(world.now_ns / 1e9)
        async with house(tmp_path, world, clock) as made:
            await sent(made, world, 1)
            longer = world.manifest.model_copy(update={"version": 2, "retention_days": 900})
            await made.publishing.publish(sign(longer, world.org_key))
            clock.now_s += 181 * DAY_S
            assert (await made.retention.report()).overdue == 1
            clock.now_s -= 171 * DAY_S
            assert (await made.retention.report()).overdue == 0
            shorter = world.manifest.model_copy(update={"version": 3, "retention_days": 7})
            await made.publishing.publish(sign(shorter, world.org_key))
            assert await made.retention.sweep() == 1

    anyio.run(work)


def test_a_store_that_fails_leaves_it_reported_and_the_next_sweep_ends_it(tmp_path: Path) -> None:
    async def work() -> None:
        world = World.make("retention fails")
        clock = Clock(world.now_ns / 1e9)
        async with house(tmp_path, world, clock) as made:
            device = await sent(made, world, 1)
            clock.now_s += 200 * DAY_S
            limit = await made.retention._limit()
            assert limit
            assert await made.ledger.expire(device.fingerprint, [device.envelopes[0].digest], limit.now_hour)
            report = await made.retention.report()
            assert (report.overdue, report.half_erased) == (0, 1)
            assert report.oldest_half_erased_hour == int(clock.now_s) // HOUR_S * HOUR_S
            with pytest.raises(Exception, match=RefusalReason.ERASED.value):
                await made.outlet.find(device.envelopes[0].digest)
            await made.retention.sweep()
            assert (await made.retention.report()).half_erased == 0

    anyio.run(work)


def test_the_command_reports(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    async def work() -> None:
        world = World.make("retention command")
        async with house(tmp_path, world, Clock(world.now_ns / 1e9)) as made:
            await sent(made, world, 1)

    anyio.run(work)
    command = [sys.executable, "-m", "collector.cli", "retention", "--data", str(tmp_path), "--json"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert (told["overdue"], told["half_erased"], told["retention_days"]) == (0, 0, 180)
