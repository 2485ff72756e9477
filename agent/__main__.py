"""``overt``, and ``python -m agent``. The indicator is begun without the command line, whose parts it never needs.

They would cost it 28 MB for as long as the person is logged in.
"""

import sys


def main() -> None:
    """Entry point."""
    if sys.argv[1:] == ["indicator"]:
        from agent.tray.__main__ import main as indicator  # noqa: PLC0415  # one or the other: both are heavy

        sys.exit(indicator())
    from agent.cli import main as command_line  # noqa: PLC0415

    command_line()


if __name__ == "__main__":
    main()
