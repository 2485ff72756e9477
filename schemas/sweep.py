"""Sweep receipts: a researcher's signed word on what became of withdrawn batches in their exports."""

from typing import Literal

from schemas.base import MAX_INTEGER, Digest, Document, Sensitivity, Slug, note

MAX_SWEPT = 10_000
"""Batches in one receipt: about 700 KiB."""


class SweepReceipt(Document):
    """What was done, and what was not found any more. Signed by the researcher's own key."""

    version: Literal[1] = note("format of this document")
    study: Slug = note("the study")
    swept_hour: int = note("Unix time, rounded down to the hour", unit="s", ge=0, le=MAX_INTEGER)
    pulled_hour: int = note("Unix time of the list that it goes by, rounded down", unit="s", ge=0, le=MAX_INTEGER)
    batches: tuple[Digest, ...] = note(
        "batches that may not be used any more", sensitivity=Sensitivity.PSEUDONYM, max_length=MAX_SWEPT
    )
    rewritten: int = note("participants' parts of exports that held any of them, and were made anew", ge=0)
    removed: int = note("files made from such parts, and cached copies, that were deleted", ge=0)
    scanned_files: int = note("files looked through afterwards", ge=0)
    scanned_bytes: int = note("and their bytes", unit="byte", ge=0)
    residue: int = note("files in which something withdrawn was still found; 0 in an honest, finished sweep", ge=0)
    trained_on: int = note("recorded training runs that saw withdrawn data: weights are not known to forget", ge=0)
