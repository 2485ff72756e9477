"""A machine that is enrolled in a study, on disk, for the ceremony's and the indicator's tests."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from agent.core.ceremony import Asked
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import Enrolment, load_enrolment, save_enrolment
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.disk.switch import Position, Switch
from policies import read_text
from schemas.consent import ConsentRecord, read_ledger
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import ScreenMode, TimingTier
from schemas.signed import public_bytes, sign
from schemas.study import StudyManifest
from tests.support.devices import Device, World, make_actor

APPS = (
    AppRule(
        id="thunderbird",
        name="Thunderbird",
        category="mail",
        executables=("/usr/bin/thunderbird",),
        modalities=(Modality.KEYBOARD, Modality.POINTER, Modality.SCREEN),
    ),
    AppRule(
        id="geany",
        name="Geany",
        category="ide",
        executables=("/usr/bin/geany",),
        modalities=(Modality.KEYBOARD, Modality.POINTER),
        screen=ScreenMode.NONE,
    ),
    AppRule(
        id="mousepad",
        name="Mousepad",
        category="other",
        executables=("/usr/bin/mousepad",),
        modalities=(Modality.KEYBOARD, Modality.POINTER, Modality.SCREEN),
    ),
)


@dataclass(frozen=True)
class Participant:
    """One enrolled machine."""

    places: Places
    world: World
    device: Device
    asked: Asked

    @property
    def env(self) -> dict[str, str]:
        """The variables that lead a program to this machine's folders."""
        keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        return {"OVERT_STATE_DIR": str(self.places.state), "OVERT_RUNTIME_DIR": str(self.places.runtime)} | keyring

    def ledger(self) -> list[ConsentRecord]:
        """The verified consent records, oldest first."""
        entries = ConsentStore(self.places.consents).entries()
        return [record for _, record in read_ledger(entries, public_bytes(self.device.key))]

    def switched(self) -> Position:
        """Where the switch stands now."""
        return Switch(self.places.switch).read().now(time.time_ns())


def enrolled(
    folder: Path, *, policy: dict[str, object] | None = None, notice: str = "", german: bool = False
) -> Participant:
    """Enrol a machine whose folders lie under ``folder``."""
    world = World.make(collector_url="https://collector.example")
    controller = world.manifest.controller.model_copy(update={"party_name": "Example Ltd"})
    changes = {
        "title": "How office forms are filled in",
        "purpose": "Training a program to fill in office forms, from recordings of people who agreed to it.",
        "controller": controller,
        "notices": {"en": notice or filled_notice(world.manifest)},
        "jurisdiction": "DE",
        "storage_location": "DE",
    }
    world.manifest = world.manifest.model_copy(update=changes)
    if german:
        notices = {**world.manifest.notices, "de": filled_notice(world.manifest, "de")}
        world.manifest = world.manifest.model_copy(update={"notices": notices})
    rules = {"apps": APPS, "timing": TimingTier.EXACT, "consent_days": 30} | (policy or {})
    world.policy = Policy.model_validate(world.policy.model_dump() | rules)
    device = world.device()
    places = Places(folder / "state", folder / "run")
    places.make()
    FileKeys(places).put("device", device.key.private_bytes_raw())
    enrolment = Enrolment(
        manifest=sign(world.manifest, world.org_key),
        policy=world.signed_policy,
        registration=device.registration,
        review_recipient=str(device.review.recipient),
        organisation_key=world.trust,
        collector="https://collector.example",
        collector_key=world.trust,
    )
    save_enrolment(places.enrolment, enrolment)
    Switch(places.switch).preallocate()
    return Participant(places, world, device, enrolment.asked())


def widened(me: Participant) -> Participant:
    """The same machine after its study has grown: an app more, a reader more, a reader less, kept for longer."""
    world = me.world
    newcomer = make_actor(world.rng, "Dr. Newcomer")
    readers = (*world.manifest.researchers[:1], newcomer.entry())
    changes: dict[str, object] = {"version": 2, "researchers": readers, "retention_days": 365}
    wider = world.manifest.model_copy(update=changes)
    world.manifest = wider.model_copy(update={"notices": {**wider.notices, "en": filled_notice(wider)}})
    chat = APPS[2].model_copy(update={"id": "chat", "name": "Chat", "executables": ("/usr/bin/chat",)})
    rules = {"version": 2, "apps": (*world.policy.apps, chat)}
    world.policy = Policy.model_validate(world.policy.model_dump() | rules)
    return renewed(me)


def renewed(me: Participant) -> Participant:
    """The machine with its organisation's present study and policy, as a refresh would leave it."""
    enrolment = load_enrolment(me.places.enrolment)
    assert enrolment is not None
    cited = {d for record in me.ledger() for d in (record.overt.manifest, record.overt.policy)}
    newer = enrolment.succeeded(me.world.signed_manifest, me.world.signed_policy, cited)
    save_enrolment(me.places.enrolment, newer)
    return replace(me, asked=newer.asked())


def filled_notice(manifest: StudyManifest, language: str = "en") -> str:
    """The shipped notice, with this study's facts in it."""
    controller = manifest.controller
    facts = {name: str(value) for name, value in manifest.model_dump(exclude={"notices"}).items()}
    facts |= {
        "controller_name": "Example Ltd",
        "controller_address": controller.party_address,
        "controller_contact": controller.party_contact,
        "modalities": ", ".join(manifest.modalities),
        "researchers": "\n".join(f"- {r.name}" for r in manifest.researchers),
    }
    text = read_text(f"notices/{language}.md")
    for name, value in facts.items():
        text = text.replace("{{" + name + "}}", value)
    return text
