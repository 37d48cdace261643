"""Jobs that waited for a token, when there is another one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from app.domain.job_states import TERMINAL
from models.jobs import Job, JobQueueEntry

HELD_FOR_A_TOKEN = ("credential", "not_authorised")


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """A token may be used: the jobs that are held for want of one are tried now.

    They are those of its owner, or everybody's for the lab's. The next answer of the service ends
    the hold.
    """
    held = select(Job.id).where(
        Job.service_ref == payload["service_ref"],
        col(Job.held_reason).in_(HELD_FOR_A_TOKEN),
        col(Job.status).not_in(TERMINAL),
    )
    if payload["user_ref"]:
        held = held.where(Job.owner_ref == payload["user_ref"])
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.job_id).in_(held))
        .values(next_action_at=func.now(), attempts=0)
    )
