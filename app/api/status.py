"""The status of the services for visitors: a page, a badge, and a list for machines.

All answer as if they were not there until an administrator opens them (`app.domain.status_page`).
They show `app.domain.public_status` and nothing else, and need neither a session nor a script.
"""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from app.api.shared_answer import SharedAnswer
from app.api.status_badge import badge_of_all, badge_of_one
from app.api.status_html import CONTENT_SECURITY_POLICY, status_html
from app.api.status_list import status_list
from app.domain.public_status import PublicStatus, public_status
from app.domain.status_page import is_open
from models import db
from models.threads import call

router = APIRouter()

# How long an answer is shared, and how long an opened page may go on after it was closed.
SHARED_SECONDS = 5.0
HEADERS = {
    "Cache-Control": "public, max-age=10",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
CLOSED = {"Cache-Control": "no-store"}


async def _read() -> PublicStatus | None:
    """The services, or None while the page is closed."""
    if not await call(db.PLATFORM, is_open):
        return None
    return await call(db.REGISTRY, public_status)


shared_status = SharedAnswer(_read, seconds=SHARED_SECONDS)


@router.get("/status")
async def status() -> Response:
    """Show how the services are."""
    seen = await shared_status.get()
    if seen is None:
        return _closed()
    policy = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(status_html(seen), headers=HEADERS | policy)


@router.get("/status/badge.svg")
async def badge(service: str = "") -> Response:
    """Draw how many services are available, or how one is."""
    seen = await shared_status.get()
    if seen is None:
        return _closed()
    found = next((one for one in seen.services if one.ref == service), None)
    if service and found is None:
        return _closed()
    drawn = badge_of_one(found) if found else badge_of_all(seen)
    return Response(drawn, media_type="image/svg+xml", headers=HEADERS)


@router.get("/status.json")
async def registry() -> Response:
    """List the services as a GA4GH service registry does, with their health."""
    seen = await shared_status.get()
    if seen is None:
        return _closed()
    # Pages of the intranet may read what everybody may see.
    return JSONResponse(status_list(seen), headers=HEADERS | {"Access-Control-Allow-Origin": "*"})


def _closed() -> Response:
    return PlainTextResponse("Not Found", 404, CLOSED)
