"""What becomes of each result of a job while it is fetched."""

from sqlmodel import Session, select

from app.domain.job_queue import Claim, claimed_job
from models import db
from models.jobs import JobResult

DAMAGED_LOOKS = 4
# A result that a service refuses to hand out more often can only be had there; one that is being
# restarted may say for a moment that it has no such file.
REFUSALS = 3


def record_progress(
    session: Session, claim: Claim, *, result_id: int, fetched_bytes: int, size: int | None
) -> None:
    """So much of a result is on our disk."""
    job = claimed_job(session, claim)
    result = _result(session, result_id)
    result.fetched_bytes = fetched_bytes
    result.size = size if size is not None else result.size
    session.add(result)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def forget_size(session: Session, claim: Claim, *, result_id: int) -> None:
    """What the service said of a result's size kept it from coming: let it be told anew."""
    claimed_job(session, claim)
    result = _result(session, result_id)
    result.size = None
    session.add(result)


def record_damage(
    session: Session, claim: Claim, *, result_id: int, sha256: str, damage: str
) -> bool:
    """A result has come whole, but does not open; tell whether to fetch it anew.

    False where the very same bytes came again and again: then it is the service's own file that is
    damaged, and no proxy on the way. Where downloads are counted, twice is enough.
    """
    job = claimed_job(session, claim)
    result = _result(session, result_id)
    came_before = result.sha256 == sha256
    result.sha256, result.error_message = sha256, f"It does not open: {damage}."
    session.add(result)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    if result.downloads_left is not None:
        return not came_before and result.downloads_left > 1
    return not came_before or claim.attempts < DAMAGED_LOOKS


def record_fetched(
    session: Session,
    claim: Claim,
    *,
    result_id: int,
    size: int,
    sha256: str,
    file_ref: str,
    damage: str = "",
) -> None:
    """A result is complete and in our store, verified or with its `damage` known."""
    job = claimed_job(session, claim)
    result = _result(session, result_id)
    result.state = "damaged" if damage else "fetched"
    result.size = result.fetched_bytes = size
    result.sha256, result.file_ref = sha256, file_ref
    job.contact_error = ""
    result.error_message = f"It does not open, as the service keeps it: {damage}." if damage else ""
    session.add(result)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def record_refusal(session: Session, claim: Claim, *, result_id: int, reason: str) -> bool:
    """The service does not hand a result out; tell whether it can only be had there from now on."""
    job = claimed_job(session, claim)
    result = _result(session, result_id)
    result.refusals += 1
    is_final = result.refusals > REFUSALS
    result.state = "remote" if is_final else result.state
    result.error_message = f"The service does not hand it out: {reason}"
    session.add(result)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    return is_final


def record_remote(session: Session, claim: Claim, *, result_id: int, reason: str) -> None:
    """A result can only be had at the service, because it does not hand it out."""
    job = claimed_job(session, claim)
    result = _result(session, result_id)
    result.state, result.error_message = "remote", reason
    session.add(result)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def _result(session: Session, result_id: int) -> JobResult:
    return session.exec(select(JobResult).where(JobResult.id == result_id)).one()
