"""Erasure requests: a device's signed word that some of its own batches are to be deleted wherever they are.

Why is never asked. An entry names its batch by place and digest, and the digest before it, so that a collector that
never received the batch can keep its place in the chain empty, and anybody can check offline that a missing batch was
taken back by the device itself and not lost on the way.
"""

from itertools import pairwise
from typing import Literal

from pydantic import field_validator

from schemas.base import MAX_INTEGER, Digest, Document, Sensitivity, Slug, note
from schemas.envelope import HOUR_S

MAX_ERASED = 1_000
"""Batches in one request: about 200 KiB. More go in further requests."""


class ErasedBatch(Document):
    """One batch that is to be deleted."""

    sequence: int = note(
        "its place among the device's batches, from 0", sensitivity=Sensitivity.BEHAVIOUR, ge=0, le=MAX_INTEGER
    )
    digest: Digest = note("digest of its envelope", sensitivity=Sensitivity.PSEUDONYM)
    previous: Digest | None = note("digest of the batch before; absent for the first", default=None)


class ErasureRequest(Document):
    """What is to be deleted. Signed by the device that sealed it."""

    version: Literal[1] = note("format of this document")
    study: Slug = note("the study")
    device: Digest = note("who sealed the batches and asks", sensitivity=Sensitivity.PSEUDONYM)
    requested_hour: int = note(
        "Unix time of the wish, rounded down to the hour",
        unit="s",
        sensitivity=Sensitivity.BEHAVIOUR,
        ge=0,
        le=MAX_INTEGER,
    )
    batches: tuple[ErasedBatch, ...] = note("in the order of their places", min_length=1, max_length=MAX_ERASED)

    @field_validator("requested_hour")
    @classmethod
    def _whole_hour(cls, value: int) -> int:
        if value % HOUR_S:
            raise ValueError("must be a whole hour")
        return value

    @field_validator("batches")
    @classmethod
    def _in_order(cls, value: tuple[ErasedBatch, ...]) -> tuple[ErasedBatch, ...]:
        places = [batch.sequence for batch in value]
        if places != sorted(set(places)):
            raise ValueError("must be in order, each place once")
        if any(b.previous != a.digest for a, b in pairwise(value) if b.sequence == a.sequence + 1):
            raise ValueError("neighbours must name each other")
        return value
