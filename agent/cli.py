"""``overt``: starts the command line, or a long-running part of it without the command line's weight; and exits."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

from agent.errors import OvertError


def main() -> None:
    """Entry point."""
    try:
        if sys.argv[1:] == ["daemon"]:
            _daemon()
        else:
            from agent.commands import app  # noqa: PLC0415  # the daemon lives for days without it

            with suppress(BrokenPipeError):
                app()
    except OvertError as error:
        _fail(error)


def _daemon() -> None:
    from agent.asking import check_owner  # noqa: PLC0415
    from agent.daemon.main import run_daemon  # noqa: PLC0415
    from agent.disk.places import Places  # noqa: PLC0415

    check_owner(Places.from_environ(os.environ))
    run_daemon(os.environ)


def _fail(error: OvertError) -> NoReturn:
    print(f"overt: {error}\n  what helps: {error.remedy}", file=sys.stderr)
    sys.exit(error.exit_code)
