"""The desktop that other tests stand on: what it promises, shown with real programs."""

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import pytest

from tests.support.desktop import Desktop, DesktopError, Tray
from tests.support.driver import Driver
from tests.support.processes import marked
from tests.support.waiting import NotInTimeError, until
from tests.support.windows import (
    Rectangle,
    find_colour,
    geometry,
    open_geany,
    open_mousepad,
    open_xterm,
    stacking,
    wait_for_window,
)

MAGENTA = (255, 0, 200)
"""In no theme, font or icon of this desktop."""
ICON = f"""
import sys
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
app = QApplication(sys.argv)
picture = QPixmap(64, 64)
picture.fill(QColor(*{MAGENTA}))
icon = QSystemTrayIcon(QIcon(picture))
icon.show()
app.exec()
"""


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop(tray=None) as running:
        yield running


@pytest.fixture
def driver(desktop: Desktop) -> Iterator[Driver]:
    with Driver(desktop.display) as hands:
        yield hands


def started_at(pid: int) -> str | None:
    """A process's start time, which with its pid names it for good; None when it has ended or is a zombie."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    return None


def family(roots: list[int]) -> dict[int, str]:
    """These processes and all their descendants, each with its start time: found by parents, not by the mark."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: start for pid in found if (start := started_at(pid))}


def everything_of(desktop: Desktop) -> dict[int, str]:
    return family([process.pid for process in desktop._started] + marked(desktop._mark))


def is_on_top(display: str, wid: int) -> bool:
    return [window.id for window in stacking(display) if window.managed][-1] == wid


def is_gone(display: str, wid: int) -> bool:
    return wid not in [window.id for window in stacking(display)]


def test_text_typed_into_mousepad_is_in_the_saved_file(desktop: Desktop, driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("")
    editor = open_mousepad(desktop, path)
    driver.focus_window(editor.window.id)
    driver.click(*editor.text_point)
    driver.type_text('Hello, World! (x_1 + 2) * {3} ~ "quoted" @#$%^&\nnext linw\be?\n', interval_s=0.002)
    driver.key("s", ["ctrl"])
    expected = 'Hello, World! (x_1 + 2) * {3} ~ "quoted" @#$%^&\nnext line?\n'
    until(lambda: path.read_text() == expected, what="the file to be saved")
    driver.close(editor.window.id)
    assert editor.process.wait(10) == 0


def test_text_typed_into_geany_is_in_the_saved_file(desktop: Desktop, driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("")
    editor = open_geany(desktop, path)
    driver.focus_window(editor.window.id)
    driver.type_text("Some Notes")
    driver.key("s", ["ctrl"])
    until(lambda: path.read_text().strip() == "Some Notes", what="the file to be saved")
    driver.close(editor.window.id)


def test_text_typed_into_xterm_is_run(desktop: Desktop, driver: Driver, tmp_path: Path) -> None:
    terminal = open_xterm(desktop)
    driver.focus_window(terminal.window.id)
    driver.type_text(f"echo $((6*7)) > {tmp_path}/answer\n")
    until(lambda: (tmp_path / "answer").exists() and (tmp_path / "answer").read_text() == "42\n")
    driver.type_text("exit\n")
    assert terminal.process.wait(10) == 0


def test_windows_are_found_placed_stacked_and_focused(desktop: Desktop, driver: Driver) -> None:
    one, two = open_xterm(desktop, "sleep", "60"), open_xterm(desktop, "sleep", "61")
    assert wait_for_window(desktop.display, wm_class="xterm", title_contains="sleep").pid in {
        one.process.pid,
        two.process.pid,
    }
    placed = driver.move_resize(one.window.id, Rectangle(300, 200, 500, 300))
    assert (placed.x, placed.y) == (300, 200)
    assert geometry(desktop.display, one.window.id) == placed
    for program in (one, two, one):
        driver.focus_window(program.window.id)
        until(partial(is_on_top, desktop.display, program.window.id), what="the window to be on top")
    for program in (one, two):
        program.process.stop()
        until(partial(is_gone, desktop.display, program.window.id), what="the window to be gone")


def test_a_drag_with_the_mouse_moves_a_window(desktop: Desktop, driver: Driver) -> None:
    terminal = open_xterm(desktop, "sleep", "60")
    before = driver.move_resize(terminal.window.id, Rectangle(300, 200, 500, 300))
    title_bar = (before.x + 100, before.y - 8)
    driver.drag(title_bar, (title_bar[0] + 150, title_bar[1] + 90))
    moved = Rectangle(before.x + 150, before.y + 90, before.width, before.height)
    until(lambda: geometry(desktop.display, terminal.window.id) == moved, what="the window to follow the drag")
    terminal.process.stop()


def test_the_wheel_turns_in_both_directions(desktop: Desktop, driver: Driver) -> None:
    terminal = open_xterm(desktop, "sh", "-c", "printf '\\033[?1000h'; stty raw; exec cat -v > ~/wheel")
    driver.focus_window(terminal.window.id)
    wheel = desktop.home / "wheel"
    until(wheel.exists, what="the terminal to listen")
    driver.scroll(*terminal.text_point, clicks=2)
    driver.scroll(*terminal.text_point, clicks=-1)
    until(lambda: wheel.read_text().count("^[[Ma") == 2 and wheel.read_text().count("^[[M`") == 1)
    terminal.process.stop()


def test_a_letter_that_the_keyboard_lacks_is_refused_and_nothing_is_typed(driver: Driver) -> None:
    with pytest.raises(ValueError, match="no key for 'é'"):
        driver.type_text("café")


def test_a_screenshot_shows_the_screen(desktop: Desktop, tmp_path: Path) -> None:
    terminal = open_xterm(desktop, "sleep", "60")
    until(lambda: desktop.grab().max() > 200, what="the window to be drawn")
    desktop.screenshot(tmp_path / "screen.png")
    picture = cv2.imread(str(tmp_path / "screen.png"))
    assert picture is not None
    assert picture.shape == (800, 1280, 3)
    assert picture.max() > 200
    terminal.process.stop()


@pytest.mark.parametrize("tray", ["sni", "xembed"])
def test_a_tray_icon_really_shows_and_goes_with_its_tray(tray: Tray) -> None:
    with Desktop(tray=tray) as desktop:
        assert find_colour(desktop.grab(), MAGENTA) is None
        program = desktop.start([sys.executable, "-c", ICON], name="icon")
        icon = until(lambda: find_colour(desktop.grab(), MAGENTA), what="the icon to show")
        assert 12 <= icon.width <= 40, program.output
        assert icon.y < 40
        desktop.kill_tray()
        until(lambda: find_colour(desktop.grab(), MAGENTA) is None, what="the icon to be gone")


def test_two_desktops_at_once_are_apart(desktop: Desktop) -> None:
    with Desktop(tray=None) as other:
        assert other.display != desktop.display
        terminal = open_xterm(other, "sleep", "60")
        assert terminal.process.pid not in [window.pid for window in stacking(desktop.display)]


def test_accessibility_is_on(desktop: Desktop) -> None:
    wanted = ("string:org.a11y.Status", "string:IsEnabled")
    answer = desktop._ask_bus("org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties.Get", *wanted)
    assert "true" in answer


def test_nothing_is_left_over() -> None:
    with Desktop(tray="sni") as desktop:
        # A daemon that left its group and its parent, and does not mind SIGTERM: the worst that a program can do.
        desktop.start(["sh", "-c", "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & sleep 60"])
        until(lambda: "TERM" in "".join(map(command_of, everything_of(desktop))), what="the daemon to run")
        before = everything_of(desktop)
        folder = desktop.folder
    assert len(before) > 6
    assert {pid for pid, start in before.items() if started_at(pid) == start} == set()
    assert not folder.exists()


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def test_a_killed_display_is_noticed_and_cleaned_up(tmp_path: Path) -> None:
    with Desktop(tray="sni") as desktop:
        terminal = open_xterm(desktop, "sleep", "60")
        before = everything_of(desktop)
        with Driver(desktop.display):
            desktop.kill_display()
        until(lambda: not terminal.process.running, what="the terminal to end with its display")
        with pytest.raises(DesktopError, match="is its server gone"):
            desktop.screenshot(tmp_path / "screen.png")
    assert {pid for pid, start in before.items() if started_at(pid) == start} == set()


def test_errors_say_what_is_wrong(desktop: Desktop) -> None:
    with pytest.raises(DesktopError, match="no-such-program is not installed"):
        desktop.start(["no-such-program"])
    with pytest.raises(NotInTimeError, match=r"gave up after 0\.1 s waiting for a window with pid=1 "):
        wait_for_window(desktop.display, pid=1, timeout=0.1)
    with pytest.raises(LookupError, match="no window 0x1 on display"):
        geometry(desktop.display, 1)
    with pytest.raises(DesktopError, match="no tray"):
        desktop.kill_tray()


def test_a_desktop_that_cannot_start_leaves_nothing() -> None:
    broken = Desktop(size=(0, 0))
    with pytest.raises(DesktopError, match="Xvfb ended before it was ready"):
        broken.__enter__()
    assert not broken.folder.exists()
    assert marked(broken._mark) == []
