"""The extension as each browser wants it: one set of scripts, one manifest, and the few keys in which browsers differ.

It is made for certain origins. A browser grants it those and no other: it can neither read another page nor learn which
one is open. Other origins are another extension, which whoever installs it, or their browser, has to accept anew.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("extension")
SCRIPTS = ("background.js", "content.js", "secret.js")
HOST_NAME = "org.overt.host"
"""What extensions call the program that they talk to. The same in ``background.js``."""
FIREFOX_ID = "extension@overt.example"
CHROMIUM_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArNBczON/kr+cO8EBtfyhNGzi5d4OjYdtvc5vjFtInRx+KjYCn8wPSZpT"
    "6plak1hOzfh0UH2a+2JAi6wXRjylIGxOqlZDloCAh80dspOkLYEb7DBI9RblCzEYsSdOejIEyCHf4XPIC5XatvqycFqgN4MT6gHl"
    "EcMEn0XkldqypGANM0P9s4ViHYtFwZpaxYtPSICVT1JbGP0IbaBVVUtGZ0xUqHfRpQr0cyPJD73bKwAReqTY6zZo2emVvjgmaZDO"
    "IOj96bEg88k4ZT++SvQjb+Mq3Z2NR5YRWmYAqIFDEuB2yN1Tx74GGjc+typiHAbHJmING9iAFVR/cBtQFNKOmQIDAQAB"
)
"""Public half of a key whose private half was thrown away. It gives the unpacked extension the same id everywhere; what
IT packs and signs has the id of IT's own key."""
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


def chromium_id(public_key: bytes) -> str:
    """The id that Chromium gives an extension: 16 bytes of the SHA-256 of its key (DER), in the letters a to p."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(public_key).hexdigest()[:32])


UNPACKED_ID = chromium_id(base64.b64decode(CHROMIUM_KEY))
"""The unpacked extension's id in Chromium's family."""


def _pattern(family: Family, origin: str) -> str:
    """A match pattern. Firefox knows no ports in them; there the content script compares."""
    scheme, _, rest = origin.partition("://")
    host = rest.rpartition(":")[0] if family is Family.FIREFOX and not rest.endswith("]") and ":" in rest else rest
    return f"{scheme}://{host}/*"
