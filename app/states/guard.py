"""Every event handler is a public endpoint; `guarded` is what closes it.

Reflex calls any handler of any state for anyone who opens a socket, so each handler checks the
session in the database each time, not only when the page loads.
"""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

import reflex as rx

from app.config import settings
from app.domain.access import Actor, require
from app.domain.correlation import begin_act
from app.domain.errors import NotSignedIn, PlatformError
from app.domain.unavailable import what_cannot_be_done
from app.states.outages import note
from app.states.session_checks import actor_of
from models import db

# Handlers that read what a page shows, and keep it current.
LOADS = ("load", "follow")


def guarded(permission: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make an event handler that only a signed-in person with `permission` can use.

    It takes the place of `rx.event` and passes `options` on to it. The handler gets the actor as
    its first argument, which the browser neither sees nor sends. An empty permission asks only
    for a session. A `PlatformError` becomes a message on the page, and so does a database that is
    away: in place where a `load` of the page misses it, and in passing where an action does.
    """

    def decorate(handler: Callable[..., Any]) -> Any:
        if inspect.isasyncgenfunction(handler):
            closed = _of_generator(handler, permission, in_background="background" in options)
        else:
            closed = _of_coroutine(handler, permission)
        own = list(inspect.signature(handler).parameters.values())
        closed.__signature__ = inspect.Signature([own[0], *own[2:]])  # type: ignore[attr-defined]
        closed.__guarded__ = permission  # type: ignore[attr-defined]
        return rx.event(**options)(closed)

    return decorate


def _of_coroutine(handler: Callable[..., Any], permission: str) -> Callable[..., Any]:
    async def attempt(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = await handler(self, await authorised(self, permission), *args, **kwargs)
        except NotSignedIn:
            raise
        except (PlatformError, *db.UNAVAILABLE) as error:
            return await answer_to(error, self, handler)
        if handler.__name__ in LOADS:
            await note(self, handler.__qualname__, [])
        return answer

    @functools.wraps(handler)
    async def closed(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        try:
            return await attempt(self, *args, **kwargs)
        except NotSignedIn as error:
            return await answer_to(error, self, handler)

    # For those who end with the session (`app.states.live`).
    closed.__attempt__ = attempt  # type: ignore[attr-defined]
    return closed


def _of_generator(
    handler: Callable[..., Any], permission: str, *, in_background: bool
) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def closed(self: rx.State, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        try:
            actor = await authorised(self, permission)
            if handler.__name__ in LOADS:
                async with self if in_background else nullcontext():
                    await note(self, handler.__qualname__, [])
            async for event in handler(self, actor, *args, **kwargs):
                yield event
        except (PlatformError, *db.UNAVAILABLE) as error:
            async with self if in_background else nullcontext():
                answer = await answer_to(error, self, handler)
            yield answer

    return closed


async def authorised(state: rx.State, permission: str) -> Actor:
    """Return the tab's actor for one event; raise `NotSignedIn` or `NotAllowed`."""
    actor = begin_act(await actor_of(session_token(state)))
    if permission:
        require(actor, permission)
    return actor


def open_to_visitors(handler: Callable[..., Any]) -> Any:
    """Make an event handler that anybody may use; a database that is away is said on the page."""

    @functools.wraps(handler)
    async def opened(self: rx.State, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = await handler(self, *args, **kwargs)
        except db.UNAVAILABLE as error:
            return await answer_to(error, self, handler)
        await note(self, handler.__qualname__, [])
        return answer

    return rx.event(opened)


async def answer_to(error: Exception, state: rx.State, handler: Callable[..., Any]) -> Any:
    """Turn an error of a handler into what the page does about it."""
    if isinstance(error, NotSignedIn):
        return rx.redirect(f"/sign-in?next={quote(state.router.url.path, safe='/')}")
    if isinstance(error, PlatformError):
        # By its text: what several parts of a page are refused is said once.
        return rx.toast.error(error.message, duration=10_000, id=error.message)
    if isinstance(error, db.Away) and handler.__name__ in LOADS:
        await note(state, handler.__qualname__, error.databases)
        return None
    return rx.toast.warning(f"{what_cannot_be_done(error)}. Try again shortly.", duration=10_000)


def session_token(state: rx.State) -> str:
    """Return what the session cookie of the tab's last request says; never show or log it."""
    try:
        cookie = SimpleCookie(state.router.headers.cookie).get(settings().session_cookie)
    except CookieError:
        return ""
    return cookie.value if cookie else ""
