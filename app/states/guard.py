"""Every event handler is a public endpoint; `guarded` is what closes it.

Reflex calls any handler of any state for anyone who opens a socket, so each handler checks the
session in the database each time, not only when the page loads.
"""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

import reflex as rx
import structlog

from app.config import settings
from app.domain import sessions
from app.domain.access import Actor, require
from app.domain.errors import NotSignedIn, PlatformError
from models import db

log = structlog.get_logger()

UNAVAILABLE = (
    "A part of the platform cannot be reached at the moment. Nothing is lost; try again shortly."
)


def guarded(permission: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make an event handler that only a signed-in person with `permission` can use.

    It takes the place of `rx.event` and passes `options` on to it. The handler gets the actor as
    its first argument, which the browser neither sees nor sends. An empty permission asks only
    for a session. A `PlatformError` becomes a message on the page.
    """

    def decorate(handler: Callable[..., Any]) -> Any:
        wrapper = _of_generator if inspect.isasyncgenfunction(handler) else _of_coroutine
        closed = wrapper(handler, permission)
        own = list(inspect.signature(handler).parameters.values())
        closed.__signature__ = inspect.Signature([own[0], *own[2:]])  # type: ignore[attr-defined]
        closed.__guarded__ = permission  # type: ignore[attr-defined]
        return rx.event(**options)(closed)

    return decorate


def _of_coroutine(handler: Callable[..., Any], permission: str) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def closed(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        try:
            return await handler(self, await authorised(self, permission), *args, **kwargs)
        except (PlatformError, *db.UNAVAILABLE) as error:
            return answer_to(error, self)

    return closed


def _of_generator(handler: Callable[..., Any], permission: str) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def closed(self: rx.State, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        try:
            async for event in handler(self, await authorised(self, permission), *args, **kwargs):
                yield event
        except (PlatformError, *db.UNAVAILABLE) as error:
            yield answer_to(error, self)

    return closed


async def authorised(state: rx.State, permission: str) -> Actor:
    """Return the tab's actor; raise `NotSignedIn` or `NotAllowed`."""
    actor = await asyncio.to_thread(_actor, session_token(state))
    if permission:
        require(actor, permission)
    return actor


def answer_to(error: Exception, state: rx.State) -> Any:
    """Turn an error into what the page does about it."""
    if isinstance(error, NotSignedIn):
        return rx.redirect(f"/sign-in?next={quote(state.router.url.path, safe='/')}")
    if isinstance(error, PlatformError):
        return rx.toast.error(error.message, duration=10_000)
    log.warning("database unavailable", error=type(error).__name__)
    return rx.toast.warning(UNAVAILABLE, duration=10_000)


def session_token(state: rx.State) -> str:
    """Return what the session cookie of the tab's last request says; never show or log it."""
    try:
        cookie = SimpleCookie(state.router.headers.cookie).get(settings().session_cookie)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _actor(token: str) -> Actor:
    with db.session(db.USERS) as session:
        return sessions.actor_of(session, token=token)
