"""Which tokens are to be verified, and what their services said of them.

A token is due when it is saved, a day after a verdict, and an hour after nothing could be told. The
worker that claims it moves `verify_due_at` behind the end of its own lease: that value is the
lease's token, and who does not find it any more (the token was replaced, or another worker has it)
writes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.connectors.base import TokenFacts
from app.domain.access import Actor
from app.domain.alerts import AlertKind, messages_of
from app.domain.credentials import TokenState, stored_row
from app.domain.errors import Refused
from app.domain.outbox import emit, emit_once
from app.domain.token_words import (
    ASK_AGAIN,
    ENDED,
    audience_of,
    has_ended,
    warning_of,
    whose_token,
)
from models import db
from models.base import now
from models.registry import ImputationService
from models.users import ServiceCredential, UsersOutbox

AGAIN = timedelta(days=1)
AGAIN_UNTOLD = timedelta(hours=1)
# A person may ask this often whether a token is accepted.
ASKED_EVERY = timedelta(minutes=1)
MOST_CHARACTERS = 500


@dataclass(frozen=True)
class DueToken:
    """A token that one worker may ask its service about until `lease`. Empty `user_ref`: shared.

    `trial` is that of `app.domain.service_contacts`.
    """

    credential_ref: str
    service_ref: str
    user_ref: str
    lease: datetime
    trial: datetime | None = None


@dataclass(frozen=True)
class Place:
    """The service that a token is for."""

    service_ref: str
    name: str
    api_type: str
    is_used: bool


def claim_due(
    session: Session, *, limit: int, lease: timedelta, busy_services: Collection[str] = ()
) -> list[DueToken]:
    """Claim tokens that are due, the longest due first, one for each service.

    The session is of `user_management_db`.
    """
    moment = now()
    due = session.exec(
        select(ServiceCredential)
        .where(
            col(ServiceCredential.verify_due_at) <= moment,
            col(ServiceCredential.service_ref).not_in(busy_services),
        )
        .order_by(col(ServiceCredential.verify_due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    first_of_each: dict[str, ServiceCredential] = {}
    for row in due:
        first_of_each.setdefault(row.service_ref, row)
    for row in first_of_each.values():
        row.verify_due_at = moment + lease
        session.add(row)
    return [
        DueToken(row.ref, row.service_ref, row.user_ref, row.verify_due_at)
        for row in first_of_each.values()
    ]


def place_of(session: Session, *, service_ref: str) -> Place | None:
    """The service of a token, from the registry's session; None if there is none."""
    service = session.exec(
        select(ImputationService).where(ImputationService.ref == service_ref)
    ).first()
    if service is None:
        return None
    is_used = service.is_active and service.retired_at is None
    return Place(service.ref, service.name, service.api_type, is_used)


def verified(
    session: Session,
    *,
    due: DueToken,
    place: Place,
    facts: TokenFacts,
    again_after: timedelta | None = None,
) -> None:
    """Write down what a service says of a token; its owner is told once if it is of no use.

    An end that the service does not tell is the one that the token itself tells. `again_after` is
    when it is asked again where nothing could be told, an hour if left out.
    """
    row = _leased(session, due)
    if row is None:
        return
    before = row.state
    row.state = _STATES[facts.is_accepted]
    row.detail = facts.message[:MOST_CHARACTERS]
    row.verified_at = now()
    row.verify_due_at = row.verified_at + AGAIN
    if facts.is_accepted is None:
        row.verify_due_at = row.verified_at + (again_after or AGAIN_UNTOLD)
    else:
        row.account = facts.account[:200]
        row.expires_at = facts.expires_at or row.expires_at
    session.add(row)
    if row.state == TokenState.REFUSED:
        _tell(session, row, place)
    elif row.state != before:
        # Where nothing can be told, only a run shows what the token is worth.
        payload = {"service_ref": row.service_ref, "user_ref": row.user_ref}
        emit(session, UsersOutbox, "credential", payload)
    _announce(session, row)


def given_back(session: Session, *, due: DueToken, after: timedelta) -> None:
    """Nobody was asked; it is due again later."""
    row = _leased(session, due)
    if row is not None:
        row.verify_due_at = now() + after
        session.add(row)


def verify_again(session: Session, *, actor: Actor, service_ref: str, shared: bool = False) -> None:
    """Have the worker ask the service about the actor's own token, or the shared one, now."""
    row = stored_row(session, actor=actor, service_ref=service_ref, shared=shared)
    if row.verified_at is not None and now() - row.verified_at < ASKED_EVERY:
        raise Refused("The service was asked a moment ago. Try again in a minute.")
    row.verify_due_at = now()
    row.state = TokenState.UNVERIFIED
    session.add(row)
    _announce(session, row)


_STATES = {True: TokenState.ACCEPTED, False: TokenState.REFUSED, None: TokenState.UNTOLD}


def _tell(session: Session, row: ServiceCredential, place: Place) -> None:
    """Tell the owner; that a token has ended is the same news as that of `app.domain.expiry`."""
    whose = f"{whose_token(is_shared=not row.user_ref)} for {place.name}"
    if row.expires_at is not None and row.expires_at <= now():
        title = f"{whose} {has_ended(row.expires_at)}"
        once = warning_of(row.ref, row.expires_at, ENDED)
    else:
        title = f"{whose} is not accepted"
        once = f"{row.ref}:{row.updated_at.timestamp()}:refused"
    said = f"{row.detail.rstrip('.')}. " if row.detail else ""
    messages = messages_of(
        kind=AlertKind.TOKEN,
        service=(place.service_ref, place.name),
        title=title,
        body=f"{said}{ASK_AGAIN} Until then, runs that need it wait.",
        once=once,
        audience=audience_of(row.user_ref),
    )
    emit_once(session, UsersOutbox, messages)


def _leased(session: Session, due: DueToken) -> ServiceCredential | None:
    return session.exec(
        select(ServiceCredential)
        .where(
            ServiceCredential.ref == due.credential_ref,
            ServiceCredential.verify_due_at == due.lease,
        )
        .with_for_update()
    ).first()


def _announce(session: Session, row: ServiceCredential) -> None:
    db.announce(session, "service_credentials", row.service_ref, owner_ref=row.user_ref)
