"""A whole deployment: PostgreSQL, an S3 store, collectors behind nginx. Any part of it can be killed and comes back."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import anyio

from collector.settings import choose_ledger
from tests.support.buckets import KEYS, Bucket, bucket
from tests.support.collectors import Collector
from tests.support.databases import PostgresServer, database_in, postgres
from tests.support.devices import World
from tests.support.nginx import nginx
from tests.support.ports import free_port
from tests.support.waiting import until

UPSTREAM = "  upstream collectors {{ hash $uri consistent; {servers} }}\n"
SERVER = """
    client_max_body_size 0;
    location / {
      proxy_pass http://collectors;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_next_upstream error timeout non_idempotent;
      proxy_connect_timeout 2s;
    }
"""


class Cluster:
    """The running parts. `url` is nginx's."""

    def __init__(self, collectors: list[Collector], server: PostgresServer | None, store: Bucket | None) -> None:
        self.collectors, self.server, self.store = collectors, server, store
        self.url = collectors[0].url

    def kill(self, part: str) -> None:
        """End a part at once and start it again: `collector 0`, `postgres` or `store`."""
        kind, _, number = part.partition(" ")
        if kind == "collector":
            self.collectors[int(number)].kill()
            self.collectors[int(number)].start()
        elif kind == "store" and self.store:
            self.store.kill()
            self.store.start()
        elif kind == "postgres" and self.server:
            kill_postgres(self.server)

    @property
    def parts(self) -> list[str]:
        """What can be killed."""
        return [
            *(f"collector {n}" for n in range(len(self.collectors))),
            *(["postgres"] if self.server else []),
            *(["store"] if self.store else []),
        ]


def kill_postgres(server: PostgresServer) -> None:
    """Kill -9 of the postmaster and, as a power cut would, of all its processes; then start it again."""
    pid = int((Path(server.pgdata) / "postmaster.pid").read_text().split()[0])
    family = [pid, *_children(pid)]
    for each in family:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{p}").exists() and _alive(p) for p in family), 30, "PostgreSQL to be gone")
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):  # the number of a process that nobody reaps counts as alive
        (Path(server.pgdata) / name).unlink(missing_ok=True)
    server.ensure_postgres_running()


def _children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def steady() -> tuple[str, str]:
    """A port that a collector has again when it comes back."""
    return "--port", str(free_port())


@contextmanager
def small(folder: Path, world: World) -> Iterator[Cluster]:
    """One collector on SQLite and files."""
    with Collector(folder / "one", world.trust, *steady()) as collector:
        collector.publish_all(world)
        yield Cluster([collector], None, None)


@contextmanager
def shared(folder: Path, world: World, collectors: int = 2) -> Iterator[Cluster]:
    """Collectors over PostgreSQL and SeaweedFS, both of which flush, behind nginx."""
    with postgres() as server, bucket() as store, ExitStack() as stack:
        flush(store)
        url = database_in(server)
        anyio.run(_migrate, url)
        options = ("--database", url, "--blobs", store.url, "--receipt-key", str(folder / "receipt.key"))
        made = [
            stack.enter_context(Collector(folder / f"collector-{n}", world.trust, *options, *steady(), **KEYS))
            for n in range(collectors)
        ]
        made[0].publish_all(world)
        servers = " ".join(f"server {c.url.removeprefix('http://')} max_fails=0;" for c in made)
        front = stack.enter_context(nginx(folder / "nginx", SERVER, UPSTREAM.format(servers=servers)))
        cluster = Cluster(made, server, store)
        cluster.url = front
        yield cluster


def flush(store: Bucket) -> None:
    """Have SeaweedFS flush each object to disk before it answers."""
    weed = Path(sys.executable).with_name("weed")
    command = [str(weed), "shell", f"-master=127.0.0.1:{store.port('master.port')}"]
    command.append(f"-filer=127.0.0.1:{store.port('filer.port')}")
    said = "fs.configure -locationPrefix=/buckets/ -fsync -apply\nexit\n"
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=60, check=False, cwd=home)
    if '"fsync":true' not in "".join(done.stdout.split()):
        raise AssertionError(f"SeaweedFS does not flush: {done.stdout[-500:]} {done.stderr[-500:]}")


async def _migrate(url: str) -> None:
    ledger = choose_ledger(url)
    await ledger.migrate()
    await ledger.close()
