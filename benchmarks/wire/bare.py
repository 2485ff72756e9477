"""What the collector is compared with: a server that hashes a body, writes and fsyncs it, and nothing else.

Same HTTP server (uvicorn) and the same threads for the disk; no framework, signature, admission, row or receipt. Not
even the folder is flushed: after a power cut a file's name may be gone.
Run as ``python -m benchmarks.wire.bare FOLDER``; prints its port.
"""

import asyncio
import hashlib
import logging
import os
import socket
import sys
from typing import Any

import uvicorn

FOLDER = sys.argv[1] if len(sys.argv) > 1 else "."


def _store(parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    name = hashlib.sha256(body).hexdigest()
    handle = os.open(f"{FOLDER}/{name}", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(handle, body)
    os.fsync(handle)
    os.close(handle)
    return name.encode()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one upload."""
    if scope["type"] != "http":
        return
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    name = await asyncio.get_running_loop().run_in_executor(None, _store, parts)
    length = str(len(name)).encode()
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": name})


if __name__ == "__main__":
    sock = socket.create_server(("127.0.0.1", 0))
    print(sock.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_config=None, log_level=logging.CRITICAL, access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[sock])
