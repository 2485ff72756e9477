"""What the accessibility tests share: a detector in a selector of its own, and a session as a test wants it."""

import selectors
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dbus_fast import Variant

from agent.core.observe import WindowInfo
from agent.native.accessible.atspi import ACTIVE, FOCUSED, OBJECT_EVENTS, PASSWORD_TEXT, SHOWING
from agent.native.accessible.secure import SecureFocus
from agent.native.accessible.wire import Heard
from schemas.events import Modality
from schemas.policy import AppRule
from tests.support.fake_bus import FakeBus
from tests.support.waiting import PATIENCE_S, NotInTimeError

APP = AppRule(id="app", name="App", category="other", executables=("/usr/bin/app",), modalities=(Modality.KEYBOARD,))
PROGRAM = ":1.7"
ROOT, WINDOW, NAME_FIELD, SECRET_FIELD = (f"/org/a11y/atspi/accessible/{n}" for n in ("root", "1", "2", "3"))
BOX = "/org/a11y/atspi/accessible/4"
TEXT = 61
PID = 4_000_001
"""More than the kernel gives to any process."""
ROUND_S = 0.02


def window(pid: int = PID, number: int = 1) -> WindowInfo:
    """A window of a program."""
    return WindowInfo(
        window=number,
        pid=pid,
        executable="/usr/bin/app",
        started=1,
        wm_class=None,
        title=None,
        rect=(0, 0, 1, 1),
        scale=1.0,
        fullscreen=False,
    )


_NOTHING = Variant("i", 0)


class Loop:
    """The daemon's loop, as far as a detector needs it."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.news: list[int] = []

    def spin(self, holds: Callable[[], object], what: str = "a condition", limit_s: float = PATIENCE_S) -> None:
        """Go round until something holds."""
        end = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > end:
                raise NotInTimeError(what)
            for key, mask in self.selector.select(ROUND_S):
                if key.fileobj in self.selector.get_map():
                    key.data(mask)

    @property
    def held(self) -> int:
        """Descriptors in the selector."""
        return len(self.selector.get_map())


class Session:
    """A session bus and an accessibility bus with one program on it, all of it a fake that a test can bend."""

    def __init__(self, folder: Path, loop: Loop) -> None:
        self.loop = loop
        self.roles: dict[str, int | None] = {WINDOW: 23, NAME_FIELD: TEXT, SECRET_FIELD: PASSWORD_TEXT}
        self.focus: str | None = NAME_FIELD
        self.pids: dict[str, int] = {":1.0": 1, PROGRAM: PID}
        self.under, self.name = NAME_FIELD, ""
        self.place = (10, 20, 30, 40)
        self.silent: set[str] = set()
        self.wrong: set[str] = set()
        self.searches = self.shows = True  # not shows: as GTK 4.8, which says so of windows alone
        self.session = FakeBus(folder, "session", loop.selector, self._session)
        self.bus = FakeBus(folder, "a11y", loop.selector, self._answer)
        self.detector = SecureFocus({"DBUS_SESSION_BUS_ADDRESS": self.session.address}, time, loop.selector,
                                    loop.news.append)  # fmt: skip
        self.own = loop.held

    def close(self) -> None:
        self.detector.attend(None, None)
        self.session.close()
        self.bus.close()
        self.loop.selector.close()

    def focused(self, path: str, gained: int = 1, sender: str = PROGRAM) -> None:
        """The program says that an element got or lost the focus."""
        self.focus = path if gained else None
        with suppress(OSError):
            self.bus.signal(
                sender, path, OBJECT_EVENTS, "StateChanged", "siiva{sv}", ["focused", gained, 0, _NOTHING, {}]
            )

    def _session(self, _bus: FakeBus, call: Heard) -> tuple[str, list[Any]] | str | None:
        if call.member in self.silent:
            return None
        return "org.freedesktop.DBus.Error.ServiceUnknown" if call.member in self.wrong else ("s", [self.bus.address])

    def _answer(self, _bus: FakeBus, call: Heard) -> tuple[str, list[Any]] | str | None:  # noqa: PLR0911  # a table
        if call.member in self.silent or call.path in self.silent:
            return None
        if call.member in self.wrong:
            return "org.freedesktop.DBus.Error.Failed"
        match call.member:
            case "ListNames":
                return "as", [["org.freedesktop.DBus", *self.pids]]
            case "GetConnectionUnixProcessID":
                return "u", [self.pids[call.body[0]]]
            case "RegisterEvent" | "AddMatch":
                return "", []
            case "GetMatches":
                return ("a(so)", [self._found()]) if self.searches else "org.freedesktop.DBus.Error.UnknownMethod"
            case "GetChildren":
                below = {ROOT: [WINDOW], WINDOW: [BOX], BOX: [NAME_FIELD, SECRET_FIELD]}
                return "a(so)", [[(PROGRAM, path) for path in below.get(call.path, [])]]
            case "GetState":
                shown = self.shows or call.path == WINDOW
                states = shown << SHOWING | (1 << ACTIVE if call.path == WINDOW else 0)
                return "au", [[states | (1 << FOCUSED if call.path == self.focus else 0), 0]]
            case "GetRole":
                role = self.roles[call.path]
                return ("u", [role]) if role is not None else "org.freedesktop.DBus.Error.NoReply"
            case _:
                return self._described(call.member)

    def _described(self, member: str) -> tuple[str, list[Any]]:
        """What lies under any point, and what is told of it."""
        told: dict[str, tuple[str, list[Any]]] = {
            "GetAccessibleAtPoint": ("(so)", [(PROGRAM, self.under)]),
            "GetRoleName": ("s", ["anything that the program says"]),
            "GetExtents": ("(iiii)", [self.place]),
            "Get": ("v", [Variant("s", self.name)]),
        }
        return told.get(member, ("", []))

    def _found(self) -> list[tuple[str, str]]:
        return [(PROGRAM, self.focus)] if self.focus else []
