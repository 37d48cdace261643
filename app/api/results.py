"""All results of a job: as one zip, or as a script that fetches them one by one."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import Response, StreamingResponse
from zipstream import ZipStream

from app.api.session import CurrentActor
from app.config import settings
from app.domain import download_keys, download_script, result_downloads
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.files import FileForDownload
from models import db
from models.threads import call

router = APIRouter(prefix="/api/jobs", tags=["downloads"])

# So much is read and sent at a time; less costs more turns between threads.
BLOCK = 256 * 1024


@router.get("/{job_ref}/results.zip")
async def results_zip(job_ref: str, actor: CurrentActor) -> StreamingResponse:
    """Send every stored result as one zip, made on the way.

    Imputed genotypes are compressed already, and so the zip only holds them: its size is known
    before, and no more than a block of it is in memory.
    """
    found = await call(db.FILES, result_downloads.results_of, actor=actor, job_ref=job_ref)
    archive = await asyncio.to_thread(_zip_of, found)
    headers = _attachment(job_ref, "zip") | {"Content-Length": str(len(archive))}
    return StreamingResponse(_in_blocks(archive), media_type="application/zip", headers=headers)


@router.post("/{job_ref}/download-script")
async def download_script_of(
    job_ref: str, actor: CurrentActor, program: Annotated[Literal["curl", "wget"], Form()] = "curl"
) -> Response:
    """Make a key and send it in a script, so that it is in no page, event or address."""
    text = await call(db.FILES, _script, actor=actor, job_ref=job_ref, program=program)
    return Response(text, media_type="text/x-shellscript", headers=_attachment(job_ref, "sh"))


def _script(session: db.Session, *, actor: Actor, job_ref: str, program: str) -> str:
    key = download_keys.make_key(session, actor=actor, job_ref=job_ref)
    return download_script.script(
        result_downloads.results_of(session, actor=actor, job_ref=job_ref),
        program=program,
        key=key.key,
        expires_at=key.expires_at,
        public_url=settings().public_url,
        job_ref=job_ref,
    )


def _zip_of(files: Sequence[FileForDownload]) -> ZipStream:
    archive = ZipStream(sized=True)
    try:
        for file in files:
            archive.add_path(file.path, file.name)
    except FileNotFoundError:
        raise NotFound("file") from None
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    archive.add(sums, result_downloads.SUMS)
    return archive


def _in_blocks(archive: ZipStream) -> Iterator[bytes]:
    block = bytearray()
    for piece in archive:
        block += piece
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _attachment(job_ref: str, suffix: str) -> dict[str, str]:
    """How it is called: by the beginning of the job's ref, of which nothing need be escaped."""
    return {
        "Content-Disposition": f'attachment; filename="results-{job_ref[:8]}.{suffix}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
