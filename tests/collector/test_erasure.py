"""Erasure on a real collector: the bytes go, the place stays, the receipt is signed; again, forged, cut short."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from collector.admit import Place
from collector.admit_erasure import Erase, ErasureContext, admit_erasure, read_request
from collector.doctor import examine
from collector.rows import BatchRecord, ErasureRow
from collector.settings import Settings
from collector.sqlite import SqliteLedger
from collector.verdicts import Refuse
from schemas.base import digest, unbase64url
from schemas.envelope import HOUR_S, Envelope
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.receipt import Receipt, ReceiptKind
from schemas.signed import SignedDocument, fingerprint, parse_body, parse_signed, sign, verify
from schemas.study import DeviceRegistration
from schemas.wire import LedgerReply
from schemas.wire import RefusalReason as R
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World

Named = Sequence[tuple[int, str, str | None]]


def asking(device: Device, named: Named, /, **changes: object) -> SignedDocument:
    fields = {
        "version": 1,
        "study": device.world.manifest.study,
        "device": device.fingerprint,
        "requested_hour": HOUR_S,
        "batches": tuple(ErasedBatch(sequence=s, digest=d, previous=p) for s, d, p in named),
    }
    return sign(ErasureRequest.model_validate(fields | changes), device.key)


def of(*envelopes: Envelope) -> Named:
    return [(e.header.sequence, e.digest, e.header.previous) for e in envelopes]


def sent(collector: Collector, world: World, count: int) -> tuple[Device, list[Envelope]]:
    device = collector.join(world)
    made = [device.envelope(device.make.typing("w")) for _ in range(count)]
    for envelope in made:
        collector.put(device, envelope).raise_for_status()
    return device, made


def blob(collector: Collector, name: str) -> Path:
    return collector.data / "blobs" / name[:2] / name


def row(collector: Collector, world: World, name: str) -> dict[str, object]:
    (found,) = [r for r in collector.listing(world.researchers[0]) if r["digest"] == name]
    return dict(found)


def test_the_bytes_go_the_place_stays_and_the_receipt_is_signed(collector: Collector, world: World) -> None:
    device, made = sent(collector, world, 3)
    request = asking(device, of(*made[:2]))
    reply = collector.signed(device, "POST", "/v1/erasures", request.to_bytes())
    assert reply.status_code == 201
    key = unbase64url(collector.call("GET", "/v1/study").json()["collector_key"])
    receipt = verify(parse_signed(reply.content), Receipt, {fingerprint(key): key})
    assert (receipt.kind, receipt.subject, receipt.device) == (ReceiptKind.ERASURE, request.digest, device.fingerprint)
    assert [blob(collector, e.digest).exists() for e in made] == [False, False, True]
    reader = world.researchers[0]
    assert collector.get(reader, f"/v1/batches/{made[0].digest}").status_code == 410
    assert row(collector, world, made[0].digest) | {"size": 0, "erased": True} == row(collector, world, made[0].digest)
    assert "erased" not in row(collector, world, made[2].digest)
    ledger = LedgerReply.model_validate_json(collector.get(reader, "/v1/ledger").content)
    assert request in ledger.erasures
    assert collector.signed(device, "POST", "/v1/erasures", request.to_bytes()).status_code == 200
    later = asking(device, of(*made[:2]), requested_hour=2 * HOUR_S)
    assert collector.signed(device, "POST", "/v1/erasures", later.to_bytes()).status_code == 200


def test_what_was_erased_is_never_stored_again_and_the_chain_goes_on(collector: Collector, world: World) -> None:
    device, made = sent(collector, world, 2)
    collector.signed(device, "POST", "/v1/erasures", asking(device, of(made[1])).to_bytes()).raise_for_status()
    assert collector.put(device, made[1]).status_code == 200
    assert not blob(collector, made[1].digest).exists()
    assert collector.put(device, device.envelope(device.make.typing("on"))).status_code == 201


def test_a_batch_that_never_came_gets_an_empty_place_that_the_chain_goes_on_from(
    collector: Collector, world: World
) -> None:
    device, made = sent(collector, world, 1)
    lost = device.envelope(device.make.typing("lost on the way"))
    reply = collector.signed(device, "POST", "/v1/erasures", asking(device, of(made[0], lost)).to_bytes())
    assert reply.status_code == 201
    assert row(collector, world, lost.digest)["erased"] is True
    assert collector.put(device, lost).status_code == 200
    assert not blob(collector, lost.digest).exists()
    assert collector.put(device, device.envelope(device.make.typing("on"))).status_code == 201


def test_nobody_erases_for_another(collector: Collector, world: World) -> None:
    victim, made = sent(collector, world, 1)
    thief, own = sent(collector, world, 1)
    forged = asking(victim, of(*made))  # rightly signed by the victim, carried by the thief
    attempts = [
        forged,
        sign(parse_body(ErasureRequest, forged.body), thief.key),
        asking(thief, of(*made)),  # the thief's own place, the victim's digest
        asking(thief, of(*own), study="other-study"),
        sign(world.policy, thief.key),
    ]
    for request in attempts:
        reply = collector.signed(thief, "POST", "/v1/erasures", request.to_bytes())
        assert 400 <= reply.status_code < 500
    assert collector.call("POST", "/v1/erasures", forged.to_bytes()).status_code == 401
    assert all(blob(collector, e.digest).exists() for e in (*made, *own))


def test_a_researcher_cannot_erase(collector: Collector, world: World) -> None:
    device, made = sent(collector, world, 1)
    body = asking(device, of(*made)).to_bytes()
    headers = world.researchers[0].headers("POST", collector.url + "/v1/erasures", body)
    assert collector.call("POST", "/v1/erasures", body, headers).status_code == 401
    assert blob(collector, made[0].digest).exists()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=300) | st.sampled_from([b"{}", b"[]", b"null"]))
def test_anything_else_is_refused(collector: Collector, world: World, body: bytes) -> None:
    device = world.devices[0] if world.devices and world.devices[0].ledger else collector.join(world)
    reply = collector.signed(device, "POST", "/v1/erasures", body)
    assert 400 <= reply.status_code < 500, reply.text


def test_what_a_crash_left_is_deleted_at_the_next_start(tmp_path: Path) -> None:
    world = World.make("erasure crash")
    with running(tmp_path, world) as collector:
        device, made = sent(collector, world, 1)
        collector.kill()

        async def entomb() -> None:
            ledger = SqliteLedger(f"sqlite+aiosqlite:///{collector.data}/ledger.db")
            await ledger.open()
            assert await ledger.entomb(ErasureRow("0" * 64, device.fingerprint, b"{}", 0), [made[0].digest], [])
            await ledger.close()

        anyio.run(entomb)
        assert blob(collector, made[0].digest).exists()
        found = {f.check: f.ok for f in anyio.run(examine, Settings(collector.data))}
        assert found["blobs"] is False
        collector.start()
        assert not blob(collector, made[0].digest).exists()
        assert {f.check: f.ok for f in anyio.run(examine, Settings(collector.data))}["blobs"] is True


def test_a_database_of_the_version_before_is_brought_up(tmp_path: Path) -> None:
    a, b, c, d, r, s = (digest(name.encode()) for name in "abcdrs")

    async def work() -> None:
        url = f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
        old = SqliteLedger(url)
        await old.open()
        async with old._write() as connection:
            await connection.execute(text("ALTER TABLE batches DROP COLUMN erased_hour"))
            await connection.execute(text("ALTER TABLE batches DROP COLUMN due_hour"))
            later = (
                "erasures",
                "sweeps",
                "swept",
                "log",
                "log_tiles",
                "log_heads",
                "feed",
                "visits",
                "holds",
                "alembic_version",
            )
            for table in later:
                await connection.execute(text(f"DROP TABLE {table}"))
            row = "INSERT INTO batches (digest, device, sequence, size, received_hour) VALUES (:a, :d, 0, 7, 0)"
            await connection.execute(text(row), {"a": a, "d": d})
        await old.close()
        new = SqliteLedger(url)
        await new.open()
        assert await new.batch(a) == BatchRecord(a, d, 0, 7, 0, cursor=1)
        assert await new.entomb(ErasureRow(r, d, b"", 3_600), [a], [BatchRecord(b, d, 1, 0, 0, 0, 0)])
        assert [row.digest for row in await new.unemptied()] == [a]
        assert not await new.entomb(ErasureRow(s, d, b"", 0), [], [BatchRecord(c, d, 1, 0, 0, 0, 0)])
        assert [row.digest for row in await new.erasures()] == [r]
        await new.close()

    anyio.run(work)


# --- admission, by itself ---

D = [digest(bytes([n])) for n in range(9)]


def context(stored: int) -> ErasureContext:
    places = {n: Place(n, D[n]) for n in range(stored)}
    return ErasureContext(places, places.get(stored - 1))


def request(named: Named) -> ErasureRequest:
    batches = tuple(ErasedBatch(sequence=s, digest=d, previous=p) for s, d, p in named)
    return ErasureRequest(version=1, study="s", device=D[8], requested_hour=0, batches=batches)


@given(stored=st.integers(0, 5), first=st.integers(0, 6), count=st.integers(1, 3))
def test_a_right_request_is_obeyed_place_by_place(stored: int, first: int, count: int) -> None:
    named = [(n, D[n], D[n - 1] if n else None) for n in range(first, min(first + count, 8))]
    verdict = admit_erasure(request(named), context(stored))
    if first > stored:
        assert isinstance(verdict, Refuse)
        assert verdict.reason is R.CHAIN_BROKEN
        return
    assert isinstance(verdict, Erase)
    assert [p.sequence for p in verdict.stored] == [s for s, _, _ in named if s < stored]
    assert [p.sequence for p in verdict.absent] == [s for s, _, _ in named if s >= stored]


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ([(1, D[7], D[0])], R.SEQUENCE_TAKEN),
        ([(2, D[2], D[7])], R.CHAIN_BROKEN),
        ([(2, D[2], None)], R.CHAIN_BROKEN),
        ([(2, D[2], D[1]), (4, D[4], D[3])], R.CHAIN_BROKEN),
    ],
)
def test_a_wrong_place_is_refused(named: Named, reason: R) -> None:
    verdict = admit_erasure(request(named), context(2))
    assert isinstance(verdict, Refuse)
    assert verdict.reason is reason


@pytest.mark.parametrize(
    "named",
    [
        [],
        [(1, D[1], D[0]), (0, D[0], None)],
        [(0, D[0], None), (0, D[1], None)],
        [(0, D[0], None), (1, D[1], D[5])],
    ],
)
def test_a_request_out_of_order_is_none(named: Named) -> None:
    with pytest.raises(ValueError, match="batches"):
        request(named)


def test_only_the_device_itself_can_have_signed() -> None:
    device = World.make(3).device()
    sender = parse_body(DeviceRegistration, device.registration.body)
    assert not isinstance(read_request(asking(device, [(0, D[0], None)]), sender), Refuse)
    for wrong in (asking(device, [(0, D[0], None)], device=D[0]), device.registration):
        found = read_request(wrong, sender)
        assert isinstance(found, Refuse)
