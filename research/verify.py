"""Verification, offline, of a pile of envelopes: pure but for reading them through :class:`Source`.

How it works, so that it can be written again by somebody who does not trust this one:

1. Documents (:mod:`research.trust`): manifests and policies by the organisation's key, registrations by the device's
   own key, consent ledgers by :func:`schemas.consent.read_ledger`.
2. Batches are put in order by device and sequence, as their headers say.
3. Each is read once, in that order (:mod:`research.headers`): file name = SHA-256 of the bytes; envelope intact;
   device registered, signature good; sequence without gap or repeat, ``previous`` = digest of the one before; consent,
   notice, policy and recipients as agreed.
4. With a private key (:mod:`research.content`): each event's time, app and modality against the interval and scope of
   the consent that its batch cites; loss account; sequence; pictures.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from msgspec import Struct

from research import content, headers
from research.columnar import Columnar, read
from research.errors import UnsealError
from research.reasons import Finding, Reason
from research.trust import Trust
from schemas.base import SchemaError, digest
from schemas.envelope import MAGIC, MAX_HEADER_BYTES, SIGNATURE_BYTES, Envelope, EnvelopeHeader, parse, parse_head

HEAD_BYTES = len(MAGIC) + 4 + MAX_HEADER_BYTES + SIGNATURE_BYTES

Place = tuple[str, int]
"""Device and sequence number."""
Opener = Callable[[bytes], bytes]
"""From an age file to its plaintext; raises UnsealError. :mod:`research.unseal` makes one."""


class Source(Protocol):
    """An envelope somewhere, and the digest by which it is known."""

    @property
    def name(self) -> str:
        """The digest."""

    def head(self, size: int) -> bytes:
        """Its first bytes."""

    def read(self) -> bytes:
        """All of its bytes."""


class Outcome(Struct, frozen=True):
    """One envelope, looked at."""

    name: str
    header: EnvelopeHeader | None  # None if it cannot be read
    findings: list[Finding]
    payload: Columnar | None  # None without a key, or if it did not open

    @property
    def usable(self) -> bool:
        """True if it was opened and nothing about it is wrong."""
        return self.payload is not None and not any(f.disqualifies for f in self.findings)


class Report(Struct):
    """What verification found."""

    opened: bool  # false: no private key, so events were not looked at
    findings: list[Finding]
    batches: int = 0
    verified: int = 0
    events: int = 0
    frames: int = 0
    devices: int = 0
    erased: int = 0  # batches erased at participants' wish (devices' signed requests), or by the notice's time
    logged: int | None = None  # documents proved to be in the transparency log; None: nothing was there to prove it
    withdrawn_until: int | None = None  # Unix seconds of the signed feed; None: there is none

    @property
    def good(self) -> bool:
        """True if nothing at all is wrong."""
        return not self.findings

    def take(self, outcome: Outcome) -> None:
        """Count one envelope in."""
        self.batches += 1
        self.verified += not any(f.disqualifies for f in outcome.findings)
        self.findings += outcome.findings
        if outcome.payload:
            self.events += outcome.payload.size
            self.frames += len(outcome.payload.pictures)


class _Chain(Struct):
    """How far a device's chain has come."""

    next: int = 0
    digest: str | None = None
    seq: int = -1  # of the last event


def verify(
    sources: Iterable[Source], trust: Trust, listed: Collection[str] | None = None, opener: Opener | None = None
) -> Report:
    """Verify everything and count. :func:`stream` is for whoever needs the content too."""
    report = begin(trust, opened=opener is not None)
    sources = list(sources)
    for outcome in stream(sources, trust, listed, opener):
        report.take(outcome)
    report.findings += missing(sources, listed)
    return report


def begin(trust: Trust, *, opened: bool) -> Report:
    """A report before the first envelope."""
    erased = sum(len(device.erased) for device in trust.devices.values())
    return Report(opened, [*trust.findings], devices=len(trust.devices), erased=erased)


def missing(sources: Iterable[Source], listed: Collection[str] | None) -> list[Finding]:
    """Batches that the collector listed and that are not there."""
    there = {s.name for s in sources}
    return [Finding(Reason.MISSING, batch=name) for name in listed or () if name not in there]


def stream(
    sources: Iterable[Source], trust: Trust, listed: Collection[str] | None = None, opener: Opener | None = None
) -> Iterator[Outcome]:
    """Look at each envelope, participant by participant, in the order of each device's chain; one at a time in memory.

    Args:
        sources: the envelopes.
        trust: what may be relied on.
        listed: digests that the collector listed; None if that is not known.
        opener: opens the sealed part; None looks at the open part only.
    """
    found = plan(sources, trust)
    for _, group in found.groups:
        yield from look(group, found, trust, listed, opener)


class Plan(Struct, frozen=True):
    """Envelopes in the order of their chains, by participant; those that name no known device under an empty name."""

    groups: list[tuple[str, list[Source]]]
    repeated: frozenset[Place]


def plan(sources: Iterable[Source], trust: Trust) -> Plan:
    """Put envelopes in order. A group stands by itself: no chain leads from one to another."""
    ordered, repeated = _in_order(sources, trust)
    return Plan([(name, [s for _, s in rows]) for name, rows in groupby(ordered, key=itemgetter(0))], repeated)


def look(
    group: Iterable[Source],
    whole: Plan,
    trust: Trust,
    listed: Collection[str] | None = None,
    opener: Opener | None = None,
) -> Iterator[Outcome]:
    """Look at each envelope of one group, as :func:`stream` does."""
    names = None if listed is None else frozenset(listed)
    chains: dict[str, _Chain] = {}
    for source in group:
        yield _Look(source, trust, chains, whole.repeated, opener).outcome(names)


def _in_order(sources: Iterable[Source], trust: Trust) -> tuple[list[tuple[str, Source]], frozenset[Place]]:
    """The sources in the order of their chains, and the places that several authentic batches claim."""
    keyed: list[tuple[tuple[str, str, int, str], Source]] = []
    claims: dict[Place, set[bytes]] = defaultdict(set)
    for source in sources:
        data = source.head(HEAD_BYTES)
        try:
            header, end = parse_head(data)
        except SchemaError:
            keyed.append((("", "", -1, source.name), source))
            continue
        keyed.append(((trust.participant(header.device) or "", header.device, header.sequence, source.name), source))
        claims[header.device, header.sequence].add(data[:end])
    keyed.sort(key=itemgetter(0))
    # Signatures are looked at only where there is a choice, so that no forgery can discredit the genuine batch.
    contested = {place: heads for place, heads in claims.items() if len(heads) > 1}
    repeated = {p for p, heads in contested.items() if sum(_authentic(h, trust) for h in heads) > 1}
    return [(key[0], source) for key, source in keyed], frozenset(repeated)


def _authentic(head: bytes, trust: Trust) -> bool:
    header, end = parse_head(head)
    bare = Envelope(header, head[: end - SIGNATURE_BYTES], head[end - SIGNATURE_BYTES : end], b"")
    return not headers.check_origin(bare, trust)


class _Look:
    """A look at one envelope."""

    def __init__(
        self,
        source: Source,
        trust: Trust,
        chains: dict[str, _Chain],
        repeated: frozenset[Place],
        opener: Opener | None,
    ) -> None:
        self._source = source
        self._trust = trust
        self._chains = chains
        self._repeated = repeated
        self._opener = opener
        self._header: EnvelopeHeader | None = None
        self._findings: list[Finding] = []

    def outcome(self, listed: frozenset[str] | None) -> Outcome:
        if listed is not None and self._source.name not in listed:
            self._add(Reason.UNLISTED)
        payload = self._look()
        return Outcome(self._source.name, self._header, self._findings, payload)

    def _look(self) -> Columnar | None:
        data = self._source.read()
        name = digest(data)
        if name != self._source.name:
            self._add(Reason.DIGEST_MISMATCH)
        try:
            envelope = parse(data)
        except SchemaError as error:
            self._add(Reason.ENVELOPE_BROKEN, str(error))
            return None
        self._header = envelope.header
        origin = headers.check_origin(envelope, self._trust)
        for fault in origin:
            self._add(*fault)
        if origin:
            return None  # unsigned words: neither its place in the chain nor its content counts for anything
        if name in self._trust.devices[envelope.header.device].erased.values():
            self._add(Reason.ERASED)
        chain = self._follow(envelope.header, name)
        faults, terms = headers.check_terms(envelope, self._trust)
        for fault in faults:
            self._add(*fault)
        payload = self._open(envelope)
        if payload:
            self._check(payload, envelope.header, terms, chain.seq)
            chain.seq = max([chain.seq, *payload.seq[-1:].tolist()])
        return payload

    def _follow(self, header: EnvelopeHeader, name: str) -> _Chain:
        chain = self._chains.setdefault(header.device, _Chain())
        if header.sequence < chain.next or (header.device, header.sequence) in self._repeated:
            self._add(Reason.REPLAYED)
        if lacking := self._pass_erased(header, chain):
            self._add(Reason.CHAIN_GAP, f"{lacking} before it", count=lacking)
        elif header.sequence == chain.next and header.previous != chain.digest:
            self._add(Reason.CHAIN_BROKEN)
        if header.sequence >= chain.next:
            chain.next, chain.digest = header.sequence + 1, name
        return chain

    def _pass_erased(self, header: EnvelopeHeader, chain: _Chain) -> int:
        """Follow the chain over places that were erased; gives how many before this one lack without such a reason."""
        erased = self._trust.devices[header.device].erased
        while chain.next < header.sequence and chain.next in erased:
            chain.next, chain.digest = chain.next + 1, erased[chain.next]
        passed = sum(chain.next <= place < header.sequence for place in erased)
        return max(0, header.sequence - chain.next - passed)

    def _open(self, envelope: Envelope) -> Columnar | None:
        if self._opener is None:
            return None
        try:
            return read(self._opener(envelope.payload))
        except UnsealError as error:
            self._add(Reason.CANNOT_OPEN, str(error))
        except SchemaError as error:
            self._add(Reason.PAYLOAD_BROKEN, str(error))
        return None

    def _check(self, payload: Columnar, header: EnvelopeHeader, terms: headers.Terms | None, last_seq: int) -> None:
        if terms is None:
            return  # something that the header cites is unknown, which is reported already
        tally = content.check(payload, header, terms, last_seq)
        for reason, (event, detail, count) in tally.faults.items():
            self._add(reason, detail, event=event, count=count)

    def _add(self, reason: Reason, detail: str = "", event: int | None = None, count: int = 1) -> None:
        header = self._header
        device, sequence = (header.device, header.sequence) if header else (None, None)
        self._findings.append(Finding(reason, self._source.name, device, sequence, event, count, detail))
