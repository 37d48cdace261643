"""How many jobs incidents touched: a person's own, or everybody's who may see them."""

from collections.abc import Sequence

from sqlalchemy import DateTime, String, and_, column, func, or_, values
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.incident_queries import IncidentRow
from models.base import now
from models.jobs import Job


def jobs_touched(
    session: Session, *, actor: Actor, incidents: Sequence[IncidentRow]
) -> dict[str, int]:
    """Jobs that were under way at the service while an incident lasted, by the incident's ref.

    The session is of `job_processing_db`.
    """
    require(actor, "job:read")
    if not incidents:
        return {}
    spans = values(
        column("ref", String),
        column("service_ref", String),
        column("since", DateTime(timezone=True)),
        column("until", DateTime(timezone=True)),
        name="spans",
    ).data([(one.ref, one.service_ref, one.started_at, one.ended_at or now()) for one in incidents])
    touched = and_(
        col(Job.service_ref) == spans.c.service_ref,
        col(Job.created_at) <= spans.c.until,
        or_(col(Job.finished_at).is_(None), col(Job.finished_at) >= spans.c.since),
    )
    if "job:read:any" not in actor.permissions:
        touched = and_(touched, col(Job.owner_ref) == actor.user_ref)
    found = session.connection().execute(
        select(spans.c.ref, func.count(col(Job.id)))
        .select_from(spans)
        .join(Job, touched)
        .group_by(spans.c.ref)
    )
    return {row[0]: row[1] for row in found}
