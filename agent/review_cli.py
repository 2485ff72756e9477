"""``overt review``, ``history``, ``export-my-data``, ``digest``. Parses and prints; the work is in ``agent/review``."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import to_builtins

from agent import durations
from agent.delete_cli import app_id
from agent.disk.places import Places
from agent.lazily import lazily
from agent.tell import out

if TYPE_CHECKING:
    from agent import exporting, history, history_lines
    from agent.native import harden
    from agent.review import day as days
    from agent.review import desk, holding, leaving, looking, masking, telling
    from agent.review import words as review_words
else:
    harden, days = lazily("agent.native.harden"), lazily("agent.review.day")
    desk, holding, leaving, looking, masking, telling = map(
        lazily, (f"agent.review.{name}" for name in ("desk", "holding", "leaving", "looking", "masking", "telling"))
    )
    exporting, history, history_lines = map(lazily, ("agent.exporting", "agent.history", "agent.history_lines"))
    review_words = lazily("agent.review.words")

FORMAT = 1
SPACE_NS = 300_000_000_000
"""Nanoseconds before and after a time in which nothing was captured that are shown instead: five minutes."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON; `format` is its version.")]
review_app = typer.Typer(help="Look at what was captured, and decide what becomes of it.")


def add_to(app: typer.Typer) -> None:
    """Make the commands known."""
    app.add_typer(review_app, name="review")
    app.command("history", epilog="Examples: overt history · overt history --json | jq .pulls")(history_)
    app.command("digest", epilog="Example: overt digest")(digest)
    app.command("export-my-data", epilog="Example: overt export-my-data ~/my-overt-data")(export_my_data)


@review_app.callback(
    invoke_without_command=True,
    epilog="Examples: overt review · overt review --at 10:30 · overt review --day yesterday --app mail --json",
)
def review(
    context: typer.Context,
    day: Annotated[str, typer.Option("--day", help="today, yesterday or 2026-11-30.")] = "today",
    at: Annotated[str | None, typer.Option("--at", help="One minute: 10:30.")] = None,
    app: Annotated[str | None, typer.Option("--app", help="Only this app: its name or id.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only what holds these words.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Here, instead of in a window.")] = False,
    json_: Json = False,
) -> None:
    """Look at what was captured before it is sent. Opens a window; with --text or --json it is told here."""
    if context.invoked_subcommand is not None:
        return
    chosen = durations.day_of(day, time.time())
    if chosen is None:
        raise typer.BadParameter("a day is: today, yesterday, or 2026-11-30")
    if not (text or json_) and _has_display():
        raise typer.Exit(_window(chosen, at))
    _tell(chosen, at, app, search, as_json=json_)


def _has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _window(day: date, at: str | None) -> int:
    command = [sys.executable, "-m", "agent.review", "--day", day.isoformat(), *(["--at", at] if at else [])]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own program


def _tell(day: date, at: str | None, app: str | None, search: str | None, *, as_json: bool) -> None:
    own = _desk()
    counts = own.seal()
    found, held = looking.look(own, day)
    words, moments = review_words.review_words(), list(found.moments)
    if at is not None:
        moments = _at(moments, at, day)
    if app is not None:
        known = app_id(own.app_names, app)
        moments = [moment for moment in moments if moment.app == known]
    if search:
        moments = days.search(moments, search, own.app_names)
    if as_json:
        _print(telling.as_data(found, held, moments, own.app_names))
        return
    review_s, hold = looking.hold_of(own)
    lines = telling.head(words, own.lying(own.rows()), hold, review_s, time.time())
    waiting = counts.held + counts.unsealed if counts else 0
    lines += [words("review.memory", count=waiting)] if waiting else []
    lines += [str(error) for error in held.refused]
    lines += ["", *telling.bands_told(words, found.bands, own.app_names)] if at is None else []
    lines += ["", *(telling.line(words, moment, own.app_names) for moment in moments)]
    lines += [words("review.nothing_here" if found.moments else "review.nothing")] if not moments else []
    lines += ["", *telling.counted(words, found)] if found.opened else []
    out.print("\n".join(lines), markup=False, soft_wrap=True)


def _at(moments: list["days.Moment"], at: str, day: date) -> list["days.Moment"]:
    """What lies in that minute; if nothing does, what lies around it."""
    span = durations.clock_ns(at, day)
    if span is None:
        raise typer.BadParameter("a time is: 10:30, or 10:30:15")
    begin_ns, end_ns = span
    return days.around(moments, begin_ns, end_ns) or days.around(moments, begin_ns - SPACE_NS, end_ns + SPACE_NS)


@review_app.command("show", epilog="Example: overt review show 7")
def show(batch: Annotated[int, typer.Argument(help="Its number: overt batches.")], json_: Json = False) -> None:
    """Show one batch whole: what is in it, and what exactly leaves with it."""
    own, words = _desk(), review_words.review_words()
    one, made = looking.one_batch(own, batch)
    data = leaving.as_data(words, own, one)
    if json_:
        _print(data | {"moments": telling.moments_data(made.moments, own.app_names)})
        return
    lines = [telling.line(words, moment, own.app_names) for moment in made.moments]
    lines += ["", *telling.counted(words, made), "", words("leaves.head", number=batch)]
    lines += [f"  {name}: {value}" for name, value, _ in leaving.header_lines(one.header)]
    lines += ["", *data["statement"]]
    out.print("\n".join(lines), markup=False, soft_wrap=True)


@review_app.command("hold", epilog="Examples: overt review hold 3d · overt review hold all · overt review hold default")
def hold(
    how_long: Annotated[
        str | None, typer.Argument(help="30m, 12h, 3d (a week at most), all (until you say so), or default.")
    ] = None,
    json_: Json = False,
) -> None:
    """Say how long batches wait here before they are sent, at least. Without a word: show what holds now."""
    wish = None
    if how_long is not None:
        wish = holding.wish_of(how_long)
        if wish is None:
            raise typer.BadParameter("write 30m, 12h or 3d (a week at most), all, or default")
    facts = holding.hold(_places(), wish)
    _show(facts, lambda: holding.in_words(facts), as_json=json_)


@review_app.command("release", epilog="Example: overt review release")
def release(json_: Json = False) -> None:
    """Let go what is held by your own wish until now. The study's own time still holds; new batches are held again."""
    facts = holding.release(_places(), int(time.time()))
    _show(facts, lambda: holding.in_words(facts), as_json=json_)


@review_app.command("mask", epilog="Examples: overt review mask · overt review mask --app mail --region 0,0,200,60")
def mask(
    app: Annotated[str | None, typer.Option("--app", help="With --region: in this app.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="left,top,right,bottom in the window, pixels.")] = None,
    json_: Json = False,
) -> None:
    """Have something masked from now on, and in all that lies here. Words are asked for, so no shell remembers them."""
    own = _desk()
    if region is None:
        phrase = typer.prompt("Words to mask", hide_input=True)
        count = masking.mask_words(own, phrase, secrets.token_bytes)
    else:
        parts = region.split(",")
        if app is None or len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):  # noqa: PLR2004
            raise typer.BadParameter("say --app and --region left,top,right,bottom")
        left, top, right, bottom = (int(part) for part in parts)
        known = app_id(own.app_names, app)
        count = masking.mask_region(own, known, (left, top, right, bottom), secrets.token_bytes)
    words = review_words.review_words()
    _show(
        {"masked": count},
        lambda: [words("mask.done", count=count) if count else words("mask.none")],
        as_json=json_,
    )


@review_app.command("unmask", epilog="Example: overt review unmask --all")
def unmask(
    all_: Annotated[bool, typer.Option("--all", help="All of your own masks.")] = False, json_: Json = False
) -> None:
    """Let go your own masks. What is masked already stays so; the study's own rules go on."""
    if not all_:
        raise typer.BadParameter("your masks are kept as fingerprints, so they can only go together: --all")
    masking.forget_masks(_places())
    _show({}, lambda: ["Your own masks are gone. The built-in rules go on."], as_json=json_)


def history_(json_: Json = False) -> None:
    """List every batch, answer, change and deletion, and who read what and why."""
    found = history.history(_desk())
    _show(found, lambda: history_lines.lines(found), as_json=json_)


def digest(json_: Json = False) -> None:
    """Sum up the last seven days: hours, events, pictures, what was masked, who read."""
    told = history.week(_desk(), time.time_ns())
    words = review_words.review_words()
    _show({"week": to_builtins(told)}, lambda: history.week_in_words(words, told), as_json=json_)


def export_my_data(
    folder: Annotated[Path, typer.Argument(help="A new folder; it opens without Overt.")],
    yes: Annotated[bool, typer.Option("--agree", help="Do not ask: I know that it is not sealed.")] = False,
    json_: Json = False,
) -> None:
    """Write your own data to a folder: a page, JSON and pictures. It is NOT sealed: who can read it, can read it."""
    own = _desk()
    if not yes:
        out.print(
            "This writes what was captured to your disk, NOT sealed. Anybody who can read the folder can read it."
        )
        typer.confirm("Write it?", abort=True)
    done = exporting.export(own, folder)
    told = [
        f"Written: {done.batches} batches, {done.events} events, {done.pictures} pictures. Open {folder}/index.html"
    ]
    if done.not_here:
        told.append(f"{done.not_here} batches were sent or deleted: their content is not on this machine any more.")
    _show(to_builtins(done), lambda: told, as_json=json_)


def _show(data: dict[str, Any], lines: Callable[[], list[str]], *, as_json: bool) -> None:
    if as_json:
        _print(data)
    else:
        out.print("\n".join(lines()), markup=False, soft_wrap=True)


def _print(data: dict[str, Any]) -> None:
    print(json.dumps({"format": FORMAT, **data}, ensure_ascii=False, indent=2))


def _places() -> Places:
    return Places.from_environ(os.environ)


def _desk() -> "desk.Desk":
    """The person's desk, in a process that nobody can look into."""
    harden.refuse_dumps()
    return desk.Desk(_places())
