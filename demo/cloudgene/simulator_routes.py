"""Failures on demand: paths that a real server does not have, for whoever knows the control token.

GET  /simulator                      what can be made to go wrong, and what is on
POST /simulator/faults/{name}        {"value": …, "times": 0}: on; null: off
POST /simulator/jobs/{id}/{act}      dead, notify, retire, delete, downloads ({"left": n})
POST /simulator/users/{name}/expire  end all tokens of a user
POST /simulator/queue/{block|open}, /simulator/maintenance/{enter|exit}
"""

import hmac
from collections.abc import Callable
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.cloudgene import retirement
from demo.cloudgene.admin_routes import SWITCHES
from demo.cloudgene.faults import FAULTS
from demo.cloudgene.record import Job, State
from demo.cloudgene.site import ApiError, Endpoint, Site, any_job_of, site_of

HEADER = "x-control-token"


def _set_downloads(site: Site, job: Job, body: dict[str, Any]) -> None:
    for file in job.record.output:
        if body.get("name", file.name) == file.name:
            file.count = int(body["left"])
    job.save()


def _notify(site: Site, job: Job, body: dict[str, Any]) -> None:
    retirement.notify(job, site.settings)
    if "seconds" in body:
        job.record.deleted_on += int(body["seconds"] * 1000) - int(
            (site.settings.retire_after - site.settings.notify_after) * 1000
        )
        job.save()


ACTS: dict[str, Callable[[Site, Job, dict[str, Any]], None]] = {
    "dead": lambda site, job, body: site.jobs.kill(job),
    "notify": _notify,
    "retire": lambda site, job, body: site.jobs.remove_files(job, State.RETIRED),
    "delete": lambda site, job, body: site.jobs.remove_files(job, State.DELETED),
    "downloads": _set_downloads,
}


async def overview(request: Request) -> Response:
    """GET /simulator."""
    site = site_of(request)
    slots = {"refusals": site.jobs.refusals, "most": dict(site.jobs.most)}
    return JSONResponse({"faults": FAULTS, "on": site.faults.current(), "slots": slots})


async def switch_fault(request: Request) -> Response:
    """POST /simulator/faults/{name}."""
    body, faults = await _body(request), site_of(request).faults
    try:
        faults.switch(request.path_params["name"], body.get("value"), int(body.get("times", 0)))
    except KeyError:
        raise ApiError(404, "There is no such fault.") from None
    return JSONResponse({"on": faults.current()})


async def act_on_job(request: Request) -> Response:
    """POST /simulator/jobs/{id}/{act}."""
    act = ACTS.get(request.path_params["act"])
    if act is None:
        raise ApiError(404, "Nothing like this can be done to a job.")
    site, job, body = site_of(request), any_job_of(request), await _body(request)
    await to_thread.run_sync(act, site, job, body)
    return JSONResponse({"state": int(job.record.state)})


async def expire_tokens(request: Request) -> Response:
    """POST /simulator/users/{name}/expire."""
    accounts = site_of(request).accounts
    user = accounts.get(request.path_params["name"])
    if user is None:
        raise ApiError(404, "There is no such user.")
    accounts.end_tokens(user)
    return JSONResponse({})


async def switch(request: Request) -> Response:
    """POST /simulator/queue/{block|open} and /simulator/maintenance/{enter|exit}."""
    found = SWITCHES.get(f"{request.path_params['part']}/{request.path_params['way']}")
    if found is None:
        raise ApiError(404, "There is no such switch.")
    found[0](site_of(request))
    return JSONResponse({"message": found[1]})


async def _body(request: Request) -> dict[str, Any]:
    return dict(await request.json()) if await request.body() else {}


def routes(control_token: str) -> list[Route]:
    """Return the paths; none without a token."""

    def guarded(endpoint: Endpoint) -> Endpoint:
        async def check_first(request: Request) -> Response:
            given = request.headers.get(HEADER, "")
            if not hmac.compare_digest(given.encode(), control_token.encode()):
                raise ApiError(401, "The control token is missing or wrong.")
            return await endpoint(request)

        return check_first

    post = ["POST"]
    return (
        [
            Route("/simulator", guarded(overview)),
            Route("/simulator/faults/{name}", guarded(switch_fault), methods=post),
            Route("/simulator/jobs/{job_id}/{act}", guarded(act_on_job), methods=post),
            Route("/simulator/users/{name}/expire", guarded(expire_tokens), methods=post),
            Route("/simulator/{part}/{way}", guarded(switch), methods=post),
        ]
        if control_token
        else []
    )
