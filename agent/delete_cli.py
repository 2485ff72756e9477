"""``overt delete``: the whole, the last minutes, or exactly a part. Parses and prints; the work is elsewhere."""

import json
import os
import secrets
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import to_builtins

from agent import durations
from agent.disk.places import Places
from agent.lazily import lazily
from agent.tell import out

if TYPE_CHECKING:
    from agent import deletion
    from agent.core import cut
    from agent.native import harden
    from agent.review import desk, removing, telling
    from agent.review import words as review_words
else:
    deletion, harden, cut = lazily("agent.deletion"), lazily("agent.native.harden"), lazily("agent.core.cut")
    desk, removing, telling = map(lazily, ("agent.review.desk", "agent.review.removing", "agent.review.telling"))
    review_words = lazily("agent.review.words")

FORMAT = 1
Json = Annotated[bool, typer.Option("--json", help="Print JSON; `format` is its version.")]
Day = Annotated[str, typer.Option("--day", help="Of which day: today, yesterday or 2026-11-30.")]


def add_to(app: typer.Typer) -> None:
    """Make the command known."""
    app.command(
        epilog="Examples: overt delete --last 10m · overt delete --at 10:30 · overt delete --from 10:30 --to 10:45 "
        "--app mousepad · overt delete --batch 7 · overt delete --all"
    )(delete)


def delete(  # noqa: PLR0913, PLR0917  # an option each
    last: Annotated[str | None, typer.Option("--last", help="How far back: 30s, 10m, 2h, 1d.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything, here and at the collector.")] = False,
    at: Annotated[str | None, typer.Option("--at", help="One minute: 10:30.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="From this time on: 10:30 or 10:30:15.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Up to this time, which is not part of it.")] = None,
    day: Day = "today",
    app: Annotated[str | None, typer.Option("--app", help="Only this app: its name or id.")] = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", help="This whole batch; may be said more than once.")
    ] = None,
    frame: Annotated[list[int] | None, typer.Option("--frame", help="This picture; more than once if needed.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
    json_: Json = False,
) -> None:
    """Delete what was captured. What was sent already is deleted by the collector, as soon as it can be reached."""
    seconds = durations.seconds_of(last) if last is not None else None
    partly = any(option for option in (at, from_, to, app, batch, frame))
    if sum((last is not None, all_, partly)) != 1 or (last is not None and seconds is None):
        raise typer.BadParameter(
            "say what: --all, or --last with a time (30s, 10m, 2h, 1d), or any of --at, --from, --to, --app, --batch, "
            "--frame"
        )
    places = Places.from_environ(os.environ)
    asks = not yes and not json_ and sys.stdin.isatty()
    if seconds is not None:
        done = deletion.delete_last(places, seconds, time.time_ns())
    elif all_:
        if asks:
            typer.confirm("Delete everything that was ever captured on this machine?", abort=True)
        done = deletion.delete_all(places)
    else:
        done = _part(places, _selection(places, at, (from_, to), day, app, frame), batch or [], asks=asks)
    if json_:
        print(json.dumps({"format": FORMAT, "deleted": to_builtins(done)}, ensure_ascii=False, indent=2))
    else:
        out.print(deletion.in_words(done))


def _part(places: Places, selection: "cut.Selection", batches: list[int], *, asks: bool) -> "deletion.Deleted":
    harden.refuse_dumps()
    own = desk.Desk(places)

    def make(seqs: frozenset[int]) -> "removing.Plan":
        return removing.plan_all(own, removing.more(selection, seqs), batches, secrets.token_bytes)

    if asks:
        planned = make(frozenset())
        if not planned.empty:
            out.print("\n".join(removing.in_words(review_words.review_words(), planned)), markup=False, soft_wrap=True)
            typer.confirm("Delete this?", abort=True)
    return removing.carry(own, make)


def _selection(
    places: Places,
    at: str | None,
    between: tuple[str | None, str | None],
    day: str,
    app: str | None,
    frames: list[int] | None,
) -> "cut.Selection":
    begin, end = between
    if at is not None and (begin or end):
        raise typer.BadParameter("say either --at, or --from and --to")
    chosen = durations.day_of(day, time.time())
    if chosen is None:
        raise typer.BadParameter("a day is: today, yesterday, or 2026-11-30")
    times = [durations.clock_ns(text, chosen) if text else None for text in (at or begin, at or end)]
    if any(text and found is None for text, found in zip((at or begin, at or end), times, strict=True)):
        raise typer.BadParameter("a time is: 10:30, or 10:30:15")
    begin_ns = times[0][0] if times[0] else None
    end_ns = (times[1][1] if at else times[1][0]) if times[1] else None
    if begin_ns is not None and end_ns is not None and end_ns <= begin_ns:
        raise typer.BadParameter("--to has to be later than --from")
    day_begin_ns, day_end_ns = durations.day_ns(chosen)
    if begin_ns is None and end_ns is not None:
        begin_ns = day_begin_ns
    if begin_ns is not None and end_ns is None:
        end_ns = day_end_ns
    if begin_ns is None and day != "today":
        begin_ns, end_ns = day_begin_ns, day_end_ns
    known = app_id(desk.Desk(places).app_names, app) if app else None
    return cut.Selection(begin_ns=begin_ns, end_ns=end_ns, app=known, frames=frozenset(frames or ()))


def app_id(names: dict[str, str], said: str) -> str:
    """The id of an app by its id or name; case does not count.

    Raises:
        BadParameter: the study lists no such app.
    """
    for app, name in names.items():
        if said.casefold() in (app.casefold(), name.casefold()):
            return app
    raise typer.BadParameter(f"no app of the study is called so; there are: {', '.join(sorted(names.values()))}")
