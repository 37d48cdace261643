"""Signed-in browsers: a random token in the cookie, its SHA-256 in the database."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, update
from sqlmodel import Session, col, select

from app.config import settings
from app.domain.access import Actor, require
from app.domain.errors import NotFound, NotSignedIn
from app.domain.outbox import emit_audit
from models import db
from models.base import now
from models.users import (
    Role,
    RolePermission,
    ServiceAccess,
    User,
    UserRole,
    UserSession,
    UsersOutbox,
)

# `last_seen_at` is written at most this often, so that reading a page does not write a row.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SessionRow:
    """One of a person's signed-in browsers."""

    ref: str
    created_at: datetime
    last_seen_at: datetime
    client_address: str
    user_agent: str
    is_current: bool


def digest(token: str) -> str:
    """What is stored of a secret token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(session: Session, *, user: User, client_address: str, user_agent: str) -> str:
    """Start a session for a user and return the token for the cookie."""
    assert user.id is not None
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=digest(token),
            user_id=user.id,
            expires_at=now() + timedelta(days=settings().session_days),
            client_address=client_address[:64],
            user_agent=user_agent[:300],
        )
    )
    user.last_sign_in_at = now()
    session.add(user)
    return token


def actor_of(session: Session, *, token: str) -> Actor:
    """Return who holds a session's token; `NotSignedIn` if it ended, idled out or was revoked."""
    found = actors_of(session, tokens=[token]).get(token)
    if found is None:
        raise NotSignedIn
    return found


def actors_of(session: Session, *, tokens: Collection[str]) -> dict[str, Actor]:
    """Return who holds each of these tokens, in two statements; whoever is missing holds none."""
    by_digest = {digest(token): token for token in tokens if token}
    at = now()
    rows = session.exec(
        select(UserSession, User, _managed())
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(
            col(UserSession.token_hash).in_(by_digest),
            col(UserSession.revoked_at).is_(None),
            col(UserSession.expires_at) > at,
            col(UserSession.last_seen_at) > at - timedelta(hours=settings().session_idle_hours),
            col(User.is_active),
        )
    ).all()
    permissions = _permissions(session, {user.id or 0 for _, user, _ in rows})
    for signed_in, _, _ in rows:
        if at - signed_in.last_seen_at > SEEN_EVERY:
            signed_in.last_seen_at = at
    return {
        by_digest[signed_in.token_hash]: Actor(
            user_ref=user.ref,
            name=user.name,
            email=user.email,
            permissions=permissions.get(user.id or 0, frozenset()),
            session_ref=signed_in.ref,
            client_address=signed_in.client_address,
            client_agent=signed_in.user_agent,
            managed_services=frozenset(managed),
        )
        for signed_in, user, managed in rows
    }


def actor_named(session: Session, *, user_ref: str) -> Actor:
    """Return a person who is not here, but left a key; `NotSignedIn` if they may not sign in."""
    wanted = select(User, _managed()).where(User.ref == user_ref, col(User.is_active))
    found = session.exec(wanted).first()
    if found is None:
        raise NotSignedIn
    user, managed = found
    permissions = _permissions(session, {user.id or 0}).get(user.id or 0, frozenset())
    return Actor(
        user_ref=user.ref,
        name=user.name,
        email=user.email,
        permissions=permissions,
        managed_services=frozenset(managed),
    )


def _managed() -> Any:
    """The refs of the services that a user was given to manage."""
    mine = select(ServiceAccess.service_ref).where(
        ServiceAccess.user_ref == User.ref, col(ServiceAccess.may_manage)
    )
    return func.array(mine.correlate(User).scalar_subquery())


def _permissions(session: Session, user_ids: set[int]) -> dict[int, frozenset[str]]:
    """The permissions of all roles of each user who has one."""
    found: dict[int, set[str]] = {}
    for user_id, permission in session.exec(
        select(UserRole.user_id, RolePermission.permission)
        .join(Role, col(Role.id) == col(UserRole.role_id))
        .join(RolePermission, col(RolePermission.role_id) == col(Role.id))
        .where(col(UserRole.user_id).in_(user_ids))
    ):
        found.setdefault(user_id, set()).add(permission)
    return {user_id: frozenset(permissions) for user_id, permissions in found.items()}


def close_session(session: Session, *, token: str) -> None:
    """Revoke the session of a token, if there is one."""
    session.execute(
        update(UserSession)
        .where(col(UserSession.token_hash) == digest(token), col(UserSession.revoked_at).is_(None))
        .values(revoked_at=now())
    )


def is_live() -> ColumnElement[bool]:
    """Whether a session has neither ended, nor idled out, nor been revoked."""
    idle = timedelta(hours=settings().session_idle_hours)
    return and_(
        col(UserSession.revoked_at).is_(None),
        col(UserSession.expires_at) > func.now(),
        col(UserSession.last_seen_at) > func.now() - idle,
    )


def revoke_session(session: Session, *, actor: Actor, ref: str) -> str:
    """End anybody's session, as an administrator."""
    require(actor, "user:write")
    found = session.exec(
        select(UserSession, User)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(UserSession.ref == ref)
    ).first()
    if found is None:
        raise NotFound("session")
    row, user = found
    row.revoked_at = now()
    session.add(row)
    emit_audit(
        session,
        UsersOutbox,
        actor=actor,
        action="session:end",
        target_type="user",
        target_ref=user.ref,
        target_name=user.name,
        before={"client_address": row.client_address, "user_agent": row.user_agent},
    )
    db.announce(session, "sessions", row.ref)
    return f"{user.name} must sign in again there."


def my_sessions(session: Session, *, actor: Actor) -> list[SessionRow]:
    """List the actor's own live sessions, the last used first."""
    rows = session.exec(
        select(UserSession)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(User.ref == actor.user_ref, is_live())
        .order_by(col(UserSession.last_seen_at).desc())
        .limit(50)
    )
    return [
        SessionRow(
            ref=row.ref,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            client_address=row.client_address,
            user_agent=row.user_agent,
            is_current=row.ref == actor.session_ref,
        )
        for row in rows
    ]


def revoke_my_session(session: Session, *, actor: Actor, session_ref: str) -> None:
    """End one of the actor's own sessions."""
    row = session.exec(
        select(UserSession)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(User.ref == actor.user_ref, UserSession.ref == session_ref)
    ).first()
    if row is None:
        raise NotFound("session")
    row.revoked_at = now()
    session.add(row)
