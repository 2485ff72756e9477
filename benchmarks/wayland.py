"""Text on Wayland: characters that arrive of those that were typed, for each toolkit, and what one costs the daemon.

The whole agent under sway, which needs no screen: keys of a virtual keyboard, real programs, and what is in the batches
that a researcher pulls. A toolkit whose program is not installed is not measured.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.report import Measured, report
from tests.support.forms import QT, serve_form
from tests.support.live import Organisation, nothing_waits
from tests.support.processes import Process
from tests.support.sway import STUDY, Sway, Wayfarer
from tests.support.waiting import NotInTimeError
from tests.support.wayland_keyboard import Keyboard

CHARS = 1000
CPU_MS = 0.3
SENTENCE = "the quick brown fox jumps over the lazy dog, again and again; "
PAUSE_S = 0.02
"""Between two keys: faster than anybody types."""
OPENS_S = 30.0
APP = """
[[apps]]
id = "{id}"
name = "{id}"
category = "other"
executables = ["{path}"]
modalities = ["keyboard"]
"""
EXECUTABLES = {
    "gtk3": "/usr/bin/mousepad",
    "gtk4": "/usr/bin/gnome-text-editor",
    "qt6": os.path.realpath(sys.executable),
    "chromium": "/usr/lib/chromium/chromium",
    "firefox": "/usr/lib/firefox-esr/firefox-esr",
}


class Bench:
    """A person on sway who agreed to a program of each toolkit."""

    def __init__(self, session: Sway, keyboard: Keyboard, origin: str) -> None:
        self.session, self.keyboard, self.origin = session, keyboard, origin
        folder = session.folder / "organisation"
        folder.mkdir()
        self.organisation = Organisation(folder, session.env, session.start)
        self.organisation.found()
        self.organisation.serve()
        apps = "".join(APP.format(id=i, path=path) for i, path in EXECUTABLES.items())
        self.organisation.study(batch_s=1, policy=STUDY + apps)
        self.person = Wayfarer.of(session)
        self.person.overt("enrol", self.organisation.link())
        self.person.agree(*EXECUTABLES)
        self.daemon = self.person.daemon()
        self.person.indicator()

    def write(self, toolkit: str, text: str) -> float | None:
        """Type a text into this toolkit's program; gives the daemon's CPU milliseconds, ``None`` if it never opened."""
        program = self.session.inside(self.command(toolkit), name=toolkit)
        try:
            self.session.focus(program)
            self.person.wait_for("the gate", lambda s: s["state"] == "capturing" and s["app"] == toolkit, OPENS_S)
        except (NotInTimeError, AssertionError) as error:
            print(f"{toolkit}: {error} {program.output[-300:]}", file=sys.stderr)
            program.stop()
            return None
        time.sleep(1)
        before = cpu_ms(self.daemon)
        self.keyboard.type(text, PAUSE_S)
        time.sleep(1)
        spent = cpu_ms(self.daemon) - before
        program.stop()
        return spent

    def command(self, toolkit: str) -> list[str]:
        """How its program is started, so that the field to write in has the focus."""
        profile = self.session.home / f"{toolkit}-profile"
        page = f"{self.origin}/form?of=bench"
        match toolkit:
            case "gtk3":
                return ["mousepad"]
            case "gtk4":
                return ["gnome-text-editor", "--new-window"]
            case "qt6":
                return [sys.executable, "-c", QT]
            case "chromium":
                quiet = ["--no-sandbox", "--no-first-run", "--disable-gpu", "--password-store=basic"]
                wayland = ["--ozone-platform=wayland", "--force-renderer-accessibility"]
                return ["chromium", *quiet, *wayland, f"--user-data-dir={profile}", page]
            case _:
                return ["env", "MOZ_ENABLE_WAYLAND=1", "firefox-esr", "--no-remote", page]

    def arrived(self, folder: Path) -> dict[str, str]:
        """What was written in each app, by the changes that a researcher gets."""
        self.person.wait_for("every batch to be received", nothing_waits)
        self.organisation.research("pull", "--out", str(folder / "pull"), "--reason", "benchmark", "--json")
        self.organisation.research("export", str(folder / "pull"), "--out", str(folder / "out"), "--json")
        found: dict[str, str] = {}
        for path in sorted((folder / "out").rglob("*.parquet")):
            table = pq.read_table(path)
            if {"kind", "app", "text", "seq"} <= set(table.column_names):
                rows = [
                    r for r in table.select(["seq", "kind", "app", "text"]).to_pylist() if r["kind"] == "text_delta"
                ]
                for row in sorted(rows, key=lambda r: r["seq"]):
                    found[row["app"]] = found.get(row["app"], "") + (row["text"] or "")
        return found


def cpu_ms(process: Process) -> float:
    """CPU time that a process has used, milliseconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def common(got: str, typed: str) -> int:
    """How many characters of what was typed arrived, in order."""
    return sum(block.size for block in SequenceMatcher(None, got, typed, autojunk=False).get_matching_blocks())


@contextmanager
def bench() -> Iterator[Bench]:
    """Everything, and its end."""
    with Sway() as session, Keyboard(session.env) as keyboard, serve_form() as origin:
        yield Bench(session, keyboard, origin)


def measure(chars: int) -> list[Measured]:
    """Each toolkit in turn."""
    text = (SENTENCE * (chars // len(SENTENCE) + 1))[:chars]
    spent: dict[str, float | None] = {}
    with bench() as it:
        for toolkit, path in EXECUTABLES.items():
            print(toolkit, file=sys.stderr)
            spent[toolkit] = it.write(toolkit, text) if shutil.which(path) else None
        folder = it.session.folder / "pulled"
        folder.mkdir()
        got = it.arrived(folder)
    rows = []
    for toolkit, cpu in spent.items():
        share = None if cpu is None else 100 * common(got.get(toolkit, ""), text) / chars
        rows.append(Measured(f"{toolkit}: characters received", share, "%", 100, f"{chars} typed", at_least=True))
        rows.append(
            Measured(f"{toolkit}: CPU a character", None if cpu is None else cpu / chars, "ms", CPU_MS, "daemon")
        )
    return rows


def main() -> int:
    """Measure, tell, and say by the exit code whether everything was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chars", type=int, default=CHARS, help="how much is typed in each program")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args()
    return 0 if report("Text on Wayland", measure(chosen.chars), chosen.json) else 1


if __name__ == "__main__":
    sys.exit(main())
