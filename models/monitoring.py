"""`monitoring_db`: the health of our own processes, and what was worth an alert."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, identity, moment, ref_field


class MonitoringBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the monitoring database."""


class Heartbeat(MonitoringBase, table=True):
    """A process of ours (`kind` is `web` or `worker`) and when it last said that it is alive."""

    __tablename__ = "heartbeats"

    process: str = Field(primary_key=True, max_length=80)
    kind: str = Field(max_length=20)
    host: str = Field(max_length=120)
    version: str = Field(default="", max_length=40)
    started_at: datetime = moment()
    beat_at: datetime = moment(index=True)


class Alert(MonitoringBase, table=True):
    """Something about a service that people should know. `event_ref` makes it come once.

    `audience` says whom it concerns: everybody with this permission, or the owners of jobs there.
    A silenced alert is kept, but was told to nobody.
    """

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_service_raised", "service_ref", "raised_at"),)

    id: int | None = identity()
    ref: str = ref_field()
    event_ref: str = Field(unique=True, max_length=40)
    kind: str = Field(max_length=40)
    service_ref: str = Field(max_length=40)
    service_name: str = Field(max_length=120)
    incident_ref: str = Field(default="", max_length=40)
    audience: str = Field(default="", max_length=60)
    title: str = Field(max_length=200)
    body: str = Field(default="")
    is_silenced: bool = Field(default=False)
    raised_at: datetime = moment(index=True)
