"""The browser's companion, as agent and management tools must both name it."""

import base64
import hashlib
from typing import Any

HOST_NAME = "org.overt.host"
"""What extensions call the program that they talk to. The same in the extension's ``background.js``."""
HOST_ABOUT = "Tells Overt which of the listed sites has the keys"
FIREFOX_ID = "extension@overt.example"
CHROMIUM_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArNBczON/kr+cO8EBtfyhNGzi5d4OjYdtvc5vjFtInRx+KjYCn8wPSZpT"
    "6plak1hOzfh0UH2a+2JAi6wXRjylIGxOqlZDloCAh80dspOkLYEb7DBI9RblCzEYsSdOejIEyCHf4XPIC5XatvqycFqgN4MT6gHl"
    "EcMEn0XkldqypGANM0P9s4ViHYtFwZpaxYtPSICVT1JbGP0IbaBVVUtGZ0xUqHfRpQr0cyPJD73bKwAReqTY6zZo2emVvjgmaZDO"
    "IOj96bEg88k4ZT++SvQjb+Mq3Z2NR5YRWmYAqIFDEuB2yN1Tx74GGjc+typiHAbHJmING9iAFVR/cBtQFNKOmQIDAQAB"
)
"""Public half of a key whose private half was thrown away. It gives the unpacked extension the same id everywhere; what
IT packs and signs has the id of IT's own key."""


def chromium_id(public_key: bytes) -> str:
    """The id that Chromium gives an extension: 16 bytes of the SHA-256 of its key (DER), in the letters a to p."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(public_key).hexdigest()[:32])


UNPACKED_ID = chromium_id(base64.b64decode(CHROMIUM_KEY))
"""The unpacked extension's id in Chromium's family."""


def host_manifest(path: str, allowed: dict[str, list[str]]) -> dict[str, Any]:
    """What tells a browser who may talk to our program, in the form that all of them read.

    Args:
        path: of the program.
        allowed: ``allowed_origins`` in Chromium's family, ``allowed_extensions`` in Firefox.
    """
    return {"name": HOST_NAME, "description": HOST_ABOUT, "path": path, "type": "stdio", **allowed}


def chromium_origins(ids: list[str]) -> dict[str, list[str]]:
    """Our extension, packed by whoever, as Chromium's family names it."""
    return {"allowed_origins": [f"chrome-extension://{name}/" for name in ids]}


FIREFOX_ALLOWED = {"allowed_extensions": [FIREFOX_ID]}
"""Our extension as Firefox names it."""
