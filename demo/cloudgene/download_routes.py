"""Paths of results: Cloudgene's DownloadController and DownloadService.

Every request for a file counts, also HEAD, also one that breaks off. A "local" server sends
neither length nor ranges; "s3" redirects to storage, which sends both.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from demo.cloudgene.record import Download, Job
from demo.cloudgene.site import ApiError, any_job_of, site_of

PART = 64 * 1024
TOO_MANY = "number of max downloads exceeded."


class BrokenOff(Exception):
    """A download ends early, on purpose."""


async def share(request: Request) -> Response:
    """GET /share/results/{hash}/{name}: anonymous; the name does not matter."""
    return _download(request, *_found(request))


async def download(request: Request) -> Response:
    """GET /downloads/{job}/{hash}/{name}: anonymous."""
    any_job_of(request)
    return _download(request, *_found(request))


async def browse(request: Request) -> Response:
    """GET /browse/{parameter hash}/{name}: anonymous."""
    job, files = _parameter(request)
    for file in files:
        if file.name == request.path_params["name"]:
            return _download(request, job, file)
    raise ApiError(404, "download not found.")


async def script(request: Request) -> Response:
    """GET /get/{parameter hash}: a script that fetches all files of a parameter."""
    _, files = _parameter(request)
    url, total = site_of(request).settings.url, len(files)
    lines = ["#!/bin/bash", "set -e", "GREEN='\033[0;32m'", "NC='\033[0m'"]
    for number, file in enumerate(files, start=1):
        lines += [
            'echo ""',
            f'echo "Downloading file {file.name} ({number}/{total})..."',
            f"curl -L {url}/share/results/{file.hash}/{file.name} -o {file.name} --create-dirs ",
        ]
    done = f'echo -e "${{GREEN}}All {total} file(s) downloaded.${{NC}}"'
    lines += ['echo ""', done, 'echo ""', 'echo ""', ""]
    return PlainTextResponse("\n".join(lines))


async def storage(request: Request) -> Response:
    """GET /storage/{hash}/{name}: what a redirect leads to; costs no download."""
    job, file = _found(request)
    path = _path(job, file)
    if not path.exists():
        raise ApiError(404, "NoSuchKey")
    site = site_of(request)
    first, last = 0, file.size - 1
    asked = request.headers.get("range", "")
    headers = {"accept-ranges": "bytes", "etag": f'"{file.hash[:32]}"'}
    status = 200
    if asked.startswith("bytes=") and not site.faults.takes("ignore_range"):
        start, _, end = asked.removeprefix("bytes=").partition("-")
        if not start.isdecimal() or int(start) > last:
            return Response(status_code=416, headers={"content-range": f"bytes */{file.size}"})
        first, last = int(start), min(int(end), last) if end.isdecimal() else last
        status, headers["content-range"] = 206, f"bytes {first}-{last}/{file.size}"
    headers["content-length"] = str(last - first + 1)
    return _stream(request, path, first, last, status=status, headers=headers)


def _found(request: Request) -> tuple[Job, Download]:
    wanted = request.path_params["hash"]
    for job in site_of(request).jobs.all():
        for file in (*job.record.output, *job.record.logs):
            if file.hash == wanted:
                return job, file
    raise ApiError(404, "download not found.")


def _parameter(request: Request) -> tuple[Job, list[Download]]:
    wanted = request.path_params["hash"]
    for job in site_of(request).jobs.all():
        record = job.record
        for hash_, files in ((record.output_hash, record.output), (record.logs_hash, record.logs)):
            if hash_ == wanted:
                return job, files
    raise ApiError(404, f"Param for hash {wanted} not found.")


def _path(job: Job, file: Download) -> Path:
    folder = job.output if file in job.record.output else job.logs
    return folder / file.name


def _download(request: Request, job: Job, file: Download) -> Response:
    site = site_of(request)
    if file.count == 0:
        raise ApiError(400, TOO_MANY)
    if file.count != -1:
        file.count -= 1
        job.save()
    if site.faults.takes("error_as_file"):
        return JSONResponse({"success": False, "message": TOO_MANY})
    target = f"/storage/{file.hash}/{file.name}"
    if origin := site.faults.takes("redirect_to"):
        return RedirectResponse(f"{origin}{target}", 301)
    if site.settings.storage == "s3":
        return RedirectResponse(f"{site.settings.url}{target}", 301)
    path = _path(job, file)
    if not path.exists():
        raise ApiError(404, "File not found in workspace.")
    return _stream(request, path, 0, file.size - 1, status=200, headers={})


def _stream(
    request: Request, path: Path, first: int, last: int, *, status: int, headers: dict[str, str]
) -> Response:
    faults = site_of(request).faults
    cut = faults.takes("cut_after") if request.method == "GET" else None
    pause = faults.takes("slow_chunks")

    async def parts() -> AsyncIterator[bytes]:
        sent, left = 0, last - first + 1
        with path.open("rb") as file:
            file.seek(first)
            while left > 0:
                part = file.read(min(PART, left))
                left -= len(part)
                if pause:
                    await asyncio.sleep(float(pause))
                if cut is not None and sent + len(part) > cut:
                    yield part[: cut - sent]
                    raise BrokenOff
                sent += len(part)
                yield part

    return StreamingResponse(
        parts(), status, headers=headers, media_type="application/octet-stream"
    )


ROUTES = [
    Route("/share/results/{hash}/{name:path}", share),
    Route("/downloads/{job_id}/{hash}/{name:path}", download),
    Route("/browse/{hash}/{name:path}", browse),
    Route("/get/{hash}", script),
    Route("/storage/{hash}/{name:path}", storage),
]
