"""The commands of ``overt``. Parse and print; everything else is elsewhere, and loaded when it is needed."""

import json
import os
import secrets
import time
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import to_builtins

from agent import asking, delete_cli, durations, own_record_cli, redact_cli, review_cli, upkeep_cli
from agent.disk.places import Places
from agent.errors import EXIT_ERROR, OvertError
from agent.lazily import lazily
from agent.owner import check_owner
from agent.quick import answer
from agent.tell import off_words, out, print_apps, print_checks, print_refreshed, print_rows, print_why
from schemas.status import State

if TYPE_CHECKING:
    from agent import consents, deletion, enrolment, service
    from agent import doctor as examination
    from agent.browser import install
    from agent.browser import words as browser_words
    from agent.ceremony import words
    from agent.disk import keys
else:
    consents, deletion, enrolment, service = map(
        lazily, ("agent.consents", "agent.deletion", "agent.enrolment", "agent.service")
    )
    install, browser_words = lazily("agent.browser.install"), lazily("agent.browser.words")
    words, keys, examination = lazily("agent.ceremony.words"), lazily("agent.disk.keys"), lazily("agent.doctor")

SECOND_NS = 1_000_000_000
FORMAT = 1
"""Version of what ``--json`` prints."""

app = typer.Typer(
    name="overt",
    help="Overt records how you work, only in apps that you agreed to, only while a sign says so. You are in charge.",
    epilog="Exit codes: 0 ok, 1 error, 2 usage, 3 daemon not running, 4 no consent, 5 blocked by policy, "
    "6 OS permission missing.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print variables
)
consent_app = typer.Typer(help="Look at what you agreed to.", no_args_is_help=True)
app.add_typer(consent_app, name="consent")
browser_app = typer.Typer(
    help="Web apps: connect your browser, so that single sites can be told.", no_args_is_help=True
)
app.add_typer(browser_app, name="browser")
app.add_typer(redact_cli.app, name="redact")
Json = Annotated[bool, typer.Option("--json", help="Print JSON; `format` is its version.")]


def _places() -> Places:
    return Places.from_environ(os.environ)


def _show(data: dict[str, Any], as_json: bool, text: Callable[[], None]) -> None:
    if as_json:
        print(json.dumps({"format": FORMAT, **data}, ensure_ascii=False, indent=2))
    else:
        text()


@app.command(epilog="Example: overt enrol 'https://overt.example.org#CODE.KEY'")
def enrol(
    link: Annotated[str, typer.Argument(help="The link that your organisation gave you.")], json_: Json = False
) -> None:
    """Register this machine with a study. Nothing is captured by that: it stays off until you say yes."""
    places = _places()
    asked = enrolment.enrol(enrolment.parse_link(link), places, keys.open_keys(places), secrets.token_bytes, time.time)
    service.nudge(places)
    facts = {"study": asked.manifest.title, "organisation": asked.manifest.controller.party_name}
    _show(
        facts,
        json_,
        lambda: out.print(
            f"Enrolled in “{asked.manifest.title}”. Nothing is captured. To read the notice and decide: overt on"
        ),
    )


@app.callback()
def _only_your_own(context: typer.Context) -> None:
    if context.invoked_subcommand != "version":
        check_owner(_places())


@app.command(epilog="Example: overt refresh")
def refresh(json_: Json = False) -> None:
    """Fetch the study again. What asks for more ends your consent until you say yes again."""
    facts = service.refresh(_places(), secrets.token_bytes)
    _show(facts, json_, lambda: print_refreshed(facts))


@app.command(epilog="Examples: overt on · overt on --terminal")
def on(
    terminal: Annotated[bool, typer.Option("--terminal", help="Ask here instead of in a window.")] = False,
    change: Annotated[bool, typer.Option("--change", help="Ask although it is on: to agree to more or less.")] = False,
) -> None:
    """Read the notice, choose what may be captured, and say yes or no. Only you can answer."""
    if not change and service.nothing_to_ask(_places(), time.time_ns()):
        out.print(words.Words(words.spoken(os.environ))("nothing_to_ask"))
        return
    raise typer.Exit(service.ceremony(os.environ, terminal=terminal))


@app.command(epilog="Examples: overt off · overt off --erase · overt off --json")
def off(
    erase: Annotated[bool, typer.Option("--erase", help="Then delete all that was captured, wherever it is.")] = False,
    json_: Json = False,
) -> None:
    """Stop at once and for good, until you say yes again. Works without network, daemon or keys; never asks why."""
    done = service.withdraw(_places(), time.time_ns())
    gone, failed = _try_delete_all() if erase else (None, None)
    facts = {
        "state": State.OFF.value if done.switch or done.daemon else None,
        "switch_written": done.switch,
        "ledger_written": done.ledger,
        **({"erased": to_builtins(gone)} if erase else {}),
    }
    _show(facts, json_, lambda: out.print("\n".join([off_words(done), *([deletion.in_words(gone)] if gone else [])])))
    if failed:
        raise failed
    if not done.switch:
        raise typer.Exit(EXIT_ERROR)


@app.command(epilog="Examples: overt pause 15 · overt pause 2h · overt pause tomorrow")
def pause(
    how_long: Annotated[str, typer.Argument(help="Minutes, or 30s, 10m, 2h, 1d, or tomorrow (until 06:00).")] = "15",
    json_: Json = False,
) -> None:
    """Stop for a while; goes on by itself afterwards."""
    now_ns = time.time_ns()
    seconds = durations.pause_of(how_long, now_ns // SECOND_NS)
    if seconds is None:
        raise typer.BadParameter("write minutes, or 30s, 10m, 2h, 1d (at most two days), or: tomorrow")
    until_ns = now_ns + seconds * SECOND_NS
    service.pause(_places(), time.time_ns(), until_ns)
    until = time.strftime("%a %H:%M", time.localtime(until_ns // SECOND_NS))
    _show({"paused_until": until_ns // SECOND_NS}, json_, lambda: out.print(f"Paused until {until}."))


@app.command()
def resume(json_: Json = False) -> None:
    """End a pause early."""
    service.resume(_places(), time.time_ns())
    _show({}, json_, lambda: out.print("Not paused any more."))


@app.command(epilog="Examples: overt status · overt status --json | jq .state")
def status(json_: Json = False) -> None:
    """Say what Overt is doing right now."""
    text, code = answer(os.environ, as_json=json_, bold=out.is_terminal)
    print(text)
    if code:
        raise typer.Exit(code)


@app.command(epilog="Example: overt why")
def why(json_: Json = False) -> None:
    """Show everything that capture depends on, what holds, and what would change what does not."""
    now = asking.status(_places())
    rows = [to_builtins(c) for c in now.conditions]
    _show({"state": now.state.value, "conditions": rows}, json_, lambda: print_why(now))


@app.command()
def apps(json_: Json = False) -> None:
    """List the apps of the study and what you agreed to in each."""
    rows = service.apps(_places(), time.time_ns())
    _show({"apps": rows}, json_, lambda: print_apps(rows))


@app.command()
def batches(json_: Json = False) -> None:
    """List the sealed batches of this machine and where they are."""
    rows = service.batches(_places())
    _show({"batches": rows}, json_, lambda: print_rows("Batches", rows))


@consent_app.command("show", epilog="Example: overt consent show")
def consent_show(json_: Json = False) -> None:
    """Say what you agreed to: what, where, who can decrypt it, until when, and how to stop."""
    facts = service.consent_show(_places(), time.time_ns())
    _show(facts, json_, lambda: out.print("\n".join(consents.lines(facts)), markup=False, soft_wrap=True))


@consent_app.command("verify", epilog="Examples: overt consent verify · overt consent verify ledger.json")
def consent_verify(
    file: Annotated[Path | None, typer.Argument(help="An exported ledger; by default this machine's own.")] = None,
    json_: Json = False,
) -> None:
    """Check signatures, chain, scopes and receipts of a consent ledger, without a network."""
    found = service.consent_verify(_places(), file)
    good = all(one.ok is not False for one in found)
    checks = [examination.Check(one.name, one.ok, one.sentence) for one in found]
    _show({"good": good, "checks": [to_builtins(one) for one in found]}, json_, lambda: print_checks(checks))
    if not good:
        raise typer.Exit(EXIT_ERROR)


@consent_app.command("history")
def consent_history(json_: Json = False) -> None:
    """List every answer that you ever gave."""
    rows = service.consent_history(_places())
    _show({"entries": rows}, json_, lambda: print_rows("Consent", rows))


@consent_app.command("export")
def consent_export(json_: Json = False) -> None:
    """Print your whole signed consent ledger as JSON-LD, for anyone to verify."""
    del json_  # it is JSON either way
    print(json.dumps(service.consent_export(_places()), ensure_ascii=False, indent=2))


@browser_app.command("install", epilog="Example: overt browser install")
def browser_install(
    extension_id: Annotated[list[str] | None, typer.Option("--id", help="Id of the extension that IT signed.")] = None,
    json_: Json = False,
) -> None:
    """Make the extension for this study's sites and tell your browsers where its program is. Captures nothing."""
    rows = service.browser_install(_places(), os.environ, extension_id or [])
    _show(
        {"browsers": rows},
        json_,
        lambda: out.print("\n".join(browser_words.browser_help(rows)), markup=False, soft_wrap=True),
    )


@browser_app.command("remove")
def browser_remove(json_: Json = False) -> None:
    """Take the extension's folder and program away. Remove it in the browser too, where you loaded it."""
    rows = service.browser_remove(_places(), os.environ)
    _show({"browsers": rows}, json_, lambda: print_rows("Browsers", rows))


@browser_app.command("status")
def browser_status(json_: Json = False) -> None:
    """Say which browsers would find the extension's program."""
    rows = service.browser_status(_places(), os.environ)
    _show({"browsers": rows}, json_, lambda: print_rows("Browsers", rows))


@browser_app.command("package", epilog="Example: overt browser package out --origin https://mail.example.org")
def browser_package(
    folder: Annotated[Path, typer.Argument(help="Where to write it, for each family of browsers.")],
    origin: Annotated[list[str] | None, typer.Option(help="A site; by default those of this study.")] = None,
    json_: Json = False,
) -> None:
    """For IT: write the extension to be packed, signed and installed by managed policy."""
    origins = service.browser_package(_places(), folder, origin or [])
    facts = {
        "origins": origins,
        "managed": install.managed("EXTENSION_ID", "https://HOST/updates.xml", "https://HOST/overt.xpi"),
    }
    _show(facts, json_, lambda: out.print(json.dumps(facts, indent=2), markup=False, soft_wrap=True))


@app.command(epilog="Example: overt start")
def start(
    at_login: Annotated[
        bool, typer.Option("--at-login", help="Only where somebody takes part, and has not uninstalled it.")
    ] = False,
    json_: Json = False,
) -> None:
    """Start daemon and indicator in the background. Starts no capture: consent does."""
    if at_login and not service.wanted_at_login(_places()):
        _show({"started": False, "pid": None}, json_, lambda: out.print("Nothing to start."))
        return
    facts = service.start(_places(), os.environ)
    said = "Started." if facts["started"] else "It runs already."
    _show(facts, json_, lambda: out.print(f"{said} {asking.status(_places()).sentence}"))


@app.command()
def stop(json_: Json = False) -> None:
    """End the daemon. What was captured is sealed first."""
    service.stop(_places())
    _show({}, json_, lambda: out.print("Stopped."))


@app.command()
def daemon() -> None:
    """Run the daemon here, in the foreground (for a service manager)."""
    service.run_daemon(os.environ)


@app.command()
def indicator() -> None:
    """Run the tray icon here, in the foreground (for autostart)."""
    raise typer.Exit(service.indicator())


@app.command()
def doctor(json_: Json = False) -> None:
    """Check what capture needs from this machine; each line that fails has its remedy. Changes nothing."""
    checks = service.doctor(_places(), os.environ)
    _show({"checks": [to_builtins(check) for check in checks]}, json_, lambda: print_checks(checks))
    if any(check.ok is False for check in checks):
        raise typer.Exit(EXIT_ERROR)


@app.command()
def version(json_: Json = False) -> None:
    """Say which version this is."""
    number = installed_version("overt")
    _show({"overt": number}, json_, lambda: out.print(f"overt {number}"))


upkeep_cli.add_to(app)
delete_cli.add_to(app)
review_cli.add_to(app)
own_record_cli.add_to(app)


def _try_delete_all() -> tuple["deletion.Deleted | None", OvertError | None]:
    """An off is an off, whatever comes of deleting."""
    try:
        return deletion.delete_all(_places()), None
    except OvertError as error:
        return None, error
