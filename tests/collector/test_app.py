"""When a store fails or a body does not come: what the client hears, and what it does not."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.types import Message

from collector import reception
from collector.app import create_app
from collector.errors import NotNowError, Refused, StorageError
from collector.files import FileBlobs
from collector.house import build_house
from collector.logs import LOG, JsonLines, PlainLines, note
from collector.rows import DocumentName
from collector.sqlite import SqliteLedger


class FailingLedger(SqliteLedger):
    """A rows store that fails as it is told."""

    def __init__(self, folder: Path, failure: Exception) -> None:
        super().__init__(f"sqlite+aiosqlite:///{folder}/ledger.db")
        self.failure = failure

    async def document_names(self) -> list[DocumentName]:
        raise self.failure


def answer_of(folder: Path, failure: Exception) -> httpx.Response:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    house = build_house(FailingLedger(folder, failure), FileBlobs(folder / "blobs"), key, (), lambda: 0.0)

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
            return await client.get("/v1/study")

    return anyio.run(go)


def test_a_store_that_fails_is_a_503_to_be_tried_again(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, StorageError("database: OperationalError"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Operational" not in answer.text


def test_an_unforeseen_error_is_a_bare_500(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOG.name):
        answer = answer_of(tmp_path, RuntimeError("words that somebody typed"))
    assert answer.status_code == 500
    assert "typed" not in answer.text + caplog.text
    assert "Traceback" not in answer.text
    (record,) = [r for r in caplog.records if r.name == LOG.name]
    assert record.__dict__["overt"]["fault"].startswith("RuntimeError at document_names:")


def test_log_lines_are_json_or_plain() -> None:
    record = logging.makeLogRecord({"msg": "request", "levelname": "INFO", "overt": {"status": 200}})
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["status"]) == ("request", 200)
    assert PlainLines().format(record).endswith("info request status=200")
    note("nobody listens")


def request_of(receive: Callable[[], object]) -> Request:
    async def wait() -> Message:
        found = receive()
        if found is None:
            await anyio.sleep_forever()
        assert isinstance(found, dict)
        return found

    return Request({"type": "http", "method": "PUT", "headers": [], "path": "/"}, wait)


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "BODY_S", 0.01)
    for work in (lambda r: reception.read_body(r, 100), reception.drain):
        with pytest.raises(NotNowError):
            anyio.run(work, request_of(lambda: None))


def test_a_body_that_is_broken_off_is_not_taken() -> None:
    with pytest.raises(NotNowError):
        anyio.run(reception.read_body, request_of(lambda: {"type": "http.disconnect"}), 100)


def test_a_body_that_never_ends_is_not_held() -> None:
    count = 0

    def endless() -> dict[str, object]:
        nonlocal count
        count += 1
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    with pytest.raises(Refused) as refused:
        anyio.run(reception.read_body, request_of(endless), 10 << 20)
    assert refused.value.status == 413
    assert count < 200
