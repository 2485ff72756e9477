"""What the collector does a second, beside what it could be compared with: ``python -m benchmarks.collector``.

Every server gets the same load, in turns, on the same disk and the same cores as its clients: devices that each send
256 KiB batches over a connection of their own, signed and sealed beforehand. *Bare* hashes, writes and fsyncs
(:mod:`benchmarks.wire.bare`); nginx stores by WebDAV and never fsyncs. Figures are medians of the rounds.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import anyio

from benchmarks.report import Measured, report
from benchmarks.wire.fleet import Fleet, Ran, cpu_s, peak_mib
from benchmarks.wire.servers import bare, nginx_dav
from collector.admit import Context, Place, admit
from collector.settings import choose_ledger
from collector.verdicts import Store
from schemas.consent import ConsentRecord
from tests.support.buckets import KEYS, bucket
from tests.support.collectors import Collector
from tests.support.databases import database_in, postgres
from tests.support.devices import World

LANES, BATCHES = 16, 25
"""Connections, and batches of each a round: about the fewest with which the disk is kept busy."""
MIB = 1 << 20
CHAIN = 50
"""Consent records of the device whose batch is admitted: ten years of renewals."""


def uploads(folder: Path, rounds: int) -> list[Measured]:
    """SQLite and files, against a bare server and nginx, in turns."""
    world = World.make("bench", codes=LANES)
    with ExitStack() as stack:
        collector = stack.enter_context(Collector(folder / "data", world.trust))
        collector.publish_all(world)
        fleet = Fleet(folder, [collector.join(world) for _ in range(LANES)])
        servers: dict[str, Callable[[], Ran]] = {"collector": lambda: fleet.signed([collector.url], BATCHES)}
        for name, start in (("bare", bare), ("nginx", nginx_dav)):
            url = stack.enter_context(start(folder))
            servers[name] = lambda url=url: fleet.plain(url, BATCHES)  # type: ignore[misc]
        servers["collector"]()  # warm
        pid = collector.pid
        begun = cpu_s(pid)
        ran = {name: [] for name in servers}  # type: dict[str, list[Ran]]
        for _ in range(rounds):
            for name, run in servers.items():
                ran[name].append(run())
        spent = cpu_s(pid) - begun
    rates = {name: statistics.median(r.rate for r in found) for name, found in ran.items()}
    to = {
        name: statistics.median(a.rate / b.rate for a, b in zip(ran["collector"], ran[name], strict=True))
        for name in ("bare", "nginx")
    }
    beside = f"bare {rates['bare']:,.0f}, nginx {rates['nginx']:,.0f}"
    return [
        Measured("durable 256 KiB uploads", rates["collector"], "1/s", None, beside),
        Measured("of a bare server that hashes, writes, fsyncs", to["bare"], "share", 0.8, "same load", at_least=True),
        Measured("of nginx WebDAV, which never fsyncs", to["nginx"], "share", 0.5, _disk(rates), at_least=True),
        Measured(
            "processor's time an upload", spent / (rounds * LANES * BATCHES) * 1e3, "ms", None, "all of the collector"
        ),
    ]


def _disk(rates: dict[str, float]) -> str:
    return f"with fsync alone, bare reaches {rates['bare'] / rates['nginx']:.2f} of it on this disk"


def together(folder: Path, rounds: int) -> list[Measured]:
    """One collector against two, over one PostgreSQL and one S3."""
    world = World.make("bench of two", codes=LANES)
    with postgres() as server, bucket() as store, ExitStack() as stack:
        url = database_in(server)
        anyio.run(_migrate, url)
        options = ("--database", url, "--blobs", store.url, "--receipt-key", str(folder / "receipt.key"))
        made = [stack.enter_context(Collector(folder / n, world.trust, *options, **KEYS)) for n in ("one", "two")]
        made[0].publish_all(world)
        fleet = Fleet(folder, [made[0].join(world) for _ in range(LANES)])
        fleet.signed([c.url for c in made], 5)
        one, two = [], []
        for _ in range(rounds):
            one.append(fleet.signed([made[0].url], BATCHES))
            two.append(fleet.signed([c.url for c in made], BATCHES))
    gain = statistics.median(b.rate / a.rate for a, b in zip(one, two, strict=True))
    busy = [statistics.median(r.busy for r in ran) for ran in (one, two)]
    cores = os.cpu_count() or 1
    why = f"{cores} cores, shared with clients, database, store: {busy[0]:.0%} busy with one, {busy[1]:.0%} with two"
    return [
        Measured("PostgreSQL + S3, one collector", statistics.median(r.rate for r in one), "1/s", None),
        Measured("PostgreSQL + S3, two", statistics.median(r.rate for r in two), "1/s", None),
        Measured("two against one", gain, "times", 1.7, why, at_least=True),
    ]


async def _migrate(url: str) -> None:
    ledger = choose_ledger(url)
    await ledger.migrate()
    await ledger.close()


def memory(folder: Path) -> list[Measured]:
    """64 uploads of 16 MiB at once."""
    lanes = 64
    world = World.make("bench of memory", codes=lanes)
    with Collector(folder / "data", world.trust) as collector:
        collector.publish_all(world)
        fleet = Fleet(folder, [collector.join(world) for _ in range(lanes)])
        before = peak_mib(collector.pid)
        fleet.signed([collector.url], 1, 16 * MIB)
        return [
            Measured(
                "memory at 64 uploads of 16 MiB at once",
                peak_mib(collector.pid) * MIB / 1e6,
                "MB",
                200,
                f"highest resident; {before * MIB / 1e6:.0f} before",
            )
        ]


def admission() -> list[Measured]:
    """The pure function by itself, with a long consent ledger."""
    world = World.make("bench of admission")
    device = world.device()
    for _ in range(CHAIN):
        device.grant()
    device.envelope()
    envelope = device.envelope(frames=os.urandom(200_000))
    consents: list[tuple[str, ConsentRecord]] = [
        (s.digest, r) for s, r in zip(device.ledger, device.records, strict=True)
    ]
    from schemas.signed import parse_body  # noqa: PLC0415
    from schemas.study import DeviceRegistration  # noqa: PLC0415

    context = Context(
        digest=envelope.digest,
        study=world.manifest.study,
        registration=parse_body(DeviceRegistration, device.registration.body),
        manifests={world.signed_manifest.digest: world.manifest},
        policies=frozenset({world.signed_policy.digest}),
        consents=consents,
        last=Place(0, device.envelopes[0].digest),
        same_place=None,
    )
    rounds = 500
    begun = time.process_time()
    for _ in range(rounds):
        if not isinstance(verdict := admit(envelope, context), Store):
            raise SystemExit(f"not admitted: {verdict}")
    spent = (time.process_time() - begun) / rounds * 1e6
    return [Measured("admission", spent, "µs", 300, f"processor's time a batch, {CHAIN} consent records")]


def main() -> None:
    """Measure, print, and say by the exit code whether all was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk that is to be measured")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[Measured] = admission()
    works: tuple[Callable[[Path], list[Measured]], ...] = (
        lambda f: uploads(f, options.rounds),
        lambda f: together(f, options.rounds),
        memory,
    )
    for work in works:
        folder = Path(tempfile.mkdtemp(prefix=".bench-", dir=options.folder)).resolve()
        try:
            rows += work(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(not report("The collector", rows, options.json))


if __name__ == "__main__":
    main()
