"""macOS: a configuration profile, LaunchAgents, a Jamf custom schema, a Munki pkginfo.

A profile can say yes for nobody: for key logging and screen recording, macOS lets it refuse, or leave the decision to
the person (``AllowStandardUserToSetSystemService``); ours does the latter. ``forceBypassScreenCaptureAlert`` is never
set.
"""

import json
import plistlib
from typing import Any

from admin.mdm.facts import (
    ABOUT,
    DOMAIN,
    KEYS,
    MAC_APP,
    TITLE,
    Kind,
    Options,
    choices,
    help_text,
    kind_of,
    uuid_of,
    values,
)
from admin.mdm.facts import title as title_of
from schemas.limits import Limits
from schemas.policy_keys import PolicyKey

TCC_SERVICES = ("ListenEvent", "ScreenCapture")
PARTS = ("daemon", "indicator")
_JSON_TYPES = {Kind.BOOL: "boolean", Kind.NUMBER: "integer", Kind.CHOICE: "string", Kind.TEXT: "string"}


def render(limits: Limits, options: Options) -> dict[str, bytes]:
    """Every file for macOS, by path."""
    return {
        "macos/overt.mobileconfig": _plist(profile(limits, options)),
        **{f"macos/{DOMAIN}.{part}.plist": _plist(launch_agent(part)) for part in PARTS},
        "macos/jamf-schema.json": (json.dumps(jamf_schema(), indent=2) + "\n").encode(),
        "macos/munki-pkginfo.plist": _plist(pkginfo(options)),
    }


def profile(limits: Limits, options: Options) -> dict[str, Any]:
    """A configuration profile: our preferences, whom the person may allow to listen, our login items."""
    content = [
        _payload(DOMAIN, "preferences", values(limits)),
        _payload("com.apple.TCC.configuration-profile-policy", "privacy", {"Services": _services(options)}),
        _payload("com.apple.servicemanagement", "login-items", {"Rules": [_login_item(options)]}),
    ]
    top = {
        "PayloadScope": "System",
        "PayloadContent": content,
        "PayloadDescription": ABOUT,
        "PayloadOrganization": TITLE,
    }
    return _payload("Configuration", "profile", top)


def launch_agent(part: str) -> dict[str, Any]:
    """Starts a part of the agent with the person's session. Running captures nothing."""
    return {
        "Label": f"{DOMAIN}.{part}",
        "ProgramArguments": [f"{MAC_APP}/Contents/MacOS/overt", part],
        "AssociatedBundleIdentifiers": [DOMAIN],
        "LimitLoadToSessionType": "Aqua",
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "Umask": 0o077,
    }


def jamf_schema() -> dict[str, Any]:
    """What Jamf Pro shows as a form for our preference domain."""
    properties = {key.name: _property(key, number) for number, key in enumerate(KEYS, 1)}
    head = {"title": f"{TITLE} ({DOMAIN})", "description": ABOUT, "options": {"remove_empty_properties": True}}
    return {**head, "type": "object", "properties": properties}


def pkginfo(options: Options) -> dict[str, Any]:
    """What Munki needs to know of the package: how to see that it is there, and how to take it away."""
    app = {
        "type": "application",
        "path": MAC_APP,
        "CFBundleIdentifier": DOMAIN,
        "CFBundleShortVersionString": options.version,
        "version_comparison_key": "CFBundleShortVersionString",
    }
    return {
        "name": TITLE,
        "display_name": TITLE,
        "description": ABOUT,
        "version": options.version,
        "catalogs": ["testing"],
        "installer_item_location": f"overt/Overt-{options.version}.pkg",
        "installs": [app],
        "receipts": [{"packageid": DOMAIN, "version": options.version}],
        "minimum_os_version": "13.0",
        "unattended_install": True,
        "unattended_uninstall": True,
        "uninstallable": True,
        "uninstall_method": "removepackages",
    }


def _services(options: Options) -> dict[str, Any]:
    rule = {
        "Identifier": DOMAIN,
        "IdentifierType": "bundleID",
        "CodeRequirement": options.code_requirement,
        "Authorization": "AllowStandardUserToSetSystemService",
        "Comment": "The person decides, in System Settings. This only lets them do so without an administrator.",
    }
    return {service: [rule] for service in TCC_SERVICES}


def _login_item(options: Options) -> dict[str, Any]:
    comment = "The agent's own session parts. Running captures nothing."
    rule = {"RuleType": "LabelPrefix", "RuleValue": DOMAIN, "TeamIdentifier": options.team_id}
    return {**rule, "Comment": comment}


def _payload(kind: str, name: str, keys: dict[str, Any]) -> dict[str, Any]:
    head = {"PayloadType": kind, "PayloadVersion": 1, "PayloadIdentifier": f"{DOMAIN}.{name}"}
    return {**head, "PayloadUUID": uuid_of(name), "PayloadDisplayName": f"{TITLE}: {name}", **keys}


def _property(key: PolicyKey, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"title": title_of(key), "description": help_text(key), "property_order": number}
    if kind_of(key) is Kind.LIST:
        item = {"type": "string", **({"enum": choices(key)} if choices(key) else {})}
        return {**found, "type": "array", "items": item}
    limits = {"minimum": key.least, "maximum": key.most}
    found |= {name: limit for name, limit in limits.items() if limit is not None}
    return {**found, "type": _JSON_TYPES[kind_of(key)], **({"enum": choices(key)} if choices(key) else {})}


def _plist(table: dict[str, Any]) -> bytes:
    return plistlib.dumps(table, sort_keys=True)
