"""macOS: payloads as Apple publishes their keys, and nothing in them that decides for a person."""

import json
import plistlib
from typing import Any

from jsonschema import Draft202012Validator

from admin.mdm.facts import DOMAIN, values
from schemas.limits import LIMIT_KEYS, Limits
from schemas.signed import parse_body
from tests.admin.mdm.rendered import FILES, FULL, OPTIONS

HEAD = {"PayloadType", "PayloadVersion", "PayloadIdentifier", "PayloadUUID", "PayloadDisplayName"}
TCC_RULE = {"Identifier", "IdentifierType", "CodeRequirement", "Authorization", "Comment"}
"""The keys of Apple's ``com.apple.TCC.configuration-profile-policy`` that go together: ``Allowed`` excludes
``Authorization``."""
RULE_TYPES = {"BundleIdentifier", "BundleIdentifierPrefix", "Label", "LabelPrefix", "TeamIdentifier"}


def plist(name: str) -> dict[str, Any]:
    found: dict[str, Any] = plistlib.loads(FILES[f"macos/{name}"])
    return found


PROFILE = plist("overt.mobileconfig")
PARTS = {part["PayloadType"]: part for part in PROFILE["PayloadContent"]}


def test_the_profile_has_what_a_profile_needs() -> None:
    every = [PROFILE, *PROFILE["PayloadContent"]]
    assert all(part.keys() >= HEAD for part in every)
    assert PROFILE["PayloadType"] == "Configuration"
    assert PROFILE["PayloadScope"] == "System"
    assert len({part["PayloadUUID"] for part in every}) == len({part["PayloadIdentifier"] for part in every}) == 4
    assert len(PARTS) == 3


def test_the_preferences_are_limits_that_the_agent_takes() -> None:
    own = {name: value for name, value in PARTS[DOMAIN].items() if name not in HEAD}
    assert own == values(FULL)
    assert parse_body(Limits, json.dumps(own).encode()) == FULL


def test_a_profile_lets_the_person_decide_and_no_more() -> None:
    services = PARTS["com.apple.TCC.configuration-profile-policy"]["Services"]
    assert services.keys() == {"ListenEvent", "ScreenCapture"}
    for (rule,) in services.values():
        assert rule.keys() == TCC_RULE
        assert rule["Authorization"] == "AllowStandardUserToSetSystemService"
        assert (rule["Identifier"], rule["IdentifierType"]) == (DOMAIN, "bundleID")
        assert OPTIONS.team_id in rule["CodeRequirement"]


def test_nothing_hides_a_warning_of_the_system_or_keeps_the_profile() -> None:
    everything = b"".join(FILES.values())
    for word in (b"forceBypassScreenCaptureAlert", b"PayloadRemovalDisallowed", b"com.apple.applicationaccess"):
        assert word not in everything


def test_login_items_and_agents_are_our_own() -> None:
    (rule,) = PARTS["com.apple.servicemanagement"]["Rules"]
    assert rule["RuleType"] in RULE_TYPES
    for part in ("daemon", "indicator"):
        agent = plist(f"{DOMAIN}.{part}.plist")
        assert agent["Label"].startswith(rule["RuleValue"])
        assert agent["ProgramArguments"][1:] == [part]
        assert agent["AssociatedBundleIdentifiers"] == [DOMAIN]


def test_jamfs_form_has_every_key_and_takes_what_the_profile_says() -> None:
    schema = json.loads(FILES["macos/jamf-schema.json"])
    Draft202012Validator.check_schema(schema)
    assert schema["options"] == {"remove_empty_properties": True}
    assert schema["properties"].keys() == LIMIT_KEYS.keys()
    form = Draft202012Validator(schema)
    form.validate(values(FULL))
    assert not form.is_valid({"consent_days": 91})
    assert not form.is_valid({"timing": "1ms"})
    assert sorted(p["property_order"] for p in schema["properties"].values()) == list(range(1, len(LIMIT_KEYS) + 1))


def test_munki_knows_how_to_see_it_and_how_to_take_it_away() -> None:
    info = plist("munki-pkginfo.plist")
    assert info["version"] == info["receipts"][0]["version"] == OPTIONS.version
    assert info["installs"][0]["CFBundleIdentifier"] == DOMAIN
    assert info["uninstallable"]
    assert info["uninstall_method"] == "removepackages"
