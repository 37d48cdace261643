"""Tokens for services arrive over HTTP and not in an event, because events can reach a log."""

from contextlib import suppress
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse

from app.api.session import CurrentActor
from app.domain import credentials, probe_schedule
from app.domain.access import Actor
from app.domain.errors import Invalid, Refused
from models import db
from models.threads import call

router = APIRouter(prefix="/api/services")

Token = Annotated[str, Form(max_length=credentials.MAX_TOKEN_CHARACTERS)]
Shared = Annotated[bool, Form()]


@router.post("/{service_ref}/token")
async def set_token(
    actor: CurrentActor, service_ref: str, token: Token, shared: Shared = False
) -> RedirectResponse:
    """Store the sender's token for a service, or the shared one, and go back to the form."""
    try:
        await call(
            db.USERS,
            credentials.set_token,
            actor=actor,
            service_ref=service_ref,
            token=token,
            shared=shared,
        )
    except Invalid as error:
        return _back(service_ref, shared, problem=error.message)
    await _check_again(actor, service_ref)
    return _back(service_ref, shared, token="saved")  # noqa: S106 (not a secret)


@router.post("/{service_ref}/token/forget")
async def forget_token(
    actor: CurrentActor, service_ref: str, shared: Shared = False
) -> RedirectResponse:
    """Delete the sender's token for a service, or the shared one, and go back to the form."""
    await call(
        db.USERS, credentials.forget_token, actor=actor, service_ref=service_ref, shared=shared
    )
    await _check_again(actor, service_ref)
    return _back(service_ref, shared, token="forgotten")  # noqa: S106 (not a secret)


async def _check_again(actor: Actor, service_ref: str) -> None:
    """Have the service probed with what it is given now, unless it is paused or was just probed."""
    # Without the registry, the next check on time does.
    with suppress(Refused, *db.UNAVAILABLE):
        await call(db.REGISTRY, probe_schedule.ask, actor=actor, service_ref=service_ref)


def _back(service_ref: str, shared: bool, **query: str) -> RedirectResponse:
    folder = "/admin/services" if shared else "/services"
    path = f"{folder}/{quote(service_ref, safe='')}"
    return RedirectResponse(f"{path}?{urlencode(query)}", status_code=303)
