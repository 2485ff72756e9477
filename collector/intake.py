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
from collector.errors import NotNowError, Refused
from collector.library import Library
from collector.limits import CACHED_DEVICES, CACHED_LEDGERS
from collector.ports import BatchRecord, Blobs, ConsentRow, DeviceRow, Enrolled, Ledger
from collector.receipts import ReceiptDesk, due_hour, hour_of
from collector.verdicts import Duplicate, Refuse, Verdict
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
        self._consents: OrderedDict[str, tuple[tuple[str, ConsentRecord], ...]] = OrderedDict()

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
        envelope, found = await to_thread.run_sync(partial(_open, body))
        if found != name:
            raise Refused(R.MALFORMED, "the body is not what the address names")
        verdict = await self._admit(device, envelope, found)
        if not isinstance(verdict, Refuse | Duplicate):
            await self._blobs.put(found, body)
            header = envelope.header
            period = next(r for name, r in await self._records(device) if name == header.consent).processing
            due = due_hour(header.sealed_hour, period.retention_period)
            hour = hour_of(self._clock())
            row = BatchRecord(found, device, header.sequence, len(body), hour, due_hour=due)
            if await self._ledger.add_batch(row):
                return await self._receipt(ReceiptKind.BATCH, found, device, row.received_hour), True
            verdict = await self._admit(device, envelope, found)  # the same device was faster
        stored = await self._ledger.batch(found)
        if stored and stored.erased_hour is not None:  # or it had it erased meanwhile
            await self._blobs.delete(found)
        if isinstance(verdict, Duplicate) and stored:
            return await self._receipt(ReceiptKind.BATCH, found, device, stored.received_hour), False
        raise _refused(verdict)

    async def _admit(self, device: str, envelope: Envelope, found: str) -> Verdict:
        shelf, last = await self._library.shelf(), await self._ledger.last_batch(device)
        sequence = envelope.header.sequence
        taken = last is not None and sequence <= last.sequence
        context = Context(
            digest=found,
            study=shelf.study,
            registration=await self.registration(device),
            manifests=shelf.manifests,
            policies=shelf.policies,
            consents=await self._records(device),
            last=_place(last),
            same_place=_place(await self._ledger.batch_at(device, sequence) if taken else None),
        )
        return await to_thread.run_sync(partial(admit, envelope, context))

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

    async def _records(self, device: str) -> tuple[tuple[str, ConsentRecord], ...]:
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
        study = (await self._library.shelf()).served
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
