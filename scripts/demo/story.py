"""The story, step by step. Each claim is checked against what really lies on disk, on the wire or on the screen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from scripts.demo.evidence import Evidence
from scripts.demo.planted import PROSE, Planted
from scripts.demo.screens import x_clients
from scripts.demo.stage import Stage
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import Employee, Organisation, nothing_waits, noticed
from tests.support.processes import Process
from tests.support.sweep import sweep
from tests.support.waiting import until
from tests.support.windows import Program, Rectangle, open_geany, open_mousepad, wait_for_window

BATCH_S = 4
"""Seconds: batches close sooner than in real life, so that the demo need not wait."""
PERSON_S = 600
"""Seconds that a real person has for the ceremony."""
PAGES = 30
"""Presses of Page Down: more than the notice has pages."""
EDITORS_OWN = ".local/share/Mousepad"
"""Where the editor itself saves unsaved text, in the clear. It did so before Overt came, and it is not Overt's."""
ENOUGH = 100
"""Events: fewer than were typed in the allowed window by far."""
PANEL_PX = 60
"""Height of the strip in which the panel's tray icons lie."""


@dataclass
class Story:
    """Everybody and everything in it."""

    stage: Stage
    desktop: Desktop
    hands: Driver
    planted: Planted
    real: bool
    out: Path
    organisation: Organisation = field(init=False)
    employee: Employee = field(init=False)
    allowed: Program = field(init=False)
    forbidden: Program = field(init=False)
    daemon: Process = field(init=False)
    before: dict[str, Any] = field(init=False)

    def play(self) -> int:
        """All of it; gives the exit code."""
        for title, act in (
            ("A collector, a study, and this machine enrolled in it", self.set_up),
            ("Nobody has said yes: typing in both programs", self.without_consent),
            ("The person reads the notice and says yes", self.consent),
            ("Work: allowed and forbidden windows", self.work),
            ("The person switches it off and types on", self.off),
            ("A researcher pulls, proves consent, and exports", self.research),
            ("The account, and a sweep of everything on disk", self.account),
        ):
            with self.stage.step(title):
                act()
        return self.stage.verdict()

    # --- 1 ---

    def set_up(self) -> None:
        """Collector, study, enrolment, daemon, indicator."""
        folder = self.desktop.folder / "organisation"
        folder.mkdir()
        self.organisation = Organisation(folder, self.desktop.env, self.desktop.start)
        self.organisation.found()
        self.organisation.serve()
        self.stage.tell(f"The collector listens on {self.organisation.collector} (SQLite and local files).")
        self.organisation.study(batch_s=BATCH_S)
        self.employee = Employee.on(self.desktop)
        link = self.organisation.link()
        self.employee.overt("enrol", link)
        self.daemon = self.employee.daemon()
        self.employee.indicator()
        status = self.employee.status()
        self.stage.claim("the machine is enrolled, and Overt is off", status["state"] == "off", status["sentence"])
        stranger = Employee.on(self.desktop, OVERT_STATE_DIR=str(self.desktop.folder / "stranger"))
        again = stranger.overt("enrol", link, code=None)
        self.stage.claim("the same link enrols nobody else", again.code == 1, again.out + again.err)

    # --- 2 ---

    def without_consent(self) -> None:
        """Two real windows, typing in both, nothing captured."""
        self.allowed = open_mousepad(self.desktop, self.desktop.home / "letter.txt")
        self.forbidden = open_geany(self.desktop, self.desktop.home / "private.txt")
        self.hands.move_resize(self.allowed.window.id, Rectangle(20, 60, 560, 420))
        self.hands.move_resize(self.forbidden.window.id, Rectangle(640, 60, 560, 420))
        self.type_into(self.allowed, f"{self.planted.before}\n")
        self.type_into(self.forbidden, f"{self.planted.forbidden}\n")
        status = self.employee.status()
        self.stage.claim("no observation was made", status["counts"]["seen"] == 0, status["counts"])
        self.stage.claim("no input hook exists", status["hooks"] == [], status["hooks"])
        self.stage.claim(
            "the X server itself has no connection from the daemon, so none can",
            self.daemon.pid not in x_clients(self.desktop.display),
        )
        self.stage.claim("the spool is empty", not any((self.employee.state / "spool").iterdir()))

    # --- 3 ---

    def consent(self) -> None:
        """The ceremony, by the person's own hands."""
        off = self._panel()
        if self.real:
            self.stage.tell("A window asks you. Read it, tick Mousepad, and say yes (or no: then the demo ends).")
        asking = self.desktop.start([*self._overt(), "on"], env=self.employee.env, name="ceremony")
        window = wait_for_window(self.desktop.display, title_contains="Your choice", timeout=30)
        if not self.real:
            self._answer(window.id)
        asking.wait(PERSON_S if self.real else 60)
        self.employee.wait_for("the sign to be visible", lambda s: s["state"] in ("idle", "capturing"))
        self.hands.focus_window(self.allowed.window.id)
        status = self.employee.wait_for("the gate to open", lambda s: s["state"] == "capturing")
        self.stage.claim("consent was given in the window, and only there", self._given_by() == "window")
        self.stage.claim(f"Overt says: {status['sentence']}", status["app"] == "Mousepad", status)
        self.stage.claim(
            "now, and only now, the X server shows a connection from the daemon",
            self.daemon.pid in x_clients(self.desktop.display),
        )
        until(lambda: self._differs(off, self._panel()), what="the tray icon to change")
        self.stage.claim("the tray icon on the screen has changed", self._differs(off, self._panel()))
        shot = self.out / "desktop-capturing.png"
        self.desktop.screenshot(shot)
        self.stage.tell(f"Screenshot with the icon: {shot}")

    def _answer(self, window: int) -> None:
        self.hands.focus_window(window)
        self.desktop.screenshot(self.out / "ceremony.png")
        for key in ["Next"] * PAGES + ["Tab", "space", "Tab", "space", "Tab", "space", "Tab", "Down", "Down"]:
            self.hands.key(key)
        self.desktop.screenshot(self.out / "ceremony-answered.png")
        self.hands.key("y", ["alt"])

    # --- 4 ---

    def work(self) -> None:
        """Prose, secrets, a correction, a canary elsewhere, overlapping windows."""
        p = self.planted
        self.hands.focus_window(self.allowed.window.id)
        self._await_state("capturing")
        self.hands.click(*self.allowed.text_point)
        self.type_into(self.allowed, f"Dear team,\nthe {PROSE}s")
        self.hands.key("BackSpace")
        self.hands.type_text(".\n", 0.01)
        self.hands.type_text(f"Write to {p.email} or pay with {p.card}.\n", 0.01)
        self.hands.type_text(f"The key is {p.api_key} and the password: {p.password}\n", 0.01)
        self.hands.scroll(*self.allowed.text_point, 2)
        self.employee.wait_for("a picture", lambda s: s["counts"]["kept"] > 0)
        self.type_into(self.forbidden, f"{p.forbidden} in the other window\n")
        away = self.employee.wait_for("the gate to close", lambda s: s["state"] == "idle")
        self.stage.claim("in the forbidden window the gate is closed and no hook exists", away["hooks"] == [], away)
        self.stage.tell("Now the forbidden window lies over the allowed one, always on top.")
        self.hands.move_resize(self.forbidden.window.id, Rectangle(360, 240, 560, 420))
        self.hands.keep_above(self.forbidden.window.id)
        self.hands.focus_window(self.allowed.window.id)
        self.hands.move_resize(self.allowed.window.id, Rectangle(20, 60, 620, 460))
        self._await_state("capturing")
        before = self.employee.status()["counts"]["seen"]
        text = "The windows overlap now, and the text goes on.\n"
        self.type_into(self.allowed, text)
        self.employee.wait_for("a picture of it", lambda s: s["counts"]["seen"] > before + 2 * len(text))
        self.desktop.screenshot(self.out / "desktop-overlap.png")
        self.hands.focus_window(self.forbidden.window.id)
        self.employee.wait_for(
            "everything to be sealed and received",
            lambda s: nothing_waits(s) and s["counts"]["kept"] > 0,
            timeout=30,
        )
        self.before = self.employee.wait_for("quiet", self._sealed_all, timeout=30)
        self.stage.claim(
            "something was captured and kept", self.before["counts"]["kept"] > ENOUGH, self.before["counts"]
        )

    def _sealed_all(self, status: dict[str, Any]) -> bool:
        """Nothing held, nothing waiting, and a whole batch time gone by without news."""
        last = getattr(self, "_last_sent", (-1, 0))
        sent = status["counts"]["batches_sent"]
        self._last_sent = (sent, last[1] + 1 if sent == last[0] else 0)
        return self._last_sent[1] >= BATCH_S * 3 and not status["counts"]["batches_waiting"]

    # --- 5 ---

    def off(self) -> None:
        """Off from the CLI; what is typed then is nobody's business."""
        self.hands.focus_window(self.allowed.window.id)
        self._await_state("capturing")
        self.employee.overt("off")
        off = self.employee.status()
        self.stage.claim("off: no hook exists", off["state"] == "off" and off["hooks"] == [], off["sentence"])
        self.type_into(self.allowed, f"{self.planted.after}\n")
        after = self.employee.status()
        self.stage.claim("nothing more was seen", noticed(after) == noticed(off), after["counts"])
        self.stage.claim("the daemon has left the X server", self.daemon.pid not in x_clients(self.desktop.display))
        self.desktop.screenshot(self.out / "desktop-off.png")
        history = self.employee.overt("consent", "history", "--json").json["entries"]
        self.stage.claim("the ledger ends with the withdrawal", history[-1]["state"] == "ConsentWithdrawn", history[-1])

    # --- 6 ---

    def research(self) -> None:
        """Pull, verify, export, and open a batch with somebody else's age."""
        self.employee.wait_for("the last batch to be received", nothing_waits)
        self.evidence = Evidence(self.organisation, self.out)
        pulled = self.evidence.pull()
        self.stage.claim(f"{pulled} sealed batches were pulled", pulled > 0)
        report = self.evidence.verify()
        self.stage.claim(
            f"every one of {report['events']} events was consented to: time, app and modality", report["good"], report
        )
        self.evidence.export()
        text = self.evidence.text()
        self.stage.claim("the dull words arrived, with the correction made", f"{PROSE}." in text, "not in the export")
        for name, value in self.planted.secrets().items():
            self.stage.claim(f"the {name} is a placeholder in the export", value not in text)
        self.stage.claim(
            "placeholders name what was there",
            all(f"⟨{c}#1⟩" in text for c in ("EMAIL", "CARD", "PASSWORD")),
            "missing",
        )
        self.stage.claim("where the other window lay on top, the pictures are filled", self.evidence.overlaps() > 0)
        if self.evidence.another_age():
            for line in self.evidence.age():
                self.stage.claim(line.text, line.holds, line.because)
        else:
            self.stage.tell("Not tried: another age implementation (npm's age-encryption could not be installed).")
        self.stage.claim("without the researcher's key, the collector's copy opens nothing", self.evidence.useless())

    # --- 7 ---

    def account(self) -> None:
        """Counts, intervals, and the sweep."""
        account = self.evidence.account()
        table = Table(title="Events seen = kept + dropped, by reason (as the batches say)", title_justify="left")
        for name in ("modality", "seen", "kept", "dropped"):
            table.add_column(name)
        for modality, row in account.items():
            words = ", ".join(f"{reason} {n}" for reason, n in row["dropped"].items())
            dropped = sum(row["dropped"].values())
            table.add_row(modality, str(row["seen"]), str(row["kept"]), f"{dropped} ({words})" if words else "0")
        self.stage.table(table)
        self.stage.claim("the account balances for every modality", self.evidence.balances(account))
        counts = self.employee.status()["counts"]
        self.stage.claim(
            "so does the daemon's own",
            counts["seen"] == counts["kept"] + sum(counts["dropped"].values()) and not counts["held"],
            counts,
        )
        first, last, begin, end = self.evidence.times()
        self.stage.claim(f"events lie between {first} and {last}, consent held from {begin} to {end}",
                         begin <= first <= last <= end)  # fmt: skip
        self._sweep()

    def _sweep(self) -> None:
        wanted = {**self.planted.secrets(), **self.planted.canaries(), "dull words": PROSE}
        own = [self.desktop.home / "letter.txt", self.desktop.home / "private.txt", self.desktop.home / EDITORS_OWN]
        control = self.out / "control"
        control.mkdir(exist_ok=True)
        (control / "file.bin").write_bytes(b"xx" + "\n".join(wanted.values()).encode("utf-16-le") + b"yy")
        found = {hit.secret for hit in sweep([control], wanted).hits}
        self.stage.claim("the sweep itself works: it finds every value in a control file", found == set(wanted))
        (control / "file.bin").unlink()
        control.rmdir()
        roots = [self.desktop.folder]
        exported = [self.evidence.exported, self.evidence.pulled]
        swept = sweep(roots, wanted, leave_out=[*own, *exported])
        self.stage.claim(
            f"{swept.files} files of agent, spool, collector, logs and temp: 0 hits, dull words included",
            not swept.hits,
            "; ".join(f"{h.secret} as {h.form} in {h.path}" for h in swept.hits[:5]),
        )
        less = sweep(exported, {**self.planted.secrets(), **self.planted.canaries()})
        self.stage.claim(
            f"{less.files} files of the researcher's pull and export: 0 hits for secrets and canaries",
            not less.hits,
            "; ".join(f"{h.secret} as {h.form} in {h.path}" for h in less.hits[:5]),
        )
        self.evidence.keep()
        self.stage.tell(f"Parquet, contact sheet and screenshots: {self.out}/")

    # --- hands ---

    def type_into(self, program: Program, text: str) -> None:
        """Focus a window as a person does, and type."""
        self.hands.focus_window(program.window.id)
        self.hands.type_text(text, 0.01)

    def _await_state(self, state: str) -> None:
        self.employee.wait_for(f"state {state}", lambda s: s["state"] == state)

    def _given_by(self) -> str:
        entries = self.employee.overt("consent", "history", "--json").json["entries"]
        return str(entries[-1]["how"])

    def _overt(self) -> list[str]:
        from tests.support.live import program  # noqa: PLC0415

        return program("overt")

    def _panel(self) -> NDArray[np.uint8]:
        """The strip of the screen in which the tray lies."""
        return self.desktop.grab()[:PANEL_PX].copy()

    @staticmethod
    def _differs(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
        return bool((a != b).any())
