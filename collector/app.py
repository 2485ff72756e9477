"""The application: routes over a house, its stores opened and closed with it."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio import to_thread
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from collector import routes, routes_audit, routes_log, routes_pages, routes_research, routes_uploads
from collector.described import REFUSALS
from collector.errors import NotNowError, Refused, StorageError
from collector.house import House
from collector.limits import RETENTION_S, TIDY_S
from collector.logs import RequestLog, note
from collector.replies import on_http_error, on_not_now, on_refused, on_storage_error


def create_app(house: House) -> FastAPI:
    """An ASGI application over a house that is not open yet."""
    # No interactive pages: they would load scripts from elsewhere. The description itself is at /openapi.json.
    app = FastAPI(title="Overt collector", version="1", lifespan=_open, docs_url=None, redoc_url=None)
    app.state.house = house
    app.include_router(routes.router, responses=REFUSALS)
    app.include_router(routes_research.router, responses=REFUSALS)
    app.include_router(routes_uploads.router, responses=REFUSALS)
    app.include_router(routes_log.router, responses=REFUSALS)
    app.include_router(routes_audit.router, responses=REFUSALS)
    app.include_router(routes_pages.router)
    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(NotNowError, on_not_now)
    app.add_exception_handler(StorageError, on_storage_error)
    app.add_middleware(RequestLog, tally=house.tally, clock=house.clock)
    return app


@asynccontextmanager
async def _open(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    try:
        await house.blobs.open()
        await house.ledger.open()
        await house.retention.sweep()  # what a crash left half erased goes first
        await house.log.extend()  # before anybody asks: that it grew just now tells nothing
        async with anyio.create_task_group() as group:
            group.start_soon(_again_and_again, "tidying", TIDY_S, house.ledger.tidy)
            group.start_soon(
                _again_and_again, "clearing parts", TIDY_S, partial(to_thread.run_sync, house.partials.tidy)
            )
            group.start_soon(_again_and_again, "retention", RETENTION_S, house.retention.sweep)
            group.start_soon(_again_and_again, "extending the log", house.log.period_s, house.log.extend)
            yield
            group.cancel_scope.cancel()
    except StorageError as error:
        note("store did not open", logging.CRITICAL, fault=str(error))
        raise
    finally:
        await house.ledger.close()


async def _again_and_again(name: str, every_s: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do something regularly; a store that does not answer now is asked again at the next time."""
    while True:
        await anyio.sleep(every_s)
        try:
            await work()
        except StorageError as error:
            note(f"{name} failed", logging.ERROR, fault=str(error))
