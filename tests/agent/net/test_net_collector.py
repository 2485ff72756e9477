"""The collector's answers: what is final, what may be tried again; and the shipper against a server that lies."""

import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.core.link import Link, Terms
from agent.disk.consent_store import ConsentStore
from agent.disk.erasing import Eraser
from agent.disk.spool import BatchState, Spool
from agent.net.collector import Collector, Refused, Unreachable
from agent.net.shipper import Shipper
from schemas.erasure import ErasureRequest
from schemas.receipt import ReceiptKind
from schemas.signed import parse_signed, public_bytes, verify
from schemas.status import Waiting
from schemas.wire import RefusalReason
from tests.agent.disk.disk_rig import Machine
from tests.agent.net.http_rig import Asked, Reply, Site, key_of, receipt, refusal
from tests.support.devices import draw_key
from tests.support.fake_clock import FakeClock
from tests.support.waiting import until

RNG = random.Random("net")  # noqa: S311  # test keys must come again
SERVER_KEY, OTHER_KEY = draw_key(RNG), draw_key(RNG)
DIGEST = "a" * 64
GOOD = Reply(201, receipt(DIGEST, SERVER_KEY))


def client(url: str) -> Collector:
    clock = FakeClock()
    return Collector(url, draw_key(RNG), now_s=clock.now_s, entropy=RNG.randbytes)


def put(reply: Reply) -> object:
    """What comes of handing in a batch; the server's answer is ``reply``."""
    with Site(lambda _: reply) as site:
        collector = client(site.url)
        try:
            return collector.batch(DIGEST, b"envelope")
        except (Unreachable, Refused) as error:
            return error
        finally:
            collector.close()


@pytest.mark.parametrize("status", [200, 201])
def test_a_receipt_is_an_answer(status: int) -> None:
    assert put(Reply(status, GOOD.body)) == parse_signed(GOOD.body)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413])
def test_a_refusal_in_the_collectors_own_form_is_final(status: int) -> None:
    found = put(refusal(status=status))
    assert isinstance(found, Refused)
    assert found.refusal.reason is RefusalReason.WRONG_NOTICE


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, b"oops"),
        Reply(502, b"<html>a proxy's page</html>"),
        refusal(status=500),
        refusal(status=429),
        Reply(403, b"<html>a hotel's login page</html>"),
        Reply(404, b""),
        Reply(302, b"", {"location": "https://elsewhere.example/"}),
        Reply(204, b""),
        Reply(201, b"not json"),
        Reply(201, b"{}"),
        Reply(201, b"\xff\xfe"),
        Reply(201, b"rubbish", {"content-encoding": "gzip"}),
        Reply(None),
        Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
        Reply(raw=b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\nshort"),
        Reply(raw=bytes(range(256))),
    ],
)
def test_everything_else_may_be_tried_again(reply: Reply) -> None:
    assert isinstance(put(reply), Unreachable)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("120", 120.0), ("0", 0.0), ("-5", None), ("soon", None), ("²", None), ("1.5", None), ("", None), (None, None)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(asked: str | None, expected: float | None, status: int) -> None:
    found = put(Reply(status, b"", {} if asked is None else {"retry-after": asked}))
    assert isinstance(found, Unreachable)
    assert found.retry_after_s == expected


def test_nobody_there_is_unreachable() -> None:
    with Site(lambda _: GOOD) as site:
        url = site.url
    collector = client(url)
    with pytest.raises(Unreachable):
        collector.study()
    collector.close()


@pytest.mark.parametrize(
    "url", ["http://collector.example", "http://127.0.0.1.example.com", "http://10.0.0.1:80", "ftp://x", "", "//x"]
)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="collector's address"):
        client(url)


def test_requests_are_signed_and_each_has_its_own_nonce() -> None:
    with Site(lambda _: GOOD) as site:
        collector = client(site.url)
        for _ in range(2):
            collector.batch(DIGEST, b"envelope")
        collector.close()
        first, second = site.asked
    assert (first.method, first.path, first.body) == ("PUT", f"/v1/batches/{DIGEST}", b"envelope")
    assert {"signature", "signature-input", "content-digest"} <= first.headers.keys()
    assert first.headers["signature"] != second.headers["signature"]
    assert first.headers["user-agent"] == "overt"


# --- the shipper ---


class Desk:
    """A machine with a spool and ledger, and a shipper that sends to a site."""

    def __init__(self, folder: Path, site: Site, review_s: int = 0) -> None:
        self.clock = FakeClock()
        self.machine = Machine.make(folder)
        self.ledger = ConsentStore(self.machine.places.consents)
        self.spool = Spool(self.machine.places)
        self.now_s = self.clock.now_s()
        self.collector = Collector(site.url, self.machine.device.key, now_s=self.clock.now_s, entropy=RNG.randbytes)
        self.shipper = Shipper(
            self.collector,
            public_bytes(SERVER_KEY),
            self.spool,
            self.ledger,
            review_s,
            monotonic_s=self.clock.monotonic_s,
            now_s=self.clock.now_s,
        )
        self.shipper.owner = (self.machine.world.manifest.study, self.machine.device.fingerprint)

    def put(self, payload: bytes = b"sealed") -> str:
        return self.machine.put(self.spool, payload, int(self.clock.now_s())).digest

    def later(self, seconds: int) -> bool:
        """Let time pass and wake the shipper; False, so that a condition may follow in one expression."""
        self.clock.advance(seconds * 10**9)
        self.shipper.nudge()
        return False

    def states(self) -> list[BatchState]:
        return [row.state for row in self.spool.history()]

    def close(self) -> None:
        self.shipper.stop(10)
        self.collector.close()
        self.spool.close()


@pytest.fixture
def desk_at(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(site: Site, review_s: int = 0) -> Desk:
        made.append(Desk(tmp_path, site, review_s))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


def signed(asked: Asked) -> Reply:
    """What an honest collector answers."""
    if kind := {"/v1/consents": ReceiptKind.CONSENT, "/v1/erasures": ReceiptKind.ERASURE}.get(asked.path):
        return Reply(201, receipt(parse_signed(asked.body).digest, SERVER_KEY, kind))
    return Reply(201, receipt(asked.digest, SERVER_KEY))


def test_consents_go_before_batches_and_all_in_order(desk_at: Callable[..., Desk]) -> None:
    with Site(signed) as site:
        desk = desk_at(site)
        desk.ledger.append(desk.machine.device.grant())
        digests = [desk.put(b"%d" % n) for n in range(3)]
        desk.shipper.start()
        until(lambda: desk.states() == [BatchState.SENT] * 3)
        assert [a.path for a in site.asked] == ["/v1/consents", *(f"/v1/batches/{d}" for d in digests)]
        assert desk.spool.told() == {0}
        until(lambda: desk.shipper.reached is True)
        assert list(desk.machine.places.spool.iterdir()) == []


def test_an_answer_that_was_lost_is_asked_for_again(desk_at: Callable[..., Desk]) -> None:
    """The collector has it, the answer got lost: the same bytes go again, and a duplicate's receipt counts."""
    with Site(lambda asked: Reply(None) if len(site.asked) == 1 else signed(asked)) as site:
        desk = desk_at(site)
        desk.put()
        desk.shipper.start()
        until(lambda: desk.shipper.reached is False)
        assert desk.states() == [BatchState.WAITING]
        until(lambda: desk.later(2) or desk.states() == [BatchState.SENT])
        first, second = site.asked
        assert first.body == second.body
        until(lambda: desk.shipper.reached is True)  # said after the receipt is kept


@pytest.mark.parametrize("lie", ["other key", "other subject", "rubbish", "ok without receipt"])
def test_a_word_that_is_no_receipt_lets_nothing_go(desk_at: Callable[..., Desk], lie: str) -> None:
    def answer(asked: Asked) -> Reply:
        bodies = {
            "other key": receipt(asked.digest, OTHER_KEY),
            "other subject": receipt(DIGEST, SERVER_KEY),
            "rubbish": b"{",
            "ok without receipt": b"",
        }
        return Reply(201, bodies[lie])

    with Site(answer) as site:
        desk = desk_at(site)
        desk.put()
        desk.shipper.start()
        until(lambda: desk.shipper.reached is False)
        until(lambda: desk.later(1_000) or len(site.asked) > 2)
        assert desk.states() == [BatchState.WAITING]
        assert len(desk.spool.read(0)) > 0
        site.answer = signed
        until(lambda: desk.later(1_000) or desk.states() == [BatchState.SENT])


def test_refused_is_shown_and_not_sent_again_and_the_rest_goes(desk_at: Callable[..., Desk]) -> None:
    with Site(lambda asked: refusal() if asked.digest == refused else signed(asked)) as site:
        desk = desk_at(site)
        refused = desk.put(b"first")
        desk.put(b"second")
        desk.shipper.start()
        until(lambda: desk.states() == [BatchState.WAITING, BatchState.SENT])
        for _ in range(3):
            desk.later(10_000)
        desk.put(b"third")
        desk.shipper.nudge()
        until(lambda: desk.states()[2] is BatchState.SENT)
        assert [a.digest for a in site.asked].count(refused) == 1
        assert desk.shipper.refused == {"batch 0": "wrong_notice"}


def test_batches_are_held_for_their_review(desk_at: Callable[..., Desk]) -> None:
    with Site(signed) as site:
        desk = desk_at(site, review_s=60)
        desk.put()
        assert desk.shipper._until_review() == 60.0
        desk.shipper.start()
        desk.later(59)
        desk.ledger.append(desk.machine.device.grant())
        desk.shipper.nudge()
        until(lambda: desk.spool.told() == {0})
        assert [a.path for a in site.asked] == ["/v1/consents"]
        desk.later(1)
        until(lambda: desk.states() == [BatchState.SENT])


def test_a_refused_batch_does_not_keep_the_shipper_awake(desk_at: Callable[..., Desk]) -> None:
    with Site(lambda _: refusal()) as site:
        desk = desk_at(site, review_s=60)
        desk.put()
        desk.clock.advance(61 * 10**9)
        desk.shipper.start()
        until(lambda: desk.shipper.refused)
        assert desk.shipper._until_review() is None


def test_a_missing_file_does_not_end_the_shipper(
    desk_at: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    with Site(signed) as site, caplog.at_level(logging.INFO):
        desk = desk_at(site)
        desk.put()
        path = desk.machine.places.spool / "000000000.overt"
        kept = path.read_bytes()
        path.unlink()
        desk.shipper.start()
        until(lambda: "cannot be read" in caplog.text)
        path.write_bytes(kept)
        until(lambda: desk.later(1_000) or desk.states() == [BatchState.SENT])


def test_batches_wait_on_a_metered_link_and_a_persons_word_does_not(desk_at: Callable[..., Desk]) -> None:
    with Site(signed) as site:
        desk, links = desk_at(site), [Link(metered=True)]
        desk.shipper.terms = Terms(1 << 30, wait_metered=True, wait_battery_percent=20)
        desk.shipper._link = lambda: links[0]
        desk.ledger.append(desk.machine.device.grant())
        desk.put()
        desk.shipper.start()
        until(lambda: desk.spool.told() == {0})
        until(lambda: desk.shipper.waits is Waiting.METERED)
        assert desk.states() == [BatchState.WAITING]
        links[0] = Link(metered=False)
        until(lambda: desk.later(61) or desk.states() == [BatchState.SENT])
        assert desk.shipper.waits is None


# --- erasure ---


def delete_all(desk: Desk) -> None:
    """As the daemon does: note it, carry it out. These payloads are no age files, so no gap can take their place."""
    desk.spool.intend(0, 0)
    Eraser(desk.spool, None, ()).finish()
    desk.shipper.nudge()


def named(asked: Asked, desk: Desk) -> list[str]:
    """What a request for erasure names, after checking its signature."""
    request = verify(parse_signed(asked.body), ErasureRequest, key_of(desk.machine.device.key))
    return [batch.digest for batch in request.batches]


def test_what_was_sent_is_asked_for_until_it_is_confirmed(desk_at: Callable[..., Desk]) -> None:
    fails = [Reply(503, b""), Reply(None), Reply(404, b"<html>"), Reply(201, receipt(DIGEST, SERVER_KEY))]

    def answer(asked: Asked) -> Reply:
        return fails.pop() if asked.path == "/v1/erasures" and fails else signed(asked)

    with Site(answer) as site:
        desk = desk_at(site)
        digests = [desk.put(b"%d" % n) for n in range(2)]
        desk.shipper.start()
        until(lambda: desk.states() == [BatchState.SENT] * 2)
        delete_all(desk)
        until(lambda: desk.later(1_000) or desk.states() == [BatchState.ERASED] * 2)
        requests = [a for a in site.asked if a.path == "/v1/erasures"]
        assert len(requests) == 5
        assert all(named(a, desk) == digests for a in requests)


def test_a_batch_deleted_while_it_is_on_its_way_is_asked_for(desk_at: Callable[..., Desk]) -> None:
    """The collector takes it under the digest that it had: so that digest is what it is asked to delete."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "PUT":
            delete_all(desk)
        return signed(asked)

    with Site(answer) as site:
        desk = desk_at(site)
        name = desk.put()
        desk.shipper.start()
        until(lambda: desk.states() == [BatchState.ERASED])
        assert [a.path for a in site.asked] == [f"/v1/batches/{name}", "/v1/erasures"]
        assert named(site.asked[1], desk) == [name]
        assert list(desk.machine.places.spool.iterdir()) == []


def test_the_receipt_for_a_batch_is_no_receipt_for_its_erasure(desk_at: Callable[..., Desk]) -> None:
    def lie(asked: Asked) -> Reply:
        if asked.path == "/v1/erasures":
            return Reply(201, receipt(parse_signed(asked.body).digest, SERVER_KEY, ReceiptKind.BATCH))
        return signed(asked)

    with Site(lie) as site:
        desk = desk_at(site)
        desk.put()
        desk.shipper.start()
        until(lambda: desk.states() == [BatchState.SENT])
        delete_all(desk)
        until(lambda: desk.later(1_000) or len(site.asked) > 3)
        assert desk.states() == [BatchState.ERASING]


def test_nothing_is_sent_while_a_deletion_is_under_way(desk_at: Callable[..., Desk]) -> None:
    with Site(signed) as site:
        desk = desk_at(site)
        desk.put()
        desk.spool.intend(0, 0)
        desk.ledger.append(desk.machine.device.grant())
        desk.shipper.start()
        until(lambda: desk.spool.told() == {0})
        assert desk.shipper._urgent() + desk.shipper._batches() == []
        assert [a.path for a in site.asked] == ["/v1/consents"]
