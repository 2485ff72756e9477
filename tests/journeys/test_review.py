"""The review on a real screen, by keyboard alone: find what was captured at 10:30, delete it, see that it is gone.

And nothing of what it shows is ever on the disk: not while it is open, not after it was closed, not after a kill.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from string import ascii_lowercase

import pytest

from agent.durations import clock_ns, day_of
from agent.review.words import review_words
from tests.agent.review.review_rig import Person, webp
from tests.support.aloud import Node, read_aloud
from tests.support.desktop import Desktop, Process
from tests.support.devices import NS
from tests.support.driver import Driver
from tests.support.sweep import sweep
from tests.support.waiting import insist, until
from tests.support.windows import Window, stacking, wait_for_window

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PLANTED = "quokka " + "".join(random.choices(ascii_lowercase, k=12))  # noqa: S311  # no file has it before
BEGUN_S = time.time() - 1
SHARED = (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # looked through, never written to
WORDS = {"en": "en_US.UTF-8", "de": "de_DE.UTF-8"}


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    with Desktop(tray=None) as started:
        yield started


@pytest.fixture
def person(tmp_path: Path) -> Person:
    made = Person.make(tmp_path / "me")
    day = day_of("yesterday", time.time())
    assert day is not None
    span = clock_ns("10:30", day)
    assert span is not None
    at = span[0]
    before, during, after = (made.frame(at + s * NS) for s in (-300, 10, 300))
    made.put([*made.events("before that", at - 400 * NS), before], [webp(1)])
    made.put([*made.events(PLANTED, at + 5 * NS), during], [webp(2)])
    made.put([*made.events("after that", at + 200 * NS), after], [webp(3)])
    return made


def opened(desktop: Desktop, person: Person, folder: Path, language: str = "en") -> tuple[Process, Window]:
    """The window, as `overt review --day yesterday --at 10:30` opens it."""
    folder.mkdir(exist_ok=True)
    env = person.me.env | {"PYTHONPATH": str(ROOT), "LANG": WORDS[language], "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "agent.review", "--day", "yesterday", "--at", "10:30"]
    process = desktop.start(command, env=env, name="review", cwd=ROOT)
    return process, wait_for_window(desktop.display, title_contains=review_words(language)("review.title"))


def read(desktop: Desktop, window: Window) -> Node:
    return until(
        lambda: next((node for node in read_aloud(desktop, window.pid) if node.name == window.title), None),
        what=f"{window.title!r} to be told",
    )


def lines_of(desktop: Desktop, window: Window) -> list[str]:
    """The list, as a screen reader reads it."""
    node = read(desktop, window)
    return [item.name for part in node.having("list") for item in part.children]


def all_named(told: Node, name: str) -> bool:
    """Whether the list is there and a screen reader has a word for each thing that one can land on."""
    named = told.having("list", "text", "push button", "filler", "panel")
    return name in [n.name for n in named] and all(n.name for n in told.having("push button", "list item", "text"))


def nothing_on_disk(desktop: Desktop, *folders: Path) -> None:
    """Not in the home, its caches, its run and temporary folders, nor in any file that anybody changed meanwhile."""
    roots = [desktop.folder, *folders]
    swept = sweep(roots, {"typed": PLANTED, "typed without spaces": PLANTED.replace(" ", "")})
    assert swept.files
    assert swept.hits == ()
    typed, picture = (PLANTED.encode(), PLANTED.encode("utf-16-le")), webp(2)[40:80]
    for path in _changed(roots, 0):
        data = path.read_bytes() if path.exists() else b""
        assert not any(needle in data for needle in (*typed, picture)), path
    for path in _changed(SHARED, BEGUN_S):  # others' pictures may be like ours
        with suppress(OSError):  # somebody else's, and gone
            data = path.read_bytes()
            assert not any(needle in data for needle in typed), path


def _changed(roots: Iterable[Path], since_s: float) -> Iterator[Path]:
    for root in roots:
        for path in root.rglob("*"):
            with suppress(OSError):
                if path.is_file() and not path.is_symlink() and path.stat().st_ctime >= since_s:
                    yield path


@pytest.mark.parametrize("language", ["en", "de"])
def test_found_deleted_and_seen_to_be_gone_by_keyboard_alone(
    desktop: Desktop, person: Person, tmp_path: Path, language: str
) -> None:
    words = review_words(language)
    process, window = opened(desktop, person, tmp_path / "tmp", language)
    with Driver(desktop.display) as hands:
        hands.focus_window(window.id)
        until(lambda: any(PLANTED in one for one in lines_of(desktop, window)), what="what was typed at 10:30")
        until(lambda: all_named(read(desktop, window), words("review.list")), what="everything to have a name")
        nothing_on_disk(desktop, tmp_path)

        def asked() -> bool:
            return any(words("delete.title") in w.title for w in stacking(desktop.display))

        def delete_what_is_chosen() -> None:
            if not asked():  # the question has a letter of its own for yes
                hands.key(letter_of(words("delete.menu")), ["alt"])
                hands.key(letter_of(words("delete.chosen")))

        hands.key("f", ["ctrl"])
        hands.type_text("quokka")
        until(lambda: len(lines_of(desktop, window)) == 1, what="the search to be carried out")
        insist(delete_what_is_chosen, asked, "the question whether to delete")
        question = wait_for_window(desktop.display, title_contains=words("delete.title"))
        hands.focus_window(question.id)
        insist(lambda: hands.key(letter_of(words("delete.yes")), ["alt"]), lambda: not asked(), "the answer")
        until(lambda: not lines_of(desktop, window), what="it to be gone from the list")
        said = words("delete.done", events=2 * len(PLANTED))
        until(lambda: said in [n.name for n in read(desktop, window)], what="that it is gone")
        until(lambda: not any(PLANTED in node.name for node in read(desktop, window)), what="nothing of it to be told")
    process.stop()
    held = person.desk.open(person.desk.rows())
    assert PLANTED not in "".join(getattr(e, "text", "") or "" for one in held.opened for e in one.payload.events)


def letter_of(text: str) -> str:
    """The letter that stands for an entry or a button."""
    return text[text.index("&") + 1].lower()


def test_closed_or_killed_it_leaves_nothing(desktop: Desktop, person: Person, tmp_path: Path) -> None:
    for number, end in enumerate(("close", "kill")):
        folder = tmp_path / f"tmp-{number}"
        process, window = opened(desktop, person, folder)
        until(lambda w=window: any(PLANTED in one for one in lines_of(desktop, w)), what="the list")  # type: ignore[misc]
        if end == "close":
            with Driver(desktop.display) as hands:
                hands.focus_window(window.id)
                insist(lambda: hands.key("Escape"), lambda w=window: w.id not in _ids(desktop), "it to close")  # type: ignore[misc]
        else:
            os.kill(window.pid, signal.SIGKILL)
        process.stop()
        nothing_on_disk(desktop, tmp_path)


def _ids(desktop: Desktop) -> list[int]:
    return [w.id for w in stacking(desktop.display)]
