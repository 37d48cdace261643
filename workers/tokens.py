"""Asking services whether they accept the tokens that are stored for them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import httpx
import structlog

from app.config import settings
from app.connectors import CONNECTORS
from app.connectors.base import Connector, TokenFacts
from app.connectors.client import open_client
from app.connectors.errors import ConnectorError, NotAuthorised, Unsupported
from app.domain import service_contacts, token_checks
from app.domain.errors import NotFound, Refused
from app.domain.token_checks import DueToken, Place
from app.domain.token_expiry import end_of
from models import db
from models.base import now
from models.threads import call
from workers import contact
from workers.endpoints import endpoint_of

AT_ONCE = 50
SOON = timedelta(seconds=5)
# What a service that is left alone is not asked sooner than, for all clocks to agree.
LEEWAY = timedelta(seconds=1)
HIDDEN = "••••"

log = structlog.get_logger(__name__)

# Services that this process is asking now: a slow one holds up its own tokens only.
_busy: set[str] = set()
_claiming = asyncio.Lock()


async def verify() -> bool:
    """Ask about the tokens that are due, one of each service at a time; false if none was."""
    async with _claiming:
        due = await call(
            db.USERS,
            token_checks.claim_due,
            limit=AT_ONCE,
            lease=_longest() + timedelta(seconds=15),
            busy_services=tuple(_busy),
        )
        _busy.update(one.service_ref for one in due)
    if not due:
        return False
    async with open_client(request_timeout=settings().probe_timeout_seconds) as client:
        await asyncio.gather(*(_verify(client, one) for one in due))
    return True


async def _verify(client: httpx.AsyncClient, due: DueToken) -> None:
    try:
        await _ask(client, due)
    except db.Away:
        # One of ours is away, so that nothing can be asked, or not written down.
        await _give_back(due)
    except Exception:
        # It is due again when its lease ends.
        log.exception("a token could not be verified", service_ref=due.service_ref)
    finally:
        _busy.discard(due.service_ref)


async def _give_back(due: DueToken) -> None:
    try:
        await call(db.USERS, token_checks.given_back, due=due, after=SOON)
    except db.UNAVAILABLE:
        return


async def _ask(client: httpx.AsyncClient, due: DueToken) -> None:
    place = await call(db.REGISTRY, token_checks.place_of, service_ref=due.service_ref)
    if place is None:
        await call(db.USERS, token_checks.given_back, due=due, after=token_checks.AGAIN)
        return
    kind: type[Connector] | None = CONNECTORS.get(place.api_type)
    if kind is None or not place.is_used:
        why = "The service is not in use here." if kind else "Its protocol is not known here."
        await _write(due, place, TokenFacts(None, why))
        return
    leave = await call(
        db.JOBS,
        service_contacts.ask_leave,
        service_ref=due.service_ref,
        trial_lasts=_longest() + timedelta(seconds=5),
    )
    if leave.not_before:
        wait = max(leave.not_before - now(), timedelta(0)) + LEEWAY
        await _write(due, place, TokenFacts(None, leave.error_message), again_after=wait)
        return
    try:
        endpoint = await endpoint_of(due.service_ref, due.user_ref)
    except NotFound:
        return
    except Refused as error:
        await _write(due, place, TokenFacts(False, error.message))
        return
    facts = await _facts(kind(client, endpoint), replace(due, trial=leave.trial))
    facts = replace(
        facts,
        message=_without(facts.message, endpoint.token),
        account=_without(facts.account, endpoint.token),
        expires_at=facts.expires_at or end_of(endpoint.token),
    )
    await _write(due, place, facts)


async def _facts(connector: Connector, due: DueToken) -> TokenFacts:
    """What the service says. That it cannot be told is an answer, too."""
    try:
        async with asyncio.timeout(_longest().total_seconds()):
            facts = await connector.token_facts()
    except TimeoutError:
        return TokenFacts(None, "The service gave no answer in time.")
    except (NotAuthorised, Unsupported) as error:
        await contact.heard([due])
        return TokenFacts(False if isinstance(error, NotAuthorised) else None, str(error))
    except ConnectorError as error:
        await contact.failed(connector, [due], error)
        return TokenFacts(None, str(error))
    await contact.heard([due])
    return facts


async def _write(
    due: DueToken, place: Place, facts: TokenFacts, *, again_after: timedelta | None = None
) -> None:
    await call(
        db.USERS,
        token_checks.verified,
        due=due,
        place=place,
        facts=facts,
        again_after=again_after,
    )


def _longest() -> timedelta:
    """How long asking about one token may take."""
    return timedelta(seconds=2 * settings().probe_timeout_seconds)


def _without(text: str, token: str) -> str:
    """What a service said, should it repeat the token."""
    for spelling in (token, quote(token, safe="")):
        text = text.replace(spelling, HIDDEN) if spelling else text
    return text
