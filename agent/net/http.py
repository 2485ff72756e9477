"""httpx without its command line, which it brings along where rich is installed: 3 MB that the daemon never uses.

It trusts whom the system trusts: an agent with a list of its own cannot be used behind a company's authority.
"""

import ssl
import sys
from functools import lru_cache
from pathlib import Path

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "not there", which httpx takes well

import httpx  # noqa: E402

__all__ = ["httpx", "system_trust"]


@lru_cache(maxsize=1)
def system_trust() -> ssl.SSLContext:
    """The authorities that this machine's administrator trusts, a company's own among them.

    Where the system has none, those that httpx brings along.
    """
    usual = ssl.get_default_verify_paths()
    there = sys.platform == "win32" or any(p and Path(p).exists() for p in (usual.cafile, usual.capath))
    return ssl.create_default_context() if there else httpx.create_ssl_context()
