"""What the command line says to people. Only prints."""

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from schemas.status import Status

if TYPE_CHECKING:  # for their names alone: they are heavy
    from agent.doctor import Check
    from agent.service import Stopped

SHORT = 12
"""Characters of a digest that people are shown; `--json` has all of it."""
out = Console(highlight=False)


def off_words(done: "Stopped") -> str:
    """What an off came to. Where the disk refused it, that it may come back is said before anything else."""
    if done.switch:
        return "Off. Nothing is captured."
    remedy = "\n  what helps: make your home folder writable, then: overt off"
    if done.daemon is None:
        return (
            "No daemon answers, so nothing is captured now. But the switch could not be written: a daemon that starts "
            "later would not know of this off." + remedy
        )
    now = "Off: nothing is captured" if done.daemon else "NOT off: the daemon does not obey. End it: overt stop. And"
    return f"{now} for as long as this daemon runs. The switch could not be written, so a restart forgets it." + remedy


def print_refreshed(facts: dict[str, Any]) -> None:
    """What a newer study changed."""
    out.print("The study has a newer version." if facts["new"] else "The study is as it was.")
    for told in (*facts["wider"], *facts["narrower"]):
        out.print(f"  {told}", markup=False)
    if facts["asks_again"]:
        out.print("Your consent ended with that. Nothing is captured until you say yes again: overt on")


def print_checks(checks: "list[Check]") -> None:
    """A line for each check, with its remedy."""
    marks = {True: "[green]✔[/green]", False: "[red]✘[/red]", None: "·"}
    for check in checks:
        out.print(f" {marks[check.ok]} {check.sentence}")
        if check.remedy:
            out.print(f"     → {check.remedy}")


def print_why(now: Status) -> None:
    """Every condition, fulfilled or not."""
    out.print(f"[bold]{now.sentence}[/bold]")
    for condition in now.conditions:
        mark = "[green]✔[/green]" if condition.holds else "[red]✘[/red]"
        out.print(f" {mark} {condition.sentence}")
        if not condition.holds:
            out.print(f"     → {condition.remedy}")


def print_apps(rows: list[dict[str, Any]]) -> None:
    """The apps of a study."""
    print_rows("Apps", [{**row, "agreed": ", ".join(row["agreed"]) or "nothing"} for row in rows])


def print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    """Rows as a table."""
    if not rows:
        out.print(f"{title}: none.")
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(str(value)[:SHORT] if name == "digest" else str(value) for name, value in row.items()))
    out.print(table)
