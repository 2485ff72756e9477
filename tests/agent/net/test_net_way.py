"""The way to the collector: proxies, authorities of one's own, dates in Retry-After, bandwidth, metered links."""

import datetime as dt
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dbus_fast import Variant
from hypothesis import given
from hypothesis import strategies as st

from agent.core.link import UNKNOWN, Link, Terms, Throttle, held_by
from agent.native.link import read_link
from agent.net.patience import retry_after_s
from agent.net.tls import http_client
from schemas.status import Waiting
from tests.agent.net.http_rig import Reply, Site
from tests.support.fake_bus import FakeBus

NOW_S = 1_800_000_000.0
TERMS = Terms(1 << 20, wait_metered=True, wait_battery_percent=20)


@given(st.integers(0, 86_400))
def test_a_date_is_as_good_as_seconds(later: int) -> None:
    at = dt.datetime.fromtimestamp(NOW_S + later, dt.UTC)
    assert retry_after_s(format_datetime(at, usegmt=True), NOW_S) == later
    assert retry_after_s(str(later), NOW_S) == later
    assert retry_after_s(format_datetime(at, usegmt=True), NOW_S + 100_000) == 0


@given(st.text(max_size=60))
def test_nonsense_is_no_time_and_no_error(text: str) -> None:
    found = retry_after_s(text, NOW_S)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (UNKNOWN, None),
        (Link(metered=False), None),
        (Link(metered=True), Waiting.METERED),
        (Link(battery_percent=20), None),
        (Link(battery_percent=19), Waiting.BATTERY),
        (Link(metered=True, battery_percent=5), Waiting.METERED),
    ],
)
def test_what_holds_batches(link: Link, expected: Waiting | None) -> None:
    assert held_by(link, TERMS) is expected
    assert held_by(link, Terms(1, wait_metered=False, wait_battery_percent=0)) is None


@given(st.lists(st.tuples(st.integers(0, 100_000), st.floats(0, 5)), max_size=40), st.integers(1_000, 1_000_000))
def test_no_more_leaves_than_the_rate(pieces: list[tuple[int, float]], rate: int) -> None:
    throttle, now, sent = Throttle(rate), 0.0, 0
    for length, pause in pieces:
        now += throttle.wait_s(length, now)
        assert sent <= now * rate + 1e-3
        sent += length
        now += pause


# --- NetworkManager and UPower, as far as they are there ---


def asked(folder: Path, told: dict[str, tuple[str, Any]]) -> Link:
    """What is read from a bus on which these properties are told and all others are errors."""

    def answer(_bus: FakeBus, call: Any) -> Any:
        found = told.get(call.body[1]) if call.member == "Get" else None
        return ("v", [Variant(*found)]) if found else "org.freedesktop.DBus.Error.ServiceUnknown"

    stopping = threading.Event()
    with selectors.DefaultSelector() as selector:
        bus = FakeBus(folder, "bus", selector, answer)

        def serve() -> None:
            while not stopping.is_set():
                for key, mask in selector.select(0.05):
                    key.data(mask)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return read_link({"DBUS_SYSTEM_BUS_ADDRESS": bus.address})
        finally:
            stopping.set()
            thread.join()
            bus.close()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, UNKNOWN),
        ({"Metered": ("u", 0)}, UNKNOWN),
        ({"Metered": ("u", 1)}, Link(metered=True)),
        ({"Metered": ("u", 3)}, Link(metered=True)),
        ({"Metered": ("u", 4)}, Link(metered=False)),
        ({"Metered": ("s", "yes")}, UNKNOWN),
        ({"OnBattery": ("b", True), "Percentage": ("d", 12.5)}, Link(battery_percent=12)),
        ({"OnBattery": ("b", False), "Percentage": ("d", 12.5)}, UNKNOWN),
        ({"OnBattery": ("b", True), "Percentage": ("d", -3.0)}, UNKNOWN),
    ],
)
def test_what_the_system_says(tmp_path: Path, told: dict[str, tuple[str, Any]], expected: Link) -> None:
    assert asked(tmp_path, told) == expected


def test_where_there_is_no_bus_nothing_is_known(tmp_path: Path) -> None:
    assert read_link({"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/none"}) == UNKNOWN


# --- TLS and proxies ---


def certificate(folder: Path, host: str) -> Path:
    """A self-made authority that is its own server's certificate, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "authority.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@contextmanager
def tunnel(target: str) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that takes CONNECT and leads to one place whatever is asked for."""
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))
    host, _, port = target.rpartition("://")[2].partition(":")

    def pipe(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client, socket.create_connection((host, int(port))) as far:
                heard.append(client.recv(4096))
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pipe, args=(far, client), daemon=True)
                back.start()
                pipe(client, far)
                far.shutdown(socket.SHUT_RDWR)
                back.join()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


HOST = "collector.example"


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_and_an_authority_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool
) -> None:
    """By name through the proxy, to a server whose authority only this system's store knows, or does not know."""
    authority = certificate(tmp_path, HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    with Site(lambda _: Reply(200, b"here")) as site:
        site.secure(context)
        with tunnel(site.url) as (proxy, heard):
            for name in ("NO_PROXY", "no_proxy"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(authority))
            with http_client(f"https://{HOST}") as client:
                if trusted:
                    assert client.get(f"https://{HOST}/x").content == b"here"
                else:
                    with pytest.raises(Exception, match=r"(?i)certificate"):
                        client.get(f"https://{HOST}/x")
            assert heard[0].startswith(f"CONNECT {HOST}:443 ".encode())


def test_this_machine_is_asked_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Site(lambda _: Reply(200, b"here")) as site, http_client(site.url) as client:
        assert client.get(site.url).content == b"here"
