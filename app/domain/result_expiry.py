"""Results that a service will delete: when, and who is warned while they are not here.

The moment is the service's own word where it gives one, else the end of the run and the days that
are known of the service (`retention_days` of its limits).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from app.config import settings
from app.connectors.base import RunDetails
from app.domain.alerts import AlertKind, messages_of
from app.domain.job_downloads import LAST_DOWNLOAD
from app.domain.job_queue import Claim, claimed_job, hurry
from app.domain.job_states import JobStatus, note
from app.domain.outbox import Message, emit_once
from models import db
from models.base import now
from models.jobs import Job, JobsOutbox, JobStatusChange

# A fetch that is under way needs no warning, however short a service keeps results.
UNDER_WAY = timedelta(minutes=10)


def expects_retention(session: Session, claim: Claim) -> bool:
    """Whether the days for which the service keeps results would tell when it deletes them."""
    return claimed_job(session, claim).results_expire_at is None


def note_expiry(
    session: Session, claim: Claim, *, details: RunDetails | None, retention_days: int | None
) -> None:
    """Keep when the service deletes what the run left.

    `details` are None where the service tells nothing, `retention_days` where nobody knows them.
    """
    job = claimed_job(session, claim)
    expires_at = details.status.expires_at if details else None
    if expires_at is None and job.results_expire_at is None and retention_days:
        ended_at = (details.ended_at if details else None) or _collecting_since(session, job)
        expires_at = ended_at + timedelta(days=retention_days)
    if expires_at is not None and expires_at != job.results_expire_at:
        job.results_expire_at = expires_at
        session.add(job)
        db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def is_over(session: Session, claim: Claim) -> bool:
    """Whether the time is over for which the service keeps what the run left."""
    expires_at = claimed_job(session, claim).results_expire_at
    return expires_at is not None and expires_at <= now()


def warn_of_loss(session: Session) -> list[str]:
    """Tell owners and administrators, once, of results that are deleted soon and are not here.

    Their jobs are tried at once and more often from then on. Returns the refs of the jobs that
    people were told of.
    """
    jobs = session.exec(select(Job).where(_is_at_risk()).order_by(col(Job.id))).all()
    told = [job for job in jobs if emit_once(session, JobsOutbox, _warnings(job))]
    in_hurry = [job for job in jobs if job.held_reason != LAST_DOWNLOAD]
    hurry(session, [job.id or 0 for job in in_hurry if job in told], within=0)
    hurry(session, [job.id or 0 for job in in_hurry])
    for job in told:
        note(session, job, _what_is_at_risk(job))
    return [job.ref for job in told]


def _is_at_risk() -> ColumnElement[bool]:
    soon = now() + timedelta(hours=settings().loss_warning_hours)
    is_wanted = (col(Job.status) == JobStatus.COLLECTING) | (
        (col(Job.status) == JobStatus.LOST) & col(Job.offered_at).is_not(None)
    )
    is_stuck = or_(col(Job.held_reason) != "", col(Job.updated_at) < now() - UNDER_WAY)
    return (
        is_wanted
        & is_stuck
        & (col(Job.results_expire_at) <= soon)
        & col(Job.results_gone_at).is_(None)
    )


def _warnings(job: Job) -> list[Message]:
    owner = {
        "user_ref": job.owner_ref,
        "topic": "job.expiring",
        "title": f"Results not fetched yet: {job.name} on {job.service_name}"[:200],
        "body": _what_is_at_risk(job),
        "link": f"/jobs/{job.ref}",
    }
    told = Message("notification", owner, f"expiring:{job.ref}")
    return [
        told,
        *messages_of(
            kind=AlertKind.RESULTS,
            service=(job.service_ref, job.service_name),
            title=f"Results of a job at {job.service_name} are deleted soon and are not here",
            body=f"{_what_is_at_risk(job)} The job is {job.ref}, of {job.owner_name}.",
            once=job.ref,
        ),
    ]


def _what_is_at_risk(job: Job) -> str:
    when = f"{job.results_expire_at:%Y-%m-%d %H:%M} UTC"
    why = job.status_reason if job.held_reason else job.contact_error
    if job.status == JobStatus.LOST:
        why = "Have them fetched on the job's page."
    return (
        f"{job.service_name} deletes the results on {when}, and not all of them are here. "
        f"{why or 'They are being fetched.'}"
    )


def _collecting_since(session: Session, job: Job) -> datetime:
    """When the end of the run was seen, by our own clock."""
    seen = session.exec(
        select(JobStatusChange.at)
        .where(JobStatusChange.job_id == job.id, JobStatusChange.to_status == JobStatus.COLLECTING)
        .order_by(col(JobStatusChange.id))
    ).first()
    return seen or now()
