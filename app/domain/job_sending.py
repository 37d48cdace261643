"""A job on the doorstep of its service: it is sent if there is a slot for it, or waits for one.

As all that a worker writes of a job, this needs its claim and raises `LeaseLost` without it.
"""

from sqlmodel import Session

from app.domain import job_outcomes, job_slots
from app.domain.job_queue import Claim, claimed_job, poll_delay, release
from app.domain.job_slots import Slot
from app.domain.job_states import JobStatus, change_status


def sending(session: Session, claim: Claim, *, slot: Slot) -> bool:
    """Say, before anything is sent, that the job is being sent; false if it may not be.

    It may not where it is queued no more, or where it has to wait for a slot at the service.
    """
    job = claimed_job(session, claim)
    if job.status == JobStatus.SUBMITTING:
        # Said by this claim a moment ago, when the database broke off after its commit.
        return True
    if job.status != JobStatus.QUEUED:
        release(session, claim, after=0)
        return False
    if not job_slots.take(session, job, slot):
        release(session, claim, after=poll_delay(job_slots.SAFETY_LOOK))
        return False
    job.looked_in_vain_at = None
    change_status(session, job, JobStatus.SUBMITTING, reason=f"Sending to {job.service_name}")
    return True


def slots_full(
    session: Session, claim: Claim, *, reason: str, retry_after: float | None = None
) -> None:
    """The service took the run not, because the account has as many there as it may have.

    Somebody may have started runs there by hand. It is tried again after a while, and at once when
    one of our own jobs frees a slot.
    """
    job = claimed_job(session, claim)
    job.waits_for = job_slots.SLOT_THERE
    job_outcomes.not_sent(
        session,
        claim,
        reason=f"{job.service_name} says that all slots are in use, perhaps by jobs started "
        f"elsewhere: {reason}",
        retry_after=max(job_slots.SHORTEST_RETRY, retry_after or 0.0),
        was_heard=True,
    )
