"""The simulation's HTTP side: GA4GH WES 1.1.0 below /ga4gh/wes/v1.

Paths and shapes follow the standard's OpenAPI document
(github.com/ga4gh/workflow-execution-service-schemas, release 1.1.0). Beside them it serves the
logs and outputs of runs as files (with Range), and a page that says what it is.
"""

import html
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from demo import dataset
from demo.runs import Run, Runs
from demo.service_info import DESCRIPTION, NAME, service_info
from demo.submission import BadRequest, read_request
from demo.work import work

DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 1000

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(folder: Path, *, token: str = "", delay: float = 1.0) -> Starlette:
    """Return the service. With a token, all but service-info needs `Authorization: Bearer`.

    `folder` keeps the runs; each is QUEUED and then INITIALIZING for `delay` seconds.
    """
    runs = Runs(folder / "runs", partial(work, panel=dataset.simulate().panel), delay=delay)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await to_thread.run_sync(runs.close)

    def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        return Route(path, _guarded(endpoint), methods=[method], name=endpoint.__name__)

    wes = [
        Route("/service-info", get_service_info),
        route("/runs", list_runs),
        route("/runs", run_workflow, "POST"),
        route("/runs/{run_id}", get_run_log),
        route("/runs/{run_id}/status", get_run_status),
        route("/runs/{run_id}/cancel", cancel_run, "POST"),
        route("/runs/{run_id}/tasks", list_tasks),
        route("/runs/{run_id}/tasks/{task_id}", get_task),
        route("/runs/{run_id}/logs/{name}", download_log),
        route("/runs/{run_id}/outputs/{name}", download_output),
    ]
    app = Starlette(
        routes=[Route("/", front_page), Mount("/ga4gh/wes/v1", routes=wes)],
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, BadRequest: _bad_request, 500: _fault},
    )
    app.state.runs, app.state.token = runs, token
    return app


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def check_first(request: Request) -> Response:
        token = request.app.state.token
        given = request.headers.get("authorization", "")
        if token and not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "A valid bearer token is required.")
        return await endpoint(request)

    return check_first


async def front_page(request: Request) -> Response:
    """Tell a person who opens the address in a browser what this is."""
    name, description = html.escape(NAME), html.escape(DESCRIPTION)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><title>{name}</title>'
        f"<h1>{name}</h1><p>{description}</p>"
        '<p>GA4GH WES 1.1.0: <a href="ga4gh/wes/v1/service-info">service-info</a></p>'
    )


async def get_service_info(request: Request) -> Response:
    """GET /service-info."""
    url = str(request.url_for("front_page"))
    return JSONResponse(service_info(url, _runs(request).counts()))


async def list_runs(request: Request) -> Response:
    """GET /runs: summaries, newest first."""
    token = request.query_params.get("page_token", "")
    try:
        page, next_token = _runs(request).page(_page_size(request), token)
    except KeyError:
        raise BadRequest("page_token is not one that this server has given.") from None
    return JSONResponse({"runs": [_summary(run) for run in page], "next_page_token": next_token})


async def run_workflow(request: Request) -> Response:
    """POST /runs."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("POST /runs takes multipart/form-data.")
    async with request.form() as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        files = {
            file.filename or "": file.file
            for file in form.getlist("workflow_attachment")
            if isinstance(file, UploadFile)
        }
        checked = read_request(fields, list(files))
        run_id = await to_thread.run_sync(_runs(request).submit, checked, files)
    return JSONResponse({"run_id": run_id})


async def get_run_log(request: Request) -> Response:
    """GET /runs/{run_id}."""
    run = _run(request)
    record = run.record

    def url(endpoint: str, **names: str) -> str:
        return str(request.url_for(endpoint, run_id=record.id, **names))

    log = {
        "name": record.request["workflow_url"],
        "cmd": ["demo-imputation", record.id],
        "start_time": record.start_time,
        "end_time": record.end_time,
        "stdout": url("download_log", name="stdout"),
        "stderr": url("download_log", name="stderr"),
        "exit_code": record.exit_code,
        "system_logs": [],
    }
    outputs = {
        name: {
            "class": "File",
            "basename": name,
            "location": url("download_output", name=name),
            **about,
        }
        for name, about in sorted(record.outputs.items())
    }
    answer = {"run_id": record.id, "request": record.request, "state": record.state}
    answer |= {"run_log": log, "task_logs_url": url("list_tasks"), "outputs": outputs}
    return JSONResponse(answer)


async def get_run_status(request: Request) -> Response:
    """GET /runs/{run_id}/status."""
    record = _run(request).record
    return JSONResponse({"run_id": record.id, "state": record.state})


async def cancel_run(request: Request) -> Response:
    """POST /runs/{run_id}/cancel: accepted at once, done when the state is CANCELED."""
    run = _run(request)
    await to_thread.run_sync(_runs(request).cancel, run.record.id)
    return JSONResponse({"run_id": run.record.id})


async def list_tasks(request: Request) -> Response:
    """GET /runs/{run_id}/tasks: never more than one page."""
    return JSONResponse({"task_logs": _run(request).record.tasks, "next_page_token": ""})


async def get_task(request: Request) -> Response:
    """GET /runs/{run_id}/tasks/{task_id}."""
    for task in _run(request).record.tasks:
        if task["id"] == request.path_params["task_id"]:
            return JSONResponse(task)
    raise HTTPException(404, "The run has no such task.")


async def download_log(request: Request) -> Response:
    """Send a run's standard output or standard error."""
    run, name = _run(request), request.path_params["name"]
    if name not in ("stdout", "stderr"):
        raise HTTPException(404, "A run has the logs stdout and stderr.")
    return FileResponse(run.folder / name, media_type="text/plain")


async def download_output(request: Request) -> Response:
    """Send an output file of a run, or the part of it that `Range` asks for."""
    run, name = _run(request), request.path_params["name"]
    if name not in run.record.outputs:
        raise HTTPException(404, "The run has no such output.")
    return FileResponse(run.outputs / name, media_type="application/octet-stream")


def _runs(request: Request) -> Runs:
    runs: Runs = request.app.state.runs
    return runs


def _run(request: Request) -> Run:
    try:
        return _runs(request).get(request.path_params["run_id"])
    except KeyError:
        raise HTTPException(404, "There is no run with this id.") from None


def _summary(run: Run) -> dict[str, Any]:
    """Describe a run as WES's RunSummary."""
    record = run.record
    summary = {"run_id": record.id, "state": record.state, "tags": record.request["tags"]}
    return summary | {"start_time": record.start_time, "end_time": record.end_time}


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(DEFAULT_PAGE_SIZE))
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE_SIZE:
        raise BadRequest(f"page_size must be a whole number from 1 to {LARGEST_PAGE_SIZE}.")
    return int(text)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"msg": message, "status_code": status}, status)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, error.detail)


async def _bad_request(_: Request, error: Exception) -> Response:
    return _error(400, str(error))


async def _fault(_: Request, error: Exception) -> Response:
    return _error(500, "The server has failed; its own log says why.")
