"""The application: routes over a house, its stores opened and closed with it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio import to_thread
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from collector import routes, routes_research, routes_uploads
from collector.errors import NotNowError, Refused, StorageError
from collector.house import House
from collector.limits import TIDY_S
from collector.logs import RequestLog, note
from collector.replies import on_http_error, on_not_now, on_refused, on_storage_error


def create_app(house: House) -> FastAPI:
    """An ASGI application over a house that is not open yet."""
    # No interactive pages: they would load scripts from elsewhere. The description itself is at /openapi.json.
    app = FastAPI(title="Overt collector", version="1", lifespan=_open, docs_url=None, redoc_url=None)
    app.state.house = house
    app.include_router(routes.router)
    app.include_router(routes_research.router)
    app.include_router(routes_uploads.router)
    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(NotNowError, on_not_now)
    app.add_exception_handler(StorageError, on_storage_error)
    app.add_middleware(RequestLog)
    return app


@asynccontextmanager
async def _open(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    try:
        await house.blobs.open()
        await house.ledger.open()
        await house.erasure.settle()
        async with anyio.create_task_group() as group:
            group.start_soon(_tidy, house)
            yield
            group.cancel_scope.cancel()
    except StorageError as error:
        note("store did not open", logging.CRITICAL, fault=str(error))
        raise
    finally:
        await house.ledger.close()


async def _tidy(house: House) -> None:
    while True:
        await anyio.sleep(TIDY_S)
        try:
            await house.ledger.tidy()
            await to_thread.run_sync(house.partials.tidy)
        except StorageError as error:
            note("tidying failed", logging.ERROR, fault=str(error))
