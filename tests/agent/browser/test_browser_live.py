"""Real browsers with the real extension: whose page has the keys, in every situation that could be mistaken for it."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from agent.core.site import RENEW_MS
from tests.agent.browser.browser_rig import ELSEWHERE, HIDING, NOT_A_BROWSER, UNKNOWN
from tests.agent.browser.conftest import MAILBOX, OTHER, Room
from tests.support.browsers import Chromium, page
from tests.support.waiting import until
from tests.support.windows import open_xterm

pytestmark = pytest.mark.journey


def hosts_of(pid: int) -> list[int]:
    """The programs of ours that a browser started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
            if parent == pid and (b"overt-browser-host" in command or b"agent.browser" in command):
                found.append(int(folder.name))
    return found


def test_tabs(browsing: Room) -> None:
    """One tab is listed, the other is not; of the other nothing is told."""
    browsing.show(browsing.other.origin + "/", OTHER)
    browsing.ears.wait_for(ELSEWHERE)
    for expected in (browsing.mail.origin, ELSEWHERE) * 3:
        browsing.hands.key("Tab", ["ctrl"])
        browsing.ears.wait_for(expected)
    assert browsing.other.origin not in {said for _, said in browsing.ears.heard}


def test_going_to_another_page_in_the_same_tab_and_back(browsing: Room) -> None:
    address = browsing.mail.add("/leave", page("Leaving", f'<a id=a href="{browsing.other.origin}/">x</a>'))
    browsing.show(address, "Leaving")
    browsing.ears.wait_for(browsing.mail.origin)
    browsing.hands.key("Tab")
    browsing.hands.key("Return")
    browsing.ears.wait_for(ELSEWHERE)
    until(lambda: browsing.windows(OTHER), 60, "the other page to be there")
    browsing.hands.key("Left", ["alt"])
    browsing.ears.wait_for(browsing.mail.origin)


def test_a_frame_of_another_origin_has_the_keys(browsing: Room) -> None:
    frame = f'<iframe src="{browsing.other.origin}/" width=400 height=200></iframe>'
    browsing.show(browsing.mail.add("/framed", page("Framed", frame)), "Framed")
    browsing.ears.wait_for(browsing.mail.origin)
    browsing.hands.key("Tab")
    browsing.ears.wait_for(ELSEWHERE)
    browsing.hands.key("Tab", ["shift"])
    browsing.ears.wait_for(browsing.mail.origin)


def test_frames_of_our_own_are_ours_even_in_a_closed_shadow_and_what_is_in_them_may_not_be(browsing: Room) -> None:
    other = f'<iframe src="{browsing.other.origin}/"></iframe>'
    loaded = "<script>onload = () => fetch('/loaded')</script>"
    browsing.mail.add("/inner", page("Inner", other + loaded, 60))
    to_inner = (
        "<div id=h></div><script>const s = h.attachShadow({mode: 'closed'});"
        "s.innerHTML = '<iframe src=\"/inner\" width=500 height=300></iframe>';"
        "onkeydown = (e) => { if (e.key === 'F2') s.firstChild.contentDocument.querySelector('textarea').focus(); }"
        "</script>"
    )
    browsing.show(browsing.mail.add("/outer", page("Outer", to_inner, 60)), "Outer")
    until(lambda: "/loaded" in browsing.mail.asked, 60, "the frames to be there")
    browsing.ears.wait_for(browsing.mail.origin)
    browsing.hands.key("F2")
    browsing.ears.stays(browsing.mail.origin)
    browsing.hands.key("Tab")
    browsing.ears.wait_for(ELSEWHERE)
    browsing.hands.type_text("into the frame")
    browsing.ears.stays(ELSEWHERE)


def test_a_frame_that_went_to_another_page_is_still_listened_to(browsing: Room) -> None:
    """The same place has another window then, which nobody listened to before."""
    other = f'<iframe src="{browsing.other.origin}/"></iframe>'
    for name in ("first", "second"):
        browsing.mail.add(f"/{name}", page(name, f"{other}<script>onload = () => fetch('/{name}-there')</script>", 60))
    go = "<script>onkeydown = (e) => { if (e.key === 'F2') document.querySelector('iframe').src = '/second'; }</script>"
    outer = f'{go}<iframe src="/first" width=500 height=300></iframe>'
    browsing.show(browsing.mail.add("/outer", page("Outer", outer, 60)), "Outer")
    until(lambda: "/first-there" in browsing.mail.asked, 60, "the frame to be there")
    browsing.ears.wait_for(browsing.mail.origin)
    browsing.hands.key("Tab")
    browsing.ears.stays(browsing.mail.origin)
    browsing.hands.key("Tab", ["shift"])
    browsing.hands.key("F2")
    until(lambda: "/second-there" in browsing.mail.asked, 60, "the frame's second page to be there")
    browsing.hands.key("Tab")
    browsing.ears.stays(browsing.mail.origin)
    browsing.hands.key("Tab")
    browsing.ears.wait_for(ELSEWHERE)
    browsing.hands.type_text("into the frame")
    browsing.ears.stays(ELSEWHERE)


def test_going_from_field_to_field_is_no_leaving(browsing: Room) -> None:
    fields = "".join(f"<input id=f{n}>" for n in range(4)) + '<iframe src="/"></iframe>'
    browsing.show(browsing.mail.add("/fields", page("Fields", fields, 60)), "Fields")
    browsing.ears.stays(browsing.mail.origin)
    count = len(browsing.ears.heard)
    for _ in range(4):
        browsing.hands.key("Tab")
        browsing.ears.stays(browsing.mail.origin)
    assert browsing.ears.heard[count:] == []


SECRETS = {
    "password": "<input type=password>",
    "shown again": "<input type=password id=p onfocus=\"this.type='text'\">",
    "hidden late": "<input onfocus=\"setTimeout(() => { this.type = 'password' }, 40)\">",
    "card": '<input autocomplete="section-a billing cc-number">',
    "code": "<input autocomplete=one-time-code>",
    "a box of a code": "<input inputmode=numeric maxlength=1>",
    "by name": "<input name=loginPassword>",
    "by id": "<input id=card_number type=tel>",
    "by look": '<textarea style="-webkit-text-security: disc"></textarea>',
    "in a shadow": (
        "<div id=s></div><script>s.attachShadow({mode: 'closed'}).innerHTML = '<input type=password>';</script>"
    ),
    "in a frame": "<iframe src=/secret-frame></iframe>",
}


def test_fields_for_secrets(browsing: Room) -> None:
    """Each is told as such, and the plain field after it is not."""
    browsing.mail.add("/secret-frame", '<meta charset="utf-8"><input type=password autofocus>')
    plain = "<input name=compass id=subject autocomplete=email>"
    more = "".join(f"{field}{plain}" for field in SECRETS.values())
    loaded = "<script>onload = () => fetch('/loaded')</script>"
    browsing.show(browsing.mail.add("/form", page("Form", more + loaded, 60)), "Form")
    until(lambda: "/loaded" in browsing.mail.asked, 60, "the frame to be there")
    browsing.ears.wait_for(browsing.mail.origin)
    for _ in SECRETS:
        browsing.hands.key("Tab")
        browsing.ears.wait_for(f"{HIDING} {browsing.mail.origin}")
        browsing.hands.key("Tab")
        browsing.ears.wait_for(browsing.mail.origin)


def test_our_page_as_a_frame_of_another_is_not_ours(browsing: Room) -> None:
    frame = f'<iframe src="{browsing.mail.origin}/" width=400 height=200></iframe>'
    browsing.show(browsing.other.add("/framing", page("Framing", frame)), "Framing")
    browsing.ears.wait_for(ELSEWHERE)
    count = len(browsing.ears.heard)
    browsing.hands.key("Tab")
    browsing.hands.type_text("into the frame")
    browsing.hands.key("Tab", ["ctrl"])
    browsing.ears.wait_for(browsing.mail.origin)
    assert [said for _, said in browsing.ears.heard[count:]] == [browsing.mail.origin]


def test_the_address_bar_and_the_tools_are_not_the_page(browsing: Room) -> None:
    browsing.hands.key("l", ["ctrl"])
    browsing.ears.wait_for(ELSEWHERE)
    browsing.show(browsing.mail.origin + "/?again", MAILBOX)
    browsing.ears.wait_for(browsing.mail.origin)
    console = "j" if isinstance(browsing.browser, Chromium) else "k"
    browsing.hands.key(console, ["ctrl", "shift"])
    browsing.ears.wait_for(ELSEWHERE)
    browsing.hands.type_text("into the console")
    browsing.ears.stays(ELSEWHERE)


def test_a_private_window_is_never_a_site(browsing: Room) -> None:
    private = "--incognito" if isinstance(browsing.browser, Chromium) else "--private-window"
    window = browsing.show_in_new_window(browsing.mail.origin + "/", MAILBOX, private)
    browsing.ears.wait_for(ELSEWHERE)
    browsing.hands.type_text("private")
    until(lambda: ELSEWHERE in browsing.ears.shown_by.get(window.id, ()))
    assert browsing.ears.shown_by[window.id] <= {UNKNOWN, ELSEWHERE}
    browsing.hands.close(window.id)
    browsing.ears.wait_for(browsing.mail.origin)


def test_a_page_says_it_again_as_often_as_it_is_asked_to_and_no_more(browsing: Room) -> None:
    """Its own words must not make it speak: it did so 300 times a second, and nobody saw it but the battery."""
    (client,) = (c for c in browsing.ears.server.clients if c.claim is not None)
    browsing.ears.stays(browsing.mail.origin)
    before, said = browsing.ears.clock.monotonic_ns(), client.site_seq
    until(lambda: client.site_seq >= said + 4)
    passed_ms = (browsing.ears.clock.monotonic_ns() - before) / 10**6
    assert client.site_seq - said <= passed_ms / RENEW_MS + 2


def test_another_app_in_front_nobody_is_asked(browsing: Room) -> None:
    terminal = open_xterm(browsing.desktop)
    browsing.hands.focus_window(terminal.window.id)
    until(lambda: browsing.ears.now.startswith(NOT_A_BROWSER))
    (client,) = (c for c in browsing.ears.server.clients if c.claim is not None)
    until(lambda: client.claim is not None and client.claim.said_ns + 10**9 < browsing.ears.clock.monotonic_ns())
    terminal.process.stop()


def test_the_program_is_killed_and_comes_back(browsing: Room) -> None:
    (host,) = hosts_of(browsing.browser.process.pid)
    os.kill(host, signal.SIGKILL)
    browsing.ears.wait_for(UNKNOWN)
    browsing.ears.wait_for(browsing.mail.origin)


def test_the_program_is_frozen(browsing: Room) -> None:
    (host,) = hosts_of(browsing.browser.process.pid)
    os.kill(host, signal.SIGSTOP)
    browsing.ears.wait_for(UNKNOWN)
    os.kill(host, signal.SIGCONT)
    browsing.ears.wait_for(browsing.mail.origin)


def test_a_page_that_hangs_is_left_all_the_same(browsing: Room) -> None:
    """The browser's own word does not wait for the page."""
    busy = "<script>onkeydown = (e) => { if (e.key === 'F9') { const t = Date.now(); while (Date.now() - t < 8000); } }"
    browsing.show(browsing.other.origin + "/", OTHER)
    browsing.show(browsing.mail.add("/busy", page("Busy", busy + "</script>")), "Busy")
    browsing.ears.wait_for(browsing.mail.origin)
    browsing.hands.key("F9")
    browsing.hands.key("Page_Up", ["ctrl"])
    until(lambda: browsing.ears.now in (ELSEWHERE, UNKNOWN))


def test_another_profile_is_another_window(in_chromium: Room) -> None:
    """Both profiles live in one process, and each has the extension: the page in front counts, once."""
    room = in_chromium
    first = len(room.ears.heard)
    room.show_in_new_window(room.other.origin + "/", OTHER, "--profile-directory=Profile 2")
    until(lambda: room.ears.now in (ELSEWHERE, UNKNOWN))
    room.hands.type_text("other profile")
    assert room.mail.origin not in {said for _, said in room.ears.heard[first + 1 :]}
    room.show_in_new_window(room.mail.origin + "/", MAILBOX, "--profile-directory=Profile 2")
    room.ears.wait_for(room.mail.origin)
