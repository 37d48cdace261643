"""The signs of life of our own processes."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from models.base import now
from models.monitoring import Heartbeat

FORGOTTEN_AFTER = timedelta(days=1)


def beat(session: Session, *, process: str, kind: str, host: str, started_at: datetime) -> None:
    """Say that a process is alive; processes that have long been silent are forgotten."""
    statement = insert(Heartbeat).values(
        process=process, kind=kind, host=host, version="", started_at=started_at, beat_at=now()
    )
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["process"], set_={"beat_at": now()})
    )
    session.connection().execute(
        delete(Heartbeat).where(col(Heartbeat.beat_at) < now() - FORGOTTEN_AFTER)
    )
