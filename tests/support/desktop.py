"""A whole desktop of one's own: X server, session bus, accessibility, window manager, tray. Needs no screen.

For tests and for the demo. Everything lives in one temporary folder and in one set of processes, and both are gone
when the `with` block ends, however it ends. Prints nothing; what programs print goes to `desktop.folder / "logs"`.
"""

import contextlib
import os
import secrets
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import mss
import mss.tools
import numpy as np
from numpy.typing import NDArray
from Xlib import X
from Xlib.display import Display
from Xlib.protocol import event

from tests.support.places import short
from tests.support.processes import MARK, Process, sweep
from tests.support.waiting import until

Tray = Literal["sni", "xembed"]

LOG_TAIL_CHARS = 2_000
"""How much of a program's output an error quotes."""

PANEL_XML = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="28"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="hide-new-items" type="bool" value="false"/>
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"""


__all__ = ["Desktop", "DesktopError", "Process", "Tray"]


class DesktopError(RuntimeError):
    """A part of the desktop is missing, did not start, or is gone."""


class Desktop:
    """An X server with a session bus, accessibility, openbox and, if asked for, a tray.

    Attributes:
        display: The X display's name, such as ":7".
        env: The complete environment for programs on this desktop: its display, its bus, private HOME and XDG folders.
        folder: The temporary folder that holds all of it, gone at the end.
        home: The private home, inside `folder`.
    """

    def __init__(self, size: tuple[int, int] = (1280, 800), tray: Tray | None = "sni") -> None:
        self.size = size
        self.tray = tray
        self.display = ""
        self.env: dict[str, str] = {}
        self._mark = secrets.token_hex(16)
        self._started: list[Process] = []
        self._x_server: Process | None = None
        self._tray_host: Process | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="overt-desktop-", dir=short()))
        self.home = self.folder / "home"
        try:
            self._make_folders()
            self._start_x_server()
            self._start_bus()
            self._start_window_manager()
            self._start_accessibility()
            self._start_tray()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process, newest first, and delete the folder. Fine to call twice."""
        try:
            for process in reversed(self._started):
                process.stop()
            sweep(self._mark)
        finally:
            self._forget_display()
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        name: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """Start a program on this desktop; it is ended with the desktop at the latest.

        Args:
            argv: Program and arguments; the program is looked up on PATH.
            name: For its log and for errors; the program's file name by default.
            env: Variables beside `self.env`, or in place of them.
            cwd: Its working folder; the private home by default.
            pass_fds: Open descriptors that it inherits.

        Raises:
            DesktopError: There is no such program.
        """
        name = name or Path(argv[0]).name
        log = self.folder / "logs" / f"{len(self._started):02}-{name}.log"
        try:
            with log.open("wb") as output:
                popen = subprocess.Popen(
                    [str(part) for part in argv],
                    env=self.env | dict(env or {}),
                    cwd=cwd or self.home,
                    pass_fds=pass_fds,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except FileNotFoundError as missing:
            raise DesktopError(f"{missing.filename} is not installed: run `make setup`") from missing
        process = Process(popen, name, log)
        self._started.append(process)
        return process

    def grab(self) -> NDArray[np.uint8]:
        """The whole screen as it is now: rows by columns by (red, green, blue).

        Raises:
            DesktopError: The X server is gone.
        """
        shot = self._shot()
        return np.frombuffer(shot.rgb, np.uint8).reshape(shot.height, shot.width, 3)

    def screenshot(self, path: Path) -> None:
        """Write the whole screen as it is now to a PNG file.

        Raises:
            DesktopError: The X server is gone.
        """
        shot = self._shot()
        mss.tools.to_png(shot.rgb, shot.size, output=str(path))

    @property
    def server_pid(self) -> int:
        """The X server's process.

        Raises:
            DesktopError: There is none.
        """
        if self._x_server is None:
            raise DesktopError("this desktop has no X server")
        return self._x_server.pid

    def kill_tray(self) -> None:
        """Take the tray away, as a crashed panel would, and return when nobody hosts icons any more."""
        if self._tray_host is None:
            raise DesktopError("this desktop has no tray")
        hosted, self._tray_host = self._tray_host, None
        hosted.kill()
        hosts = self._hosts_sni if self.tray == "sni" else self._hosts_xembed
        until(lambda: not hosts(), what="the tray to be gone")

    def kill_display(self) -> None:
        """Take the X server away, as a crash would, and return when it is gone."""
        if self._x_server is None:
            raise DesktopError("this desktop has no X server")
        self._x_server.kill()
        self._forget_display()

    def _make_folders(self) -> None:
        places = {
            "HOME": "home",
            "XDG_CONFIG_HOME": "home/.config",
            "XDG_DATA_HOME": "home/.local/share",
            "XDG_STATE_HOME": "home/.local/state",
            "XDG_CACHE_HOME": "home/.cache",
            "XDG_RUNTIME_DIR": "run",
            "TMPDIR": "tmp",
        }
        for place in (*places.values(), "logs"):
            (self.folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.env = {variable: str(self.folder / place) for variable, place in places.items()}
        self.env |= {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "USER": "overt",
            "SHELL": "/bin/sh",
            "XDG_SESSION_TYPE": "x11",
            "GDK_BACKEND": "x11",
            "GIO_USE_VFS": "local",  # else gvfsd and its mounts start, and outlive the bus
            "GSETTINGS_BACKEND": "memory",
            "QT_QPA_PLATFORM": "xcb",
            "QT_ACCESSIBILITY": "1",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            MARK: self._mark,
        }

    def _start_x_server(self) -> None:
        screen = f"{self.size[0]}x{self.size[1]}x24"
        # The server picks the number itself and says it when it is ready: no two desktops can pick the same.
        self._x_server, number = self._start_and_read(
            lambda fd: ["Xvfb", "-displayfd", str(fd), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
        )
        self.display = f":{number}"
        self.env["DISPLAY"] = self.display

    def _start_bus(self) -> None:
        listen = f"--address=unix:path={self.folder}/run/bus"
        _, self.env["DBUS_SESSION_BUS_ADDRESS"] = self._start_and_read(
            lambda fd: ["dbus-daemon", "--session", "--nofork", "--nopidfile", listen, f"--print-address={fd}"]
        )

    def _start_window_manager(self) -> None:
        manager = self.start(["openbox", "--sm-disable"])
        self._ready(manager, lambda: self._root_has("_NET_SUPPORTING_WM_CHECK"))
        # One desktop: by default the wheel over the background would switch between four, and hide every window.
        with self._connected() as x:
            number = x.intern_atom("_NET_NUMBER_OF_DESKTOPS")
            root = x.screen().root
            message = event.ClientMessage(window=root, client_type=number, data=(32, [1, 0, 0, 0, 0]))
            root.send_event(message, X.SubstructureRedirectMask | X.SubstructureNotifyMask)

    def _start_accessibility(self) -> None:
        # The bus itself starts it, from wherever the distribution keeps it.
        bus = ("org.a11y.Bus", "/org/a11y/bus")
        if not self._ask_bus(*bus, "org.a11y.Bus.GetAddress"):
            raise DesktopError("no accessibility bus: is at-spi2-core installed? Run `make setup`")
        on = ("string:org.a11y.Status", "string:IsEnabled", "variant:boolean:true")
        self._ask_bus(*bus, "org.freedesktop.DBus.Properties.Set", *on)

    def _start_tray(self) -> None:
        if self.tray == "sni":
            config = self.home / ".config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
            config.parent.mkdir(parents=True)
            config.write_text(PANEL_XML)
            self._tray_host = self.start(["xfce4-panel", "--disable-wm-check"])
            self._ready(self._tray_host, self._hosts_sni)
        elif self.tray == "xembed":
            place = ("--edge", "top", "--align", "right", "--widthtype", "request")
            self._tray_host = self.start(["trayer", *place, "--heighttype", "pixel", "--height", "28"])
            self._ready(self._tray_host, self._hosts_xembed)

    def _start_and_read(self, argv: Callable[[int], list[str]]) -> tuple[Process, str]:
        """Start a program that writes one line to a descriptor when it is ready; return it with that line."""
        read, write = os.pipe()
        with os.fdopen(read, "rb") as answers:
            try:
                process = self.start(argv(write), pass_fds=[write])
            finally:
                os.close(write)  # so that the program's end is the pipe's end
            self._ready(process, lambda: select.select([answers], [], [], 0)[0])
            line = answers.readline().decode().strip()
        if not line:
            raise self._died(process)
        return process, line

    def _ready(self, process: Process, is_ready: Callable[[], object]) -> None:
        """Wait until it is ready, or raise at once when it ends before that."""
        until(lambda: is_ready() or not process.running, what=f"{process.name} to be ready")
        if not is_ready() and not process.running:
            raise self._died(process)

    def _died(self, process: Process) -> DesktopError:
        return DesktopError(f"{process.name} ended before it was ready:\n{process.output[-LOG_TAIL_CHARS:]}")

    def _connected(self) -> "contextlib.closing[Display]":
        return contextlib.closing(Display(self.display))

    def _root_has(self, prop: str) -> bool:
        with self._connected() as x:
            return x.screen().root.get_full_property(x.intern_atom(prop), X.AnyPropertyType) is not None

    def _hosts_xembed(self) -> bool:
        """Whether a system tray owns the selection (freedesktop.org, System Tray Protocol 0.3)."""
        with self._connected() as x:
            return x.get_selection_owner(x.intern_atom("_NET_SYSTEM_TRAY_S0")) != X.NONE

    def _hosts_sni(self) -> bool:
        """Whether a StatusNotifierWatcher has a host (freedesktop.org, StatusNotifierItem)."""
        wanted = ("string:org.kde.StatusNotifierWatcher", "string:IsStatusNotifierHostRegistered")
        get = "org.freedesktop.DBus.Properties.Get"
        answer = self._ask_bus("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", get, *wanted)
        return "true" in answer

    def _ask_bus(self, name: str, path: str, method: str, *arguments: str) -> str:
        """Call a method on the session bus; an empty answer stands for every failure."""
        call = ["dbus-send", "--session", "--print-reply=literal", f"--dest={name}", path, method, *arguments]
        done = subprocess.run(call, env=self.env, capture_output=True, check=False, text=True)
        return done.stdout if done.returncode == 0 else ""

    def _shot(self) -> mss.ScreenShot:
        try:
            with mss.MSS(display=self.display) as screen:
                return screen.grab(screen.monitors[0])
        except mss.ScreenShotError as error:
            raise DesktopError(f"no picture of display {self.display}: is its server gone?") from error

    def _forget_display(self) -> None:
        """Remove a killed X server's lock and socket, if they are still its own."""
        lock = Path(f"/tmp/.X{self.display[1:]}-lock")  # noqa: S108  (where X servers keep it)
        with contextlib.suppress(OSError, ValueError):
            if self._x_server is not None and int(lock.read_text()) == self._x_server.pid:
                Path(f"/tmp/.X11-unix/X{self.display[1:]}").unlink(missing_ok=True)  # noqa: S108
                lock.unlink(missing_ok=True)
