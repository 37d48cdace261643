"""Messages to everybody who has a permission, whoever that is when they arrive."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from models.base import now
from models.users import Role, RolePermission, User, UserRole, UsersOutbox


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Address an announcement to each person with its `permission`, once however often it comes.

    The session is of `user_management_db`, whose outbox carries the messages on.
    """
    for user_ref in _people_with(session, payload["permission"]):
        own_ref = hashlib.sha256(f"{event_ref}:{user_ref}".encode()).hexdigest()[:40]
        message = {name: payload[name] for name in ("topic", "title", "body", "link")}
        session.connection().execute(
            insert(UsersOutbox)
            .values(
                event_ref=own_ref,
                topic="notification",
                payload={"user_ref": user_ref, **message},
                created_at=now(),
                attempts=0,
                last_error="",
            )
            .on_conflict_do_nothing(index_elements=["event_ref"])
        )


def _people_with(session: Session, permission: str) -> list[str]:
    found = session.exec(
        select(User.ref)
        .join(UserRole, col(UserRole.user_id) == User.id)
        .join(Role, col(Role.id) == UserRole.role_id)
        .join(RolePermission, col(RolePermission.role_id) == Role.id)
        .where(RolePermission.permission == permission, col(User.is_active))
        .distinct()
    )
    return list(found)
