"""What devices do: enrol, hand in consent records, hand in batches. Knows nothing of HTTP.

The order is always: admit, make the blob durable, make the row durable, and only then write the receipt. A crash in
between leaves at most a blob without a row, which the device's next attempt overwrites with the same bytes.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from anyio import to_thread

from collector.admit import Context, Place, admit
from collector.admit_consent import ConsentContext, admit_consent
from collector.aside import aside
from collector.errors import NotNowError, Refused
from collector.library import Library
from collector.limits import CACHED_DEVICES, CACHED_LEDGERS
from collector.ports import Blobs, Ledger
from collector.receipts import ReceiptDesk, due_hour, hour_of
from collector.recent import Recent
from collector.rows import BatchRecord, ConsentRow, DeviceRow, Enrolled
from collector.verdicts import Duplicate, Refuse, Store, Verdict
from schemas.base import SchemaError, digest, unbase64url
from schemas.consent import ConsentRecord
from schemas.envelope import Envelope, parse
from schemas.receipt import ReceiptKind
from schemas.signed import SignatureError, SignedDocument, fingerprint, parse_body, parse_signed, verify
from schemas.study import DeviceRegistration
from schemas.wire import EnrolRequest
from schemas.wire import RefusalReason as R

Acknowledged = tuple[SignedDocument, bool]
"""A receipt, and whether what it names is new."""
Records = tuple[tuple[str, ConsentRecord], ...]
"""A device's consent ledger, by digest, oldest first."""


class Intake:
    """The devices' side of the collector."""

    def __init__(
        self, ledger: Ledger, blobs: Blobs, library: Library, desk: ReceiptDesk, clock: Callable[[], float]
    ) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._library = library
        self._desk = desk
        self._clock = clock
        self._devices: dict[str, DeviceRegistration] = {}
        self._consents: OrderedDict[str, Records] = OrderedDict()
        self._heads: Recent[Place | None] = Recent(CACHED_DEVICES)

    async def keys(self, fingerprints: list[str]) -> dict[str, bytes]:
        """Raw public keys of those fingerprints that are enrolled devices."""
        known = [await self.registration(name) for name in fingerprints]
        return {found.device: unbase64url(found.public_key) for found in known if found}

    async def enrol(self, request: EnrolRequest) -> Acknowledged:
        """Exchange a one-time code for the registration of a device's key.

        A registration that is stored already is acknowledged again whatever code comes with it: the reply to the first
        attempt may have been lost, and which code was used then is not known any more.

        Raises:
            Refused: the code is no use, or the registration is not right.
        """
        registration = await to_thread.run_sync(partial(_self_signed, request.registration))
        await self._check_study(registration.study)
        known = await self._ledger.device(registration.device)
        if known is None:
            row = self._device_row(request.registration, registration)
            done = await self._ledger.enrol(digest(request.code.encode()), int(self._clock()), row)
            if done is Enrolled.STORED:
                return await self._receipt(ReceiptKind.ENROLMENT, row.digest, row.device, row.received_hour), True
            known = await self._ledger.device(registration.device)
        if known is None:
            raise Refused(R.BAD_CODE, "the code is unknown, used or expired")
        if known.digest != request.registration.digest:
            raise Refused(R.MALFORMED, "this key is registered with other particulars", status=409)
        return await self._receipt(ReceiptKind.ENROLMENT, known.digest, known.device, known.received_hour), False

    async def consent(self, device: str, entry: SignedDocument) -> Acknowledged:
        """Append a consent record to the sender's ledger.

        Raises:
            Refused: it does not fit.
        """
        rows = await self._ledger.consents(device)
        verdict = await self._admit_consent(device, entry, rows)
        if not isinstance(verdict, Refuse | Duplicate):
            row = ConsentRow(device, len(rows), entry.digest, entry.to_bytes(), hour_of(self._clock()))
            if await self._ledger.add_consent(row):
                self._consents.pop(device, None)  # read again before the next batch is admitted by them
                return await self._receipt(ReceiptKind.CONSENT, row.digest, device, row.received_hour), True
            rows = await self._ledger.consents(device)  # the same device was faster in another request
            verdict = await self._admit_consent(device, entry, rows)
        if isinstance(verdict, Duplicate):
            same = next(row for row in rows if row.digest == entry.digest)
            return await self._receipt(ReceiptKind.CONSENT, same.digest, device, same.received_hour), False
        raise _refused(verdict)

    async def batch(self, device: str, name: str, body: bytes) -> Acknowledged:
        """Store a batch.

        Args:
            device: who signed the request.
            name: the digest under which it was sent.
            body: the envelope.

        Raises:
            Refused: it is not admitted.
            StorageError: it could not be made durable.
        """
        envelope, found = await aside(len(body), partial(_open, body))
        if found != name:
            raise Refused(R.MALFORMED, "the body is not what the address names")
        verdict, consents = await self._admit(device, envelope, found)
        if not isinstance(verdict, Refuse | Duplicate):
            await self._blobs.put(found, body)
            header = envelope.header
            period = next(r for name, r in consents if name == header.consent).processing
            due = due_hour(header.sealed_hour, period.retention_period)
            hour = hour_of(self._clock())
            row = BatchRecord(found, device, header.sequence, len(body), hour, due_hour=due)
            if await self._ledger.add_batch(row, len(consents)):
                self._heads.keep(device, Place(header.sequence, found))
                return await self._receipt(ReceiptKind.BATCH, found, device, row.received_hour), True
            verdict, _ = await self._admit_fresh(device, envelope, found)  # the same device was faster
        stored = await self._ledger.batch(found)
        if stored and stored.erased_hour is not None:  # or it had it erased meanwhile
            await self._blobs.delete(found)
        if isinstance(verdict, Duplicate) and stored:
            return await self._receipt(ReceiptKind.BATCH, found, device, stored.received_hour), False
        raise _refused(verdict)

    async def _admit(self, device: str, envelope: Envelope, found: str) -> tuple[Verdict, Records]:
        """Whether it is stored, and the consent records by which that was judged.

        First by what is remembered, which may be older than what other collectors have stored since. That can only
        refuse too much, or is found out when the row is stored: its place would be taken, or the number of consent
        records another. So only what would not be stored is judged anew.
        """
        known = self._consents.get(device)
        if device in self._heads and known is not None:
            verdict = await self._judge(device, envelope, found, (self._heads[device], known), fresh=False)
            if isinstance(verdict, Store):
                return verdict, known
        return await self._admit_fresh(device, envelope, found)

    async def _admit_fresh(self, device: str, envelope: Envelope, found: str) -> tuple[Verdict, Records]:
        last = _place(await self._ledger.last_batch(device))
        self._heads.keep(device, last)
        consents = await self._records(device)
        return await self._judge(device, envelope, found, (last, consents), fresh=True), consents

    async def _judge(
        self, device: str, envelope: Envelope, found: str, known: tuple[Place | None, Records], *, fresh: bool
    ) -> Verdict:
        last, consents = known
        shelf = await self._library.shelf(fresh=fresh)
        sequence = envelope.header.sequence
        taken = last is not None and sequence <= last.sequence
        context = Context(
            digest=found,
            study=shelf.study,
            registration=await self.registration(device),
            manifests=shelf.manifests,
            policies=shelf.policies,
            consents=consents,
            last=last,
            same_place=_place(await self._ledger.batch_at(device, sequence) if taken else None),
        )
        return admit(envelope, context)

    async def _admit_consent(self, device: str, entry: SignedDocument, rows: list[ConsentRow]) -> Verdict:
        shelf, sender = await self._library.shelf(), await self.registration(device)
        if sender is None:
            return Refuse(R.UNKNOWN_DEVICE, "this device is not enrolled")
        context = ConsentContext(sender, [parse_signed(row.body) for row in rows], shelf.manifests, shelf.policies)
        return await to_thread.run_sync(partial(admit_consent, entry, context))

    async def registration(self, device: str) -> DeviceRegistration | None:
        """A device's registration. It never changes, so it is read once."""
        if device not in self._devices:
            row = await self._ledger.device(device)
            if row is None:
                return None
            if len(self._devices) >= CACHED_DEVICES:
                self._devices.clear()
            self._devices[device] = parse_body(DeviceRegistration, parse_signed(row.body).body)
        return self._devices[device]

    async def _records(self, device: str) -> Records:
        """A device's consent ledger, parsed; it only grows, so what was parsed stays right."""
        known = self._consents.pop(device, ())
        rows = await self._ledger.consents(device, since=len(known))
        new = tuple((row.digest, parse_body(ConsentRecord, parse_signed(row.body).body)) for row in rows)
        self._consents[device] = known + new
        while len(self._consents) > CACHED_LEDGERS:
            self._consents.popitem(last=False)
        return known + new

    async def _check_study(self, study: str) -> None:
        if (await self._library.shelf()).study != study:
            raise Refused(R.UNKNOWN_STUDY, "this collector does not serve that study")

    def _device_row(self, signed: SignedDocument, registration: DeviceRegistration) -> DeviceRow:
        return DeviceRow(registration.device, signed.digest, signed.to_bytes(), hour_of(self._clock()))

    async def _receipt(self, kind: ReceiptKind, subject: str, device: str, hour: int) -> SignedDocument:
        study = (await self._library.shelf(fresh=False)).served  # a collector's study never changes
        return self._desk.write(kind, study, subject, device, hour)


def _open(body: bytes) -> tuple[Envelope, str]:
    try:
        return parse(body), digest(body)
    except ValueError:  # EnvelopeError, and numbers that canonical JSON cannot spell
        raise Refused(R.MALFORMED, "not an intact envelope of version 1") from None


def _self_signed(signed: SignedDocument) -> DeviceRegistration:
    try:
        claimed = parse_body(DeviceRegistration, signed.body)
        key = unbase64url(claimed.public_key)
        registration = verify(signed, DeviceRegistration, {fingerprint(key): key})
    except SignatureError:
        raise Refused(R.BAD_SIGNATURE, "the registration is not signed by the key that it registers") from None
    except SchemaError:
        raise Refused(R.MALFORMED, "not a registration of this version") from None
    if registration.device != fingerprint(key):
        raise Refused(R.BAD_SIGNATURE, "the registration names another device than the key that signs it")
    return registration


def _place(row: BatchRecord | None) -> Place | None:
    return Place(row.sequence, row.digest) if row else None


def _refused(verdict: Verdict) -> Refused | NotNowError:
    if isinstance(verdict, Refuse):
        return Refused(verdict.reason, verdict.detail)
    return NotNowError("the chain changed while this was being stored")
