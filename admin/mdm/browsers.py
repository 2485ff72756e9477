"""Browsers on Linux: managed policies that install the companion extension, and who may talk to its program.

Only for studies with web apps. The extension captures nothing; it tells the agent which of the study's sites has the
keys. Nothing here keeps a person from removing the program that it talks to.
"""

import json
from typing import Any

from admin.mdm.facts import LINUX_HOME, Options
from schemas.companion import FIREFOX_ALLOWED, FIREFOX_ID, HOST_NAME, chromium_origins, host_manifest

CHROMIUM_FAMILY = {"chrome": "etc/opt/chrome", "chromium": "etc/chromium", "edge": "etc/opt/edge"}
"""Where each browser of the family looks, below the root."""
FIREFOX_POLICY = "etc/firefox/policies/policies.json"
FIREFOX_HOSTS = "usr/lib/mozilla/native-messaging-hosts"
HOST_PATH = f"{LINUX_HOME}/bin/overt-browser-host"


def render(options: Options) -> dict[str, bytes]:
    """Every file for browsers, by path; those of a family are left out where nothing is known of its package."""
    found: dict[str, dict[str, Any]] = {}
    if options.extension_id and options.update_url:
        manifest = host_manifest(HOST_PATH, chromium_origins([options.extension_id]))
        for name, folder in CHROMIUM_FAMILY.items():
            found[f"browsers/{name}/{folder}/policies/managed/overt.json"] = chromium(options)
            found[f"browsers/{name}/{folder}/native-messaging-hosts/{HOST_NAME}.json"] = manifest
    if options.firefox_url:
        found[f"browsers/firefox/{FIREFOX_POLICY}"] = firefox(options)
        found[f"browsers/firefox/{FIREFOX_HOSTS}/{HOST_NAME}.json"] = host_manifest(HOST_PATH, FIREFOX_ALLOWED)
    return {path: (json.dumps(table, indent=2) + "\n").encode() for path, table in found.items()}


def chromium(options: Options) -> dict[str, Any]:
    """The managed policy of Chrome, Chromium and Edge."""
    settings = {"installation_mode": "force_installed", "update_url": options.update_url}
    return {"ExtensionSettings": {options.extension_id: settings}, "NativeMessagingAllowlist": [HOST_NAME]}


def firefox(options: Options) -> dict[str, Any]:
    """The policies of Firefox."""
    settings = {"installation_mode": "force_installed", "install_url": options.firefox_url}
    return {"policies": {"ExtensionSettings": {FIREFOX_ID: settings}}}
