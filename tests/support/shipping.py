"""An agent without a desktop: seals batches, spools them and ships them, with the agent's own parts.

``python -m tests.support.shipping FOLDER`` works until as many batches as the file ``goal`` says are sealed and sent,
then ends with 0. It may be killed at any moment and started again. Only its patience is shorter than the agent's: waits
are those of `agent.core.upload`, divided by a hundred.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import agent.core.upload as pace
from agent.core.batch import Authority, Batch
from agent.core.seal import Sealer
from agent.disk.consent_store import ConsentStore
from agent.disk.places import Places
from agent.disk.spool import BatchState, Spool
from agent.net.collector import Collector
from agent.net.shipper import Shipper
from schemas.age import Recipient
from schemas.base import base64url, unbase64url
from schemas.payload import Payload
from schemas.signed import public_bytes
from tests.support.device_events import EventMaker, account_of
from tests.support.devices import Device

SHORTER = 100
SIZES = (0, 200_000, 1_500_000)
"""Bytes of pictures in a batch, in turn: none, usual, and more than goes in one request."""


def prepare(folder: Path, device: Device, url: str, collector_key: str) -> None:
    """Write down what the process needs; the device has to have agreed, and need not have told anybody."""
    places = Places(folder / "state", folder / "run", ())
    places.make()
    ledger = ConsentStore(places.consents)
    for entry in device.ledger:
        ledger.append(entry)
    world = device.world
    told = {
        "url": url,
        "collector_key": collector_key,
        "key": base64url(device.key.private_bytes_raw()),
        "review": str(device.review.recipient),
        "study": world.manifest.study,
        "consent": device.consent,
        "policy": world.signed_policy.digest,
        "notice": device.records[-1].processing.privacy_notice,
        "readers": [str(r.identity.recipient) for r in world.researchers],
        "now_ns": world.now_ns,
    }
    (folder / "told.json").write_text(json.dumps(told))


def set_goal(folder: Path, batches: int) -> None:
    """How many batches there shall be in all."""
    half = folder / "goal.half"
    half.write_text(str(batches))
    half.replace(folder / "goal")


def main(folder: Path) -> None:
    """Work."""
    told = json.loads((folder / "told.json").read_text())
    pace.SPREAD_S /= SHORTER
    pace.PACE_S /= SHORTER
    pace.FIRST_WAIT_S /= SHORTER
    pace.MAX_WAIT_S /= SHORTER * 10
    places = Places(folder / "state", folder / "run", ())
    key = Ed25519PrivateKey.from_private_bytes(unbase64url(told["key"]))
    spool = Spool(places)
    collector = Collector(told["url"], key, now_s=time.time, entropy=os.urandom)
    shipper = Shipper(
        collector,
        unbase64url(told["collector_key"]),
        spool,
        ConsentStore(places.consents),
        0,
        monotonic_s=time.monotonic,
        now_s=time.time,
    )
    sealer = Sealer(told["study"], key, Recipient.parse(told["review"]), os.urandom)
    shipper.start()
    while True:
        goal = int((folder / "goal").read_text())
        if (number := spool.link().sequence) < goal:
            spool.put(sealer.seal(_batch(told, number), spool.link()), int(time.time()))
            shipper.nudge()
        elif all(row.state is BatchState.SENT for row in spool.history()):
            break
        else:
            time.sleep(0.02)
    shipper.stop(10)
    spool.close()
    print(public_bytes(key).hex(), flush=True)  # noqa: T201


def _batch(told: dict[str, Any], number: int) -> Batch:
    authority = Authority(told["consent"], told["policy"], told["notice"], tuple(told["readers"]))
    make = EventMaker(told["now_ns"], lambda: str(told["consent"]))
    events = make.typing(f"batch number {number}")
    payload = Payload(events, os.urandom(SIZES[number % len(SIZES)]), account_of(events), "episode-1")
    return Batch(authority, payload)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
