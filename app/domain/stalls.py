"""Runs that take far longer than is usual for their panel, by our own clock alone.

A service may call a run RUNNING for ever after a crash (Toil does), and its own times cannot be
trusted. What is usual comes from the panel's latest completed jobs:

* a run that runs, or that was asked to stop, is stalled after `max(4 * p95, p95 + 30 min)`, where
  p95 is the time that 95 % of those jobs needed. Four times leaves room for a larger dataset, half
  an hour for a slow day of a panel whose runs take seconds;
* with fewer than `LEAST_RUNS` of them it is stalled after `FGIP_STALL_HOURS`;
* a run in the service's queue is not stalled for being unusual there, since a long queue is no
  fault: only after `FGIP_STALL_HOURS`, or four times the usual wait if that is longer.

A job's time is from when it was first seen running (else taken) until its results were here. A run
that was given up and fetched later counts for nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.config import settings
from app.domain.job_states import JobStatus, note, notify
from models.base import now
from models.jobs import Job

LATEST_RUNS = 50
LEAST_RUNS = 5
WATCHED = (JobStatus.SUBMITTED, JobStatus.RUNNING, JobStatus.CANCELLING)

# The panel's latest completed jobs, through ix_jobs_panel_finished.
_USUAL = """
    SELECT count(*) AS runs,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS middle,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY waited) AS waited_p95
    FROM (
        SELECT done.finished_at - coalesce(done.running_at, done.submitted_at) AS took,
               done.running_at - done.submitted_at AS waited
        FROM jobs AS done
        WHERE done.panel_ref = {panel_ref} AND done.status = 'completed'
          AND done.finished_at IS NOT NULL AND done.submitted_at IS NOT NULL
          AND done.offered_at IS NULL
        ORDER BY done.finished_at DESC
        LIMIT :latest_runs
    ) AS latest
"""

_STALLED = f"""
    WITH watched AS MATERIALIZED (
        SELECT id, panel_ref, status = 'submitted' AS is_queued,
               now() - CASE WHEN status = 'cancelling'
                   THEN greatest(coalesce(running_at, submitted_at), cancel_requested_at)
                   ELSE coalesce(running_at, submitted_at) END AS age
        FROM jobs
        WHERE status IN ('submitted', 'running', 'cancelling') AND stalled_at IS NULL
    ), usual AS (
        SELECT panel_ref, known.*
        FROM (SELECT DISTINCT panel_ref FROM watched) AS panels
        CROSS JOIN LATERAL ({_USUAL.format(panel_ref="panels.panel_ref")}) AS known
    )
    SELECT id FROM watched JOIN usual USING (panel_ref)
    WHERE age > CASE
        WHEN is_queued AND runs >= :least_runs THEN greatest(:default, 4 * waited_p95)
        WHEN is_queued THEN :default
        WHEN runs >= :least_runs THEN greatest(4 * p95, p95 + interval '30 minutes')
        ELSE :default END
    ORDER BY id
"""  # noqa: S608  (made of constants)


@dataclass(frozen=True)
class UsualTime:
    """How long the panel's latest `runs` completed jobs took, in the middle; None without any."""

    runs: int
    middle: timedelta | None


def flag_stalled(session: Session) -> list[str]:
    """Flag the runs that became stalled, and tell their owners once; return the jobs' refs."""
    default = timedelta(hours=settings().stall_hours)
    found = session.connection().execute(
        text(_STALLED),
        {"latest_runs": LATEST_RUNS, "least_runs": LEAST_RUNS, "default": default},
    )
    ids = [row.id for row in found]
    # What another worker flags at this moment, or a change of status takes, is left to it.
    stalled = session.exec(
        select(Job)
        .where(col(Job.id).in_(ids), col(Job.status).in_(WATCHED), col(Job.stalled_at).is_(None))
        .order_by(col(Job.id))
        .with_for_update(skip_locked=True)
    ).all()
    for job in stalled:
        job.stalled_at = now()
        explanation = explain(job, usual_time(session, job.panel_ref))
        note(session, job, explanation)
        notify(session, job, "job.stalled", "Unusually long: {name} on {service}", explanation)
    return [job.ref for job in stalled]


def usual_time(session: Session, panel_ref: str) -> UsualTime:
    """How long the panel's latest completed jobs took."""
    row = (
        session.connection()
        .execute(
            text(_USUAL.format(panel_ref=":panel_ref")),
            {"panel_ref": panel_ref, "latest_runs": LATEST_RUNS},
        )
        .one()
    )
    return UsualTime(row.runs, row.middle)


def explain(job: Job, usual: UsualTime) -> str:
    """Say of a stalled job how long it takes, and what is usual."""
    service, age = job.service_name, words_of(now() - _since(job))
    if job.status == JobStatus.SUBMITTED:
        return (
            f"{service} took this run {age} ago and has not started it. A long queue is no fault, "
            "and the run may start yet."
        )
    if job.status == JobStatus.CANCELLING:
        return f"{service} was asked to stop this run {age} ago and has not said that it stopped."
    if usual.runs < LEAST_RUNS or usual.middle is None:
        return (
            f"This run has run for {age}. Too few runs of this panel were completed to say what is "
            "usual."
        )
    return (
        f"Runs of this panel usually take {words_of(usual.middle)} (middle of the last "
        f"{usual.runs}); this one has run for {age}."
    )


def words_of(time: timedelta) -> str:
    """A length of time as people say it: 40 s, 12 min, 3 h, 5 days."""
    seconds = max(0.0, time.total_seconds())
    for unit, length, until in (("s", 1, 60), ("min", 60, 7200), ("h", 3600, 172800)):
        if seconds < until:
            return f"{round(seconds / length)} {unit}"
    return f"{round(seconds / 86400)} days"


def _since(job: Job) -> datetime:
    started = job.running_at or job.submitted_at or job.created_at
    if job.status == JobStatus.CANCELLING and job.cancel_requested_at:
        return max(started, job.cancel_requested_at)
    return started
