"""Which jobs an outage of a service touches: a person's own, or everybody's who may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.job_queries import JobRow, job_row
from app.domain.job_states import TERMINAL
from models.jobs import Job

SHOWN = 10


@dataclass(frozen=True)
class TouchedJobs:
    """The jobs in the actor's reach that are touched: how many per status, and the latest."""

    by_status: Mapping[str, int]
    latest: Sequence[JobRow]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.by_status.values())


def touched_jobs(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = SHOWN,
) -> TouchedJobs:
    """The jobs that a trouble of a service touches now, or touched from `since` to `until`.

    Without `since` those that have not ended; otherwise all that were under way in that time. One
    sees one's own, and everybody's with `job:read:any`.
    """
    require(actor, "job:read")
    touched = [*_touched(service_ref, since, until), *_reach(actor)]
    counted = session.exec(
        select(Job.status, func.count()).where(*touched).group_by(col(Job.status))
    )
    latest = session.exec(select(Job).where(*touched).order_by(col(Job.id).desc()).limit(limit))
    return TouchedJobs(dict(counted.all()), [job_row(job) for job in latest])


def owners_touched(session: Session, *, service_ref: str) -> dict[str, int]:
    """Whose unfinished jobs a trouble of a service touches, and how many. For the worker."""
    found = session.exec(
        select(Job.owner_ref, func.count())
        .where(*_touched(service_ref, None, None))
        .group_by(col(Job.owner_ref))
    )
    return dict(found.all())


def _touched(
    service_ref: str, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    conditions = [col(Job.service_ref) == service_ref]
    if since is None:
        return [*conditions, col(Job.status).not_in(TERMINAL)]
    conditions.append(or_(col(Job.finished_at).is_(None), col(Job.finished_at) >= since))
    if until is not None:
        conditions.append(col(Job.created_at) <= until)
    return conditions


def _reach(actor: Actor) -> list[ColumnElement[bool]]:
    if "job:read:any" in actor.permissions:
        return []
    return [col(Job.owner_ref) == actor.user_ref]
