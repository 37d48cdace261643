"""How long a service keeps what a run left, and what becomes of a job whose service did not.

A job that has ended here is never looked at again, so that a later deletion at the service changes
nothing of it.
"""

from datetime import datetime

from sqlmodel import Session, select

from app.connectors.base import RunDetails, RunState, RunStatus
from app.domain.job_queue import Claim, claimed_job, retire
from app.domain.job_states import JobStatus, change_status
from models import db
from models.base import now
from models.jobs import Job, JobResult

# Also what its owner deleted since was not lost by the service.
HERE = ("fetched", "unpacked", "damaged", "deleted")


def keep_expiry(job: Job, status: RunStatus) -> None:
    """Keep when the service deletes what the run left, or that it has done so."""
    if status.expires_at is not None:
        job.results_expire_at = status.expires_at
    if status.results_gone and job.results_gone_at is None:
        job.results_gone_at = now()


def record_gone(session: Session, claim: Claim, *, details: RunDetails | None) -> None:
    """The run is over, and its service has deleted what is not here by now: the job ends.

    It is complete with what was fetched before, and failed where that is nothing. Without `details`
    the service knows the run no more; else it says that it succeeded.
    """
    job = claimed_job(session, claim)
    if details is not None:
        assert details.status.state is RunState.COMPLETE
        keep_expiry(job, details.status)
        job.remote_state = details.status.raw_state
    job.results_gone_at = job.results_gone_at or now()
    when = _when(job, details.status.expires_at if details else job.results_expire_at)
    known = session.exec(
        select(JobResult).where(JobResult.job_id == job.id, JobResult.role != "")
    ).all()
    wanted = [result for result in known if result.archive_id is None]
    here = [result for result in wanted if result.state in HERE]
    # An archive that did not open to its end has left what came before that.
    opened = [result for result in known if result.archive_id and result.state in HERE]
    # Of a run that is known no more it may be that it failed, and that what tells why has come.
    is_complete = any(details or result.role == "imputed" for result in (*here, *opened))
    gone = [result for result in wanted if result.state not in HERE]
    for result in gone:
        result.state = "gone"
        result.error_message = f"{job.service_name} deleted it {when}, before it was fetched."
        session.add(result)
    names = ", ".join(f"“{result.name}”" for result in gone[:20])
    if is_complete:
        reason = f"{len(here)} of {len(wanted)} results fetched"
        if gone:
            reason += f"; {job.service_name} deleted the others {when}: {names}"
        change_status(session, job, JobStatus.COMPLETED, reason=reason)
    else:
        ended = "succeeded" if details else "is over"
        told = f"The run {ended}, but {job.service_name} deleted its results {when}, "
        job.error_message = (
            f"{told}before they were fetched{f': {names}' if names else ''}.\n"
            "Submit the job again to get them."
        )
        change_status(session, job, JobStatus.FAILED, reason=job.error_message.splitlines()[0])
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    retire(session, claim)


def _when(job: Job, told: datetime | None) -> str:
    """The time of the deletion in words, or by when it was seen to have happened."""
    if told is not None and told <= now():
        return f"on {told:%Y-%m-%d at %H:%M} UTC"
    seen = job.results_gone_at or now()
    return f"by {seen:%Y-%m-%d %H:%M} UTC"
