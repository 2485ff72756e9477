"""``overt redact --type``: a line in the terminal, masked while it is typed. What is typed is never echoed as it is."""

import sys
import unicodedata

from agent.core.redact.text import TextRedactor
from agent.errors import EXIT_USAGE, OvertError

END = frozenset("\x03\x04")
"""Ctrl-C and Ctrl-D."""
ERASE = frozenset("\x08\x7f")
MAX_LINE = 4_096
"""Code points of one line; further ones are not taken, so that each key stays quick."""


class NoTerminalError(OvertError):
    """There is no terminal to type in."""

    exit_code = EXIT_USAGE
    remedy = "run it in a terminal, or give the text on standard input without --type"


class Typed:
    """The line being typed.

    Args:
        masker: What finds and replaces.
    """

    def __init__(self, masker: TextRedactor) -> None:
        self._masker = masker
        self._line = ""

    def key(self, char: str) -> str:
        """Take a key; gives what to write to the terminal.

        Raises:
            RedactionFailed: A detector failed.
        """
        if char in "\r\n":
            self._line = ""
            return "\r\n"
        if char in ERASE:
            self._line = self._line[:-1]
        elif unicodedata.category(char) not in {"Cc", "Cs"} and len(self._line) < MAX_LINE:
            self._line += char
        return f"\r\x1b[K{self._masker.redact(self._line).text}"


def live(masker: TextRedactor) -> None:
    """Read keys until Ctrl-C or Ctrl-D, showing the masked line after each.

    Raises:
        NoTerminalError: Standard input or output is no terminal, or the system has no such terminals.
        RedactionFailed: A detector failed.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or sys.platform == "win32":
        raise NoTerminalError("--type needs a terminal")
    import termios  # noqa: PLC0415  # not on every system
    import tty  # noqa: PLC0415

    before = termios.tcgetattr(sys.stdin)
    typed = Typed(masker)
    try:
        tty.setraw(sys.stdin)
        sys.stdout.write("Type; it is shown as it would be recorded. Ctrl-D ends it.\r\n")
        sys.stdout.flush()
        while (char := sys.stdin.read(1)) and char not in END:
            sys.stdout.write(typed.key(char))
            sys.stdout.flush()
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        sys.stdout.write("\r\n")
