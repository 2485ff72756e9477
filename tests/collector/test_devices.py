"""The simulated devices are right themselves: what they make verifies, opens and comes again with the seed."""

import pytest

from schemas.age import NoMatchingIdentity, decrypt
from schemas.consent import intervals, read_ledger
from schemas.envelope import parse, verify
from schemas.events import FrameEvent, GapReason
from schemas.payload import unpack
from schemas.signed import public_bytes
from tests.support.devices import HOUR_NS, World, draw_identity

LIMIT = 1 << 24


def test_every_reader_opens_what_a_device_seals_and_nobody_else() -> None:
    world = World.make("devices")
    device = world.device()
    device.grant()
    make = device.make
    image = b"image bytes"
    events = [
        make.focus(title="Inbox"),
        *make.typing("hi"),
        make.pointer("down"),
        make.scroll(),
        make.frame(image),
        make.gap(GapReason.LOCKED),
    ]
    envelope = parse(device.envelope(events, frames=image).to_bytes())
    verify(envelope, public_bytes(device.key))
    for identity in (*(r.identity for r in world.researchers), device.review):
        payload = unpack(decrypt(envelope.payload, [identity], limit=LIMIT))
        assert payload.events == events
        assert payload.account.balances()
        assert payload.image(next(e for e in payload.events if isinstance(e, FrameEvent))) == image
    with pytest.raises(NoMatchingIdentity):
        decrypt(envelope.payload, [draw_identity(world.rng)], limit=LIMIT)


def test_consent_is_given_and_withdrawn_as_told() -> None:
    world = World.make("devices")
    device = world.device()
    device.grant(at=world.now_ns - 5 * HOUR_NS)
    device.withdraw(at=world.now_ns - 2 * HOUR_NS)
    device.grant(world.scope(apps=("mail",)), at=world.now_ns)
    first, second = intervals(read_ledger(device.ledger, public_bytes(device.key)))
    assert (first.begin_ns, first.end_ns) == (world.now_ns - 5 * HOUR_NS, world.now_ns - 2 * HOUR_NS)
    assert (second.begin_ns, [a.app for a in second.scope.apps]) == (world.now_ns, ["mail"])


def test_the_same_seed_makes_the_same_world() -> None:
    one, two = (World.make(5, now_ns=1_700_000_000_000_000_000) for _ in range(2))
    assert one.publications() == two.publications()
    assert one.device().grant() == two.device().grant()
