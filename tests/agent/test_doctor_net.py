"""What stands between this machine and its collector, told apart by real servers; and no alarm where all is well."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agent import doctor_net
from tests.agent.net.http_rig import Reply, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(lambda _: Reply(200, b"{}")) as made:
        yield made


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[str]:
    """A server whose certificate no authority signed."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Quiet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_nothing_is_wrong_where_nothing_is(site: Site) -> None:
    assert [(c.name, c.ok) for c in doctor_net.ask(site.url, {}, time.time())] == [("collector", True), ("clock", True)]


@pytest.mark.parametrize(("away_s", "word"), [(-3600.0, "behind"), (3600.0, "ahead")])
def test_a_clock_that_is_wrong(site: Site, away_s: float, word: str) -> None:
    _, clock = doctor_net.ask(site.url, {}, time.time() + away_s)
    assert (clock.ok, word in clock.sentence) == (False, True)
    assert clock.remedy


def test_nobody_there() -> None:
    with Site(lambda _: Reply(200)) as gone:
        url = gone.url
    (found,) = doctor_net.ask(url, {}, time.time())
    assert (found.name, found.ok) == ("collector", False)


def test_something_else_is_there() -> None:
    with Site(lambda _: Reply(502, b"<html>")) as other:
        (found,) = doctor_net.ask(other.url, {}, time.time())
    assert (found.name, found.ok) == ("collector", False)
    assert "502" in found.sentence


def test_an_authority_that_is_not_trusted(secure: str) -> None:
    (found,) = doctor_net.ask(secure, {}, time.time())
    assert (found.name, found.ok) == ("certificate", False)
    assert "update-ca-certificates" in found.remedy


def test_an_authority_that_the_machine_trusts_is_enough(
    secure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    found = doctor_net.ask(secure, {}, time.time())
    assert (found[0].name, found[0].ok) == ("collector", True)


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Site(lambda _: Reply(200)) as gone:
        proxy = gone.url
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    (found,) = doctor_net.ask("https://collector.invalid", {"HTTPS_PROXY": proxy}, time.time())
    assert (found.name, found.ok) == ("proxy", False)
    assert "HTTPS_PROXY" in found.remedy
