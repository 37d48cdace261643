"""A job that waits for a part of the platform itself: nothing is known to be wrong with its run."""

from sqlmodel import Session

from app.domain.job_queue import Claim, claimed_job, poll_delay, release
from models import db

SOON = 5.0


def waiting(session: Session, claim: Claim, *, reason: str) -> None:
    """Say what the work on a job waits for; the next answer of the service takes it away."""
    job = claimed_job(session, claim)
    if job.contact_error != reason:
        job.contact_error = reason
        session.add(job)
        db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def postponed(session: Session, claim: Claim, *, reason: str) -> None:
    """Say why nobody was asked about the run; the job is soon due again, as if it had not been."""
    waiting(session, claim, reason=reason)
    release(session, claim, after=poll_delay(SOON), attempts=claim.attempts)
