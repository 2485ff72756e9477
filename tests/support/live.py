"""The whole of Overt on one machine, by its own commands: collector, organisation, researcher, and a person's agent.

For journeys and for the demo. Everything is started as people start it, as programs of their own; nothing is called
in-process, so that what is proved here holds for what is installed. (What is only waited for is asked of the daemon's
socket directly; the answer that counts is `overt status`'s.)
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

from agent.ceremony.words import Words
from agent.disk.places import Places
from agent.net.dial import DaemonNotRunning, ProtocolError
from agent.quick import told_status
from tests.support.desktop import Desktop
from tests.support.processes import Process
from tests.support.waiting import until

COMMAND_S = 60
"""Seconds that a command may take: pulls and exports of a demo's size take one or two."""

STUDY = """
study = "demo-2026"
title = "How people write and mend short texts"
purpose = "Training a computer-use agent to write and correct short texts, from recordings of people who agreed to it."
modalities = ["keyboard", "pointer", "screen"]
retention_days = 90
jurisdiction = "DE"
storage_location = "this machine"
impact_assessment = "https://intranet.example/overt/impact-assessment"
complaints = "The works council, works-council@example.org, or your data protection authority"
collector = "{collector}"

[controller]
party_id = "https://example.org"
party_name = "Example Ltd"
party_address = "1 Example Street, 10115 Berlin"
party_contact = "privacy@example.org"
party_type = "DataController"

[notices]
en = "{notice}"
"""

POLICY = """
study = "demo-2026"
version = 1
timing = "exact"
consent_days = 30
review_s = 0
batch_s = {batch_s}

[[apps]]
id = "mousepad"
name = "Mousepad"
category = "other"
executables = ["/usr/bin/mousepad"]
modalities = ["keyboard", "pointer", "screen"]
screen = "layout"
"""


class CommandFailedError(AssertionError):
    """A command of ours ended with another code than it should."""


@dataclass
class Result:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Its standard output as JSON."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


def program(name: str) -> list[str]:
    """How to start one of the four programs: as installed beside this Python."""
    return [str(Path(sys.executable).with_name(name))]


@dataclass
class Organisation:
    """IT, the researcher and the collector, in folders of their own."""

    folder: Path
    env: Mapping[str, str]
    start: Callable[..., Process]
    collector: str = ""
    public_key: str = ""
    collector_process: Process | None = None

    def run(self, *command: str, code: int | None = 0) -> Result:
        """Run one of the four programs and wait for it."""
        return run([*program(command[0]), *command[1:]], self.env, code)

    def admin(self, *arguments: str) -> Result:
        """``overt-admin … --json``."""
        return self.run("overt-admin", *arguments, "--home", str(self.folder / "it"), "--json")

    def research(self, *arguments: str, code: int | None = 0) -> Result:
        """``overt-research …``."""
        return self.run("overt-research", *arguments, "--home", str(self.folder / "researcher"), code=code)

    def found(self) -> None:
        """Make the organisation's key."""
        self.public_key = self.admin("init", "--organisation", "Example Ltd").json["public_key"]

    def serve(self) -> Process:
        """Start the collector on its embedded default, and wait until it answers."""
        ready = self.folder / "collector.ready"
        ready.unlink(missing_ok=True)
        port = self.collector.rpartition(":")[2] or "0"
        process = self.start(
            [
                *program("overt-collector"),
                *("serve", "--data", str(self.data), "--trust", self.public_key),
                *("--port", port, "--ready-file", str(ready), "--json"),
            ],
            name="collector",
        )
        until(lambda: ready.exists() and ready.read_text().strip(), what=f"the collector: {process.output}")
        self.collector = ready.read_text().strip()
        self.collector_process = process
        return process

    @property
    def data(self) -> Path:
        """The collector's folder."""
        return self.folder / "collector"

    def study(self, *, batch_s: int = 300, policy: str = POLICY) -> None:
        """Make keys for a researcher, a study, a policy and codes; publish all of it."""
        papers = self.folder / "papers"
        papers.mkdir(exist_ok=True)
        self.research("keygen", "--name", "Rosa Researcher", "--out", str(papers / "rosa.json"))
        notice = Path(__file__).resolve().parents[2] / "policies/notices/en.md"
        (papers / "study.toml").write_text(STUDY.format(collector=self.collector, notice=notice))
        (papers / "policy.toml").write_text(policy.format(batch_s=batch_s))
        self.admin("study", "new", "--config", str(papers / "study.toml"), "--researcher", str(papers / "rosa.json"),
                   "--out", str(papers / "manifest.json"))  # fmt: skip
        self.admin("policy", "sign", str(papers / "policy.toml"), "--out", str(papers / "policy.json"))
        self.publish(papers / "manifest.json", papers / "policy.json")
        self.research("enrol", "--collector", self.collector, "--organisation", self.public_key)

    def change_study(self) -> None:
        """Publish the study's next version: longer retention, so that it has to be asked anew."""
        papers = self.folder / "papers"
        text = (papers / "study.toml").read_text().replace("retention_days = 90", "retention_days = 400")
        (papers / "study.toml").write_text(text)
        self.admin("study", "new", "--config", str(papers / "study.toml"), "--researcher", str(papers / "rosa.json"),
                   "--previous", str(papers / "manifest.json"), "--out", str(papers / "manifest-2.json"))  # fmt: skip
        self.publish(papers / "manifest-2.json")

    def publish(self, *papers: Path) -> None:
        """Hand signed documents to the collector."""
        self.run("overt-admin", "publish", "--collector", self.collector, *map(str, papers))

    def link(self) -> str:
        """A fresh enrolment link."""
        codes = self.folder / "papers" / "codes.json"
        codes.unlink(missing_ok=True)
        made = self.admin("codes", "issue", "--study", "demo-2026", "--count", "1", "--collector", self.collector,
                          "--out", str(codes))  # fmt: skip
        self.publish(codes)
        link: str = made.json["links"][0]
        return link


def nothing_waits(status: dict[str, Any]) -> bool:
    """True if everything that was seen is decided, sealed, and with the collector."""
    counts = status["counts"]
    return not (counts["held"] or counts["unsealed"] or counts["batches_waiting"]) and counts["batches_sent"] > 0


def noticed(status: dict[str, Any]) -> int:
    """All that was observed since the daemon started: also what is held, of which nobody has decided yet."""
    return int(status["counts"]["seen"]) + int(status["counts"]["held"])


def closed_and_decided(status: dict[str, Any]) -> bool:
    """True if nothing is captured, and what was before, the last picture above all, is counted."""
    return status["state"] != "capturing" and status["hooks"] == [] and not status["counts"]["held"]


@dataclass
class Employee:
    """A person's agent on a desktop."""

    desktop: Desktop
    env: dict[str, str]

    @classmethod
    def on(cls, desktop: Desktop, **more: str) -> "Employee":
        """A person who has not heard of Overt yet."""
        state, runtime = desktop.folder / "home/.local/state/overt", desktop.folder / "run/overt"
        return cls(desktop, {**desktop.env, "OVERT_STATE_DIR": str(state), "OVERT_RUNTIME_DIR": str(runtime), **more})

    @property
    def state(self) -> Path:
        """Where the agent keeps what it keeps."""
        return Path(self.env["OVERT_STATE_DIR"])

    def overt(self, *arguments: str, code: int | None = 0) -> Result:
        """``overt …``."""
        return run([*program("overt"), *arguments], self.env, code)

    def status(self) -> dict[str, Any]:
        """``overt status --json``, whatever its exit code."""
        return self.overt("status", "--json", code=None).json

    def daemon(self) -> Process:
        """Start the daemon and wait until it answers."""
        process = self.desktop.start([*program("overt"), "daemon"], name="daemon", env=self.env | {"OVERT_LOG": "INFO"})
        until(
            lambda: not process.running or self.overt("status", "--json", code=None).code != 3,
            what="the daemon to answer",
        )
        if not process.running:
            raise CommandFailedError(process.output)
        return process

    def indicator(self) -> Process:
        """Start the tray icon."""
        return self.desktop.start([*program("overt"), "indicator"], name="indicator", env=self.env)

    def wait_for(self, what: str, holds: Callable[[dict[str, Any]], bool], timeout: float = 60) -> dict[str, Any]:
        """Wait until the status is as it should be; gives it."""
        last: dict[str, Any] = {}

        def there() -> bool:
            # A program for each look would take more of the processor than what is waited for.
            with suppress(DaemonNotRunning, ProtocolError):
                if not holds(dict(told_status(places))):
                    return False
            last.clear()
            last.update(self.status())
            return holds(last)

        places = Places.from_environ(self.env)
        try:
            until(there, timeout, what)
        except TimeoutError as error:
            raise CommandFailedError(f"{error}: {last.get('sentence')} {last.get('counts')}") from None
        return last

    def agree_in_terminal(self, apps: Mapping[str, Sequence[str]]) -> None:
        """Hold the ceremony in a terminal, typing as a person would: yes to these modalities of these apps."""
        child = pexpect.spawn(program("overt")[0], ["on", "--terminal"], env=self.env, encoding="utf-8", timeout=90,
                              dimensions=(50, 100))  # fmt: skip
        try:
            answer(child, apps)
        finally:
            child.close(force=True)


def answer(child: "pexpect.spawn[str]", apps: Mapping[str, Sequence[str]]) -> None:
    """Page on, answer each question, choose exact times, type the phrase."""
    words = Words("en")
    app = ""
    wanted = {name.lower(): set(kinds) for name, kinds in apps.items()}
    more, capture = words("tty.more").strip(), words("tty.capture").strip()
    patterns: list[Any] = [
        re.escape(more),
        re.escape(capture),
        re.escape(words("tty.prompt").strip()),
        r"\[1\]",
        pexpect.EOF,
    ]
    child.delaybeforesend = None
    text = ""
    while True:
        index = child.expect(patterns)
        text += child.before or ""
        if index == 0:
            child.sendline("")
        elif index == 1:
            app = next((name for name in wanted if name in text.lower()), app)
            kind = max(("keyboard", "pointer", "screen"), key=lambda k: text.lower().rfind(words(k).lower()))
            child.sendline("y" if kind in wanted.get(app, ()) else "n")
        elif index == 2:
            child.sendline(words("tty.phrase"))
        elif index == 3:
            child.sendline("")
        else:
            return


def run(command: Sequence[str], env: Mapping[str, str], code: int | None = 0) -> Result:
    """Run a command to its end.

    Raises:
        CommandFailedError: it ended with another code than ``code``.
    """
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=COMMAND_S, check=False,
                          stdin=subprocess.DEVNULL)  # fmt: skip
    if code is not None and done.returncode != code:
        raise CommandFailedError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return Result(done.returncode, done.stdout, done.stderr)


def base_env() -> dict[str, str]:
    """An environment for programs off the desktop: what a service has."""
    return {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
