"""Carrying outbox rows to the databases that their topics belong to, each with one effect.

The target's transaction commits before the row is marked: a row whose mark is lost is delivered
again, and the receiving side knows it by its `event_ref`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.domain import (
    alerts,
    announcements,
    audit,
    deleted_results,
    job_alerts,
    job_credentials,
    job_notes,
    job_pauses,
    job_slots,
    notifications,
)
from models import db
from models.base import Outbox, now
from models.files import FilesOutbox
from models.jobs import JobsOutbox
from models.registry import RegistryOutbox
from models.users import UsersOutbox

SOURCES: Mapping[str, type[Outbox]] = MappingProxyType(
    {
        db.USERS: UsersOutbox,
        db.REGISTRY: RegistryOutbox,
        db.JOBS: JobsOutbox,
        db.FILES: FilesOutbox,
    }
)

# topic: (the database it goes to, what stores it there)
TARGETS: Mapping[str, tuple[str, Callable[..., None]]] = MappingProxyType(
    {
        "notification": (db.NOTIFICATIONS, notifications.receive),
        "audit": (db.PLATFORM, audit.receive),
        "announcement": (db.USERS, announcements.receive),
        "alert": (db.MONITORING, alerts.receive),
        "job_alert": (db.JOBS, job_alerts.receive),
        "credential": (db.JOBS, job_credentials.receive),
        "results_deleted": (db.JOBS, deleted_results.receive),
        "results_ending": (db.JOBS, deleted_results.receive_ending),
        "done_on_behalf": (db.JOBS, job_notes.receive),
        "slots_changed": (db.JOBS, job_slots.receive_limit),
        "pause_changed": (db.JOBS, job_pauses.receive),
    }
)

BATCH = 100
KEPT_FOR = timedelta(days=30)


def relay_topic(source: str, topic: str) -> int:
    """Deliver what is due of one topic from one database; return how many rows were delivered.

    A row that cannot be delivered waits 1, 3, 7, … seconds from when it was written. A target that
    cannot be reached raises, and counts against no row.
    """
    table = SOURCES[source]
    with db.session(source) as session:
        due = session.exec(
            select(table)
            .where(
                table.topic == topic,
                col(table.delivered_at).is_(None),
                col(table.created_at)
                + func.make_interval(
                    0, 0, 0, 0, 0, 0, func.power(2, func.least(table.attempts, 30)) - 1
                )
                <= func.now(),
            )
            .order_by(col(table.id))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        return sum(_deliver(session, row) for row in due)


def waiting_topics(source: str) -> set[str]:
    """The topics of one database of which something is not delivered yet, due or not."""
    table = SOURCES[source]
    with db.session(source) as session:
        waiting = select(table.topic).where(col(table.delivered_at).is_(None)).distinct()
        return set(session.exec(waiting))


def prune(source: str) -> None:
    """Delete rows that were delivered long ago."""
    table = SOURCES[source]
    with db.session(source) as session:
        session.connection().execute(
            delete(table).where(col(table.delivered_at) < now() - KEPT_FOR)
        )


def _deliver(session: Session, row: Outbox) -> bool:
    target, receive = TARGETS[row.topic]
    try:
        with db.session(target) as other:
            receive(other, event_ref=row.event_ref, payload=row.payload)
    except db.UNAVAILABLE:
        raise
    except Exception as error:
        row.attempts += 1
        row.last_error = f"{type(error).__name__}: {error}"[:500]
        session.add(row)
        return False
    row.delivered_at = now()
    row.last_error = ""
    session.add(row)
    return True
