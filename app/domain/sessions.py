"""Signed-in browsers: a random token in the cookie, its SHA-256 in the database."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.config import settings
from app.domain.access import Actor
from app.domain.errors import NotFound, NotSignedIn
from models.base import now
from models.users import Role, RolePermission, User, UserRole, UserSession

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
    found = session.exec(
        select(UserSession, User)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(UserSession.token_hash == digest(token))
    ).first()
    if not token or found is None:
        raise NotSignedIn
    signed_in, user = found
    at = now()
    idle_since = at - timedelta(hours=settings().session_idle_hours)
    if (
        signed_in.revoked_at is not None
        or signed_in.expires_at <= at
        or signed_in.last_seen_at <= idle_since
        or not user.is_active
    ):
        raise NotSignedIn
    if at - signed_in.last_seen_at > SEEN_EVERY:
        signed_in.last_seen_at = at
        session.add(signed_in)
    assert user.id is not None
    return Actor(
        user_ref=user.ref,
        name=user.name,
        email=user.email,
        permissions=permissions_of(session, user_id=user.id),
        session_ref=signed_in.ref,
        client_address=signed_in.client_address,
    )


def permissions_of(session: Session, *, user_id: int) -> frozenset[str]:
    """Return the permissions of all of a user's roles."""
    return frozenset(
        session.exec(
            select(RolePermission.permission)
            .join(UserRole, col(UserRole.role_id) == col(RolePermission.role_id))
            .join(Role, col(Role.id) == col(UserRole.role_id))
            .where(UserRole.user_id == user_id)
        )
    )


def close_session(session: Session, *, token: str) -> None:
    """Revoke the session of a token, if there is one."""
    session.execute(
        update(UserSession)
        .where(col(UserSession.token_hash) == digest(token), col(UserSession.revoked_at).is_(None))
        .values(revoked_at=now())
    )


def my_sessions(session: Session, *, actor: Actor) -> list[SessionRow]:
    """List the actor's own live sessions, the last used first."""
    at = now()
    rows = session.exec(
        select(UserSession)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(
            User.ref == actor.user_ref,
            col(UserSession.revoked_at).is_(None),
            col(UserSession.expires_at) > at,
            col(UserSession.last_seen_at) > at - timedelta(hours=settings().session_idle_hours),
        )
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
