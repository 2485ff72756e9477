"""The transparency log as it is served: checkpoints, tiles, openings; and when it is extended. Knows nothing of HTTP.

It is extended once in each period, by at least one whole filling of entries whether anything happened or not: neither
its size nor the time of its growth tells whether somebody agreed to something (G12).
"""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.errors import Refused
from collector.library import Library
from collector.log_append import ENTRIES
from collector.ports import LogStore
from schemas.base import base64url
from schemas.checkpoint import Checkpoint, origin_of, sign_checkpoint
from schemas.log import ENTRY_BYTES, LogKind, Opening, OpeningPage, pack_entries
from schemas.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, root_of
from schemas.wire import RefusalReason

PUBLIC = (LogKind.MANIFEST, LogKind.POLICY, LogKind.ROLES)
"""What anybody may see opened: it is published anyway."""
OF_STUDY = (*PUBLIC, LogKind.CONSENT, LogKind.ERASURE, LogKind.RETENTION, LogKind.SWEEP, LogKind.KEY)
"""What a researcher sees opened: what they are given in the ledger and the feed."""
OF_DEVICE = (LogKind.CONSENT, LogKind.ERASURE, LogKind.RETENTION, LogKind.PULL, LogKind.KEY)
"""What a device sees opened, of its own."""
OF_AUDITOR = (*PUBLIC, LogKind.CODES, LogKind.PULL, LogKind.RETENTION, LogKind.SWEEP)
"""What an auditor sees opened: what organisation and researchers did, nobody's consent."""


class Log:
    """Gives the log out, and extends it.

    Args:
        period_s: seconds between two extensions.
    """

    def __init__(
        self,
        store: LogStore,
        library: Library,
        key: Ed25519PrivateKey,
        clock: Callable[[], float],
        period_s: int,
    ) -> None:
        self._store = store
        self._library = library
        self._key = key
        self._clock = clock
        self.period_s = period_s

    async def extend(self) -> bool:
        """Give places to what has none yet, if this period's extension has not happened. True if it was done now."""
        return await self._store.merge_log(int(self._clock()) // self.period_s)

    async def newest(self) -> Checkpoint:
        """The newest checkpoint.

        Raises:
            Refused: nothing is published yet, so that the log has no name.
        """
        origin = origin_of((await self._library.shelf()).served)
        head = await self._store.log_head()
        size, root = (head.size, head.root) if head else (0, root_of(()))
        return Checkpoint(origin, size, root)

    async def checkpoint(self) -> bytes:
        """The same, signed. Raises: Refused."""
        return sign_checkpoint(await self.newest(), self._key)

    async def tile(self, level: int, number: int, width: int) -> bytes:
        """A tile's hashes, or a bundle of entries for `ENTRIES`; of a part, the first `width`.

        Raises:
            Refused: the log is not that long.
        """
        data = await self._store.log_tile(level, number)
        head = await self._store.log_head()
        leaves = head.size if head else 0
        there = (leaves >> (TILE_HEIGHT * max(level, 0))) - number * TILE_WIDTH
        if data is None or width > there:
            raise Refused(RefusalReason.NOT_FOUND, "the log has no such tile")
        return pack_entries(data[: width * ENTRY_BYTES]) if level == ENTRIES else data[: width * HASH_BYTES]

    async def openings(self, kinds: Sequence[LogKind], device: str | None, after: int, limit: int) -> OpeningPage:
        """A page of openings: of some kinds, or of those that concern one device."""
        found = await self._store.openings(kinds, device, after, limit + 1)
        rows = tuple(
            Opening(
                cursor=row.id,
                kind=LogKind(row.kind),
                subject=row.subject,
                salt=base64url(row.salt),
                position=row.position,
            )
            for row in found[:limit]
        )
        return OpeningPage(rows=rows, next=rows[-1].cursor if len(found) > limit else None, merge_s=self.period_s)
