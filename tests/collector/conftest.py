"""One real collector for all tests that only add to it, and how to call async code."""

from collections.abc import Iterator

import pytest

from tests.support.collectors import Collector, running
from tests.support.databases import PostgresServer, postgres
from tests.support.devices import World


@pytest.fixture(scope="session")
def world() -> World:
    return World.make("collector tests", codes=300)


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("collector"), world) as served:
        yield served


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with postgres() as server:
        yield server
