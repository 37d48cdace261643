"""`monitoring_db`: the health of our own processes."""

from datetime import datetime

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, moment


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
