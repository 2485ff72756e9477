"""A real `overt-collector serve` in a process of its own, and what clients say to it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from schemas.envelope import Envelope
from schemas.signed import SignedDocument
from tests.support.devices import Actor, Device, World
from tests.support.waiting import until

TIMEOUT_S = 30.0
"""Above what any single request takes on a loaded machine."""
START_S = 90.0
"""Seconds: starting is a second of processor time, which a loaded machine may give late."""
ONE_REQUEST_EACH = httpx.Limits(max_keepalive_connections=0)
"""No connection is used twice: one that a killed collector left behind would fail the next test."""


class Collector:
    """One collector on a data folder; it can be killed and started again, each time on a free port unless told one."""

    def __init__(self, data: Path, trust: str, *options: str, **environ: str) -> None:
        self.data = data
        self._options, self._environ = options, environ
        self.log = data.with_name(data.name + ".log")
        self._ready = data.with_name(data.name + ".ready")
        self._trust = trust
        self._process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(trust_env=False, timeout=TIMEOUT_S, limits=ONE_REQUEST_EACH)
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.client.close()

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "collector.cli", "serve", "--data", str(self.data), "--port", "0"]
        options = ["--trust", self._trust, "--json", "--ready-file", str(self._ready), *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *options], stdout=log, stderr=log, env=os.environ | self._environ
            )
        until(self._is_ready, START_S, "the collector to serve")
        self.url = self._ready.read_text().strip()

    @property
    def pid(self) -> int:
        """Its process."""
        if self._process is None:
            raise AssertionError("it does not run")
        return self._process.pid

    def _is_ready(self) -> bool:
        if self._process and self._process.poll() is not None:
            raise AssertionError(f"the collector ended early: {self.log.read_text()}")
        return self._ready.exists()

    def kill(self) -> None:
        """End it at once, as a power cut would end the process."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Ask it to end, and give its exit code."""
        if self._process is None:
            raise AssertionError("it does not run")
        self._process.terminate()
        code = self._process.wait(TIMEOUT_S)
        self._process = None
        return code

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
        """Send one request as it is."""
        return self.client.request(method, self.url + path, content=body, headers=headers)

    def publish(self, document: SignedDocument) -> httpx.Response:
        """Publish a document."""
        return self.call("POST", "/v1/publish", document.to_bytes())

    def publish_all(self, world: World) -> None:
        """Publish all that an organisation publishes."""
        for document in world.publications():
            self.publish(document).raise_for_status()

    def enrol(self, device: Device, code: str | None = None) -> httpx.Response:
        """Enrol a device."""
        return self.call("POST", "/v1/enrol", device.enrol_request(code).model_dump_json().encode())

    def signed(self, device: Device, method: str, path: str, body: bytes = b"") -> httpx.Response:
        """Send a request that a device signed."""
        return self.call(method, path, body, device.headers(method, self.url + path, body))

    def consent(self, device: Device, entry: SignedDocument) -> httpx.Response:
        """Hand in a consent record."""
        return self.signed(device, "POST", "/v1/consents", entry.to_bytes())

    def put(self, device: Device, envelope: Envelope) -> httpx.Response:
        """Hand in a batch."""
        return self.signed(device, "PUT", f"/v1/batches/{envelope.digest}", envelope.to_bytes())

    def join(self, world: World) -> Device:
        """A new device that is enrolled and has agreed to everything since an hour ago."""
        device = world.device()
        self.enrol(device).raise_for_status()
        self.consent(device, device.grant()).raise_for_status()
        return device

    def get(self, actor: Actor, path: str, reason: str | None = "checking", **extra: str) -> httpx.Response:
        """Send a GET that a researcher signed; `extra` are further headers, underscores for hyphens."""
        headers = actor.headers("GET", self.url + path, reason=reason)
        return self.call("GET", path, headers=headers | {k.replace("_", "-"): v for k, v in extra.items()})

    def listing(self, actor: Actor) -> list[dict[str, int | str]]:
        """All rows of the listing, page by page."""
        rows: list[dict[str, int | str]] = []
        after: int | None = 0
        while after is not None:
            page = self.get(actor, f"/v1/batches?after={after}&limit=100").raise_for_status().json()
            rows += page["rows"]
            after = page.get("next")
        return rows


@contextmanager
def running(folder: Path, world: World) -> Iterator[Collector]:
    """A collector with a study published."""
    with Collector(folder / f"data-{time.monotonic_ns()}", world.trust) as collector:
        collector.publish_all(world)
        yield collector
