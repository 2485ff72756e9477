"""The display on which the demo plays: a virtual desktop of its own, or the person's real one."""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.desktop import Desktop


class RealDesktop(Desktop):
    """The person's own session: nothing is started but programs, and the person answers the ceremony."""

    def __init__(self) -> None:
        super().__init__(tray=None)
        self.display = os.environ["DISPLAY"]

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="overt-demo-"))
        self.home = self.folder / "home"
        for name in ("home", "logs", "run", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        self.env = {**os.environ, "TMPDIR": str(self.folder / "tmp")}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def x_clients(display: str) -> set[int]:
    """Process ids of every program that is connected to the X server, told by the server itself (XRes)."""
    import xcffib  # noqa: PLC0415  # Linux only
    import xcffib.res  # noqa: PLC0415

    connection = xcffib.connect(display=display)
    try:
        res = connection(xcffib.res.key)
        clients = res.QueryClients().reply().clients
        mask = xcffib.res.ClientIdMask.LocalClientPID
        specs = [xcffib.res.ClientIdSpec.synthetic(c.resource_base, mask) for c in clients]
        ids = res.QueryClientIds(len(specs), specs).reply().ids
        return {value for found in ids for value in found.value}
    finally:
        connection.disconnect()
