"""Following a transparency log: each later checkpoint must contain the one before; entries must be where they are said.

Pure but for what is fetched, which the caller passes in. Nothing that was fetched is believed before it leads to a root
that the log's key signed.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from schemas.checkpoint import Checkpoint, read_checkpoint
from schemas.log import Opening, entry_of
from schemas.merkle import (
    TILE_HEIGHT,
    TILE_WIDTH,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tile_nodes,
    tile_path,
    verify_consistency,
    verify_inclusion,
)

Fetch = Callable[[str], bytes]
"""Gives the bytes at a path below ``/v1/log/``."""


class Proved(Struct, frozen=True):
    """What became of openings: those that are in the log, and those that have no place yet."""

    placed: tuple[Opening, ...]
    waiting: tuple[Opening, ...]


class LogView:
    """A log as one checkpoint has it.

    Args:
        fetch: gives tiles.
        checkpoint: verified.
    """

    def __init__(self, fetch: Fetch, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._node = tile_nodes(self._tile)

    def follows(self, before: Checkpoint) -> None:
        """Check that this log is an earlier one with something added.

        Raises:
            ProofError: it was rewritten or forked.
        """
        if before.origin != self.checkpoint.origin:
            raise ProofError("this is another log than before")
        old, new = before.size, self.checkpoint.size
        if old > new:
            raise ProofError("the log is shorter than it was")
        proof = consistency_proof(old, new, self._node)
        verify_consistency(old, new, before.root, self.checkpoint.root, proof)

    def prove(self, opening: Opening) -> None:
        """Check that what an opening opens stands at its place.

        Raises:
            ProofError: it does not, or it has none.
        """
        if opening.position is None:
            raise ProofError("the entry has no place in the log yet")
        size = self.checkpoint.size
        proof = inclusion_proof(opening.position, size, self._node)
        leaf = leaf_hash(entry_of(opening))
        verify_inclusion(leaf, opening.position, size, proof, self.checkpoint.root)

    def prove_all(self, openings: Iterable[Opening]) -> Proved:
        """Prove those that this log can have; what is placed later than its checkpoint waits.

        Raises:
            ProofError: one is not where it should be.
        """
        placed, waiting = list[Opening](), list[Opening]()
        for opening in openings:
            if opening.position is None or opening.position >= self.checkpoint.size:
                waiting.append(opening)
            else:
                self.prove(opening)
                placed.append(opening)
        return Proved(tuple(placed), tuple(waiting))

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._tiles:
            width = min(TILE_WIDTH, (self.checkpoint.size >> (TILE_HEIGHT * level)) - number * TILE_WIDTH)
            if width <= 0:
                raise ProofError("the log is not that long")
            self._tiles[level, number] = self._fetch(tile_path(level, number, width))
        return self._tiles[level, number]


def follow(fetch: Fetch, origin: str, public_key: bytes, before: Checkpoint | None) -> LogView:
    """The newest checkpoint's view of a log, which contains the one that was seen before.

    Raises:
        CheckpointError: not this log's, or not signed by its key.
        ProofError: rewritten or forked.
    """
    view = LogView(fetch, read_checkpoint(fetch("checkpoint"), origin, public_key))
    if before is not None:
        view.follows(before)
    return view
