"""A simulated organisation, its researchers and their participants' devices, with real keys, documents and envelopes.

Everything is drawn from a seed, so a failing test can be repeated; only age's own encapsulation is fresh each time.
Times are Unix nanoseconds throughout and count from `World.now_ns`.
"""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import age, envelope
from schemas.base import base64url, digest
from schemas.consent import ConsentRecord, ConsentState
from schemas.envelope import HOUR_S, Envelope, EnvelopeHeader
from schemas.events import Event, LossAccount, Modality
from schemas.http_signature import sign_request
from schemas.payload import Payload, pack
from schemas.policy import AppRule, Policy
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier
from schemas.signed import SignedDocument, fingerprint, public_bytes, public_key_text, sign
from schemas.study import DeviceRegistration, EnrolmentCodes, Party, Researcher, StudyManifest
from schemas.times import from_unix_ns
from schemas.wire import REASON_HEADER, EnrolRequest
from tests.support.device_consents import Given, write_consent
from tests.support.device_events import EventMaker, account_of

NS = 1_000_000_000
HOUR_NS = HOUR_S * NS
STUDY = "mail-study"
APPS = ("mail", "editor")
ALL = (Modality.KEYBOARD, Modality.POINTER, Modality.SCREEN)


def signed_headers(
    key: Ed25519PrivateKey,
    method: str,
    url: str,
    body: bytes = b"",
    *,
    reason: str | None = None,
    now_s: float | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """Headers of a request signed by a key, now, with a fresh nonce unless told otherwise."""
    headers = {REASON_HEADER: reason} if reason is not None else {}
    fresh = base64url(random.SystemRandom().randbytes(16))
    when = time.time() if now_s is None else now_s
    return sign_request(method, url, headers, body, key, now_s=when, nonce=nonce or fresh)


@dataclass
class Actor:
    """Somebody with an age identity and a signing key: a researcher."""

    name: str
    identity: age.Identity
    key: Ed25519PrivateKey

    def headers(self, method: str, url: str, body: bytes = b"", reason: str | None = "checking") -> dict[str, str]:
        """Headers of a request signed by this researcher."""
        return signed_headers(self.key, method, url, body, reason=reason)

    def entry(self) -> Researcher:
        """How the manifest names them."""
        recipient = self.identity.recipient
        return Researcher(
            name=self.name,
            recipient=str(recipient),
            recipient_fingerprint=recipient.fingerprint,
            signing_key=public_key_text(self.key),
        )


class _Brief:
    """Shown by its own `repr` in failing property tests, which would print every field of a dataclass."""

    def _repr_pretty_(self, printer: Any, cycle: object) -> None:
        del cycle
        printer.text(repr(self))


@dataclass(repr=False)
class World(_Brief):
    """One organisation with one study. Make it with `World.make`."""

    rng: random.Random
    now_ns: int
    org_key: Ed25519PrivateKey
    researchers: list[Actor]
    manifest: StudyManifest
    policy: Policy
    codes: list[str]
    devices: list["Device"] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"World({self.manifest.study}, {len(self.devices)} devices)"

    @classmethod
    def make(
        cls,
        seed: int | str | bytes = 0,
        collector_url: str = "http://127.0.0.1:8800",
        *,
        researchers: int = 2,
        codes: int = 20,
        now_ns: int | None = None,
    ) -> "World":
        """An organisation, `researchers` researchers, manifest and policy of version 1, and unused codes."""
        rng = random.Random(seed)  # noqa: S311  # keys of a test must come again with its seed
        now = (time.time_ns() if now_ns is None else now_ns) // 1000 * 1000  # documents tell microseconds
        actors = [make_actor(rng, f"Researcher {n + 1}") for n in range(researchers)]
        manifest = _manifest(actors, now, collector_url)
        return cls(rng, now, draw_key(rng), actors, manifest, _policy(now), [_code(rng) for _ in range(codes)])

    @property
    def trust(self) -> str:
        """The organisation's public key, as `overt-collector serve --trust` takes it."""
        return public_key_text(self.org_key)

    @property
    def signed_manifest(self) -> SignedDocument:
        """The current manifest, signed by the organisation."""
        return sign(self.manifest, self.org_key)

    @property
    def signed_policy(self) -> SignedDocument:
        """The current policy, signed by the organisation."""
        return sign(self.policy, self.org_key)

    @property
    def signed_codes(self) -> SignedDocument:
        """The list of the digests of `codes`, signed by the organisation."""
        listing = EnrolmentCodes(
            study=self.manifest.study,
            issued=from_unix_ns(self.now_ns) - timedelta(days=1),
            expires=from_unix_ns(self.now_ns) + timedelta(days=7),
            digests=tuple(digest(code.encode()) for code in self.codes),
        )
        return sign(listing, self.org_key)

    def publications(self) -> list[SignedDocument]:
        """What an organisation publishes before anybody enrols, in order."""
        return [self.signed_manifest, self.signed_policy, self.signed_codes]

    def device(self, code: str | None = None) -> "Device":
        """A new device with the next code; not enrolled, nothing consented to."""
        chosen = code or self.codes[len(self.devices)]
        made = Device(self, draw_key(self.rng), draw_identity(self.rng), f"p-{self.rng.randbytes(8).hex()}", chosen)
        self.devices.append(made)
        return made

    def scope(self, apps: Sequence[str] = APPS, modalities: Sequence[Modality] = ALL) -> Scope:
        """A scope over some apps with the same modalities in each."""
        wanted = tuple(sorted(modalities))
        screen = ScreenMode.LAYOUT if Modality.SCREEN in wanted else ScreenMode.NONE
        entries = tuple(AppScope(app=a, modalities=wanted, screen=screen) for a in sorted(apps))
        return Scope(apps=entries, timing=TimingTier.EXACT)


@dataclass(repr=False)
class Device(_Brief):
    """A participant's device: its keys, its consent ledger and its chain of batches."""

    world: World
    key: Ed25519PrivateKey
    review: age.Identity
    participant: str
    code: str
    ledger: list[SignedDocument] = field(default_factory=list)
    records: list[ConsentRecord] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Device({self.fingerprint[:8]}, {len(self.ledger)} consents, {len(self.envelopes)} batches)"

    def __post_init__(self) -> None:
        self.make = EventMaker(self.world.now_ns, lambda: self.consent)

    @property
    def fingerprint(self) -> str:
        """The device's pseudonym."""
        return fingerprint(public_bytes(self.key))

    @property
    def consent(self) -> str:
        """Digest of the newest consent record."""
        return self.ledger[-1].digest

    @property
    def registration(self) -> SignedDocument:
        """Its registration, signed by itself."""
        document = DeviceRegistration(
            study=self.world.manifest.study,
            participant=self.participant,
            device=self.fingerprint,
            public_key=public_key_text(self.key),
            review_fingerprint=self.review.recipient.fingerprint,
        )
        return sign(document, self.key)

    def enrol_request(self, code: str | None = None) -> EnrolRequest:
        """What it posts to enrol."""
        return EnrolRequest(code=code or self.code, registration=self.registration)

    def headers(self, method: str, url: str, body: bytes = b"") -> dict[str, str]:
        """Headers of a request signed by this device."""
        return signed_headers(self.key, method, url, body)

    def grant(self, scope: Scope | None = None, at: int | None = None, days: int = 90) -> SignedDocument:
        """Agree to a scope (by default to all of it) from `at` on (by default an hour ago)."""
        when = self.world.now_ns - HOUR_NS if at is None else at
        return self.record(ConsentState.GIVEN, scope or self.world.scope(), when, days)

    def withdraw(self, at: int | None = None) -> SignedDocument:
        """Withdraw from `at` on (by default now)."""
        when = self.world.now_ns if at is None else at
        return self.record(ConsentState.WITHDRAWN, self.records[-1].overt.scope, when, 0)

    def record(self, state: ConsentState, scope: Scope, at: int, days: int) -> SignedDocument:
        """Append an entry of any state to the consent ledger."""
        world = self.world
        given = Given(world.manifest, world.signed_manifest.digest, world.signed_policy.digest, scope)
        before = (self.ledger[-1].digest, self.records[-1]) if self.ledger else None
        written = write_consent(given, self.key, self.participant, self.review.recipient.fingerprint, before)
        entry = written(state, from_unix_ns(at), days)
        signed = sign(entry, self.key)
        self.ledger.append(signed)
        self.records.append(entry)
        return signed

    def envelope(
        self,
        events: Sequence[Event] = (),
        *,
        frames: bytes = b"",
        account: LossAccount | None = None,
        at: int | None = None,
        episode: str = "episode-1",
        readers: Sequence[age.Recipient] | None = None,
        keep: bool = True,
        **header: object,
    ) -> Envelope:
        """Seal events to the study's researchers and the person's own key, as the next batch of the chain.

        Args:
            events: what it holds; make them with `device.make`.
            frames: the frame section that frame events point into.
            account: by default one in which everything seen was kept.
            at: time of sealing; by default now.
            episode: id of the stretch of work.
            readers: seal to these instead.
            keep: append it to the chain.
            header: fields of the header that shall be otherwise (to make wrong envelopes).
        """
        payload = Payload(list(events), frames, account or account_of(events), episode)
        sealed_to = list(self.readers() if readers is None else readers)
        sealed = age.seal(pack(payload), sealed_to, self.world.rng.randbytes)
        fields = self._header(sealed, sealed_to, self.world.now_ns if at is None else at) | header
        made = envelope.build(EnvelopeHeader.model_validate(fields), sealed, self.key)
        if keep:
            self.envelopes.append(made)
        return made

    def readers(self) -> list[age.Recipient]:
        """Everybody who may open this device's batches."""
        return [*(r.identity.recipient for r in self.world.researchers), self.review.recipient]

    def _header(self, sealed: bytes, readers: list[age.Recipient], at: int) -> dict[str, object]:
        notice = self.records[-1].processing.privacy_notice if self.records else digest(b"no notice")
        return {
            "version": 1,
            "study": self.world.manifest.study,
            "device": self.fingerprint,
            "sequence": len(self.envelopes),
            "previous": self.envelopes[-1].digest if self.envelopes else None,
            "consent": self.consent if self.ledger else digest(b"no consent"),
            "policy": self.world.signed_policy.digest,
            "notice": notice,
            "recipients": tuple(sorted(r.fingerprint for r in readers)),
            "payload_sha256": hashlib.sha256(sealed).hexdigest(),
            "payload_bytes": len(sealed),
            "sealed_hour": at // HOUR_NS * HOUR_S,
        }


def draw_key(rng: random.Random) -> Ed25519PrivateKey:
    """A signing key drawn from a seed."""
    return Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))


def draw_identity(rng: random.Random) -> age.Identity:
    """An age identity drawn from a seed."""
    return age.Identity.from_seed(rng.randbytes(32))


def make_actor(rng: random.Random, name: str) -> Actor:
    """A researcher drawn from a seed, in no manifest yet."""
    return Actor(name, draw_identity(rng), draw_key(rng))


def _code(rng: random.Random) -> str:
    letters: Callable[[], str] = partial(rng.choice, "ABCDEFGHJKMNPQRSTVWXYZ23456789")
    return "-".join("".join(letters() for _ in range(5)) for _ in range(5))


def _manifest(actors: Sequence[Actor], now_ns: int, collector_url: str) -> StudyManifest:
    return StudyManifest(
        study=STUDY,
        version=1,
        created=from_unix_ns(now_ns) - timedelta(days=2),
        title="How people write mail",
        purpose="Train an agent that helps with writing mail.",
        controller=Party(
            party_id="example-org",
            party_name="Example Organisation",
            party_address="1 Example Street, Example",
            party_contact="study@org.example",
            party_type="DataController",
        ),
        researchers=tuple(actor.entry() for actor in actors),
        modalities=ALL,
        retention_days=180,
        jurisdiction="DE",
        storage_location="DE",
        impact_assessment="https://org.example/impact",
        complaints="https://authority.example",
        notices={
            "en": "# Notice\n\nWhat we record, and why.",
            "de": "# Hinweis\n\nWas wir aufzeichnen, und wozu.",
        },
        collector=collector_url,
    )


def _policy(now_ns: int) -> Policy:
    rules = tuple(
        AppRule(id=a, name=a.title(), category="mail", executables=(f"/usr/bin/{a}",), modalities=ALL) for a in APPS
    )
    return Policy(
        study=STUDY,
        version=1,
        issued=from_unix_ns(now_ns) - timedelta(days=2),
        expires=from_unix_ns(now_ns) + timedelta(days=365),
        apps=rules,
        timing=TimingTier.EXACT,
    )
