"""`service_registry_db`: services, the panels they offer, and the history of their health."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, Outbox, identity, json_object, moment, optional_moment, ref_field


class RegistryBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the service-registry database."""


class ImputationService(RegistryBase, table=True):
    """An external imputation service.

    `service_type` says what it is (`wes`, `imputation_server`), `api_type` which connector speaks
    to it. `is_active` is the administrator's wish, `is_available` what the last probe found.
    `service_info` is the service's last description of itself as the connector understood it, with
    the answer as it came below `raw`.
    """

    __tablename__ = "imputation_services"

    id: int | None = identity()
    ref: str = ref_field()
    name: str = Field(max_length=120, unique=True)
    description: str = Field(default="")
    service_type: str = Field(max_length=40)
    api_type: str = Field(max_length=40)
    base_url: str = Field(max_length=500)
    location: str = Field(default="", max_length=120)
    country: str = Field(default="", max_length=2)
    is_simulation: bool = Field(default=False)
    is_active: bool = Field(default=True)
    is_available: bool = Field(default=False)
    health_status: str = Field(default="unknown", max_length=30)
    response_time_ms: float | None = Field(default=None)
    last_health_check: datetime | None = optional_moment()
    error_message: str = Field(default="")
    api_config: dict[str, Any] = json_object()
    limits: dict[str, Any] = json_object()
    service_info: dict[str, Any] = json_object()
    next_probe_at: datetime = moment(index=True)
    probe_lease_until: datetime | None = optional_moment()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    retired_at: datetime | None = optional_moment()


class ReferencePanel(RegistryBase, table=True):
    """A reference panel that a service offers. Panels are retired, never deleted.

    `recipe` says how a run of this panel is made (see `app.domain.recipes`).
    """

    __tablename__ = "reference_panels"
    __table_args__ = (UniqueConstraint("service_id", "panel_id"),)

    id: int | None = identity()
    ref: str = ref_field()
    service_id: int = Field(foreign_key="imputation_services.id", index=True)
    panel_id: str = Field(max_length=120)
    name: str = Field(max_length=200)
    description: str = Field(default="")
    population: str = Field(default="", max_length=120)
    build: str = Field(default="", max_length=20)
    sample_count: int | None = Field(default=None)
    variant_count: int | None = Field(default=None)
    recipe: dict[str, Any] = json_object()
    is_active: bool = Field(default=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    retired_at: datetime | None = optional_moment()


class ServiceHealthLog(RegistryBase, table=True):
    """One probe of one service."""

    __tablename__ = "service_health_logs"
    __table_args__ = (Index("ix_service_health_logs_service_at", "service_id", "checked_at"),)

    id: int | None = identity()
    service_id: int = Field(foreign_key="imputation_services.id")
    checked_at: datetime = moment()
    health_status: str = Field(max_length=30)
    response_time_ms: float | None = Field(default=None)
    error_message: str = Field(default="")


class RegistryOutbox(Outbox, RegistryBase, table=True):
    """Changes to services and panels that other databases must follow."""

    __tablename__ = "registry_outbox"
