"""Pulling from a real collector: all of it, again, killed in the middle, cut off, and lied to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pexpect
import pytest

from research import desk, keys, pull
from research.client import Collector as Client
from research.client import check_reason
from research.errors import CollectorError, InputError
from research.folder import Folder, Listing
from research.keys import Pin
from research.reasons import Reason
from schemas.base import SchemaError, digest
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.signed import sign
from schemas.wire import BatchPage, BatchRow
from tests.research.bench import filmed
from tests.research.relay import Relay
from tests.support.collectors import Collector, running
from tests.support.devices import World
from tests.support.waiting import until


@pytest.fixture
def world() -> World:
    return World.make(3)


@pytest.fixture
def collector(tmp_path: Path, world: World) -> Iterator[Collector]:
    """A collector with two devices and six batches, one of them with pictures."""
    with running(tmp_path, world) as found:
        for _ in range(2):
            device = found.join(world)
            make = device.make
            for made in (
                device.envelope([make.focus(), *make.typing("dear team")]),
                device.envelope([make.pointer("down"), make.pointer("up")]),
            ):
                found.put(device, made).raise_for_status()
            frames, section = filmed(device)
            noise = world.rng.randbytes(700_000)  # so that a batch takes a while to come
            found.put(device, device.envelope(frames, frames=section + noise)).raise_for_status()
        yield found


def _client(url: str, world: World) -> Client:
    return Client(url, world.researchers[0].key, "testing")


def _home(root: Path, world: World, url: str) -> Path:
    actor = world.researchers[0]
    keys.create(root, actor.name, actor.identity._seed, actor.key.private_bytes_raw())
    keys.save_pin(root, Pin(collector=url, organisation=world.trust, study=world.manifest.study))
    return root


def _pull(url: str, world: World, root: Path, jobs: int = 2) -> pull.Pulled:
    client, folder = _client(url, world), Folder(root)
    try:
        return pull.fetch(client, folder, pull.plan(client, folder), jobs, pause=lambda _: None)
    finally:
        client.close()


def _whole(root: Path) -> dict[str, bytes]:
    return {b.name: b.read() for b in Folder(root).blobs()}


def test_everything_comes_verifies_and_comes_only_once(collector: Collector, world: World, tmp_path: Path) -> None:
    root = tmp_path / "out"
    done = _pull(collector.url, world, root)
    assert (done.batches, done.present, done.fetched) == (6, 0, 6)
    found = _whole(root)
    assert found == {e.digest: e.to_bytes() for d in world.devices for e in d.envelopes}
    assert done.bytes == sum(len(b) for b in found.values())
    home = _home(tmp_path / "home", world, collector.url)
    collector.kill()  # from here on offline
    report = desk.verify(Folder(root), None, home, headers_only=False)
    assert [f for f in report.findings if f.reason is not Reason.LOG_MISSING] == []  # see test_research_log.py
    assert (report.verified, report.frames) == (6, 6)


def test_a_second_pull_fetches_only_what_is_new(collector: Collector, world: World, tmp_path: Path) -> None:
    root = tmp_path / "out"
    _pull(collector.url, world, root)
    assert _pull(collector.url, world, root).fetched == 0
    device = world.devices[0]
    collector.put(device, device.envelope([device.make.key("z")])).raise_for_status()
    done = _pull(collector.url, world, root)
    assert (done.present, done.fetched) == (6, 1)


def test_what_was_erased_goes_from_the_folder_and_the_rest_verifies(
    collector: Collector, world: World, tmp_path: Path
) -> None:
    root, device = tmp_path / "folder", world.devices[0]
    _pull(collector.url, world, root)
    gone = device.envelopes[1]
    named = (ErasedBatch(sequence=1, digest=gone.digest, previous=gone.header.previous),)
    request = ErasureRequest(
        version=1, study=world.manifest.study, device=device.fingerprint, requested_hour=0, batches=named
    )
    body = sign(request, device.key).to_bytes()
    collector.signed(device, "POST", "/v1/erasures", body).raise_for_status()
    done = _pull(collector.url, world, root)
    assert (done.batches, done.fetched, done.erased, done.removed) == (5, 0, 1, 1)
    assert gone.digest not in _whole(root)
    report = desk.verify(Folder(root), None, _home(tmp_path / "home", world, collector.url), headers_only=False)
    assert [f for f in report.findings if f.reason is not Reason.LOG_MISSING] == []  # see test_research_log.py
    assert (report.batches, report.erased) == (5, 1)
    assert (_pull(collector.url, world, root).removed, _pull(collector.url, world, tmp_path / "new").batches) == (0, 5)


def test_killed_in_the_middle_it_goes_on_where_it_was(collector: Collector, world: World, tmp_path: Path) -> None:
    root, home = tmp_path / "out", tmp_path / "home"
    with Relay(collector.url, allowance=400_000) as slow:
        _home(home, world, slow.url)
        command = [
            sys.executable,
            "-m",
            "research.cli",
            "pull",
            "--out",
            str(root),
            "--reason",
            "x",
            "--home",
            str(home),
        ]
        with subprocess.Popen([*command, "--jobs", "1"], stderr=subprocess.DEVNULL) as running_:
            part = until(lambda: next((p for p in root.glob("blobs/*/*.part") if p.stat().st_size > 100_000), None))
            running_.kill()
    whole, size = set(_whole(root)), part.stat().st_size
    assert 0 < len(whole) < 6
    with Relay(collector.url) as fast:
        done = _pull(fast.url, world, root)
        ranges = [r for r in fast.requests if r.lower().startswith("range")]
    assert ranges == [f"range: bytes={size}-"]
    assert done.present == len(whole)
    everything = {e.digest: e.to_bytes() for d in world.devices for e in d.envelopes}
    assert _whole(root) == everything
    assert done.bytes == sum(len(b) for n, b in everything.items() if n not in whole) - size
    assert list(root.glob("blobs/*/*.part")) == []


def test_a_broken_connection_is_taken_up_again(collector: Collector, world: World, tmp_path: Path) -> None:
    root = tmp_path / "out"
    with Relay(collector.url, allowance=500_000, cut=True) as flaky:
        _pull(flaky.url, world, root, jobs=1)
        assert any(r.lower().startswith("range") for r in flaky.requests)
    assert len(_whole(root)) == 6


def test_a_rotten_part_is_thrown_away(collector: Collector, world: World, tmp_path: Path) -> None:
    root = tmp_path / "out"
    for device, content in zip(world.devices, (b"rubbish", b"x" * 2_000_000), strict=True):
        path = Folder(root).blob(device.envelopes[0].digest).with_suffix(".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _pull(collector.url, world, root)
    assert len(_whole(root)) == 6


def test_two_pulls_into_one_folder_do_not_mix(collector: Collector, world: World, tmp_path: Path) -> None:
    root = tmp_path / "out"
    with pull.only_one(root), pytest.raises(InputError, match="another pull"):
        _pull(collector.url, world, root)
    _pull(collector.url, world, root)


def test_strangers_and_the_reasonless_get_nothing(collector: Collector, world: World, tmp_path: Path) -> None:
    stranger = World.make(77).researchers[0].key
    for client in (Client(collector.url, stranger, "hello"), Client(collector.url, world.researchers[0].key)):
        with pytest.raises(CollectorError, match="refused"):
            pull.plan(client, Folder(tmp_path / "out"))
        client.close()
    assert _whole(tmp_path / "out") == {}


@pytest.mark.parametrize("jobs", [0, 33])
def test_jobs_are_limited(world: World, tmp_path: Path, jobs: int) -> None:
    client = _client("https://x", world)
    with pytest.raises(InputError, match="--jobs"):
        pull.fetch(client, Folder(tmp_path), pull.Plan(Listing(rows=()), []), jobs)
    client.close()


def test_people_see_bytes_rate_and_time_left(collector: Collector, world: World, tmp_path: Path) -> None:
    home = _home(tmp_path / "home", world, collector.url)
    arguments = ["-m", "research.cli", "pull", "--out", tmp_path / "data", "--reason", "x", "--home", home]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    child = pexpect.spawn(sys.executable, [str(a) for a in arguments], env=env, encoding="utf-8", timeout=30)
    child.expect(r"pulling.*MB.*/s.*\d:\d\d:\d\d")
    child.expect("fetched: 6")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


# Collectors that lie ------------------------------------------------------------------------------------------------

LIE = BatchRow(cursor=1, digest=digest(b"the batch"), device="0" * 64, sequence=0, size=9)


def _lied_to(tmp_path: Path, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
    def lie(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))

    http = httpx.Client(transport=httpx.MockTransport(lie))
    client = Client("https://x", World.make(3).researchers[0].key, "testing", http)
    folder = Folder(tmp_path)
    what = pull.Plan(Listing(rows=(LIE,)), [LIE])
    try:
        pull.fetch(client, folder, what, pause=lambda _: None)
    finally:
        client.close()
        assert list(folder.blobs()) == []


@pytest.mark.parametrize("content", [b"not batch", b"the batch and more", b"the", b""])
def test_other_bytes_than_the_digest_names_never_get_the_name(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CollectorError):
        _lied_to(tmp_path, 200, content)


def test_another_range_than_asked_for_is_refused(tmp_path: Path) -> None:
    part = Folder(tmp_path).blob(LIE.digest).with_suffix(".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"the")
    with pytest.raises(CollectorError, match="another range"):
        _lied_to(tmp_path, 206, b"the batch", {"content-range": "bytes 0-8/9"})


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (BatchPage(rows=(), next=0), "does not advance"),
        (BatchPage(rows=(LIE.model_copy(update={"size": 1 << 40}),)), "larger than any"),
    ],
)
def test_a_listing_that_would_take_all_time_or_space_is_refused(
    tmp_path: Path, page: BatchPage, complaint: str
) -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=page.model_dump_json())))
    client = Client("https://x", World.make(3).researchers[0].key, "testing", http)
    with pytest.raises(CollectorError, match=complaint):
        pull.plan(client, Folder(tmp_path))
    client.close()


@pytest.mark.parametrize("reason", ["", " ", "x" * 201, "a\nb", "größer", " x"])
def test_reasons_must_fit_a_header(reason: str) -> None:
    with pytest.raises(InputError):
        check_reason(reason)


# Enrolling ----------------------------------------------------------------------------------------------------------


def test_enrolling_pins_the_organisation_and_says_whether_it_names_you(
    collector: Collector, world: World, tmp_path: Path
) -> None:
    client = Client(collector.url)
    found = desk.enrol(client, collector.url, world.trust, tmp_path / "nobody")
    assert found["names_you"] is False
    home = _home(tmp_path / "home", world, "http://127.0.0.1:1")
    assert desk.enrol(client, collector.url, world.trust, home)["names_you"] is True
    assert keys.load_pin(home).collector == collector.url
    with pytest.raises(SchemaError, match="not signed by a trusted key"):
        desk.enrol(client, collector.url, World.make(55).trust, tmp_path / "other")
    assert not (tmp_path / "other" / keys.PIN_FILE).exists()
    client.close()


def test_the_whole_way_on_the_command_line(collector: Collector, world: World, tmp_path: Path) -> None:
    home, data, out = _home(tmp_path / "home", world, collector.url), tmp_path / "data", tmp_path / "out"

    def run(*arguments: object) -> dict[str, object]:
        command = [sys.executable, "-m", "research.cli", *map(str, arguments), "--home", str(home), "--json"]
        done = subprocess.run(command, capture_output=True, env=os.environ | {"COLUMNS": "80"}, check=True)
        told: dict[str, object] = json.loads(done.stdout)
        return told

    assert run("enrol", "--collector", collector.url, "--organisation", world.trust)["names_you"] is True
    assert run("pull", "--out", data, "--reason", "Training run 4")["fetched"] == 6
    assert run("verify", data)["verified"] == 6
    assert run("export", data, "--out", out, "--sheets")["participants"] == 2
    assert len(list(out.glob("*/contact-sheet.png"))) == 2
