"""Asking a Chromium about its own pages, over the pipe of its developer tools: no port, no window, no library."""

import json
import os
import select
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.browsers import CHROMIUM, QUIET, SLOW_S

TEXTS = """(() => { const rows = []; const walk = (root) => { for (const e of root.querySelectorAll('*')) {
  if (e.tagName === 'POLICY-ROW') rows.push((e.shadowRoot || e).textContent.replace(/\\s+/g, ' '));
  else if (e.shadowRoot) walk(e.shadowRoot); } }; walk(document); return rows; })()"""
"""Every row of ``chrome://policy``, also in closed-off parts of the page."""


class DevTools:
    """A headless Chromium and its developer tools.

    Args:
        profile: a new folder for its profile.
        prefix: the beginning of the command, such as a mount namespace.
    """

    def __init__(self, profile: Path, prefix: Sequence[str]) -> None:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        command = [*prefix, CHROMIUM, *QUIET, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        joined = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", joined, "bash", *command, "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._unread = 0, b""

    def policies(self) -> list[str]:
        """The rows of ``chrome://policy``, once there are any."""
        target = self._ask("Target.createTarget", {"url": "chrome://policy"})["targetId"]
        session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        end = time.monotonic() + SLOW_S
        while time.monotonic() < end:
            found = self._ask("Runtime.evaluate", {"expression": TEXTS, "returnByValue": True}, session)
            if rows := found["result"].get("value"):
                return [str(row) for row in rows]
            time.sleep(0.2)
        raise AssertionError("chrome://policy shows no policy")

    def close(self) -> None:
        """End it."""
        os.close(self._to)
        self._process.terminate()
        try:
            self._process.wait(SLOW_S)
        finally:
            self._process.kill()
            os.close(self._from)

    def _ask(self, method: str, params: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + SLOW_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._from, 1 << 16) if ready else b""
            assert data, "Chromium does not answer"
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found
