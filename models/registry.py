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
    to it. `is_active` is the administrator's wish; `health_status` is the confirmed state and
    `is_available` whether jobs may be sent in it (`models.health` has the rest of a service's
    health). `limits` are those that the service sets (`app.domain.service_limits`), each last
    confirmed on the day that `limits_confirmed` gives (ISO 8601). `check_settings` is how it is
    probed, where that differs from the installation's settings (`app.domain.check_settings`). Until
    `silenced_until` nobody is told of its health. `service_info` is the service's last description
    of itself as the connector understood it, with the answer as it came below `raw`; `described` is
    a digest of what counts in it (`app.domain.service_description`). `software` is the signature
    that the service had at the last probe (`app.connectors.conformance.software_of`); what is known
    of the service's conformance is known of that software. `conformance_problem` says why the last
    reading of it failed. Since `submissions_paused_at` no job is sent there, for the reason beside
    it; the service is still probed, and its runs are followed. `setup_step` is the step of its
    setting up that comes next; empty once that is done.
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
    api_config: dict[str, Any] = json_object()
    limits: dict[str, Any] = json_object()
    limits_confirmed: dict[str, Any] = json_object()
    check_settings: dict[str, Any] = json_object()
    silenced_until: datetime | None = optional_moment()
    silence_reason: str = Field(default="")
    submissions_paused_at: datetime | None = optional_moment()
    submissions_pause_reason: str = Field(default="")
    setup_step: str = Field(default="", max_length=20)
    is_flapping: bool = Field(default=False)
    service_info: dict[str, Any] = json_object()
    described: str = Field(default="", max_length=32)
    software: dict[str, Any] = json_object()
    next_conformance_at: datetime = moment(index=True)
    conformance_lease_until: datetime | None = optional_moment()
    conformance_read_at: datetime | None = optional_moment()
    conformance_problem: str = Field(default="")
    created_at: datetime = moment()
    updated_at: datetime = moment()
    retired_at: datetime | None = optional_moment()


class ReferencePanel(RegistryBase, table=True):
    """A reference panel that a service offers. Panels are retired, never deleted.

    `recipe` says how a run of this panel is made (see `app.domain.recipes`). Panels of one
    `identity` are the same panel, offered by several services. `offered` is what the service itself
    said of it at `offered_at`, from which its recipe was made; empty where people describe it. The
    moment is None once the service offers the panel no more.
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
    identity: str = Field(default="", max_length=120)
    recipe: dict[str, Any] = json_object()
    offered: dict[str, Any] = json_object()
    offered_at: datetime | None = optional_moment()
    is_active: bool = Field(default=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    retired_at: datetime | None = optional_moment()


class ServiceTerms(RegistryBase, table=True):
    """One version of the terms of a service, or of one of its panels. Rows are only ever added.

    A changed text is the next version, which people must accept anew; an empty text ends the terms.
    Who accepted which version is in `user_management_db`.
    """

    __tablename__ = "service_terms"
    __table_args__ = (
        UniqueConstraint("service_id", "panel_id", "version", postgresql_nulls_not_distinct=True),
    )

    id: int | None = identity()
    ref: str = ref_field()
    service_id: int = Field(foreign_key="imputation_services.id")
    panel_id: int | None = Field(default=None, foreign_key="reference_panels.id", index=True)
    version: int
    text: str = Field(default="")
    url: str = Field(default="", max_length=500)
    created_at: datetime = moment()
    created_by_ref: str = Field(default="", max_length=40)
    created_by_name: str = Field(default="", max_length=200)


class ServiceFeature(RegistryBase, table=True):
    """What is known of one feature of a service: whether it does as the standard says.

    `feature`, `verdict` and `how` are those of `app.connectors.conformance`. The verdict holds
    since `first_seen_at` and was last confirmed at `checked_at`; from `outdated_at` on the service
    runs other software, so that it may hold no more. `previous_verdict` held until
    `previous_until`.
    """

    __tablename__ = "service_features"
    __table_args__ = (UniqueConstraint("service_id", "feature"),)

    id: int | None = identity()
    service_id: int = Field(foreign_key="imputation_services.id")
    feature: str = Field(max_length=60)
    verdict: str = Field(max_length=20)
    evidence: str = Field(default="")
    how: str = Field(max_length=20)
    first_seen_at: datetime = moment()
    checked_at: datetime = moment()
    outdated_at: datetime | None = optional_moment()
    previous_verdict: str = Field(default="", max_length=20)
    previous_until: datetime | None = optional_moment()


class ServiceEvent(RegistryBase, table=True):
    """Something in a service's history: its software changed, its panels, or how it is reached.

    `changes` holds what was before and is now, by name: `{"version": ["2.1", "2.2"]}`.
    """

    __tablename__ = "service_events"
    __table_args__ = (Index("ix_service_events_service_at", "service_id", "at"),)

    id: int | None = identity()
    service_id: int = Field(foreign_key="imputation_services.id")
    at: datetime = moment()
    kind: str = Field(max_length=20)
    text: str = Field(default="")
    changes: dict[str, Any] = json_object()


class ServiceTrial(RegistryBase, table=True):
    """A trial of a service with real runs, wished for by a person and made by the worker.

    `progress` holds what happened so far as `{"steps": [{"at", "text"}]}`.
    """

    __tablename__ = "service_trials"

    id: int | None = identity()
    ref: str = ref_field()
    service_id: int = Field(foreign_key="imputation_services.id", index=True)
    requested_by_ref: str = Field(default="", max_length=40)
    requested_by_name: str = Field(default="", max_length=200)
    requested_at: datetime = moment()
    started_at: datetime | None = optional_moment()
    lease_until: datetime | None = optional_moment()
    ended_at: datetime | None = optional_moment(index=True)
    progress: dict[str, Any] = json_object()


class RegistryOutbox(Outbox, RegistryBase, table=True):
    """Changes to services and panels that other databases must follow."""

    __tablename__ = "registry_outbox"
