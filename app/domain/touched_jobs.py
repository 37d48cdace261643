"""Which jobs an outage of a service touches: a person's own, or everybody's who may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
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


def touched_jobs(session: Session, *, actor: Actor, service_ref: str) -> TouchedJobs:
    """The jobs that a trouble of a service touches now: those that have not ended.

    One sees one's own, and everybody's with `job:read:any`. Which jobs an outage of the past
    touched is in `app.domain.incident_jobs`.
    """
    require(actor, "job:read")
    touched = [
        col(Job.service_ref) == service_ref,
        col(Job.status).not_in(TERMINAL),
        *_reach(actor),
    ]
    counted = session.exec(
        select(Job.status, func.count()).where(*touched).group_by(col(Job.status))
    )
    latest = session.exec(select(Job).where(*touched).order_by(col(Job.id).desc()).limit(SHOWN))
    return TouchedJobs(dict(counted.all()), [job_row(job) for job in latest])


def _reach(actor: Actor) -> list[ColumnElement[bool]]:
    if "job:read:any" in actor.permissions:
        return []
    return [col(Job.owner_ref) == actor.user_ref]
