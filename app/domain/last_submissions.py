"""When a person last sent a job to each service."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from app.domain.access import Actor, require
from models.jobs import Job


def last_submissions(session: Session, *, actor: Actor) -> dict[str, datetime]:
    """The time of the actor's last job at each service, by the service's ref."""
    require(actor, "job:submit")
    rows = session.exec(
        select(Job.service_ref, func.max(Job.created_at))
        .where(col(Job.owner_ref) == actor.user_ref)
        .group_by(Job.service_ref)
    )
    return dict(rows.all())
