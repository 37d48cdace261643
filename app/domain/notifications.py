"""What people are told: their messages, unread ones, and how a message arrives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, select

from app.domain.access import Actor
from app.domain.paging import Page, page_bounds
from models import db
from models.base import new_ref, now
from models.notifications import Notification


@dataclass(frozen=True)
class NotificationRow:
    """One message to one person. `link` is a path on this platform, or empty."""

    ref: str
    topic: str
    title: str
    body: str
    link: str
    created_at: datetime
    read_at: datetime | None


def list_notifications(
    session: Session, *, actor: Actor, unread_only: bool = False, number: int = 1, size: int = 25
) -> Page[NotificationRow]:
    """One page of the actor's own messages, the newest first."""
    conditions = [col(Notification.user_ref) == actor.user_ref]
    if unread_only:
        conditions.append(col(Notification.read_at).is_(None))
    number, size = page_bounds(number, size)
    total = session.exec(select(func.count()).select_from(Notification).where(*conditions)).one()
    number = min(number, max(1, -(-total // size)))
    found = session.exec(
        select(Notification)
        .where(*conditions)
        .order_by(col(Notification.created_at).desc(), col(Notification.id).desc())
        .offset((number - 1) * size)
        .limit(size)
    )
    return Page([_row(message) for message in found], total, number, size)


def unread_count(session: Session, *, actor: Actor) -> int:
    """How many of the actor's own messages are unread."""
    unread = select(func.count()).where(
        Notification.user_ref == actor.user_ref, col(Notification.read_at).is_(None)
    )
    return session.exec(unread).one()


def mark_read(session: Session, *, actor: Actor, notification_ref: str = "") -> None:
    """Mark one of the actor's own messages as read, or all of them without a ref."""
    statement = update(Notification).where(
        col(Notification.user_ref) == actor.user_ref, col(Notification.read_at).is_(None)
    )
    if notification_ref:
        statement = statement.where(col(Notification.ref) == notification_ref)
    session.connection().execute(statement.values(read_at=now()))
    db.announce(session, "notifications", notification_ref, owner_ref=actor.user_ref)


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Store a message that came by an outbox; the same event a second time changes nothing."""
    ref = new_ref()
    statement = (
        insert(Notification)
        .values(
            ref=ref,
            event_ref=event_ref,
            user_ref=payload["user_ref"],
            topic=payload["topic"],
            title=payload["title"][:200],
            body=payload.get("body", ""),
            link=payload.get("link", ""),
            created_at=now(),
        )
        .on_conflict_do_nothing(index_elements=["event_ref"])
        .returning(col(Notification.ref))
    )
    if session.connection().execute(statement).first():
        db.announce(session, "notifications", ref, owner_ref=payload["user_ref"])


def _row(message: Notification) -> NotificationRow:
    return NotificationRow(
        ref=message.ref,
        topic=message.topic,
        title=message.title,
        body=message.body,
        link=message.link,
        created_at=message.created_at,
        read_at=message.read_at,
    )
