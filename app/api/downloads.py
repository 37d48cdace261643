"""Downloads of stored files, for their owners only, and for programs that have a key of theirs."""

import asyncio

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse

from app.api.session import current_actor
from app.domain import download_keys, files, sessions
from app.domain.access import require
from app.domain.errors import NotFound, NotSignedIn
from app.domain.files import FileForDownload
from models import db
from models.threads import call

router = APIRouter(tags=["downloads"])

KEY_IS_OVER = (
    "This download key is unknown, has ended or was revoked. Get a new script on the job's page."
)


@router.api_route("/api/files/{file_ref}", methods=["GET", "HEAD"])
async def download(file_ref: str, request: Request) -> FileResponse:
    """Send a file, whole or the `Range` that is asked for. Its ETag is its SHA-256.

    It takes the session's cookie, or `Authorization: Bearer` with a key of the file's job.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        file = await _file_for_key(key.strip(), file_ref)
    else:
        actor = await current_actor(request)
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


async def _file_for_key(key: str, file_ref: str) -> FileForDownload:
    """The file that a key opens, while the key's owner may have it."""
    found = await call(db.FILES, download_keys.file_for_key, key=key, file_ref=file_ref)
    if found is None:
        raise HTTPException(401, KEY_IS_OVER)
    try:
        owner = await call(db.USERS, sessions.actor_named, user_ref=found.owner_ref)
    except NotSignedIn:
        raise HTTPException(401, KEY_IS_OVER) from None
    require(owner, "job:read")
    return found.file
