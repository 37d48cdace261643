"""`federated_imputation`: settings that an administrator changes, saved views, who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, MetaData, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, identity, json_object, moment, new_ref, ref_field


class PlatformBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the platform database."""


class Setting(PlatformBase, table=True):
    """One run-time setting; absent means the default of `app.config`.

    `version` counts its changes, each of which is a row of `SettingChange`.
    """

    __tablename__ = "settings"

    key: str = Field(primary_key=True, max_length=80)
    value: dict[str, Any] = json_object()
    version: int = Field(default=1)
    updated_at: datetime = moment()
    updated_by_ref: str = Field(default="", max_length=40)


class SettingChange(PlatformBase, table=True):
    """One version of a setting, so that an earlier one can be set again. Rows are only ever added.

    A `value` of None took the setting back to what the installation says.
    """

    __tablename__ = "setting_changes"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: int | None = identity()
    key: str = Field(max_length=80)
    version: int
    value: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    reason: str = Field(default="")
    at: datetime = moment()
    by_ref: str = Field(default="", max_length=40)
    by_name: str = Field(default="", max_length=200)


class SavedView(PlatformBase, table=True):
    """A list of administration as its owner wants to see it again.

    `resource` is the list's name (`app.resources`), `query` what its address holds. The default one
    is shown where an address asks for nothing.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("owner_ref", "resource", "name"),
        Index(
            "ix_saved_views_default",
            "owner_ref",
            "resource",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    id: int | None = identity()
    ref: str = ref_field()
    owner_ref: str = Field(max_length=40)
    resource: str = Field(max_length=40)
    name: str = Field(max_length=80)
    query: dict[str, Any] = json_object()
    is_default: bool = Field(default=False)
    created_at: datetime = moment()


class BulkRun(PlatformBase, table=True):
    """An action that is done, or was, to many objects one after the other.

    `updated_at` moves while it goes on; one that is running and did not move for long was cut off.
    """

    __tablename__ = "bulk_runs"

    id: int | None = identity()
    ref: str = ref_field()
    owner_ref: str = Field(max_length=40, index=True)
    resource: str = Field(max_length=40)
    action: str = Field(max_length=80)
    title: str = Field(max_length=200)
    total: int
    done: int = Field(default=0)
    failed: int = Field(default=0)
    status: str = Field(default="running", max_length=20)
    problem: str = Field(default="")
    is_cancelled: bool = Field(default=False)
    started_at: datetime = moment()
    updated_at: datetime = moment()


class BulkOutcome(PlatformBase, table=True):
    """What a bulk run did to one object, or why it did not; `place` counts from 1."""

    __tablename__ = "bulk_outcomes"

    run_id: int = Field(
        sa_type=BigInteger, foreign_key="bulk_runs.id", ondelete="CASCADE", primary_key=True
    )
    place: int = Field(primary_key=True)
    target_ref: str = Field(max_length=80)
    label: str = Field(max_length=300)
    is_done: bool
    said: str = Field(default="")


class AuditEntry(PlatformBase, table=True):
    """Who did what to what, with the names as they were then. Rows are only ever added.

    What one act of a person caused bears the same `correlation_ref`, which the logs bear too.
    """

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_target", "target_type", "target_ref", "id"),)

    id: int | None = identity()
    event_ref: str = Field(default_factory=new_ref, unique=True, max_length=40)
    at: datetime = moment(index=True)
    actor_ref: str = Field(default="", max_length=40, index=True)
    actor_name: str = Field(default="", max_length=200)
    client_address: str = Field(default="", max_length=64)
    client_agent: str = Field(default="", max_length=300)
    correlation_ref: str = Field(default="", max_length=40, index=True)
    action: str = Field(max_length=80, index=True)
    target_type: str = Field(default="", max_length=40)
    target_ref: str = Field(default="", max_length=40)
    target_name: str = Field(default="", max_length=200)
    reason: str = Field(default="")
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
