"""A real S3-compatible store of our own: SeaweedFS, all of it in one process, in a folder that is thrown away."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.ports import free_port
from tests.support.waiting import until

KEYS = {"AWS_ACCESS_KEY_ID": "overt", "AWS_SECRET_ACCESS_KEY": "only-for-tests"}
"""What collectors find in their environment."""
START_S = 90.0
_PARTS = ("master.port", "filer.port", "volume.port", "s3.port", "admin.port")
_NO_CATALOGUES = ("-s3.port.iceberg=0", "-s3.port.lance=0")
"""Both listen on one fixed port: of two stores on a machine the second would die."""
_GRPC = 10_000  # SeaweedFS takes this port above each of its own, too


class Bucket:
    """The store, with one bucket; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {part: _port() for part in _PARTS}
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = f"http://127.0.0.1:{self._ports['s3.port']}"
        self.name = "overt"

    def port(self, part: str) -> int:
        """Where a part of it listens."""
        return self._ports[part]

    @property
    def url(self) -> str:
        """As `--blobs` takes it."""
        return f"s3://{self.name}/blobs?endpoint={self.endpoint}"

    def start(self) -> None:
        """Start it, and wait until it serves the bucket."""
        weed = Path(sys.executable).with_name("weed")
        off = ("-webdav=false", "-admin.ui=false", "-s3.iam=false", "-master.telemetry=false", *_NO_CATALOGUES)
        ports = [f"-{part}={port}" for part, port in self._ports.items()]
        command = [str(weed), "mini", f"-dir={self._folder}", "-ip=127.0.0.1", f"-bucket={self.name}", *ports, *off]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | KEYS, cwd=self._folder)
        until(self._serves, START_S, "SeaweedFS to serve")

    def _serves(self) -> bool:
        if self._process and self._process.poll() is not None:
            raise AssertionError((self._folder / "log").read_text()[-2000:])
        session = botocore.session.get_session()
        session.set_credentials(*KEYS.values())
        client = session.create_client("s3", "us-east-1", endpoint_url=self.endpoint)
        with closing(client), suppress(BotoCoreError, ClientError):
            client.head_bucket(Bucket=self.name)
            return True
        return False

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def bucket() -> Iterator[Bucket]:
    """A store that serves."""
    folder = Path(tempfile.mkdtemp(prefix="overt-bucket-"))
    made = Bucket(folder)
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _port() -> int:
    """A free port, so that its gRPC neighbour exists."""
    while (port := free_port()) >= 65_536 - _GRPC:
        pass
    return port
