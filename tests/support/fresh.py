"""A fresh Debian machine in a folder, as far as a chroot is one: its own files and people, this machine's kernel."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PERSON = "ada"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DESKTOP = ("mousepad", "openbox", "xfce4-panel", "xvfb", "x11-xkb-utils", "dbus", "at-spi2-core", "xdotool")
"""What a person's desktop consists of here; of Overt's own needs nothing is among them on purpose."""
SESSION = """
set -e
Xvfb :77 -screen 0 1280x800x24 -nolisten tcp & sleep 0.2
export DISPLAY=:77
until xdotool getdisplaygeometry >/dev/null 2>&1; do sleep 0.1; done
openbox & xfce4-panel --disable-wm-check &
cd $HOME
touch letter.txt; mousepad letter.txt &
env | grep -E '^(DISPLAY|DBUS_SESSION_BUS_ADDRESS)=' > session.part
mv session.part session.env
sleep 100000
"""
MOUNTS = """
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
echo mounted
exec sleep infinity
"""
LIMIT_S = 500


def why_not() -> str | None:
    """Why there can be no such machine here."""
    if os.geteuid() != 0:
        return "only root can make a chroot"
    return None if shutil.which("debootstrap") else "debootstrap is not installed"


def hold_mounts(root: Path) -> subprocess.Popen[str]:
    """A process whose mount namespace has the machine's /dev and /proc: they go when it is ended."""
    line = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", MOUNTS, "sh", str(root)]
    held = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd="/", text=True)
    assert held.stdout
    assert held.stdout.readline() == "mounted\n"
    return held


@dataclass
class FreshMachine:
    """Debian 12, minimal, with one person and no desktop."""

    root: Path
    mounts: subprocess.Popen[str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def make(cls, root: Path) -> "FreshMachine":
        """Fetch and unpack it: half a minute, and as much of the network."""
        command = ["debootstrap", "--variant=minbase", "bookworm", str(root)]  # from its own default mirror
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S)
        for file in Path("/etc/apt/apt.conf.d").glob("*"):  # a proxy of this machine's, if it has one
            shutil.copy(file, root / "etc/apt/apt.conf.d" / file.name)
        made = cls(root, hold_mounts(root))
        made.do("useradd", "--create-home", "--uid", "4711", PERSON)
        return made

    def enter(self, *command: str, user: str = "root", env: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs a command in it, in the one mount namespace that all of them share.

        In one of its own the kernel could not name the executables of the others, and the gate would stay closed.
        """
        home = "/root" if user == "root" else f"/home/{user}"
        said = {"PATH": PATH, "HOME": home, "USER": user, "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        words = ["env", "-i", *(f"{k}={v}" for k, v in {**said, **(env or {})}.items()), *command]
        if user != "root":
            words = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *words]
        return ["nsenter", f"--mount=/proc/{self.mounts.pid}/ns/mnt", "chroot", str(self.root), *words]

    def do(
        self, *command: str, user: str = "root", env: Mapping[str, str] | None = None, code: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        line = self.enter(*command, user=user, env=env)
        done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd="/")
        assert code is None or done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
        return done

    def start(self, *command: str, user: str = PERSON, env: Mapping[str, str] | None = None) -> None:
        """Start a program that goes on."""
        line = self.enter(*command, user=user, env=env)
        quiet = subprocess.DEVNULL
        self.running.append(subprocess.Popen(line, stdin=quiet, stdout=quiet, stderr=quiet, cwd="/", text=True))

    def log_in(self) -> dict[str, str]:
        """A desktop with a tray and an editor; gives the session's variables."""
        self.do("apt-get", "install", "-y", "--no-install-recommends", *DESKTOP)
        self.start("dbus-run-session", "sh", "-c", SESSION)
        file = self.home / "session.env"
        from tests.support.waiting import until  # noqa: PLC0415

        until(file.exists, 60)
        return dict(line.split("=", 1) for line in file.read_text().splitlines())

    @property
    def home(self) -> Path:
        """The person's folder, from outside."""
        return self.root / "home" / PERSON

    def pids(self) -> list[int]:
        """Everything that runs in it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                inside = (entry / "root").samefile(self.root)
            except OSError:
                continue
            found += [int(entry.name)] if inside else []
        return found

    def commands(self) -> dict[int, str]:
        """Command lines of what runs in it."""
        found = {}
        for pid in self.pids():
            try:
                words = (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found[pid] = b" ".join(words).decode().strip()
        return found

    def end(self) -> None:
        """End what runs in it, and only that."""
        for pid in self.pids():
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
        self.mounts.kill()
        for process in [*self.running, self.mounts]:
            process.wait(30)
        if self.mounts.stdout:
            self.mounts.stdout.close()


def overt_of(commands: Mapping[int, str]) -> dict[str, int]:
    """Process ids of the agent's parts, by what their command lines call them."""
    ends: Sequence[str] = ("daemon", "indicator")
    return {part: pid for pid, line in commands.items() for part in ends if line.endswith(f"bin/overt {part}")}
