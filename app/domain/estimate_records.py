"""What was expected of jobs when they were sent, and how good that was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from sqlalchemy import exists, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain.access import WORKER, Actor, require, require_own
from app.domain.estimates import LEAST_OWN, expect
from app.domain.job_states import JobStatus
from app.domain.own_times import times_of_panels, times_of_service
from app.domain.queue_pace import Pace
from models.base import now
from models.jobs import Job, JobEstimate

LATEST_ESTIMATES = 100
# An estimate that is made later would know too much.
SENT_WITHIN = timedelta(minutes=1)

_REAL_TIMES = """
    SELECT estimate.wait_least, estimate.wait_most,
           estimate.turnaround_least, estimate.turnaround_most,
           extract(epoch FROM job.running_at - job.submitted_at)::float AS waited,
           extract(epoch FROM job.finished_at - job.submitted_at)::float
               * CASE WHEN job.status = 'completed' AND job.offered_at IS NULL THEN 1 END AS took
    FROM jobs AS job
    JOIN job_estimates AS estimate ON estimate.job_id = job.id
    WHERE job.service_ref = :service_ref AND job.submitted_at IS NOT NULL
      AND (job.running_at IS NOT NULL OR job.status = 'completed')
    ORDER BY job.submitted_at DESC
    LIMIT :latest
"""


@dataclass(frozen=True)
class Hits:
    """How past estimates did: of `jobs` whose time is known, so many lay in the range.

    `median_error` is how far the range's middle was off, in seconds, for the middle one of them.
    """

    jobs: int
    hits: int
    median_error: float

    @property
    def share(self) -> float:
        """The share of jobs whose real time fell into the range."""
        return self.hits / self.jobs


@dataclass(frozen=True)
class Accuracy:
    """How good the last estimates for a service were; None where too few can be told yet."""

    wait: Hits | None
    turnaround: Hits | None


@dataclass(frozen=True)
class SentJob:
    """A job that was just sent, and nothing was noted yet of what to expect of it."""

    job_id: int
    service_ref: str
    panel_ref: str


def just_sent(session: Session) -> list[SentJob]:
    """The jobs that were sent within `SENT_WITHIN` and have no estimate. For the worker."""
    noted = exists().where(col(JobEstimate.job_id) == Job.id)
    found = session.exec(
        select(Job.id, Job.service_ref, Job.panel_ref).where(
            col(Job.status).in_((JobStatus.SUBMITTED, JobStatus.RUNNING)),
            col(Job.submitted_at) > now() - SENT_WITHIN,
            ~noted,
        )
    )
    return [SentJob(job_id or 0, service, panel) for job_id, service, panel in found]


def keep_estimates(session: Session, *, jobs: Sequence[SentJob], known: Mapping[str, Pace]) -> None:
    """Note what is to be expected of jobs that were just sent, once each. For the worker.

    `known` are the paces of their services, which are in another database. Where nothing can be
    said, that is noted too.
    """
    panels = times_of_panels(session, actor=WORKER, panel_refs=[job.panel_ref for job in jobs])
    for job in jobs:
        own = panels[job.panel_ref]
        if len(own.took) < LEAST_OWN:
            own = times_of_service(session, actor=WORKER, service_ref=job.service_ref)
        expected = expect(known.get(job.service_ref), own)
        wait, turnaround = expected.wait.range, expected.turnaround.range
        row = {
            "job_id": job.job_id,
            "made_at": now(),
            "wait_least": wait.least if wait else None,
            "wait_most": wait.most if wait else None,
            "turnaround_least": turnaround.least if turnaround else None,
            "turnaround_most": turnaround.most if turnaround else None,
            "basis": expected.wait.basis[:200],
        }
        session.connection().execute(insert(JobEstimate).values(row).on_conflict_do_nothing())


@dataclass(frozen=True)
class KeptEstimate:
    """What was expected of a job when it was sent: from so many seconds to so many."""

    wait: tuple[float, float] | None
    turnaround: tuple[float, float] | None
    basis: str


def kept_estimate(session: Session, *, actor: Actor, job_ref: str) -> KeptEstimate | None:
    """What was expected of a job when it was sent; None where nothing could be said."""
    require(actor, "job:read")
    found = session.exec(
        select(Job, JobEstimate)
        .join(JobEstimate, col(JobEstimate.job_id) == Job.id)
        .where(Job.ref == job_ref)
    ).first()
    if found is None:
        return None
    job, kept = found
    require_own(actor, "job:read", owner_ref=job.owner_ref, what="job")
    wait = _ends(kept.wait_least, kept.wait_most)
    turnaround = _ends(kept.turnaround_least, kept.turnaround_most)
    return KeptEstimate(wait, turnaround, kept.basis) if wait or turnaround else None


def accuracy(session: Session, *, actor: Actor, service_ref: str) -> Accuracy:
    """How good the last estimates for a service were, over everybody's jobs."""
    require(actor, "service:read")
    found = (
        session.connection()
        .execute(text(_REAL_TIMES), {"service_ref": service_ref, "latest": LATEST_ESTIMATES})
        .all()
    )
    return Accuracy(
        wait=_hits([(row.wait_least, row.wait_most, row.waited) for row in found]),
        turnaround=_hits([(row.turnaround_least, row.turnaround_most, row.took) for row in found]),
    )


def _ends(least: float | None, most: float | None) -> tuple[float, float] | None:
    return None if least is None or most is None else (least, most)


def _hits(rows: list[tuple[float | None, float | None, float | None]]) -> Hits | None:
    known = [
        (least, most, real)
        for least, most, real in rows
        if least is not None and most is not None and real is not None
    ]
    if len(known) < LEAST_OWN:
        return None
    return Hits(
        jobs=len(known),
        hits=sum(least <= real <= most for least, most, real in known),
        median_error=median(abs(real - (least + most) / 2) for least, most, real in known),
    )
