"""A Wayland session of one's own: sway on no screen, with Xwayland, as a person without privileges.

Everything of the person's runs as :data:`NOBODY` where the tests run as root, as it would on a real machine; what is
the organisation's (:meth:`start`) runs as whoever runs the tests. Made like :class:`tests.support.desktop.Desktop`.
"""

import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.support.desktop import Desktop
from tests.support.live import Employee, Result, program, run
from tests.support.places import short
from tests.support.processes import MARK, Process
from tests.support.waiting import until

NOBODY = 65534
"""The user and group without privileges of every Linux system."""
ROOT = Path(__file__).resolve().parents[2]
CONFIG = """xwayland force
output HEADLESS-1 resolution 1280x800
bar {
  position top
  tray_output *
}
exec sh -c 'echo "$WAYLAND_DISPLAY $DISPLAY $SWAYSOCK" >"$XDG_RUNTIME_DIR/ready.part" \
&& mv "$XDG_RUNTIME_DIR/ready.part" "$XDG_RUNTIME_DIR/ready"'
"""
HEADLESS = {"WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1", "WLR_RENDERER": "pixman"}
CLIENTS = """
import sys
from scripts.demo.screens import x_clients
print(*x_clients(sys.argv[1]))
"""
STUDY = """
study = "demo-2026"
version = 1
timing = "exact"
consent_days = 30
review_s = 0
batch_s = {batch_s}
"""
"""A policy without apps, for those that are to be tried."""
AGREE = """
import os, sys
from tests.support.person import agree
agree(os.environ, *sys.argv[1:])
"""


class Sway(Desktop):
    """A Wayland session with nothing in it. :attr:`env` is what a program in it has, ``DISPLAY`` included."""

    def __init__(self) -> None:
        super().__init__(tray=None)

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="overt-sway-", dir=short()))
        self.home = self.folder / "home"
        self._mark = secrets.token_hex(16)
        try:
            self._make_places()
            self._start_bus()
            self._start_sway()
            self._start_accessibility()
            until(self._hosts_sni, what="the bar to take in icons")
        except BaseException:
            self.close()
            raise
        return self

    def inside(self, argv: Sequence[str | Path], name: str = "") -> Process:
        """Start one of the person's programs in the session."""
        return self.start([*as_person(), *argv], name=name or Path(argv[0]).name, env=self.env)

    def windows(self) -> dict[int, dict[str, Any]]:
        """The windows by process, as sway describes them: ``shell`` is ``xdg_shell`` or ``xwayland``."""
        tree = run([*as_person(), "swaymsg", "-t", "get_tree"], self.env).json
        found: dict[int, dict[str, Any]] = {}
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            waiting += [*node["nodes"], *node["floating_nodes"]]
            if node.get("pid"):
                found[node["pid"]] = node
        return found

    def focus(self, process: Process) -> None:
        """Give a program's window the keyboard, and return when it has it."""
        until(lambda: process.pid in self.windows(), what=f"a window of {process.name}: {process.output}")

        def focused() -> bool:
            # Asked each time: a window that opens meanwhile takes the focus.
            run([*as_person(), "swaymsg", f"[pid={process.pid}] focus"], self.env)
            return bool(self.windows()[process.pid]["focused"])

        until(focused, what=f"{process.name} to have the focus")

    def x_clients(self) -> set[int]:
        """Process ids of every program that is connected to Xwayland, by its own word."""
        told = run([*as_person(), sys.executable, "-c", CLIENTS, self.display], self.env | {"PYTHONPATH": str(ROOT)})
        return set(map(int, told.out.split()))

    def _make_places(self) -> None:
        for place in ("home", "run", "tmp", "logs"):
            (self.folder / place).mkdir(mode=0o700)
        (self.folder / "sway.config").write_text(CONFIG)
        if os.geteuid() == 0:
            self.folder.chmod(0o755)  # the person's own places in it are closed to others
            for place in ("home", "run", "tmp"):
                os.chown(self.folder / place, NOBODY, NOBODY)
        self.env = {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "TMPDIR": str(self.folder / "tmp"),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/sh",
            "GIO_USE_VFS": "local",  # else gvfsd and its mounts start, and outlive the bus
            "GSETTINGS_BACKEND": "memory",
            "XDG_CURRENT_DESKTOP": "sway",
            MARK: self._mark,
        }

    def _start_bus(self) -> None:
        listen = f"--address=unix:path={self.folder}/run/bus"
        bus = [*as_person(), "dbus-daemon", "--session", "--nofork", "--nopidfile", listen]
        _, self.env["DBUS_SESSION_BUS_ADDRESS"] = self._start_and_read(lambda fd: [*bus, f"--print-address={fd}"])

    def _start_sway(self) -> None:
        ready = self.folder / "run/ready"
        config = self.folder / "sway.config"
        sway = self.start([*as_person(), "sway", "-c", config], name="sway", env=self.env | HEADLESS)
        self._ready(sway, ready.exists)
        wayland, self.display, control = ready.read_text().split()
        self.env |= {"WAYLAND_DISPLAY": wayland, "DISPLAY": self.display, "SWAYSOCK": control}

    def close(self) -> None:
        """End every process, and delete the folder. Fine to call twice."""
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask_bus(self, name: str, path: str, method: str, *arguments: str) -> str:
        """As the person: the bus lets in nobody else."""
        call = ["dbus-send", "--session", "--print-reply=literal", f"--dest={name}", path, method, *arguments]
        done = run([*as_person(), *call], self.env, None)
        return done.out if done.code == 0 else ""

    def _forget_display(self) -> None:
        """Xwayland's socket is sway's, which removes it."""


class Wayfarer(Employee):
    """A person's agent in such a session, run as that person."""

    @classmethod
    def of(cls, session: Sway, without: Sequence[str] = (), **more: str) -> "Wayfarer":
        """An agent whose environment lacks some of the session's variables and has others."""
        places = {"OVERT_STATE_DIR": str(session.home / "state"), "OVERT_RUNTIME_DIR": str(session.folder / "run/o")}
        env = {k: v for k, v in session.env.items() if k not in without}
        return cls(session, {**env, **places, **more})

    def overt(self, *arguments: str, code: int | None = 0) -> Result:
        """``overt …``, as the person."""
        return run([*as_person(), *program("overt"), *arguments], self.env, code)

    def agree(self, *apps: str) -> None:
        """Say yes to all of some apps, as the person."""
        run([*as_person(), sys.executable, "-c", AGREE, *apps], self.env | {"PYTHONPATH": str(ROOT)})

    def daemon(self) -> Process:
        """Start the daemon as the person, and wait until it answers."""
        command = [*as_person(), *program("overt"), "daemon"]
        process = self.desktop.start(command, name="daemon", env=_without(self.desktop.env, self.env))
        until(lambda: not process.running or self.overt("status", "--json", code=None).code != 3, what="the daemon")
        assert process.running, process.output
        return process

    def indicator(self) -> Process:
        """Start the indicator as the person, and wait until its sign is in sight."""
        command = [*as_person(), sys.executable, "-m", "agent.tray"]
        process = self.desktop.start(command, name="indicator", env=self.env | {"PYTHONPATH": str(ROOT)})
        until(lambda: not process.running or "no_sign" not in self.reasons(), what="the sign to be seen")
        assert process.running, process.output
        return process

    def reasons(self) -> dict[str, str]:
        """What stands in the way, by ``overt why``: each reason with its sentence."""
        told = json.loads(self.overt("why", "--json", code=None).out)
        return {one["reason"]: one["sentence"] for one in told["conditions"] if not one["holds"]}


def as_person() -> list[str]:
    """The words before a command that take its privileges away; none where there are none."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]


def _without(session: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Variables to start a program with: what the session has and it shall not have is empty."""
    return {name: "" for name in session if name not in wanted} | dict(wanted)
