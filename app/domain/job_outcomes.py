"""What the worker learned about a run, written down: status, contact, history, and the next look.

Every function needs the claim of the job and raises `LeaseLost`, writing nothing, if another worker
has it by now. An answer of a service sets the contact; a missing one sets only `contact_error`.
"""

from datetime import timedelta

from sqlmodel import Session

from app.config import settings
from app.connectors.base import CancelOutcome, RunState, RunStatus
from app.domain import job_progress, job_slots
from app.domain.archive_passwords import keep_password
from app.domain.job_cancels import cancel_ignored, patience_is_over
from app.domain.job_leftovers import keep_expiry
from app.domain.job_queue import Claim, claimed_job, delay_after, release, retire
from app.domain.job_slots import Slot
from app.domain.job_states import (
    ANSWER_LOST,
    TERMINAL,
    JobStatus,
    change_status,
    hold,
    let_go,
    note,
    requeue,
)
from app.domain.job_status import UNKNOWN_RUN
from models import db
from models.base import now
from models.jobs import Job

# A service may answer "unknown run" shortly after it took one (Cromwell, the GA4GH Starter Kit).
UNKNOWN_IS_NORMAL_FOR = timedelta(minutes=1)
# Looks in vain, each later than the one before, until a person is asked.
UNKNOWN_LOOKS = 5
LOOK_AGAIN = 10.0
CANCELLING_LOOK = 5.0
SHORTEST_LOOK = 2.0
# A run that a person is asked about is looked for now and then: the service may learn to tell.
ASKED_AGAIN = 3600.0


def prepared(session: Session, claim: Claim, *, slot: Slot | None = None) -> None:
    """Its inputs and its request are in order: the job may be sent.

    Where it needs a `slot`, it joins the line before anybody who is prepared later.
    """
    job = claimed_job(session, claim)
    keep_password(job)
    change_status(session, job, JobStatus.QUEUED, reason="Ready to be sent")
    if slot is not None:
        job_slots.join(session, job, slot)
    release(session, claim, after=0)


def failed(session: Session, claim: Claim, *, reason: str) -> None:
    """The run cannot be made, or the service refuses it for good."""
    job = claimed_job(session, claim)
    job.error_message = reason
    change_status(session, job, JobStatus.FAILED, reason=reason)
    retire(session, claim)


def sent(session: Session, claim: Claim, *, remote_id: str, was_found: bool, poll: float) -> None:
    """The service has the run, by its answer or because it was found there afterwards."""
    job = claimed_job(session, claim)
    if job.held_reason == ANSWER_LOST:
        job.held_reason = ""
    _heard(session, job)
    job.remote_id = remote_id
    job.looked_in_vain_at = None
    job.submitted_at = job.submitted_at or now()
    how = "Found at the service, which had taken it" if was_found else "The service took it"
    change_status(session, job, JobStatus.SUBMITTED, reason=f"{how} as {remote_id}")
    if job.cancel_requested_at and not job.cancel_outcome:
        change_status(session, job, JobStatus.CANCELLING, reason="Cancel requested before")
        poll = 0
    release(session, claim, after=poll)


def not_sent(
    session: Session,
    claim: Claim,
    *,
    reason: str,
    retry_after: float | None = None,
    was_heard: bool = False,
) -> None:
    """The service surely did not take the run; it is tried again later.

    `was_heard`: the service answered (that it is busy), so contact is not lost.
    """
    job = claimed_job(session, claim)
    if was_heard:
        _heard(session, job)
    else:
        job.contact_error = reason
    if job.cancel_requested_at and not job.cancel_outcome:
        job.cancel_outcome = "confirmed"
        change_status(session, job, JobStatus.CANCELLED, reason="Cancelled before it was taken")
        retire(session, claim)
        return
    requeue(session, job, reason=reason)
    _release_later(session, claim, retry_after)


def answer_lost(session: Session, claim: Claim, *, reason: str) -> None:
    """The run may or may not have arrived; it is looked for before anything is sent again."""
    job = claimed_job(session, claim)
    job.contact_error = reason
    job.status_reason = "The answer to the submission was lost; looking for the run at the service"
    note(session, job, f"{job.status_reason}. {reason}")
    release(session, claim, after=LOOK_AGAIN)


def not_found(session: Session, claim: Claim) -> None:
    """The service says that no run carries our id: once it has settled, the run is sent again.

    A request that was under way when its worker died may still arrive, or be worked on, so that the
    service must say so more than once, `settling_seconds` apart, beginning after that worker's end.
    """
    job = claimed_job(session, claim)
    if job.held_reason == ANSWER_LOST:
        # A service that learned to keep our id since then knows nothing of the runs from before.
        release(session, claim, after=ASKED_AGAIN)
        return
    _heard(session, job)
    settling = timedelta(seconds=settings().settling_seconds)
    job.looked_in_vain_at = job.looked_in_vain_at or now()
    if now() - job.looked_in_vain_at < settling:
        release(session, claim, after=min(LOOK_AGAIN, settling.total_seconds()))
        return
    not_sent(session, claim, reason="The service has no such run; sending again", was_heard=True)


def seen(session: Session, claim: Claim, *, status: RunStatus, poll: float) -> str:
    """The service said how the run is; returns what that decides of a cancel, if it does."""
    job = claimed_job(session, claim)
    _heard(session, job)
    cancel_before = job.cancel_outcome
    raw_changed = job.remote_state != status.raw_state
    job.remote_state = status.raw_state
    job_progress.keep(job, status)
    keep_expiry(job, status)
    before = job.status
    _follow(session, job, status.state)
    if raw_changed and job.status == before:
        note(session, job, f"The service says {status.raw_state}")
    if JobStatus(job.status) in TERMINAL:
        retire(session, claim)
    else:
        release(session, claim, after=_next_look(job, poll))
    return "" if job.cancel_outcome == cancel_before else job.cancel_outcome


def unknown_there(session: Session, claim: Claim, *, poll: float) -> None:
    """The service does not know the run: normal in the first minute, and never a failure."""
    job = claimed_job(session, claim)
    job.contact_at = now()
    if job.submitted_at and now() - job.submitted_at < UNKNOWN_IS_NORMAL_FOR:
        release(session, claim, after=poll)
        return
    _contact_failed(session, job, f"{job.service_name} does not know the run {job.remote_id}")
    if claim.attempts + 1 >= UNKNOWN_LOOKS:
        hold(
            session,
            job,
            UNKNOWN_RUN,
            f"{job.service_name} no longer knows this run ({job.remote_id}). Its operators may "
            "have removed it or lost it in a restart. It is looked for further; give the job up "
            "if it does not come back.",
        )
    _release_later(session, claim)


def no_contact(
    session: Session, claim: Claim, *, reason: str, retry_after: float | None = None
) -> None:
    """The service did not answer, or not sensibly: the status stays as it is."""
    job = claimed_job(session, claim)
    _contact_failed(session, job, reason)
    _release_later(session, claim, retry_after)


def not_authorised(session: Session, claim: Claim, *, reason: str) -> None:
    """The service wants another credential: the job waits for a person and is tried further."""
    job = claimed_job(session, claim)
    job.contact_at = now()
    _contact_failed(session, job, reason)
    if job.status == JobStatus.SUBMITTING:
        requeue(session, job, reason=reason)
    cure = "Enter a token on the service's page here, or ask an administrator."
    if claim.was_sent_shared and job.remote_id:
        cure = (
            "It was not sent with a token of yours: ask an administrator to renew the lab's. A "
            "token of yours is tried, too, but the service may show runs to their sender only."
        )
    hold(session, job, "not_authorised", f"{reason} {cure}")
    _release_later(session, claim)


def held(session: Session, claim: Claim, *, held_reason: str, explanation: str) -> None:
    """Something of ours stands against it until a person acts; it is tried further.

    A job that asks its owner a question already, or that was given up, bothers nobody with it.
    """
    job = claimed_job(session, claim)
    if job.held_reason == ANSWER_LOST or job.status == JobStatus.LOST:
        _contact_failed(session, job, explanation)
    else:
        hold(session, job, held_reason, explanation)
    _release_later(session, claim)


def cancel_answered(
    session: Session, claim: Claim, *, outcome: CancelOutcome, poll: float, message: str = ""
) -> None:
    """What the service said to the cancel; whether the run stops is seen by looking further."""
    job = claimed_job(session, claim)
    _heard(session, job)
    if outcome in (CancelOutcome.REFUSED, CancelOutcome.IGNORED):
        cancel_ignored(session, job, f"The service {outcome} the cancel. {message}".strip())
    else:
        job.cancel_outcome = outcome
        accepted = outcome is CancelOutcome.ACCEPTED
        said = "accepted the cancel" if accepted else "says that the run has finished already"
        job.status_reason = f"{job.service_name} {said}"
        note(session, job, job.status_reason)
    release(session, claim, after=min(poll, 2.0))


def _follow(session: Session, job: Job, state: RunState) -> None:
    """Bring the status after the run's state. UNKNOWN says nothing, so nothing follows from it."""
    status = JobStatus(job.status)
    if state in (RunState.COMPLETE, RunState.FAILED):
        if job.cancel_requested_at and job.cancel_outcome == "accepted":
            job.cancel_outcome = "already_finished"
        how = "is complete" if state is RunState.COMPLETE else "failed"
        reason = f"The run {how}; fetching what it left"
        change_status(session, job, JobStatus.COLLECTING, reason=reason)
    elif state is RunState.CANCELLED:
        asked = job.cancel_requested_at is not None
        if asked:
            job.cancel_outcome = "confirmed"
        reason = "The service confirms the cancel" if asked else "Cancelled at the service"
        change_status(session, job, JobStatus.CANCELLED, reason=reason)
    elif status is JobStatus.CANCELLING:
        if state in (RunState.QUEUED, RunState.RUNNING) and patience_is_over(session, job):
            cancel_ignored(session, job, "The service accepted the cancel, but the run goes on")
    elif state is RunState.RUNNING and status is JobStatus.SUBMITTED:
        change_status(session, job, JobStatus.RUNNING, reason="The run has started")


def _next_look(job: Job, poll: float) -> float:
    """Often while a run is young or ending, up to `poll` seconds apart as it grows old."""
    if job.status == JobStatus.COLLECTING:
        return 0.0
    if job.status == JobStatus.CANCELLING:
        return min(poll, CANCELLING_LOOK)
    age = (now() - (job.submitted_at or job.created_at)).total_seconds()
    return min(poll, max(SHORTEST_LOOK, age / 10))


def _heard(session: Session, job: Job) -> None:
    job.contact_at = now()
    job.contact_error = ""
    let_go(session, job)
    session.add(job)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def _contact_failed(session: Session, job: Job, reason: str) -> None:
    if job.contact_error != reason:
        job.contact_error = reason
        session.add(job)
        db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def _release_later(session: Session, claim: Claim, retry_after: float | None = None) -> None:
    attempts = claim.attempts + 1
    delay = delay_after(claim.attempts, retry_after=retry_after)
    release(session, claim, after=delay, attempts=attempts)
