"""People: the first administrator, adding people, signing in."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, text, update
from sqlmodel import Session, col, select

from app.domain import passwords, sign_in_delay
from app.domain.access import ROLE_TITLES, ROLES, Actor, require
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.outbox import emit_audit
from app.domain.sessions import digest, open_session
from models.base import now
from models.users import Role, RolePermission, SetupToken, User, UserRole, UserSession, UsersOutbox

SETUP_LINK_LIFE = timedelta(days=3)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# Two people who open the first set-up link together must not both become the first administrator.
FIRST_ADMINISTRATOR_LOCK = 7_041_002


@dataclass(frozen=True)
class PersonRow:
    """A person as an administrator's list shows them."""

    ref: str
    name: str
    email: str
    roles: tuple[str, ...]
    is_active: bool
    has_password: bool
    created_at: datetime
    last_sign_in_at: datetime | None


def ensure_roles(session: Session) -> None:
    """Make the built-in roles that are missing, with their permissions.

    An administrator may do everything, so that role gets what a later version brings.
    """
    existing = {role.name: role.id for role in session.exec(select(Role))}
    for name, permissions in ROLES.items():
        role_id = existing.get(name)
        if role_id is not None and name != "administrator":
            continue
        if role_id is None:
            role = Role(name=name, title=ROLE_TITLES[name])
            session.add(role)
            session.flush()
            assert role.id is not None
            role_id = role.id
        given = select(RolePermission.permission).where(RolePermission.role_id == role_id)
        has: set[str] = set(session.exec(given))
        missing = sorted(permissions - has)
        session.add_all(RolePermission(role_id=role_id, permission=p) for p in missing)


def create_setup_token(session: Session) -> str | None:
    """Return a fresh one-time token for the first administrator; None if there is one already.

    Whoever can start the platform may make it, so there is no actor. Older ones end.
    """
    if _has_administrator(session):
        return None
    session.execute(
        update(SetupToken)
        .where(col(SetupToken.user_id).is_(None), col(SetupToken.used_at).is_(None))
        .values(used_at=now())
    )
    return _new_token(session, user_id=None)


def email_of_setup_token(session: Session, *, token: str) -> str | None:
    """Tell for whom a set-up link is: an address, or None for the first administrator.

    Raises `NotFound` for a link that was used, has ended, or never was.
    """
    user_id = _usable_token(session, token).user_id
    return None if user_id is None else _user_by_id(session, user_id).email


def set_up(session: Session, *, token: str, name: str, email: str, password: str) -> User:
    """Use a set-up link: make the first administrator, or give an added person a password."""
    found = _usable_token(session, token)
    if found.user_id is None:
        session.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": FIRST_ADMINISTRATOR_LOCK})
        if _has_administrator(session):
            raise Conflict("There is an administrator already. Sign in, or ask them to add you.")
        email = checked_email(email)
        passwords.check_strength(password, email=email)
        user = _add_user(session, name=name, email=email, role_names=("administrator",))
    else:
        user = _user_by_id(session, found.user_id)
        passwords.check_strength(password, email=user.email)
        _end_sessions(session, user)
    user.password_hash = passwords.hash_password(password)
    found.used_at = now()
    session.add_all([user, found])
    return user


def sign_in(
    session: Session, *, email: str, password: str, client_address: str, user_agent: str
) -> str | None:
    """Return a new session's token, or None if the e-mail or the password is wrong.

    Raises `Refused` while the account or the address must wait after failures. None is not an
    error, so that the failure's count is committed.
    """
    email = email.strip().lower()
    subjects = [f"account:{email}"[:260], f"address:{client_address}"[:260]]
    sign_in_delay.refuse_if_blocked(session, subjects=subjects)
    user = session.exec(select(User).where(User.email == email)).first()
    stored = user.password_hash if user and user.is_active and user.password_hash else None
    if not passwords.verify(password[: passwords.MAX_LENGTH + 1], stored):
        sign_in_delay.record_failure(session, subjects=subjects)
        return None
    assert user is not None
    sign_in_delay.forget(session, subjects=subjects)
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return open_session(session, user=user, client_address=client_address, user_agent=user_agent)


def change_password(session: Session, *, actor: Actor, current: str, new: str) -> None:
    """Change the actor's own password; every other session of theirs ends."""
    user = _user_by_ref(session, actor.user_ref)
    subjects = [f"account:{user.email}"]
    sign_in_delay.refuse_if_blocked(session, subjects=subjects)
    if not passwords.verify(current, user.password_hash):
        raise Invalid("The current password is wrong.", field="current")
    passwords.check_strength(new, email=user.email)
    user.password_hash = passwords.hash_password(new)
    session.add(user)
    _end_sessions(session, user, except_ref=actor.session_ref)
    _audit(session, actor, "user:change-password", user)


def list_people(session: Session, *, actor: Actor, search: str = "") -> list[PersonRow]:
    """List people by name, at most 200; `search` looks in names and e-mail addresses."""
    require(actor, "user:read")
    roles = func.coalesce(
        func.array_agg(Role.name).filter(col(Role.name).is_not(None)), text("'{}'")
    )
    rows = session.exec(
        select(User, roles)
        .outerjoin(UserRole, col(UserRole.user_id) == col(User.id))
        .outerjoin(Role, col(Role.id) == col(UserRole.role_id))
        .where(
            col(User.name).icontains(search, autoescape=True)
            | col(User.email).icontains(search, autoescape=True)
        )
        .group_by(col(User.id))
        .order_by(col(User.name))
        .limit(200)
    )
    return [
        PersonRow(
            ref=user.ref,
            name=user.name,
            email=user.email,
            roles=tuple(sorted(names)),
            is_active=user.is_active,
            has_password=bool(user.password_hash),
            created_at=user.created_at,
            last_sign_in_at=user.last_sign_in_at,
        )
        for user, names in rows
    ]


def add_person(session: Session, *, actor: Actor, name: str, email: str, role_name: str) -> str:
    """Add a person and return the token of the one-time link with which they choose a password."""
    require(actor, "user:write")
    user = _add_user(session, name=name, email=checked_email(email), role_names=(role_name,))
    _audit(session, actor, "user:add", user, after={"email": user.email, "role": role_name})
    assert user.id is not None
    return _new_token(session, user_id=user.id)


def renew_setup_link(session: Session, *, actor: Actor, user_ref: str) -> str:
    """Return a fresh one-time link token for a person who lost their password or their link."""
    require(actor, "user:write")
    user = _user_by_ref(session, user_ref)
    assert user.id is not None
    _audit(session, actor, "user:renew-link", user)
    return _new_token(session, user_id=user.id)


def set_active(session: Session, *, actor: Actor, user_ref: str, is_active: bool) -> None:
    """Let a person in or keep them out; keeping out ends their sessions at once."""
    require(actor, "user:write")
    user = _user_by_ref(session, user_ref)
    if user.ref == actor.user_ref and not is_active:
        raise Invalid("You cannot deactivate yourself. Ask another administrator.")
    user.is_active = is_active
    session.add(user)
    if not is_active:
        _end_sessions(session, user)
    _audit(session, actor, "user:activate" if is_active else "user:deactivate", user)


def checked_email(email: str) -> str:
    """Return an address in lower case, or raise `Invalid`."""
    email = email.strip().lower()
    if not EMAIL.fullmatch(email) or len(email) > 254:
        raise Invalid("Give an e-mail address like name@example.org.", field="email")
    return email


def _add_user(session: Session, *, name: str, email: str, role_names: tuple[str, ...]) -> User:
    if not name.strip():
        raise Invalid("Give a name.", field="name")
    if session.exec(select(User.id).where(User.email == email)).first() is not None:
        raise Conflict(f"There is already a person with the address {email}.")
    user = User(name=name.strip()[:200], email=email, password_hash="")
    session.add(user)
    session.flush()
    assert user.id is not None
    for role_name in role_names:
        role_id = session.exec(select(Role.id).where(Role.name == role_name)).first()
        if role_id is None:
            raise Invalid(f"There is no role “{role_name}”.", field="role")
        session.add(UserRole(user_id=user.id, role_id=role_id))
    return user


def _has_administrator(session: Session) -> bool:
    found = select(User.id).join(UserRole, col(UserRole.user_id) == col(User.id))
    found = found.join(Role, col(Role.id) == col(UserRole.role_id))
    return session.exec(found.where(Role.name == "administrator")).first() is not None


def _new_token(session: Session, *, user_id: int | None) -> str:
    token = secrets.token_urlsafe(32)
    ends = now() + SETUP_LINK_LIFE
    session.add(SetupToken(token_hash=digest(token), user_id=user_id, expires_at=ends))
    return token


def _usable_token(session: Session, token: str) -> SetupToken:
    found = session.get(SetupToken, digest(token), with_for_update=True)
    if found is None or found.used_at is not None or found.expires_at <= now():
        raise NotFound("set-up link, or it was used or has ended; ask for a new one")
    return found


def _user_by_id(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    assert user is not None
    return user


def _user_by_ref(session: Session, user_ref: str) -> User:
    user = session.exec(select(User).where(User.ref == user_ref)).first()
    if user is None:
        raise NotFound("person")
    return user


def _end_sessions(session: Session, user: User, *, except_ref: str = "") -> None:
    session.execute(
        update(UserSession)
        .where(
            col(UserSession.user_id) == user.id,
            col(UserSession.revoked_at).is_(None),
            col(UserSession.ref) != except_ref,
        )
        .values(revoked_at=now())
    )


def _audit(
    session: Session, actor: Actor, action: str, user: User, after: dict[str, str] | None = None
) -> None:
    emit_audit(
        session,
        UsersOutbox,
        actor=actor,
        action=action,
        target_type="user",
        target_ref=user.ref,
        target_name=user.name,
        after=after,
    )
