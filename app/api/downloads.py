"""Downloads of stored files, for their owners only."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import FileResponse

from app.api.session import CurrentActor
from app.domain import files
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.files import FileForDownload
from models import db

router = APIRouter(tags=["downloads"])


@router.api_route("/api/files/{file_ref}", methods=["GET", "HEAD"])
async def download(file_ref: str, actor: CurrentActor) -> FileResponse:
    """Send a file, whole or the `Range` that is asked for. Its ETag is its SHA-256."""
    file = await asyncio.to_thread(_find, actor, file_ref)
    return FileResponse(
        file.path,
        filename=file.name,
        media_type="application/octet-stream",
        headers={
            "Cache-Control": "no-store",
            "ETag": f'"{file.sha256}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _find(actor: Actor, file_ref: str) -> FileForDownload:
    with db.session(db.FILES) as session:
        file = files.file_for_download(session, actor=actor, file_ref=file_ref)
    if not file.path.exists():
        raise NotFound("file")
    return file
