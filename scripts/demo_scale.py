"""``make demo-scale``: a deployment of several parts, 200 devices, and parts that die while the devices send.

PostgreSQL and SeaweedFS (which flush to disk), two collectors behind nginx, 200 simulated devices with real keys,
signatures and sealed envelopes, which send with the agent's own client and back-off. In the middle a collector, the
store and the database are ended by kill -9 and started again. Ends 0 only if every claim that it prints was checked.
"""

import argparse
import os
import random
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import agent.core.upload as pace
from agent.core.upload import Done, Send, Uploads, Wait
from agent.net.collector import Collector as Client
from agent.net.collector import Refused, Unreachable
from scripts.demo.stage import Stage
from tests.support.cluster import Cluster, shared
from tests.support.devices import Device, World

STEPS = 4
MAX_WAIT_S = 10.0
"""Seconds: the longest wait of a device here. The agent's is 15 minutes."""
END_S = 600.0
KILLS = ((0.2, "collector 0"), (0.4, "store"), (0.6, "postgres"), (0.8, "collector 1"))
"""What dies when this share of the batches is acknowledged."""


class Crowd:
    """Devices that send until everything is acknowledged."""

    def __init__(self, cluster: Cluster, devices: list[Device]) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self.devices = devices
        self.acknowledged = 0
        self.troubles: Counter[str] = Counter()

    def join(self, device: Device, batches: int) -> None:
        """Enrol, agree, and seal what will be sent."""
        client = self._client(device)
        one = self._cluster.collectors[0]
        one.enrol(device).raise_for_status()
        client.consent(device.grant())
        client.close()
        for _ in range(batches):
            device.envelope(device.make.typing("work"), frames=os.urandom(random.SystemRandom().choice((0, 90_000))))

    def send(self, device: Device) -> None:
        """Obey `Uploads`, as the agent does."""
        client, uploads, dice = self._client(device), Uploads(), random.SystemRandom()
        left = {envelope.digest: envelope.to_bytes() for envelope in device.envelopes}
        until_s = time.monotonic() + END_S
        while time.monotonic() < until_s:
            match uploads.step(list(left), time.monotonic(), dice.random()):
                case Done():
                    break
                case Wait(seconds):
                    time.sleep(seconds)
                case Send(digest):
                    self._try(client, uploads, left, digest, dice)
        client.close()

    def _try(
        self, client: Client, uploads: Uploads, left: dict[str, bytes], digest: str, dice: random.SystemRandom
    ) -> None:
        try:
            client.batch(digest, left[digest])
        except (Unreachable, Refused) as error:
            with self._lock:
                self.troubles[str(error)] += 1
            uploads.failed(time.monotonic(), dice.random(), getattr(error, "retry_after_s", None))
            return
        del left[digest]
        uploads.sent(time.monotonic(), dice.random(), len(left))
        with self._lock:
            self.acknowledged += 1

    def _client(self, device: Device) -> Client:
        return Client(self._cluster.url, device.key, now_s=time.time, entropy=os.urandom)


def main() -> int:
    """Play it; gives the exit code."""
    parser = argparse.ArgumentParser(prog="make demo-scale", description="A deployment whose parts die, and the count.")
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--batches", type=int, default=6, help="of each device")
    parser.add_argument("--out", type=Path, default=Path("demo-out"))
    options = parser.parse_args()
    pace.MAX_WAIT_S, pace.SPREAD_S = MAX_WAIT_S, 5.0
    options.out.mkdir(parents=True, exist_ok=True)
    world = World.make("demo of scale", codes=options.devices)
    with (
        tempfile.TemporaryDirectory(prefix="overt-scale-") as folder,
        Stage(options.out, STEPS) as stage,
        ExitStack() as stack,
    ):
        with stage.step("PostgreSQL, SeaweedFS, two collectors behind nginx"):
            cluster = stack.enter_context(shared(Path(folder), world))
        return _play(stage, cluster, world, options.devices, options.batches)


def _play(stage: Stage, cluster: Cluster, world: World, devices: int, batches: int) -> int:
    with stage.step(f"{devices} devices enrol, agree, and seal {batches} batches each"):
        crowd = Crowd(cluster, [world.device() for _ in range(devices)])
        for device in crowd.devices:
            crowd.join(device, batches)
    with stage.step("They send; a collector, the store and the database die"):
        _send(stage, cluster, crowd)
    with stage.step("What is there in the end"):
        _check(stage, cluster, world, crowd)
    return stage.verdict()


def _send(stage: Stage, cluster: Cluster, crowd: Crowd) -> None:
    begun, total = time.monotonic(), sum(len(device.envelopes) for device in crowd.devices)
    with ThreadPoolExecutor(len(crowd.devices)) as pool:
        sending = [pool.submit(crowd.send, device) for device in crowd.devices]
        for share, part in KILLS:
            while crowd.acknowledged < share * total and time.monotonic() < begun + END_S:
                time.sleep(0.05)
            at = crowd.acknowledged
            cluster.kill(part)
            stage.tell(f"kill -9 of {part} after {at} of {total} were acknowledged; started again")
        for each in sending:
            each.result()
    stage.tell(f"{total} batches in {time.monotonic() - begun:.0f} s; {sum(crowd.troubles.values())} attempts failed")


def _check(stage: Stage, cluster: Cluster, world: World, crowd: Crowd) -> None:
    reader = world.researchers[0]
    lists = [collector.listing(reader) for collector in cluster.collectors]
    rows = lists[0]
    stored = {str(row["digest"]) for row in rows}
    places = {(row["device"], row["sequence"]) for row in rows}
    expected = {envelope.digest: envelope for device in crowd.devices for envelope in device.envelopes}
    intact = sum(
        cluster.collectors[n % 2].get(reader, f"/v1/batches/{digest}").content == envelope.to_bytes()
        for n, (digest, envelope) in enumerate(expected.items())
    )
    told = f"{crowd.acknowledged} of {len(expected)}"
    stage.claim(f"every batch was acknowledged: {told}", crowd.acknowledged == len(expected), crowd.troubles)
    stage.claim(
        f"the listing has exactly these: {len(rows)} rows", stored == set(expected) and len(rows) == len(expected)
    )
    stage.claim("no place in any chain is taken twice", len(places) == len(rows))
    stage.claim("both collectors list the same", lists[0] == lists[1])
    stage.claim(f"each comes back byte for byte: {intact}", intact == len(expected))
    stage.claim("something did have to be sent again", sum(crowd.troubles.values()) > 0)


if __name__ == "__main__":
    raise SystemExit(main())
