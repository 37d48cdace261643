"""`notification_db`: what people are told."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, identity, moment, optional_moment, ref_field


class NotificationsBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the notification database."""


class Notification(NotificationsBase, table=True):
    """One message to one person. `event_ref` is the outbox row it came from, so it comes once."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_user_created", "user_ref", "created_at"),)

    id: int | None = identity()
    ref: str = ref_field()
    event_ref: str = Field(unique=True, max_length=40)
    user_ref: str = Field(max_length=40)
    topic: str = Field(max_length=60)
    title: str = Field(max_length=200)
    body: str = Field(default="")
    link: str = Field(default="", max_length=300)
    created_at: datetime = moment()
    read_at: datetime | None = optional_moment()
