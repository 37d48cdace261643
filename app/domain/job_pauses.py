"""Jobs of a service to which administrators let none be sent for a while: they wait.

The pause itself is the service's (`app.domain.service_pauses`), in its own database. A job learns
of it when its turn comes, and is woken to look when it begins and ends.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from app.domain.job_status import JobStatus
from models import db
from models.jobs import Job, JobQueueEntry

# What such a job waits for.
PAUSED = "paused"


def pause(session: Session, job: Job) -> None:
    """Take a locked, queued job out of its line until its service is sent jobs again."""
    if job.waits_for != PAUSED or job.held_reason:
        job.slot_key, job.waits_for, job.held_reason = "", PAUSED, ""
        session.add(job)
        db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
        db.announce(session, "job_slots")


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Sending to a service was paused or resumed (`app.domain.relay`); twice is as once."""
    ready = select(Job.id).where(
        Job.service_ref == payload["service_ref"], Job.status == JobStatus.QUEUED
    )
    # One whose entry is locked is being looked at, and looks again by itself.
    entries = (
        select(JobQueueEntry.job_id)
        .where(col(JobQueueEntry.job_id).in_(ready))
        .with_for_update(skip_locked=True)
    )
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.job_id).in_(session.exec(entries).all()))
        .values(next_action_at=func.least(JobQueueEntry.next_action_at, func.now()))
    )
