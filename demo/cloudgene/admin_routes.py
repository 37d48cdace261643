"""Paths of administrators: Cloudgene's JobAdminController and ServerAdminController."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.cloudgene import retirement
from demo.cloudgene.job_json import job_json
from demo.cloudgene.record import State
from demo.cloudgene.site import Endpoint, Site, admin_of, any_job_of, message, site_of

WRONG_STATE = "Job {} has wrong state for this operation."
ENDED = {State.SUCCESS, State.FAILED, State.CANCELED}


async def list_jobs(request: Request) -> Response:
    """GET /api/v2/admin/jobs?state=: everybody's."""
    admin, site = admin_of(request), site_of(request)
    queue = site.jobs.queued()
    jobs = {
        "running-ltq": queue,
        "current": [
            job for job in site.jobs.all() if job not in queue and job.record.state != State.RETIRED
        ],
        "retired": [job for job in site.jobs.all() if job.record.state == State.RETIRED],
    }.get(request.query_params.get("state", ""), [])
    data = [job_json(job, site.jobs, admin) for job in jobs]
    return JSONResponse({"count": len(data), "data": data})


async def reset(request: Request) -> Response:
    """GET /api/v2/admin/jobs/{id}/reset?max=: set the download counters."""
    admin_of(request)
    job, site = any_job_of(request), site_of(request)
    count = int(request.query_params.get("max", site.settings.max_downloads))
    for file in job.record.output:
        file.count = count
    job.save()
    files = len(job.record.output)
    return message(f"{job.record.id}: counter of {files} downloads reset to {count}")


async def retire(request: Request) -> Response:
    """GET /api/v2/admin/jobs/{id}/retire: mark for deletion, which comes later."""
    admin_of(request)
    job = any_job_of(request)
    succeeded = job.record.state == State.SUCCESS
    if not retirement.notify(job, site_of(request).settings):
        return message(WRONG_STATE.format(job.record.id))
    if succeeded:
        return message(f"Sent notification for job {job.record.id}.")
    return message(f"{job.record.id}: delete date set. job failed, no notification sent.")


async def archive(request: Request) -> Response:
    """GET /api/v2/admin/jobs/{id}/archive: delete the files now."""
    admin_of(request)
    job = any_job_of(request)
    if job.record.state not in ENDED:
        return message(WRONG_STATE.format(job.record.id))
    site_of(request).jobs.remove_files(job, State.RETIRED)
    return message(f"Retired job {job.record.id}")


async def change_retire(request: Request) -> Response:
    """GET /api/v2/admin/jobs/{id}/change-retire/{days}."""
    admin_of(request)
    job = any_job_of(request)
    if retirement.prolong(job, request.path_params["days"]):
        return PlainTextResponse(f"Update delete on date for job {job.record.id}.")
    return PlainTextResponse(WRONG_STATE.format(job.record.id))


async def priority(request: Request) -> Response:
    """GET /api/v2/admin/jobs/{id}/priority: let a waiting job be the next."""
    admin_of(request)
    job = any_job_of(request)
    site_of(request).jobs.prefer(job)
    return message(f"Update priority for job {job.record.id}.")


async def retire_all(request: Request) -> Response:
    """GET /api/v2/admin/jobs/retire: send notices and delete what is due."""
    admin_of(request)
    site = site_of(request)
    notices = retirement.send_notices(site.jobs, site.settings)
    retired = retirement.retire_due(site.jobs)
    return PlainTextResponse(
        f"NotificationJob:\n{notices} notifications sent.\n\nRetireJob:\n{retired} jobs retired."
    )


def _switch(act: Callable[[Site], None], said: str) -> Endpoint:
    async def switch(request: Request) -> Response:
        admin_of(request)
        act(site_of(request))
        return PlainTextResponse(said)

    return switch


SWITCHES: dict[str, tuple[Callable[[Site], None], str]] = {
    "queue/block": (lambda site: site.jobs.set_blocked(True), "Queue blocked."),
    "queue/open": (lambda site: site.jobs.set_blocked(False), "Queue opened."),
    "maintenance/enter": (lambda site: site.set_maintenance(True), "Enter Maintenance mode."),
    "maintenance/exit": (lambda site: site.set_maintenance(False), "Exit Maintenance mode."),
}
JOBS = "/api/v2/admin/jobs"
ROUTES = [
    Route(JOBS, list_jobs),
    Route(f"{JOBS}/retire", retire_all),
    Route(f"{JOBS}/{{job_id}}/reset", reset),
    Route(f"{JOBS}/{{job_id}}/retire", retire),
    Route(f"{JOBS}/{{job_id}}/archive", archive),
    Route(f"{JOBS}/{{job_id}}/priority", priority),
    Route(f"{JOBS}/{{job_id}}/change-retire/{{days:int}}", change_retire),
    *(
        Route(f"/api/v2/{place}/{path}", _switch(*switch))
        for path, switch in SWITCHES.items()
        for place in ("admin/server", "server")
    ),
]
