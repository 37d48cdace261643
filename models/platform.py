"""`federated_imputation`: settings that an administrator changes, and who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, identity, json_object, moment, new_ref


class PlatformBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the platform database."""


class Setting(PlatformBase, table=True):
    """One run-time setting; absent means the default of `app.config`."""

    __tablename__ = "settings"

    key: str = Field(primary_key=True, max_length=80)
    value: dict[str, Any] = json_object()
    updated_at: datetime = moment()
    updated_by_ref: str = Field(default="", max_length=40)


class AuditEntry(PlatformBase, table=True):
    """Who did what to what, with the names as they were then. Rows are only ever added."""

    __tablename__ = "audit_log"

    id: int | None = identity()
    event_ref: str = Field(default_factory=new_ref, unique=True, max_length=40)
    at: datetime = moment(index=True)
    actor_ref: str = Field(default="", max_length=40, index=True)
    actor_name: str = Field(default="", max_length=200)
    client_address: str = Field(default="", max_length=64)
    action: str = Field(max_length=80)
    target_type: str = Field(default="", max_length=40)
    target_ref: str = Field(default="", max_length=40, index=True)
    target_name: str = Field(default="", max_length=200)
    reason: str = Field(default="")
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
