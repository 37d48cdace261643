"""Sign-in, sign-out and set-up over HTTP, because only a response can set an HttpOnly cookie.

The forms post here and are redirected; what went wrong travels back as a short code.
"""

import asyncio
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from app.api.session import CurrentActor, refuse_foreign_origin
from app.config import settings
from app.domain import people, sessions
from app.domain.errors import Conflict, Invalid, NotFound, Refused
from app.domain.unavailable import what_cannot_be_done
from models import db
from models.threads import call

router = APIRouter(prefix="/auth", dependencies=[Depends(refuse_foreign_origin)])

# Hashing a password takes most of a second and holds a connection of the user database meanwhile:
# many sign-ins at once must not take the threads and connections that every request needs.
_hashing = asyncio.Semaphore(2)

Text = Annotated[str, Form(max_length=1000)]


@router.post("/sign-in")
async def sign_in(
    request: Request, email: Text, password: Text, next: Text = "/"
) -> RedirectResponse:
    """Check a password; on success set the session cookie and go to `next`."""
    try:
        async with _hashing:
            token = await call(
                db.USERS, _sign_in, email=email, password=password, **_browser(request)
            )
    except db.UNAVAILABLE:
        return _see("/sign-in", error="away", next=own_path(next))
    if isinstance(token, Refused):
        wait = str(round(token.retry_after or 1))
        return _see("/sign-in", error="wait", wait=wait, next=own_path(next))
    if token is None:
        return _see("/sign-in", error="wrong", next=own_path(next))
    return _signed_in(token, own_path(next))


@router.post("/sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    """End the session at the server and forget the cookie."""
    token = request.cookies.get(settings().session_cookie, "")
    # Whoever leaves a shared computer is signed out of it in any case; the session then idles out.
    with suppress(*db.UNAVAILABLE):
        await call(db.USERS, sessions.close_session, token=token)
    response = _see("/sign-in", signed_out="1")
    response.delete_cookie(settings().session_cookie, path="/", secure=settings().is_https)
    return response


@router.post("/setup")
async def set_up(
    request: Request, token: Text, password: Text, name: Text = "", email: Text = ""
) -> RedirectResponse:
    """Use a one-time set-up link: choose a password, and sign in with it."""
    given = {"token": token, "name": name, "email": email, "password": password}
    try:
        async with _hashing:
            cookie = await call(db.USERS, _set_up, given, **_browser(request))
    except (Invalid, Conflict, NotFound) as error:
        return _see("/setup", token=token, problem=error.message)
    except db.UNAVAILABLE as error:
        problem = f"{what_cannot_be_done(error)}. Try again shortly."
        return _see("/setup", token=token, problem=problem)
    return _signed_in(cookie, "/")


@router.post("/password")
async def change_password(actor: CurrentActor, current: Text, new: Text) -> RedirectResponse:
    """Change one's own password; the other browsers are signed out."""
    try:
        async with _hashing:
            await call(db.USERS, people.change_password, actor=actor, current=current, new=new)
    except (Invalid, Refused) as error:
        return _see("/account", problem=error.message)
    return _see("/account", saved="1")


def _sign_in(session: db.Session, **given: str) -> str | Refused | None:
    # Returned and not raised, so that what was noted of the try is kept.
    try:
        return people.sign_in(session, **given)
    except Refused as refusal:
        return refusal


def _set_up(session: db.Session, given: dict[str, str], **browser: str) -> str:
    user = people.set_up(session, **given)
    return sessions.open_session(session, user=user, **browser)


def _browser(request: Request) -> dict[str, str]:
    return {
        "client_address": request.client.host if request.client else "",
        "user_agent": request.headers.get("user-agent", ""),
    }


def own_path(target: str) -> str:
    """Return a path on this site, whatever a link asked for (no open redirect)."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() else "/"


def _see(path: str, **query: str) -> RedirectResponse:
    return RedirectResponse(f"{path}?{urlencode(query)}", status_code=303)


def _signed_in(token: str, target: str) -> RedirectResponse:
    response = RedirectResponse(target, status_code=303)
    response.set_cookie(
        settings().session_cookie,
        token,
        max_age=round(settings().session_days * 86400),
        path="/",
        secure=settings().is_https,
        httponly=True,
        samesite="lax",
    )
    return response
