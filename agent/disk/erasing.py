"""Carrying a deletion out on the spool, so that a crash between any two writes is made good at the next start.

The wish stands in the index before anything is touched (:meth:`Spool.intend`), and stays until all is done. Every step
is one batch: its file, then its row. Done again from the start, a pass finds what is done and does the rest.
"""

import logging
from collections.abc import Sequence

from agent.core.chain import HELD, Row
from agent.core.erase import Fate, Picked, Span, emptied, fates
from agent.core.seal import Sealer
from agent.disk.parts import Part
from agent.disk.spool import Deletion, Spool
from schemas.base import SchemaError
from schemas.envelope import Envelope, parse

_log = logging.getLogger(__name__)


class Eraser:
    """Carries out what was noted. Nothing else may write to the spool meanwhile, but for receipts.

    Args:
        spool: sealed batches.
        sealer: signs what takes their place; ``None`` where the device's key is not at hand.
        readers: age recipients of all researchers for whom a batch may have been sealed.
    """

    def __init__(self, spool: Spool, sealer: Sealer | None, readers: Sequence[str]) -> None:
        self._spool = spool
        self._sealer = sealer
        self._readers = readers

    def finish(self) -> None:
        """Carry out every deletion that is noted and not done.

        Raises:
            OSError: the disk refused; it stays noted, and may be tried again.
        """
        for deletion in self._spool.deletions(unfinished=True):
            self._pass(deletion)
            self._spool.deleted(deletion.number)

    def _pass(self, deletion: Deletion) -> None:
        parts, previous = self._spool.parts(deletion.number), None
        span = Picked(frozenset(parts)) if parts else Span(deletion.since_ns)
        for row, fate in fates(self._spool.history(), span, can_seal=self._sealer is not None):
            part = parts.get(row.sequence)
            if fate is Fate.REPLACE and part is not None and part.sealed is not None:
                digest = self._cut(row, part, part.sealed, previous, deletion)
                if digest is not None:
                    previous = digest
                    continue
            previous = self._one(row, fate, previous, deletion)

    def _one(self, row: Row, fate: Fate, previous: str | None, deletion: Deletion) -> str:
        """Do one batch; gives the digest that its place has now."""
        if fate is Fate.REPLACE and (digest := self._replace(row, previous, deletion)):
            return digest
        if fate is Fate.LINK:
            return self._link(row, previous)
        if fate in (Fate.ASK, Fate.REPLACE):
            self._spool.ask(row, deletion.number, _held(row))
        return row.digest

    def _cut(self, row: Row, part: Part, sealed: bytes, previous: str | None, deletion: Deletion) -> str | None:
        """Put what stays of a batch in its place; ``None`` if that cannot be, so that all of it goes."""
        assert self._sealer is not None  # noqa: S101  # nothing is to be replaced without it
        try:
            made = self._sealer.rebind(parse(self._spool.read(row.sequence)).header, sealed, previous)
        except (FileNotFoundError, SchemaError) as error:
            _log.info("a batch cannot be cut: %s", type(error).__name__)
            return None
        self._spool.cut(row, made, part, deletion.number)
        return made.digest

    def _replace(self, row: Row, previous: str | None, deletion: Deletion) -> str | None:
        """Empty a batch; ``None`` if that cannot be, so that it has to go as a whole."""
        assert self._sealer is not None  # noqa: S101  # nothing is to be replaced without it
        try:
            old = parse(self._spool.read(row.sequence)).header
            made = self._sealer.reseal(old, emptied(row.extent), previous, self._readers)
            self._spool.replace(row, made, deletion.number, _held(row))
        except (OSError, SchemaError) as error:
            _log.info("a deleted batch cannot be replaced by a gap: %s", type(error).__name__)
            return None
        return made.digest

    def _link(self, row: Row, previous: str | None) -> str:
        """See that a batch that stays names the one before it, and that its row names its bytes."""
        assert self._sealer is not None  # noqa: S101  # as above
        try:
            envelope: Envelope = parse(self._spool.read(row.sequence))
        except (FileNotFoundError, SchemaError):
            _log.info("a sealed batch is damaged: its place stays as it is")
            return row.digest
        if envelope.header.previous != previous:
            envelope = self._sealer.relink(envelope, previous)
        if envelope.digest != row.digest:
            self._spool.replace(row, envelope)
        return envelope.digest


def _held(row: Row) -> int:
    """Observations that go with a batch that lay here; what was sent is counted by batches alone."""
    return row.extent.kept if row.extent and row.state in HELD else 0
