"""``overt``: starts the command line, or a long-running part of it without the command line's weight; and exits."""

import os
import sys
import time
from contextlib import suppress
from typing import NoReturn

from agent import quick
from agent.disk.places import Places
from agent.errors import OvertError
from agent.owner import check_owner


def main() -> None:
    """Entry point."""
    try:
        if sys.argv[1:] == ["daemon"]:
            _daemon()
        elif sys.argv[1:] == ["indicator"]:
            _indicator()
        elif quick.wants(sys.argv[1:]):
            _status()
        else:
            if sys.argv[1:2] == ["off"] and set(sys.argv[2:]) <= {"--json", "--erase"}:
                _stop()
            from agent.commands import app  # noqa: PLC0415  # daemon and indicator live for days without it

            with suppress(BrokenPipeError):
                app()
    except OvertError as error:
        _fail(error)


def _status() -> NoReturn:
    text, code = quick.answer(os.environ, as_json="--json" in sys.argv, bold=sys.stdout.isatty())
    with suppress(BrokenPipeError):
        print(text, flush=True)
    sys.exit(code)


def _stop() -> None:
    """The stop itself, before the command line is loaded, which takes ten times as long. Then that does the rest."""
    from agent.ceremony.halt import switch_off  # noqa: PLC0415  # nothing else needs it

    places = Places.from_environ(os.environ)
    check_owner(places)
    switch_off(places, time.time_ns())


def _daemon() -> None:
    from agent.daemon.main import run_daemon  # noqa: PLC0415

    check_owner(Places.from_environ(os.environ))
    run_daemon(os.environ)


def _indicator() -> NoReturn:
    from agent.tray.__main__ import main as indicate  # noqa: PLC0415  # Qt is heavy

    check_owner(Places.from_environ(os.environ))
    sys.exit(indicate())


def _fail(error: OvertError) -> NoReturn:
    print(f"overt: {error}\n  what helps: {error.remedy}", file=sys.stderr)
    sys.exit(error.exit_code)
