"""The manual page and the shells' completions, made from the commands themselves."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from typer._completion_shared import get_completion_script
from typer.main import get_command

SHELLS = {
    "bash": "usr/share/bash-completion/completions/overt",
    "zsh": "usr/share/zsh/vendor-completions/_overt",
    "fish": "usr/share/fish/vendor_completions.d/overt.fish",
}
EXIT_CODES = (
    "0 ok",
    "1 error",
    "2 usage",
    "3 the daemon is not running, so nothing is captured",
    "4 no consent",
    "5 blocked by policy",
    "6 the operating system's permission is missing",
)
FILES = (
    (
        "/etc/overt/policy.json",
        "Limits that an administrator sets. They narrow what may be captured, and can start nothing.",
    ),
    ("~/.local/state/overt", "Enrolment, consent, switch, keys and sealed batches of one person."),
)
VARIABLES = (
    ("OVERT_STATE_DIR", "The state folder, in place of the usual one."),
    ("OVERT_RUNTIME_DIR", "The folder of the local socket."),
    ("OVERT_POLICY_FILE", "One more file with limits."),
    ("OVERT_LOG", "The level of the daemon's log. No level logs what was captured."),
)


def completions() -> dict[str, str]:
    """A script for each shell, by path below the root; they ask the program itself, whatever its commands are."""
    made = {
        shell: get_completion_script(prog_name="overt", complete_var="_OVERT_COMPLETE", shell=shell) for shell in SHELLS
    }
    return {SHELLS[shell]: script.rstrip() + "\n" for shell, script in made.items()}


def page(app: typer.Typer, version: str, date: str) -> str:
    """``overt(1)``, in man's own language.

    Args:
        app: the commands.
        version: of the product.
        date: YYYY-MM-DD, of the release.
    """
    root = get_command(app)
    lines = [f'.TH OVERT 1 "{date}" "overt {version}" "User Commands"']
    lines += [".SH NAME", r"overt \- record how you work, where you agreed to it and while a sign says so"]
    lines += [".SH SYNOPSIS", r".B overt", r"\fICOMMAND\fR [\fIOPTIONS\fR]", ".SH DESCRIPTION", _text(root.help or "")]
    lines += [".SH COMMANDS", *(line for path, command in _walk("overt", root) for line in _command(path, command))]
    lines += [".SH EXIT STATUS", *(line for code in EXIT_CODES for line in _row(*code.split(" ", 1)))]
    lines += [".SH FILES", *(line for row in FILES for line in _row(*row))]
    lines += [".SH ENVIRONMENT", *(line for row in VARIABLES for line in _row(*row))]
    return "\n".join(lines) + "\n"


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name. Typer brings its own click, whose classes have no public place: hence Any."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name in sorted(inner):
        if not inner[name].hidden:
            yield from _walk(f"{path} {name}", inner[name])


def _command(path: str, command: Any) -> Iterator[str]:
    places = [p for p in command.params if p.param_type_name == "argument"]
    arguments = " ".join(_name(p) if p.required else f"[{_name(p)}]" for p in places)
    yield from (".TP", rf"\fB{_text(path)}\fR {_text(arguments)}".rstrip(), _text(inspect.cleandoc(command.help or "")))
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden and option.name != "help":
            yield from (".RS", ".TP", rf"\fB{_text(', '.join(option.opts))}\fR", _text(option.help or ""), ".RE")
    if command.epilog:
        yield from (".RS", ".PP", _text(command.epilog), ".RE")


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper()


def _row(head: str, body: str) -> tuple[str, ...]:
    return ".TP", rf"\fB{_text(head)}\fR", _text(body)


def _text(text: str) -> str:
    """Text that roff takes as it is: no line of it begins a request."""
    flat = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{flat}" if flat[:1] in {".", "'"} else flat
