"""Installed by managed policy, as IT does it: a package signed with IT's own key, served from IT's own machine.

Policies lie in folders of the system. Each browser runs in a mount namespace of its own here, in which a folder of the
test lies over them, so that nothing of this machine is written or changed.
"""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from agent.browser.install import install, managed, package
from schemas.companion import FIREFOX_ID, chromium_id
from tests.agent.browser.browser_rig import ELSEWHERE, PRIVATE
from tests.agent.browser.conftest import MAILBOX, OTHER, Room
from tests.support.browsers import CHROMIUM, QUIET, Chromium, Firefox, pack_firefox

pytestmark = pytest.mark.journey
UPDATES = """<?xml version='1.0' encoding='UTF-8'?>
<gupdate xmlns='http://www.google.com/update2/response' protocol='2.0'>
<app appid='{id}'><updatecheck codebase='{url}' version='0.2.0'/></app></gupdate>"""


def over(folder: Path, system: str) -> tuple[str, ...]:
    """A command's beginning that makes a folder lie over one of the system's, for that command alone."""
    own = ("unshare", "--user", "--map-root-user", "--mount", "--propagation", "private")
    return (*own, "sh", "-c", f'mount --bind "{folder}" "{system}" && exec "$@"', "sh")


def packed(room: Room, extension: Path, folder: Path) -> tuple[str, bytes]:
    """A signed package (CRX3), made by the browser itself, and its id."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = folder / "it.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    command = [CHROMIUM, *QUIET, f"--pack-extension={extension}", f"--pack-extension-key={pem}"]
    subprocess.run(command, env=room.env, check=True, capture_output=True, timeout=60)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return chromium_id(public), extension.with_suffix(".crx").read_bytes()


def test_chromium(room: Room, tmp_path: Path) -> None:
    package(tmp_path / "out", [room.mail.origin], keyed=False)
    name, crx = packed(room, tmp_path / "out/chromium", tmp_path)
    room.mail.files["/overt.crx"] = ("application/x-chrome-extension", crx)
    updates = UPDATES.format(id=name, url=f"{room.mail.origin}/overt.crx")
    room.mail.files["/updates.xml"] = ("text/xml", updates.encode())
    install(room.places, room.env, [room.mail.origin], [name])
    settings = managed(name, f"{room.mail.origin}/updates.xml", "")["/etc/chromium/policies/managed/overt.json"]
    policies = tmp_path / "etc/policies/managed"
    policies.mkdir(parents=True)
    (policies / "overt.json").write_text(json.dumps(settings))
    room.browser = Chromium(room.desktop, None, room.env, *over(tmp_path / "etc", "/etc/chromium"))
    check(room)


def test_firefox(room: Room, tmp_path: Path) -> None:
    package(tmp_path / "out", [room.mail.origin], keyed=False)
    pack_firefox(tmp_path / "out/firefox", tmp_path / "overt.xpi")
    room.mail.files["/overt.xpi"] = ("application/x-xpinstall", (tmp_path / "overt.xpi").read_bytes())
    install(room.places, room.env, [room.mail.origin])
    document = managed("", "", f"{room.mail.origin}/overt.xpi")["/etc/firefox/policies/policies.json"]
    document["policies"]["ExtensionSettings"][FIREFOX_ID]["private_browsing"] = True
    folder = tmp_path / "distribution"
    folder.mkdir()
    (folder / "policies.json").write_text(json.dumps(document))
    prefix = over(folder, "/usr/lib/firefox-esr/distribution")
    room.browser = Firefox(room.desktop, tmp_path / "profile", room.env, *prefix)
    check(room)
    room.show_in_new_window(room.mail.origin + "/", MAILBOX, "--private-window")
    room.ears.wait_for(PRIVATE)


def check(room: Room) -> None:
    """It was installed by nobody's hand, and tells one site from another."""
    room.show(room.other.origin + "/", OTHER)
    for _ in range(20):  # a page that was open before the extension came does not know of it
        room.show(room.mail.origin + "/", MAILBOX)
        try:
            room.ears.wait_for(room.mail.origin, timeout=3)
            break
        except AssertionError:
            continue
    room.ears.wait_for(room.mail.origin)
    room.show(room.other.origin + "/", OTHER)
    room.ears.wait_for(ELSEWHERE)
    assert room.other.origin not in {said for _, said in room.ears.heard}
