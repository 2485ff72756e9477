"""Keeps ``None`` alive where a library takes more references to it than it has.

PySide6 6.12 takes one reference to ``None`` too many in each call that returns nothing. From Python 3.12 on that does
no harm (PEP 683: ``None`` is never counted); before, a program ends with "deallocating None" after some thousand calls:
a list that is scrolled for a minute, an indicator that runs for days.
"""

import ctypes
import sys

SPARE = 1 << 40
"""References: a million calls a second for twelve days."""


def keep_none_alive() -> None:
    """Give ``None`` more references than any program takes. Once per process is enough."""
    if sys.implementation.name == "cpython" and sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += SPARE  # ob_refcnt is an object's first field
