"""httpx without its command line, which it brings along where rich is installed: 3 MB that the daemon never uses."""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "not there", which httpx takes well

import httpx  # noqa: E402

__all__ = ["httpx"]
