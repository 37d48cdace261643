"""Paths about jobs: Cloudgene's JobController, LogController and the chunks of its downloads."""

from collections import defaultdict
from typing import BinaryIO

from anyio import to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.cloudgene import application
from demo.cloudgene.job_json import job_json, page_json
from demo.cloudgene.record import State
from demo.cloudgene.site import ApiError, active_user_of, job_of, message, site_of, user_of

QUEUED = "Your job was successfully added to the job queue."
LARGEST_FORM_FIELD = 1024 * 1024
MOST_FILES = 1000


async def submit(request: Request) -> Response:
    """POST /api/v2/jobs/submit/{app}: read the whole form first, as the server does."""
    site = site_of(request)
    user_of(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ApiError(415, "Content Type not allowed. Allowed types: [multipart/form-data]")
    async with request.form(
        max_files=MOST_FILES, max_fields=MOST_FILES, max_part_size=LARGEST_FORM_FIELD
    ) as form:
        user = active_user_of(request)
        limit = site.settings.slots
        theirs = [job for job in site.jobs.queued() if job.record.username == user.username]
        if not user.admin and len(theirs) >= limit:
            site.jobs.refusals += 1
            raise ApiError(400, f"Only {limit} jobs per user can be executed simultaneously.")
        app_id = request.path_params["app_id"]
        if app_id.split("@")[0] != application.APP_ID:
            raise ApiError(404, f"Application '{app_id}' not found.")
        fields: list[tuple[str, str]] = []
        files: dict[str, dict[str, BinaryIO]] = defaultdict(dict)
        try:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[application.field_name(name)][value.filename or "file"] = value.file
                else:
                    fields.append((name, value))
            values = application.read_values(fields)
        except application.UnknownParameter as problem:
            raise ApiError(400, str(problem)) from None
        job = await to_thread.run_sync(
            lambda: site.jobs.submit(
                username=user.username,
                user_agent=request.headers.get("user-agent", ""),
                values=values,
                files=files,
            )
        )
    if site.faults.takes("submit_lost"):
        raise ApiError(504, "Gateway Timeout")
    return JSONResponse({"success": True, "message": QUEUED, "id": job.record.id})


async def list_jobs(request: Request) -> Response:
    """GET /api/v2/jobs?page=: a user's jobs, newest first."""
    user, site = active_user_of(request), site_of(request)
    text = request.query_params.get("page")
    if text is not None and not text.lstrip("-").isdecimal():
        raise ApiError(400, f"Failed to convert argument [page] for value [{text}]")
    jobs = [job for job in site.jobs.all() if job.record.username == user.username]
    number = None if text is None else int(text)
    return JSONResponse(page_json(number, jobs, site.jobs, user))


async def get_job(request: Request) -> Response:
    """GET /api/v2/jobs/{id} and /api/v2/jobs/{id}/status."""
    user = active_user_of(request)
    return JSONResponse(job_json(job_of(request, user), site_of(request).jobs, user))


async def cancel(request: Request) -> Response:
    """GET /api/v2/jobs/{id}/cancel: without effect on a job that has ended."""
    user, site = active_user_of(request), site_of(request)
    job = job_of(request, user)
    site.jobs.cancel(job)
    return JSONResponse(job_json(job, site.jobs, user))


async def restart(request: Request) -> Response:
    """GET /api/v2/jobs/{id}/restart."""
    user = active_user_of(request)
    try:
        site_of(request).jobs.restart(job_of(request, user))
    except ValueError as problem:
        raise ApiError(400, str(problem)) from None
    return message(QUEUED)


async def delete(request: Request) -> Response:
    """DELETE /api/v2/jobs/{id}: only with a login token."""
    user, site = active_user_of(request, login_only=True), site_of(request)
    job = job_of(request, user)
    await to_thread.run_sync(site.jobs.remove_files, job, State.DELETED)
    return JSONResponse(job_json(job, site.jobs, user))


async def chunk(request: Request) -> Response:
    """GET /api/v2/jobs/{id}/chunks/{file}."""
    job = job_of(request, user_of(request))
    path = job.folder / "chunks" / request.path_params["name"]
    if not path.is_file():
        raise ApiError(404, "Page Not Found")
    return FileResponse(path)


async def logs(request: Request) -> Response:
    """GET /logs/{id}."""
    job = job_of(request, user_of(request))
    parts = []
    for name in ("job.txt", "std.out"):
        path = job.logs / name
        if path.exists():
            parts.append(f"{name}:\n\n{path.read_text()}")
    return PlainTextResponse("\n\n".join(parts))


ROUTES = [
    Route("/api/v2/jobs/submit/{app_id}", submit, methods=["POST"]),
    Route("/api/v2/jobs", list_jobs),
    Route("/api/v2/jobs/{job_id}", get_job),
    Route("/api/v2/jobs/{job_id}", delete, methods=["DELETE"]),
    Route("/api/v2/jobs/{job_id}/status", get_job),
    Route("/api/v2/jobs/{job_id}/cancel", cancel),
    Route("/api/v2/jobs/{job_id}/restart", restart),
    Route("/api/v2/jobs/{job_id}/chunks/{name}", chunk),
    Route("/logs/{job_id}", logs),
]
