"""Who makes an HTTP request: the session cookie, and proof that our own pages sent it."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from app.config import settings
from app.domain import sessions
from app.domain.access import Actor
from app.domain.correlation import begin_act
from app.domain.errors import NotSignedIn
from models import db
from models.threads import call

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_foreign_origin(request: Request) -> None:
    """Answer 403 to a write that another site's page sent with our cookie (CSRF).

    Browsers say where a request comes from in `Sec-Fetch-Site` and `Origin`; a client that sends
    neither is no browser and carries no ambient cookie.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {*settings().allowed_origins, f"{request.url.scheme}://{request.url.netloc}"}
    if site not in (None, "same-origin", "none") or (origin is not None and origin not in own):
        raise HTTPException(403, "This request did not come from the platform's own pages.")


async def current_actor(request: Request) -> Actor:
    """FastAPI dependency: the signed-in person, or 401; 403 for a forged write."""
    refuse_foreign_origin(request)
    token = request.cookies.get(settings().session_cookie, "")
    try:
        return begin_act(await call(db.USERS, sessions.actor_of, token=token))
    except NotSignedIn as error:
        raise HTTPException(401, error.message) from None


CurrentActor = Annotated[Actor, Depends(current_actor)]
