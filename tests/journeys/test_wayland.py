"""In a Wayland session nothing comes by X11: where that is all there is, the agent refuses and says why."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Organisation
from tests.support.processes import Process
from tests.support.sway import NOBODY, Sway, Wayfarer
from tests.support.waiting import until

pytestmark = pytest.mark.journey

POLICY = """
study = "demo-2026"
version = 1
timing = "exact"
consent_days = 30
review_s = 0
batch_s = {batch_s}

[[apps]]
id = "terminals"
name = "Terminals"
category = "other"
executables = ["/usr/bin/foot", "/usr/bin/xterm"]
modalities = ["keyboard", "pointer", "screen"]
screen = "layout"
"""
BARE = ("WAYLAND_DISPLAY", "SWAYSOCK", "XDG_SESSION_TYPE")
WAYS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "as the session starts it, and no sign": ((), {}),
    "by the session's type alone": (("WAYLAND_DISPLAY",), {"XDG_SESSION_TYPE": "wayland"}),
    "with nothing but Xwayland's DISPLAY": (BARE, {}),
}
"""What of the session the daemon can know by its environment. In the last way, only the X server can tell."""


class Traveller:
    """One session with a native and an Xwayland client, and a study that allows both."""

    def __init__(self, session: Sway) -> None:
        self.session = session
        folder = session.folder / "organisation"
        folder.mkdir()
        self.organisation = Organisation(folder, session.env, session.start)
        self.organisation.found()
        self.organisation.serve()
        self.organisation.study(batch_s=1, policy=POLICY)
        self.got = {name: session.home / f"{name}.txt" for name in ("foot", "xterm")}
        commands = {"foot": ["foot"], "xterm": ["xterm", "-e"]}
        self.clients = {
            name: session.inside([*commands[name], "sh", "-c", f"stty -icanon; exec cat >{self.got[name]}"])
            for name in commands
        }

    def type_everywhere(self) -> None:
        """Real keys into either window, until its program has them."""
        pids = {process.pid for process in self.clients.values()}
        until(lambda: pids <= set(self.session.windows()), 60, "both windows: one that opens takes the focus")
        for name in self.clients:
            self.type_into(name)

    def type_into(self, name: str) -> None:
        """By a virtual keyboard, held open for as long as a busy machine needs; once more until some keys arrive."""
        before = len(self.text(name))

        def arrived() -> bool:
            self.session.focus(self.clients[name])
            self.session.inside(["wtype", "-s", "500", "-d", "20", "wayland", "-s", "300"]).wait(20)
            return len(self.text(name)) > before

        until(arrived, 60, f"{name} to get keys: {self.clients[name].output}")

    def text(self, name: str) -> str:
        return self.got[name].read_text() if self.got[name].exists() else ""


@pytest.fixture(scope="module")
def traveller() -> Iterator[Traveller]:
    with Sway() as session:
        yield Traveller(session)


def sockets(process: Process) -> set[str]:
    """The sockets that a process holds."""
    found = set()
    for one in Path(f"/proc/{process.pid}/fd").iterdir():
        target = str(one.readlink())
        if target.startswith("socket:"):
            found.add(target)
    return found


def x_sockets(display: str) -> set[str]:
    """Sockets of the X server's ends, by the kernel's list of unix sockets."""
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    ends = {f"/tmp/.X11-unix/X{display[1:]}", f"@/tmp/.X11-unix/X{display[1:]}"}  # noqa: S108
    return {f"socket:[{row[6]}]" for row in rows if row[-1] in ends}


def test_both_clients_are_what_they_should_be(traveller: Traveller) -> None:
    """The ground on which the others stand: a native window, an Xwayland window, both unprivileged and reachable."""
    traveller.type_everywhere()
    windows = traveller.session.windows()
    shells = {name: windows[process.pid]["shell"] for name, process in traveller.clients.items()}
    assert shells == {"foot": "xdg_shell", "xterm": "xwayland"}
    assert traveller.clients["xterm"].pid in traveller.session.x_clients()
    if os.geteuid() == 0:
        owners = {Path(f"/proc/{process.pid}").stat().st_uid for process in traveller.clients.values()}
        assert owners == {NOBODY}


@pytest.mark.parametrize("way", WAYS)
def test_it_refuses_and_says_why_and_captures_nothing(traveller: Traveller, way: str) -> None:
    without, more = WAYS[way]
    person = Wayfarer.of(
        traveller.session, without, OVERT_STATE_DIR=str(traveller.session.home / f"s-{len(way)}"), **more
    )
    person.overt("enrol", traveller.organisation.link())
    person.agree("terminals")
    daemon = person.daemon()
    try:
        traveller.type_everywhere()
        status = person.status()
        assert status["state"] == "blocked"
        reasons = person.reasons()
        assert ("wayland" in reasons) is bool(without), "natively, the session can be captured; but not unseen"
        assert ("Wayland" in status["sentence"]) is bool(without)
        assert "no_sign" in reasons
        assert not {"no_consent", "switched_off", "not_enrolled"} & set(reasons)
        assert status["hooks"] == []
        assert (status["counts"]["seen"], status["counts"]["kept"]) == (0, 0)
        clients = traveller.session.x_clients()
        assert traveller.clients["xterm"].pid in clients
        assert daemon.pid not in clients
        assert not sockets(daemon) & x_sockets(traveller.session.display)
        assert list((person.state / "spool").glob("*.overt")) == []
    finally:
        daemon.stop()


def test_the_doctor_names_it(traveller: Traveller) -> None:
    """Whether the environment says so or only the X server."""
    for without, more in WAYS.values():
        told = Wayfarer.of(traveller.session, without, **more).overt("doctor", "--json", code=None)
        assert "Wayland" in told.out
        assert ("Xorg" in told.out) is bool(without)
        assert without or "pointer and pictures cannot be had" in told.out
