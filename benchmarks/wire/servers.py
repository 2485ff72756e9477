"""The servers that the collector is compared with, each on a port of its own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.nginx import nginx

DAV = """
  client_max_body_size 0;
  location / {{ root {root}; dav_methods PUT; client_body_temp_path {root}/half; }}
"""


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """The bare server's address."""
    kept = folder / "bare"
    kept.mkdir()
    command = [sys.executable, "-m", "benchmarks.wire.bare", str(kept)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int((process.stdout or sys.stdin).readline())}"
        finally:
            process.kill()
    shutil.rmtree(kept)


@contextmanager
def nginx_dav(folder: Path) -> Iterator[str]:
    """The address of nginx, which takes PUT (its WebDAV module) and never fsyncs."""
    kept = folder / "dav"
    kept.mkdir()
    with nginx(folder / "nginx", DAV.format(root=kept)) as url:
        yield url
    shutil.rmtree(kept)
