"""The simulated server as an ASGI app."""

import asyncio
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.cloudgene import (
    account_routes,
    admin_routes,
    download_routes,
    job_routes,
    retirement,
    simulator_routes,
)
from demo.cloudgene.accounts import Accounts
from demo.cloudgene.faults import Faults
from demo.cloudgene.jobs import Jobs
from demo.cloudgene.pipeline import Pipeline
from demo.cloudgene.settings import Settings
from demo.cloudgene.site import ApiError, Site

CLEAN_UP_EVERY = 0.5  # seconds


def create_app(
    settings: Settings, *, control_token: str = "", administrator_password: str = ""
) -> ASGIApp:
    """Return the server. Without a control token nothing can be made to fail."""
    faults = Faults()
    accounts = Accounts(Path(settings.data), administrator_password=administrator_password)
    jobs = Jobs(settings, Pipeline(settings, faults, accounts).run)
    site = Site(settings, accounts, jobs, faults)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        cleaning = asyncio.create_task(_clean_up(site))
        yield
        cleaning.cancel()
        await to_thread.run_sync(site.jobs.close)

    app = Starlette(
        routes=[
            Route("/", front_page),
            *account_routes.ROUTES,
            *job_routes.ROUTES,
            *download_routes.ROUTES,
            *admin_routes.ROUTES,
            *simulator_routes.routes(control_token),
        ],
        lifespan=lifespan,
        exception_handlers={ApiError: _refused, HTTPException: _http_error},
    )
    app.router.redirect_slashes = False
    app.state.site = site
    return _Unavailable(app, faults)


async def _clean_up(site: Site) -> None:
    while True:
        await asyncio.sleep(CLEAN_UP_EVERY)
        await to_thread.run_sync(retirement.send_notices, site.jobs, site.settings)
        await to_thread.run_sync(retirement.retire_due, site.jobs)


class _Unavailable:
    """Answers everything but /simulator with a status of choice while the fault is on."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = scope["type"] != "http" or scope["path"].startswith("/simulator")
        if not served and (status := self._faults.takes("unavailable")):
            answer = HTMLResponse("<html><h1>Service Unavailable</h1></html>", int(status))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def front_page(request: Request) -> Response:
    """Tell a person who opens the address in a browser what this is."""
    name = html.escape(request.app.state.site.settings.name)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><title>{name}</title><h1>{name}</h1><p>A simulation for '
        "demonstrations: its results say nothing about real people.</p>"
        '<p>Cloudgene: <a href="api/v2/server">api/v2/server</a></p>'
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse({"success": False, "message": str(error)}, error.status)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"success": False, "message": error.detail}, error.status_code)
