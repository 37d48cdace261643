"""What every database's tables share: constraint names, time, public ids, JSON, the outbox."""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

REF_BYTES = 10


def new_ref() -> str:
    """Return a public id: 20 hexadecimal characters, safe in URLs, not guessable, not ordered."""
    return secrets.token_hex(REF_BYTES)


def now() -> datetime:
    """Return the current time in UTC, with its zone."""
    return datetime.now(UTC)


def identity() -> Any:
    """A 64-bit primary key that PostgreSQL numbers itself."""
    return Field(default=None, sa_type=BigInteger, sa_column_args=[Identity()], primary_key=True)


def ref_field() -> Any:
    """The row's own public id, which other databases and URLs use."""
    return Field(default_factory=new_ref, unique=True, max_length=40)


def moment(*, index: bool = False) -> Any:
    """A point in time that defaults to now (timestamptz)."""
    return Field(default_factory=now, sa_type=DateTime(timezone=True), index=index)


def optional_moment(*, index: bool = False) -> Any:
    """A point in time that may be absent (timestamptz)."""
    return Field(default=None, sa_type=DateTime(timezone=True), index=index)


def json_object() -> Any:
    """A JSON object column (jsonb). Assign a new dict to change it: edits in place are not seen."""
    return Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class Outbox(SQLModel):
    """A change that another database must follow, written with the change itself.

    The worker relays undelivered rows to the database that owns the topic. `event_ref` makes the
    receiving side idempotent: a row that is relayed twice has one effect.
    """

    id: int | None = identity()
    event_ref: str = ref_field()
    topic: str = Field(max_length=60)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    created_at: datetime = moment()
    delivered_at: datetime | None = optional_moment(index=True)
    attempts: int = Field(default=0)
    last_error: str = Field(default="")
