"""The extension as each browser wants it: one set of scripts, one manifest, and the few keys in which browsers differ.

It is made for certain origins. A browser grants it those and no other: it can neither read another page nor learn which
one is open. Other origins are another extension, which whoever installs it, or their browser, has to accept anew.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from schemas.companion import CHROMIUM_KEY, FIREFOX_ID

SOURCE = Path(__file__).with_name("extension")
SCRIPTS = ("background.js", "content.js", "secret.js")
OLDEST_CHROMIUM = "116"
"""From then on a service worker lives as long as its native port."""
OLDEST_FIREFOX = "128.0"
"""From then on sites named for content scripts are granted at installation."""


class Family(StrEnum):
    """Browsers that take the same extension."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


def manifest(family: Family, origins: Sequence[str], *, key: bool = True) -> dict[str, Any]:
    """The extension's manifest.

    Args:
        family: for which browsers.
        origins: those in which pages may be told of.
        key: give an unpacked extension its fixed id; a package gets the id of the key that signs it.
    """
    found: dict[str, Any] = json.loads((SOURCE / "manifest.json").read_text())
    found["content_scripts"][0]["matches"] = sorted({_pattern(family, origin) for origin in origins})
    if family is Family.FIREFOX:
        gecko = {"id": FIREFOX_ID, "strict_min_version": OLDEST_FIREFOX}
        own: dict[str, Any] = {
            "background": {"scripts": ["background.js"]},
            "browser_specific_settings": {"gecko": gecko | {"data_collection_permissions": {"required": ["none"]}}},
        }
    else:
        own = {"background": {"service_worker": "background.js"}, "minimum_chrome_version": OLDEST_CHROMIUM}
        own |= {"key": CHROMIUM_KEY} if key else {}
    return found | own


def files(family: Family, origins: Sequence[str], *, key: bool = True) -> dict[str, str]:
    """Every file of the extension, by name."""
    scripts = {name: (SOURCE / name).read_text() for name in SCRIPTS}
    listed = f'"use strict";\nconst ORIGINS = {json.dumps(sorted(origins))};\n'
    return {**scripts, "origins.js": listed, "manifest.json": json.dumps(manifest(family, origins, key=key), indent=2)}


def _pattern(family: Family, origin: str) -> str:
    """A match pattern. Firefox knows no ports in them; there the content script compares."""
    scheme, _, rest = origin.partition("://")
    host = rest.rpartition(":")[0] if family is Family.FIREFOX and not rest.endswith("]") and ":" in rest else rest
    return f"{scheme}://{host}/*"
