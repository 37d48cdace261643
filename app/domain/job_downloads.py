"""Downloads that a service counts: each request costs one, and the last one is its owner's.

Some services hand a result out so many times only (`JobResult.downloads_left`). A fetch that is cut
costs one as a whole one does, so that trying on by itself could use up all of them.
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from app.domain.access import Actor
from app.domain.errors import Conflict
from app.domain.job_queries import JobRow, job_row
from app.domain.job_queue import Claim, claimed_job, release, wake
from app.domain.job_states import hold, note
from app.domain.jobs import audit, locked
from models import db
from models.base import now
from models.jobs import Job, JobResult

LAST_DOWNLOAD = "last_download"
# A held job is looked at now and then: the service's operators may allow more downloads.
LOOKED_AT_EVERY = timedelta(hours=1)


def spend(session: Session, claim: Claim, *, result_id: int) -> bool:
    """Count a request for a result before it is sent; false if it may not be sent.

    Where none is left, the result can only be had at the service from now on.
    """
    job = claimed_job(session, claim)
    result = session.exec(select(JobResult).where(JobResult.id == result_id)).one()
    left = result.downloads_left
    if left is None:
        return True
    if left == 1 and result.last_download_asked_at is None:
        return False
    if left < 1:
        result.state = "remote"
        result.error_message = (
            f"All downloads that {job.service_name} allows of it are used up. Ask its operators "
            "to allow more, and fetch it there."
        )
    else:
        result.downloads_left = left - 1
        result.last_download_asked_at = None
    session.add(result)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    return left > 0


def keep_last(session: Session, claim: Claim) -> bool:
    """Hold the job where results are left of which one download is left only; tell if so."""
    job = claimed_job(session, claim)
    kept = _kept(session, job)
    if not kept:
        return False
    names = ", ".join(f"“{result.name}”" for result in kept)
    hold(
        session,
        job,
        LAST_DOWNLOAD,
        f"{job.service_name} hands out {names} once more only, after fetches that broke off. That "
        "last download is kept for you: fetch it at the service, or have the platform try it.",
    )
    release(session, claim, after=LOOKED_AT_EVERY.total_seconds())
    return True


def try_last_download(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """Have the platform use the last download of those of a job's results that have one left.

    For the job's owner. Raises `Conflict` where no result waits for that.
    """
    job = locked(session, actor, job_ref)
    kept = [result for result in _kept(session, job) if result.last_download_asked_at is None]
    if job.held_reason != LAST_DOWNLOAD or not kept:
        raise Conflict(
            f"No result of “{job.name}” waits for its last download. Reload the page to see where "
            "it stands."
        )
    for result in kept:
        result.last_download_asked_at = now()
        session.add(result)
    assert job.id is not None
    job.held_reason = ""
    job.status_reason = "Trying the last download"
    note(session, job, "The last download is to be tried", actor=actor.name)
    wake(session, job.id)
    audit(session, actor, "job.try_last_download", job)
    return job_row(job)


def _kept(session: Session, job: Job) -> list[JobResult]:
    found = session.exec(
        select(JobResult)
        .where(
            JobResult.job_id == job.id,
            JobResult.state == "listed",
            JobResult.downloads_left == 1,
            JobResult.role != "",
        )
        .order_by(col(JobResult.id))
    )
    return list(found)
