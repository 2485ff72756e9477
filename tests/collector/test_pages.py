"""The pages: who gets in, what a wish does, that nothing on them runs or leaks, in a real Chromium too."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas.access import AccessReply, PageTicket
from schemas.wire import RefusalReason as R
from tests.collector.test_access import erase, post_sweep, record, swept
from tests.collector.test_api import refused
from tests.support.collectors import Collector
from tests.support.devices import Device, World

TOKEN = "a-token-of-prometheus-that-nobody-guesses"  # noqa: S105  # of this test alone


@pytest.fixture(scope="module")
def world() -> World:
    return World.make("pages", codes=60)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Collector]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "token").write_text(TOKEN + "\n")
    with Collector(folder / "data", world.trust, "--metrics-token", str(folder / "token")) as made:
        made.publish_all(world)
        yield made


def browser(collector: Collector) -> httpx.Client:
    return httpx.Client(base_url=collector.url, trust_env=False, follow_redirects=True, timeout=30)


def path_of(collector: Collector, device: Device) -> str:
    return PageTicket.model_validate_json(collector.signed(device, "POST", "/v1/page").raise_for_status().content).path


def used(collector: Collector, world: World) -> Device:
    """A participant with a day behind them."""
    device = collector.join(world)
    for _ in range(4):
        collector.put(device, device.envelope()).raise_for_status()
    for actor, reason in zip(world.researchers, ("pilot <b>agent</b>", "reproduce table 2"), strict=True):
        for envelope in device.envelopes[:3]:
            collector.get(actor, f"/v1/batches/{envelope.digest}", reason=reason).raise_for_status()
    erase(collector, device, 1)
    post_sweep(collector, world.researchers[0], swept(world.researchers[0], device.envelopes[0].digest))
    return device


def form_of(page: str) -> str:
    match = re.search(r'name="form" value="([0-9a-f]{64})"', page)
    assert match
    return match[1]


def test_a_link_works_once_and_shows_only_ones_own(collector: Collector, world: World) -> None:
    mine, other = used(collector, world), used(collector, world)
    path = path_of(collector, mine)
    with browser(collector) as one, browser(collector) as two:
        page = one.get(path)
        assert page.status_code == 200
        assert page.url.path == "/me"
        assert "reproduce table 2" in page.text
        assert "pilot &lt;b&gt;agent&lt;/b&gt;" in page.text
        assert world.researchers[1].name in page.text
        assert page.headers["cache-control"] == "no-store"
        assert two.get(path).status_code == 403
        assert two.get("/me").status_code == 403
        assert two.get("/me/export.json").status_code == 403
        export = AccessReply.model_validate_json(one.get("/me/export.json").content)
        assert {row.pull.batch for row in export.pulls} == {e.digest for e in mine.envelopes[:3]}
        assert other.envelopes[0].digest not in one.get("/me/export.json").text
        one.post("/me/leave", data={"form": form_of(page.text)})
        assert one.get("/me").status_code == 403


def test_a_wish_keeps_everybody_out_at_once_until_the_device_lifts_it(collector: Collector, world: World) -> None:
    device = used(collector, world)
    kept = device.envelopes[3].digest
    researcher = world.researchers[0]
    with browser(collector) as visitor:
        form = form_of(visitor.get(path_of(collector, device)).text)
        for wrong in ({"wish": "erase"}, {"form": "0" * 64, "wish": "erase"}, {"form": form, "wish": "give it to me"}):
            assert visitor.post("/me/wish", data=wrong).status_code == 403
        assert record(collector, device).wish is None
        page = visitor.post("/me/wish", data={"form": form, "wish": "erase"})
        assert "overt off --erase" in page.text
    refused(collector.get(researcher, f"/v1/batches/{kept}"), 410, R.ERASED)
    listed = {row["digest"]: row for row in collector.listing(researcher)}
    assert listed[kept].get("erased") is True
    assert record(collector, device).wish == "erase"
    collector.signed(device, "POST", "/v1/page/lift").raise_for_status()
    assert collector.get(researcher, f"/v1/batches/{kept}").status_code == 200


def test_only_a_device_opens_a_page_and_only_of_its_kind(collector: Collector, world: World) -> None:
    stranger = world.device()
    refused(collector.signed(stranger, "POST", "/v1/page"), 401, R.UNKNOWN_KEY)
    device = collector.join(world)
    with browser(collector) as visitor:
        assert visitor.get(path_of(collector, device).replace("/me/", "/operator/")).status_code == 403
        assert visitor.get("/operator").status_code == 403
        assert visitor.get(operator_path(collector)).status_code == 200
        assert visitor.get("/me").status_code == 403


def operator_path(collector: Collector) -> str:
    command = [sys.executable, "-m", "collector.cli", "page", "--data", str(collector.data)]
    link = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return link.removeprefix("http://127.0.0.1:8800")


def test_every_page_is_closed_to_scripts_and_to_other_places(collector: Collector, world: World) -> None:
    device = used(collector, world)
    with browser(collector) as visitor:
        found = [visitor.get(p) for p in ("/", path_of(collector, device), operator_path(collector), "/nothing/me")][:3]
        for page in found:
            assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
            assert page.headers["referrer-policy"] == "no-referrer"
            assert not re.search(r"<script|<iframe|<img|\son\w+=|style=|javascript:", page.text)
            assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text)


def test_metrics_need_their_token_and_name_nobody(collector: Collector, world: World) -> None:
    device = used(collector, world)
    refused(collector.call("GET", "/metrics"), 404, R.NOT_FOUND)
    refused(collector.call("GET", "/metrics", headers={"authorization": "Bearer wrong"}), 404, R.NOT_FOUND)
    told = collector.call("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert told.status_code == 200
    assert "overt_batches_stored_day 0.0" in told.text
    assert 'overt_refused_day{reason="bad_signature"}' in told.text
    assert device.fingerprint not in told.text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_pages_in_chromium(collector: Collector, world: World, tmp_path: Path) -> None:
    """They load without an error, their style applies, and nothing is wider than a phone."""
    device = used(collector, world)
    for number, path in enumerate(("/", path_of(collector, device), operator_path(collector))):
        run = chromium(collector.url + path, tmp_path / f"profile{number}", "--dump-dom")
        assert "<h1" in run.stdout
        assert "Refused to" not in run.stderr


def chromium(url: str, profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    flags = ["--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--enable-logging=stderr"]
    command = ["chromium", *flags, f"--user-data-dir={profile}", *options, url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
