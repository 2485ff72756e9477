"""Publishing: what a trusted organisation says about its study."""

from collections.abc import Mapping
from functools import partial

from anyio import to_thread

from collector.admit_document import (
    PublishContext,
    Published,
    admit_document,
    read_published,
)
from collector.errors import Refused
from collector.library import MANIFEST, POLICY, Library, Shelf
from collector.ports import Ledger
from collector.rows import DocumentRow
from collector.verdicts import Duplicate, Refuse
from schemas.signed import SignedDocument
from schemas.study import EnrolmentCodes
from schemas.wire import RefusalReason, StudyReply


class Publishing:
    """Takes and gives out manifests, policies and code lists.

    Args:
        trusted: raw public keys of organisations, by fingerprint.
        collector_key: the key of this collector's receipts, as `StudyReply` spells it.
    """

    def __init__(self, ledger: Ledger, library: Library, trusted: Mapping[str, bytes], collector_key: str) -> None:
        self._ledger = ledger
        self._library = library
        self._trusted = trusted
        self._collector_key = collector_key

    async def publish(self, signed: SignedDocument) -> bool:
        """Store a document. True if it is new, False if it was here already.

        Raises:
            Refused: not trusted, another study's, or too old a version.
        """
        document = await to_thread.run_sync(partial(read_published, signed, self._trusted))
        if isinstance(document, Refuse):
            raise Refused(document.reason, document.detail)
        verdict = admit_document(document, self._context(signed, await self._library.shelf()))
        if isinstance(verdict, Refuse):
            raise Refused(verdict.reason, verdict.detail)
        if isinstance(verdict, Duplicate):
            return False
        return await self._store(signed, document)

    async def study(self) -> StudyReply:
        """What a device or a researcher needs first.

        Raises:
            Refused: no manifest or no policy is published yet.
        """
        shelf = await self._library.shelf()
        return StudyReply(
            manifest=shelf.newest(MANIFEST), policy=shelf.newest(POLICY), collector_key=self._collector_key
        )

    def _context(self, signed: SignedDocument, shelf: Shelf) -> PublishContext:
        known = any(name.digest == signed.digest for name in shelf.names)
        return PublishContext(self._trusted, shelf.study, shelf.version(signed.payloadType), known)

    async def _store(self, signed: SignedDocument, document: Published) -> bool:
        codes = document if isinstance(document, EnrolmentCodes) else None
        version = 0 if isinstance(document, EnrolmentCodes) else document.version
        row = DocumentRow(signed.digest, signed.payloadType, document.study, version, signed.to_bytes())
        expires_s = int(codes.expires.timestamp()) if codes else 0
        if await self._ledger.add_document(row, codes.digests if codes else (), expires_s):
            return True
        if await self._ledger.document(signed.digest):
            return False  # somebody published the same at the same time
        raise Refused(RefusalReason.OLDER_VERSION, "another document of this version was published just now")
