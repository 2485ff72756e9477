"""nginx, as Debian has it, in a folder of its own: `apt-get install nginx-light` or nginx."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.waiting import until

CONFIG = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 2;
{user}
events {{ worker_connections 2048; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
{http}
  server {{
    listen 127.0.0.1:{port};
{server}
  }}
}}
"""


def installed() -> str | None:
    """Where it is."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def nginx(folder: Path, server: str, http: str = "") -> Iterator[str]:
    """Its address.

    Args:
        folder: made here.
        server: what stands in its `server` block.
        http: what stands before that.
    """
    found = installed()
    assert found, "apt-get install nginx"
    folder.mkdir()
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    text = CONFIG.format(folder=folder, port=port, server=server, http=http, user=user)
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen([found, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def serves() -> bool:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            return False
        return True

    try:
        until(serves, 30, "nginx to serve")
        yield url
    finally:
        process.terminate()
        process.wait(30)
