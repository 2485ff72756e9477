"""What the organisation has published, parsed once. Published documents never change, so a cache is never wrong."""

from functools import partial

from anyio import to_thread
from msgspec import Struct

from collector.errors import Refused
from collector.ports import Published
from collector.rows import DocumentName, DocumentRow
from schemas.policy import Policy
from schemas.signed import SignedDocument, media_type, parse_body, parse_signed
from schemas.study import StudyManifest
from schemas.wire import RefusalReason

MANIFEST = media_type(StudyManifest)
POLICY = media_type(Policy)


class Shelf(Struct, frozen=True):
    """All that is published at a moment, oldest first."""

    names: list[DocumentName]
    signed: dict[str, SignedDocument]  # manifests and policies, by digest
    manifests: dict[str, StudyManifest]

    @property
    def study(self) -> str | None:
        """The study that this collector serves; None before anything is published."""
        return self.names[0].study if self.names else None

    @property
    def served(self) -> str:
        """The study that this collector serves.

        Raises:
            Refused: nothing is published yet.
        """
        if self.study is None:
            raise Refused(RefusalReason.UNKNOWN_STUDY, "nothing is published yet")
        return self.study

    @property
    def policies(self) -> frozenset[str]:
        """Digests of all policies."""
        return frozenset(name.digest for name in self.names if name.kind == POLICY)

    def version(self, kind: str) -> int:
        """The newest version of a kind, 0 if there is none."""
        return max((name.version for name in self.names if name.kind == kind), default=0)

    def every(self, kind: str) -> list[SignedDocument]:
        """All documents of a kind, oldest first."""
        return [self.signed[name.digest] for name in self.names if name.kind == kind]

    def newest(self, kind: str) -> SignedDocument:
        """The newest document of a kind.

        Raises:
            Refused: there is none yet.
        """
        found = self.every(kind)
        if not found:
            raise Refused(RefusalReason.UNKNOWN_STUDY, "nothing is published yet")
        return found[-1]

    @property
    def manifest(self) -> StudyManifest:
        """The newest manifest.

        Raises:
            Refused: there is none yet.
        """
        return self.manifests[self.newest(MANIFEST).digest]


class Library:
    """Reads the shelf, and only what is new on it."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self._shelf = Shelf([], {}, {})

    async def shelf(self, *, fresh: bool = True) -> Shelf:
        """What is published now; or, where an older answer can do no harm, what was when somebody last asked."""
        if not fresh and self._shelf.names:
            return self._shelf
        names = await self._published.document_names()
        if names != self._shelf.names:
            rows = [await self._published.document(n.digest) for n in names if n.kind in (MANIFEST, POLICY)]
            present = [row for row in rows if row is not None]
            self._shelf = await to_thread.run_sync(partial(_parse, names, present))
        return self._shelf


def _parse(names: list[DocumentName], rows: list[DocumentRow]) -> Shelf:
    signed = {row.digest: parse_signed(row.body) for row in rows}
    kinds = {row.digest: row.kind for row in rows}
    manifests = {n: parse_body(StudyManifest, d.body) for n, d in signed.items() if kinds[n] == MANIFEST}
    return Shelf(names, signed, manifests)
