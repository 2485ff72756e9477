"""Admission of erasure requests: pure, like `admit`.

A device may have any of its own batches deleted, whatever became of its consent. Where the collector never received
the batch, it keeps the place in the chain empty, so that what comes after still follows.
"""

from collections.abc import Mapping

from msgspec import Struct

from collector.admit import Place
from collector.verdicts import Refuse
from schemas.base import SchemaError, unbase64url
from schemas.erasure import ErasureRequest
from schemas.signed import SignatureError, SignedDocument, verify
from schemas.study import DeviceRegistration
from schemas.wire import RefusalReason as R


class ErasureContext(Struct, frozen=True):
    """What the collector knows when a request comes. `stored` is what it has at the places that are named."""

    stored: Mapping[int, Place]
    last: Place | None


class Erase(Struct, frozen=True):
    """What is to be done, place by place, in order."""

    stored: tuple[Place, ...]  # turn into tombstones, and delete the bytes
    absent: tuple[Place, ...]  # add as tombstones


def read_request(signed: SignedDocument, sender: DeviceRegistration) -> ErasureRequest | Refuse:
    """The request, if its sender signed it and speaks of its own batches."""
    try:
        request = verify(signed, ErasureRequest, {sender.device: unbase64url(sender.public_key)})
    except SignatureError:
        return Refuse(R.BAD_SIGNATURE, "the request is not signed by the device that sent it")
    except SchemaError:
        return Refuse(R.MALFORMED, "not an erasure request of this version")
    if request.device != sender.device:
        return Refuse(R.UNKNOWN_DEVICE, "the request names a device that is not the sender's")
    if request.study != sender.study:
        return Refuse(R.UNKNOWN_STUDY, "the request is about another study")
    return request


def admit_erasure(request: ErasureRequest, context: ErasureContext) -> Erase | Refuse:
    """What a request comes to."""
    stored, absent, last = list[Place](), list[Place](), context.last
    for batch in request.batches:
        place, there = Place(batch.sequence, batch.digest), context.stored.get(batch.sequence)
        if there is not None:
            if there.digest != batch.digest:
                return Refuse(R.SEQUENCE_TAKEN, "another batch has this sequence")
            stored.append(place)
            continue
        following, previous = (last.sequence + 1, last.digest) if last else (0, None)
        if (batch.sequence, batch.previous) != (following, previous):
            return Refuse(R.CHAIN_BROKEN, "the batch was never received, and does not follow the last one that was")
        absent.append(place)
        last = place
    return Erase(tuple(stored), tuple(absent))
