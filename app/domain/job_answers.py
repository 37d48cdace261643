"""The one question of a job whose submission's answer was lost.

Did the service take the run? The owner is asked where the service cannot be, and answers with the
run's id, which the worker verifies there, or says that there is no such run, and it is sent again.
Until then nothing is sent. Should the service learn to tell, the run is found without an answer.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from app.connectors.wes_submit import TAG
from app.domain import job_outcomes, job_queue
from app.domain.access import Actor
from app.domain.errors import Conflict, Invalid
from app.domain.job_outcomes import ASKED_AGAIN
from app.domain.job_queries import JobRow, job_row
from app.domain.job_queue import Claim, claimed_job, release
from app.domain.job_states import ANSWER_LOST, JobStatus, change_status, hold, note
from app.domain.jobs import audit, locked
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, JobStatusChange

LONGEST_ID = 300


@dataclass(frozen=True)
class Question:
    """What a person needs to answer.

    `explanation` says what happened and why the platform cannot tell. `job_ref` is our id, which
    travelled as `tag`; `workflow` and the time tell the run from others where no tag is shown.
    `checking` is the id that was given and is being verified; `trouble` is what came of the last
    look there. `is_cancelled` if the owner wants the run to be cancelled in any case.
    """

    sent_at: datetime
    explanation: str
    tag: str
    job_ref: str
    workflow: str
    checking: str
    trouble: str
    is_cancelled: bool


def cannot_be_found(session: Session, claim: Claim, *, reason: str) -> None:
    """The service cannot tell whether it took the run, so its owner is asked, once."""
    job = claimed_job(session, claim)
    if job.held_reason != ANSWER_LOST:
        lost = "The platform stopped while it was being sent, and heard no answer."
        if job.contact_error:
            lost = f"It was sent, but the answer was lost: {job.contact_error}"
        hold(
            session,
            job,
            ANSWER_LOST,
            f"It is not known whether {job.service_name} took this run. {lost} The platform "
            f"cannot look it up there: {reason}",
        )
    release(session, claim, after=ASKED_AGAIN)


def question_of(session: Session, job: Job) -> Question | None:
    """The question that a job asks whose reader has been authorised; None if it asks none."""
    if job.held_reason != ANSWER_LOST:
        return None
    recipe = job.panel_snapshot.get("recipe", {})
    # The explanation tells of the lost answer; what came later is told beside it.
    is_told = not job.remote_id and job.contact_error in job.status_reason
    return Question(
        sent_at=_sent_at(session, job),
        explanation=job.status_reason,
        tag=TAG,
        job_ref=job.ref,
        workflow=str(recipe.get("workflow_url", "")),
        checking=job.remote_id,
        trouble="" if is_told else job.contact_error,
        is_cancelled=job.cancel_requested_at is not None,
    )


def confirm_run(session: Session, *, actor: Actor, job_ref: str, remote_id: str) -> JobRow:
    """The owner found the run at the service: the worker verifies the id there, then adopts it.

    Raises `Invalid` for what cannot be an id, and `Conflict` where another job has it or nothing is
    asked. Another id may be given while one is being verified.
    """
    job = _asking(session, actor, job_ref)
    wanted = remote_id.strip()
    if not wanted or len(wanted) > LONGEST_ID or not wanted.isprintable() or " " in wanted:
        raise Invalid(
            f"Enter the id under which {job.service_name} lists the run, in one word.",
            field="remote_id",
        )
    _reserve(session, job, wanted)
    job.remote_id = wanted
    job.contact_error = ""
    reason = f"{job.service_name} is asked about the run {wanted}, which is said to be this one"
    note(session, job, reason, actor=actor.name)
    _wake(session, job)
    audit(session, actor, "job.confirm_run", job)
    return job_row(job)


def not_there(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """The owner did not find the run at the service: it is sent again.

    A job that its owner wanted to cancel is cancelled instead. Raises `Conflict` while the worker
    asks the service, which might find the run at this moment.
    """
    job = _asking(session, actor, job_ref)
    if job.remote_id or _is_being_looked_for(session, job):
        raise Conflict(
            f"{job.service_name} is being asked about this run at the moment. Wait for its "
            "answer, and reload the page."
        )
    job.held_reason = ""
    job.looked_in_vain_at = None
    said = f"{actor.name} did not find the run at {job.service_name}"
    if job.cancel_requested_at:
        job.cancel_outcome = "confirmed"
        change_status(
            session,
            job,
            JobStatus.CANCELLED,
            reason=f"{said}, and wanted it cancelled",
            actor=actor.name,
        )
        assert job.id is not None
        job_queue.drop(session, job.id)
    else:
        change_status(
            session, job, JobStatus.QUEUED, reason=f"{said}; sending it again", actor=actor.name
        )
        _wake(session, job)
    audit(session, actor, "job.send_again", job)
    return job_row(job)


def adopted(session: Session, claim: Claim, *, poll: float) -> None:
    """The service has the run under the id that the owner gave."""
    job = claimed_job(session, claim)
    if job.remote_id != claim.remote_id:
        release(session, claim, after=0)
        return
    job_outcomes.sent(session, claim, remote_id=claim.remote_id, was_found=True, poll=poll)


def refuted(session: Session, claim: Claim, *, reason: str) -> None:
    """The id that the owner gave is not this run's: the question stays."""
    job = claimed_job(session, claim)
    if job.remote_id != claim.remote_id:
        release(session, claim, after=0)
        return
    job.remote_id = ""
    job.contact_error = f"{claim.remote_id} is not this run: {reason}"
    note(session, job, job.contact_error)
    release(session, claim, after=ASKED_AGAIN)


def _asking(session: Session, actor: Actor, job_ref: str) -> Job:
    job = locked(session, actor, job_ref)
    if job.held_reason != ANSWER_LOST or job.status != JobStatus.SUBMITTING:
        raise Conflict(
            f"“{job.name}” does not ask this any more. Reload the page to see where it stands."
        )
    return job


def _reserve(session: Session, job: Job, remote_id: str) -> None:
    """Refuse an id that another job has, also where two people give it at the same time."""
    key = func.hashtextextended(f"{job.service_ref} {remote_id}", 0)
    session.exec(select(func.pg_advisory_xact_lock(key)))
    taken = session.exec(
        select(Job.id).where(
            Job.remote_id == remote_id, Job.service_ref == job.service_ref, Job.id != job.id
        )
    ).first()
    if taken is not None:
        raise Conflict(
            f"The run {remote_id} at {job.service_name} belongs to another job of this platform. "
            "Look for one that was taken at the time shown."
        )


def _is_being_looked_for(session: Session, job: Job) -> bool:
    entry = session.exec(select(JobQueueEntry).where(JobQueueEntry.job_id == job.id)).first()
    return entry is not None and entry.lease_until is not None and entry.lease_until > now()


def _wake(session: Session, job: Job) -> None:
    assert job.id is not None
    job_queue.wake(session, job.id)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def _sent_at(session: Session, job: Job) -> datetime:
    sent_at = session.exec(
        select(func.max(JobStatusChange.at)).where(
            JobStatusChange.job_id == job.id,
            col(JobStatusChange.from_status) == JobStatus.QUEUED,
            col(JobStatusChange.to_status) == JobStatus.SUBMITTING,
        )
    ).one()
    return sent_at or job.updated_at
