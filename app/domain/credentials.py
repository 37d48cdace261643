"""Tokens for services: encrypted when stored, never shown again, sent only where they belong.

A token is stored together with the origin (scheme, host, port) of the service it was given for.
Where a service has moved to another origin since, the token is not sent: whoever may change a
service's address cannot collect other people's tokens with it.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from sqlmodel import Session, col, func, or_, select

from app.domain.access import Actor, require
from app.domain.errors import Invalid, NotFound
from app.domain.outbox import emit_audit
from app.domain.secret_keys import encrypt
from app.domain.service_lookup import service_of
from app.domain.token_expiry import end_of
from models import db
from models.base import now
from models.users import ServiceCredential, UsersOutbox

MAX_TOKEN_CHARACTERS = 8192
SHOW_LAST_FOUR_FROM = 12


class TokenState(StrEnum):
    """What the service said of a token when it was last asked (`app.domain.token_checks`)."""

    UNVERIFIED = "unverified"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNTOLD = "untold"


@dataclass(frozen=True)
class CredentialRow:
    """What a page may show of a stored token: whose it is, its last letters, and what it is worth.

    `account` is whose it is at the service; `detail` says why it is refused, or why it is not known
    what it is worth, which is tried again at `verify_due_at`.
    """

    service_ref: str
    is_shared: bool
    last_four: str
    state: str
    detail: str
    account: str
    expires_at: datetime | None
    verified_at: datetime | None
    verify_due_at: datetime
    updated_at: datetime

    @property
    def has_ended(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now()

    @property
    def is_useless(self) -> bool:
        """Whether a run with it would surely be refused."""
        return self.has_ended or self.state == TokenState.REFUSED


def set_token(
    session: Session, *, actor: Actor, service_ref: str, token: str, shared: bool = False
) -> CredentialRow:
    """Store the actor's own token for a service, or the one that the whole lab shares.

    `session` is of `user_management_db`. Own tokens need `job:submit`, shared ones
    `service:write`. An earlier token is replaced. The worker asks the service about it at once.
    """
    require(actor, _permission(shared))
    token = token.strip()
    if not token or len(token) > MAX_TOKEN_CHARACTERS:
        raise Invalid(
            f"Enter the token as the service gave it: 1 to {MAX_TOKEN_CHARACTERS} characters.",
            field="token",
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Invalid(
            "A token has no spaces, line breaks or accented letters. Copy it again.", field="token"
        )
    name, base_url = _service(service_ref)
    # Two that are saved at once, by a double click, must not both become the first.
    place = f"credential {service_ref} {_owner(actor, shared)}"
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(place, 0))))
    row = find_credential(session, service_ref, _owner(actor, shared))
    if row is None:
        row = ServiceCredential(
            service_ref=service_ref, user_ref=_owner(actor, shared), ciphertext=""
        )
    row.ciphertext = encrypt(json.dumps({"origin": origin_of(base_url), "token": token}))
    row.last_four = token[-4:] if len(token) >= SHOW_LAST_FOUR_FROM else ""
    row.expires_at = end_of(token)
    row.state, row.detail, row.account = TokenState.UNVERIFIED, "", ""
    row.verified_at = None
    row.updated_at = row.verify_due_at = now()
    session.add(row)
    _announce(session, row)
    _audit(session, actor, "credential.set", service_ref, name, shared)
    return credential_row(row)


def forget_token(session: Session, *, actor: Actor, service_ref: str, shared: bool = False) -> None:
    """Delete the actor's own token for a service, or the shared one."""
    row = stored_row(session, actor=actor, service_ref=service_ref, shared=shared)
    name, _ = _service(service_ref)
    session.delete(row)
    _announce(session, row)
    _audit(session, actor, "credential.forget", service_ref, name, shared)


def stored_row(
    session: Session, *, actor: Actor, service_ref: str, shared: bool
) -> ServiceCredential:
    """The row of the actor's own token for a service, or of the shared one, to be changed.

    For the domain alone. Raises `NotFound` without one.
    """
    require(actor, _permission(shared))
    row = find_credential(session, service_ref, _owner(actor, shared))
    if row is None:
        raise NotFound("token")
    return row


def stored_token(
    session: Session, *, actor: Actor, service_ref: str, shared: bool = False
) -> CredentialRow | None:
    """What may be shown of the actor's own token for a service, or of the shared one."""
    require(actor, "service:write" if shared else "service:read")
    row = find_credential(session, service_ref, _owner(actor, shared))
    return credential_row(row) if row else None


def credential_rows(session: Session, *, actor: Actor) -> list[CredentialRow]:
    """The actor's own tokens, and the shared ones if the actor manages services."""
    require(actor, "service:read")
    mine = col(ServiceCredential.user_ref) == actor.user_ref
    shared = col(ServiceCredential.user_ref) == ""
    wanted = or_(mine, shared) if actor.may("service:write") else mine
    rows = session.exec(select(ServiceCredential).where(wanted).order_by("service_ref", "user_ref"))
    return [credential_row(row) for row in rows]


def needing_renewal(session: Session, *, actor: Actor, before: datetime) -> list[CredentialRow]:
    """Those of `credential_rows` that are refused, or end before that moment."""
    rows = credential_rows(session, actor=actor)
    return [row for row in rows if row.is_useless or (row.expires_at or before) < before]


def tokens_in_use(session: Session, *, actor: Actor) -> dict[str, CredentialRow]:
    """The token that the actor's runs use at each service: the actor's own, or the shared one."""
    require(actor, "service:read")
    usable = col(ServiceCredential.user_ref).in_(["", actor.user_ref])
    rows = session.exec(select(ServiceCredential).where(usable).order_by("user_ref"))
    # An own one comes behind the shared one, and so in its place.
    return {row.service_ref: credential_row(row) for row in rows}


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _permission(shared: bool) -> str:
    return "service:write" if shared else "job:submit"


def _owner(actor: Actor, shared: bool) -> str:
    return "" if shared else actor.user_ref


def _service(service_ref: str) -> tuple[str, str]:
    """A service's name and address; the registry is another database, so another session."""
    with db.session(db.REGISTRY) as registry:
        service = service_of(registry, service_ref)
        return service.name, service.base_url


def find_credential(session: Session, service_ref: str, user_ref: str) -> ServiceCredential | None:
    """The row of a user's own token for a service, or with an empty `user_ref` the lab's."""
    return session.exec(
        select(ServiceCredential).where(
            ServiceCredential.service_ref == service_ref, ServiceCredential.user_ref == user_ref
        )
    ).first()


def credential_row(row: ServiceCredential) -> CredentialRow:
    """What may be told of a stored token."""
    return CredentialRow(
        service_ref=row.service_ref,
        is_shared=not row.user_ref,
        last_four=row.last_four,
        state=row.state,
        detail=row.detail,
        account=row.account,
        expires_at=row.expires_at,
        verified_at=row.verified_at,
        verify_due_at=row.verify_due_at,
        updated_at=row.updated_at,
    )


def _announce(session: Session, row: ServiceCredential) -> None:
    db.announce(session, "service_credentials", row.service_ref, owner_ref=row.user_ref)


def _audit(
    session: Session, actor: Actor, action: str, service_ref: str, name: str, shared: bool
) -> None:
    emit_audit(
        session,
        UsersOutbox,
        actor=actor,
        action=action,
        target_type="service",
        target_ref=service_ref,
        target_name=name,
        after={"shared": shared},
    )
