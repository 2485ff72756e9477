"""What all tests share."""

import os
import signal
import tempfile

import pytest
from hypothesis import settings

from tests.support.places import temporary

settings.register_profile("overt", deadline=None)  # a busy machine is no fault of the code's
settings.load_profile("overt")

# A shell that starts a run in the background has it ignore Ctrl-C, which programs inherit; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["TMPDIR"] = tempfile.tempdir = temporary()

LONGEST_FIRST = ("tests/journeys/", "tests/agent/browser/", "tests/agent/native/", "tests/agent/tray/", "tests/agent/")
"""Folders whose files take longest, the longest first: so that no worker begins a long one when the others end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort whole files; within each, the order stays."""

    def turn(item: pytest.Item) -> int:
        return next((n for n, f in enumerate(LONGEST_FIRST) if item.nodeid.startswith(f)), len(LONGEST_FIRST))

    items.sort(key=turn)
