"""Downloads of stored files, for their owners only."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import FileResponse

from app.api.session import CurrentActor
from app.domain import files
from app.domain.errors import NotFound
from models import db
from models.threads import call

router = APIRouter(tags=["downloads"])


@router.api_route("/api/files/{file_ref}", methods=["GET", "HEAD"])
async def download(file_ref: str, actor: CurrentActor) -> FileResponse:
    """Send a file, whole or the `Range` that is asked for. Its ETag is its SHA-256."""
    file = await call(db.FILES, files.file_for_download, actor=actor, file_ref=file_ref)
    if not await asyncio.to_thread(file.path.exists):
        raise NotFound("file")
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
