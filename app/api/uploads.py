"""Uploads of many gigabytes that survive a reload: the tus protocol 1.0.0 below /api/uploads.

The protocol's core is tuspyserver's. Around it: our sign-in, one folder per user, every check
before the first byte, and no way around the checks (concatenation, deferred length, bytes in the
creating request and method override are refused; https://tus.io/protocols/resumable-upload).
"""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive
from tuspyserver import create_tus_router

from app.api.session import CurrentActor, current_actor
from app.api.upload_folder import UploadFolder, join_uid, split_uid
from app.config import settings
from app.domain import storing, uploads
from app.domain.access import Actor
from app.domain.errors import Invalid, Refused
from models import db
from models.threads import call

PREFIX = "/api/uploads"
TUS = "1.0.0"
OFFSET_STREAM = "application/offset+octet-stream"

# A request that sends nothing for this long is cut off, so that its upload can be resumed.
SILENCE_SECONDS = 30.0

log = structlog.get_logger()
folder = UploadFolder()
_storing_now: set[asyncio.Task[None]] = set()
_few_at_once = asyncio.Semaphore(2)


class UploadRoute(APIRoute):
    """A route of ours around an endpoint of tuspyserver."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Cut silent requests off, and answer with a Location that is a path.

        tuspyserver builds an absolute one from `X-Forwarded-…` of any caller.
        """
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await answer(Request(request.scope, _not_silent(request.receive)))
            if location := response.headers.get("location"):
                response.headers["location"] = urlsplit(location).path
            return response

        return handler


def _not_silent(receive: Receive) -> Receive:
    async def receive_soon() -> Message:
        try:
            return await asyncio.wait_for(receive(), SILENCE_SECONDS)
        except TimeoutError:
            return {"type": "http.disconnect"}

    return receive_soon


async def check_creation(request: Request, actor: CurrentActor) -> None:
    """Refuse what would get around the checks of a creation."""
    _check_version(request)
    headers = request.headers
    if {"upload-concat", "upload-defer-length", "x-http-method-override"} & set(headers):
        raise HTTPException(400, "This server wants each file whole, with its size, in one upload.")
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise HTTPException(400, "This server wants the bytes in PATCH requests.")


async def check_owner(request: Request, uuid: str, actor: CurrentActor) -> None:
    """Answer 404 for an upload that is not the actor's, before anything is read or written."""
    _check_version(request)
    owner_ref, tus_id = split_uid(uuid)
    await call(db.FILES, uploads.require_alive, actor=actor, owner_ref=owner_ref, tus_id=tus_id)
    if request.method == "PATCH" and request.headers.get("content-type") != OFFSET_STREAM:
        raise HTTPException(415, f"The Content-Type of a PATCH must be {OFFSET_STREAM}.")


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != TUS:
        raise HTTPException(412, f"Say Tus-Resumable: {TUS}.", headers={"Tus-Version": TUS})


async def new_tus_id() -> str:
    """Return the name of the upload that this request creates, the same for all who ask."""
    return secrets.token_hex(16)


NewId = Annotated[str, Depends(new_tus_id)]
Hook = Callable[[dict[str, str], dict[str, Any]], Awaitable[None]]


def admission(actor: CurrentActor, tus_id: NewId) -> Hook:
    """Make the hook before a creation: is the file welcome, and is there room for it."""

    async def admit(metadata: dict[str, str], upload: dict[str, Any]) -> None:
        await _admit(actor, tus_id, metadata, upload["size"])

    return admit


async def _admit(actor: Actor, tus_id: str, metadata: dict[str, str], size: int | None) -> None:
    try:
        await call(
            db.FILES,
            uploads.begin_upload,
            actor=actor,
            dataset_ref=metadata.get("dataset", ""),
            name=metadata.get("filename", ""),
            size=size,
            tus_id=tus_id,
        )
    except Invalid as error:
        raise HTTPException(413 if error.field == "size" else 415, error.message) from None
    except Refused as error:
        raise HTTPException(507, error.message) from None


def naming(actor: CurrentActor, tus_id: NewId) -> Callable[[dict[str, str]], dict[str, str]]:
    """Make the hook that names a new upload."""
    return lambda metadata: {"uid": join_uid(actor.user_ref, tus_id)}


def completion(request: Request) -> Callable[[str, dict[str, str]], Awaitable[None]]:
    """Make the hook after the last byte: it becomes a file, without keeping the browser."""

    async def complete(path: str, metadata: dict[str, str]) -> None:
        tus_id = split_uid(request.path_params["uuid"])[1]
        await call(db.FILES, storing.mark_complete, tus_id=tus_id)
        task = asyncio.create_task(_store(tus_id))
        _storing_now.add(task)
        task.add_done_callback(_storing_now.discard)

    return complete


async def _store(tus_id: str) -> None:
    async with _few_at_once:
        try:
            await asyncio.to_thread(storing.store_received, tus_id)
        except Exception:  # the worker tries again, whatever it was
            log.exception("an upload could not be stored yet", tus_id=tus_id)


router = APIRouter(tags=["uploads"], route_class=UploadRoute)


@router.options(PREFIX + "/", status_code=204)
async def describe(actor: CurrentActor) -> Response:
    """What this server speaks, as the protocol wants it said."""
    headers = {
        "Tus-Resumable": TUS,
        "Tus-Version": TUS,
        "Tus-Extension": "creation,expiration,termination",
        "Tus-Max-Size": str(settings().upload_max_bytes),
    }
    return Response(status_code=204, headers=headers)


@router.delete(PREFIX + "/{uuid}", status_code=204, dependencies=[Depends(check_owner)])
async def cancel(uuid: str, actor: CurrentActor) -> Response:
    """Give an unfinished upload up, and its bytes (the protocol's termination)."""
    await call(db.FILES, uploads.cancel_upload, actor=actor, tus_id=split_uid(uuid)[1])
    await folder.delete(uuid)
    return Response(status_code=204, headers={"Tus-Resumable": TUS})


def _adopt() -> None:
    """Take over the endpoints of tuspyserver that we offer, behind our checks."""
    tus = create_tus_router(
        prefix=PREFIX,
        # The limit of now is checked when an upload begins, and each keeps to the size it said.
        max_size=sys.maxsize,
        auth=current_actor,
        days_to_keep=settings().upload_days,
        pre_create_dep=admission,
        file_dep=naming,
        upload_complete_dep=completion,
        storage=folder,
    )
    checks = {"POST": check_creation, "HEAD": check_owner, "PATCH": check_owner}
    for route in tus.routes:
        if isinstance(route, APIRoute):
            for method in route.methods & checks.keys():
                router.add_api_route(
                    route.path,
                    route.endpoint,
                    methods=[method],
                    status_code=route.status_code,
                    dependencies=[Depends(checks[method])],
                )


_adopt()
