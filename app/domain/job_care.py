"""What an administrator does to anybody's job on its owner's behalf, always with a reason.

Each act is audited, noted in the job's own history with who did it, and told to the owner.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.domain import job_queue, jobs
from app.domain.access import Actor, require
from app.domain.errors import Conflict, Refused
from app.domain.job_notes import (
    CANCEL,
    LOOK,
    MANAGE,
    RELEASE,
    RESUBMIT,
    find_job,
    reason_of,
    record_act,
)
from app.domain.job_queries import JobRow, job_row
from app.domain.job_restarts import ASKED
from app.domain.job_states import TERMINAL, JobStatus, note
from app.domain.job_status import INTERRUPTED
from app.domain.panels import PanelDetail
from app.domain.service_access import Access
from app.domain.submission_checks import ChosenDataset, terms_to_accept
from app.domain.submissions import Owner, submit
from models.base import new_ref
from models.jobs import Job, JobQueueEntry, Submission


@dataclass(frozen=True)
class Hold:
    """Why a job is held, in a word or two, and what releasing it does."""

    title: str
    release: str


# What may be released on behalf. Nothing is lost by any: what still stands against the job holds it
# again.
HOLDS: Mapping[str, Hold] = MappingProxyType(
    {
        "credential": Hold(
            "No token that works", "It is tried now with the tokens that are stored now."
        ),
        "not_authorised": Hold(
            "Refused by the service", "It is tried now with the tokens that are stored now."
        ),
        "no_connector": Hold(
            "Protocol not spoken", "The service is spoken to now as it is described now."
        ),
        "key_lost": Hold(
            "Secret not readable", "The secret is read now with the keys that are there now."
        ),
        "no_room": Hold(
            "No room for results", "The results are fetched now into the room that there is."
        ),
        "unknown_run": Hold(
            "Run not known there", "The service is asked now whether it knows the run again."
        ),
        INTERRUPTED: Hold(
            "Interrupted there",
            "The service is asked to start the run again, though that did not help before.",
        ),
    }
)

# What only the owner can decide, and why.
OWNERS_HOLDS: Mapping[str, Hold] = MappingProxyType(
    {
        "answer_lost": Hold(
            "Answer lost",
            "It is not known whether the service took the run, and sending it again might compute "
            "it twice. Answer the question on the job's page instead.",
        ),
        "last_download": Hold(
            "One download left",
            "The service hands the results out once more only, and that last download is the "
            "owner's to use or to keep.",
        ),
    }
)


def cancel_for_owner(session: Session, *, actor: Actor, job_ref: str, reason: str) -> JobRow:
    """Cancel somebody's job, as `jobs.cancel` does."""
    require(actor, "job:cancel:any")
    why = reason_of(reason)
    before = job_row(find_job(session, job_ref))
    after = jobs.cancel(session, actor=actor, job_ref=job_ref)
    asked = before.cancel_requested_at
    if asked == after.cancel_requested_at:
        raise Conflict(f"“{after.name}” is being cancelled already.")
    is_done = after.status == JobStatus.CANCELLED
    text = "Cancelled" if is_done else f"{after.service_name} is asked to cancel the run"
    _record(session, actor, find_job(session, job_ref), CANCEL, text, why, before)
    return after


def release_hold(session: Session, *, actor: Actor, job_ref: str, reason: str) -> JobRow:
    """End a hold of `HOLDS`, so that the job is tried again now.

    Raises `Refused` for a hold that only the owner can end, and `Conflict` without one.
    """
    require(actor, MANAGE)
    why = reason_of(reason)
    job = _locked(session, job_ref)
    before = job_row(job)
    if job.held_reason in OWNERS_HOLDS:
        raise Refused(OWNERS_HOLDS[job.held_reason].release)
    if job.held_reason not in HOLDS:
        raise Conflict(f"“{job.name}” is not held. Reload the page to see where it stands.")
    hold = HOLDS[job.held_reason]
    if job.held_reason == INTERRUPTED:
        job.waits_for = ASKED
    job.held_reason, job.status_reason = "", hold.release
    assert job.id is not None
    job_queue.wake(session, job.id)
    text = f"Released from “{hold.title}”"
    _record(session, actor, job, RELEASE, text, why, before)
    return job_row(job)


def look_now(session: Session, *, actor: Actor, job_ref: str, reason: str) -> JobRow:
    """Have the worker see to the job now, instead of when it is due next.

    Raises `Conflict` for one that has ended and that nobody looks at any more.
    """
    require(actor, MANAGE)
    why = reason_of(reason)
    job = _locked(session, job_ref)
    before = job_row(job)
    assert job.id is not None
    if session.get(JobQueueEntry, job.id) is None:
        raise Conflict(f"“{job.name}” has ended: there is nothing to look at any more.")
    job_queue.wake(session, job.id)
    _record(session, actor, job, LOOK, "Looked at again at once", why, before)
    return job_row(job)


def submit_elsewhere(
    session: Session,
    *,
    actor: Actor,
    job_ref: str,
    dataset: ChosenDataset,
    panel: PanelDetail,
    accepted_terms: Collection[str],
    access: Mapping[str, Access],
    reason: str,
) -> JobRow:
    """Submit a job's dataset to another panel, as the same owner's, with what fits of its values.

    `accepted_terms` are the refs of the terms that the owner has accepted, and `access` what is
    said of the owner's use of services (`service_access.access_of`). Raises `Refused` where the
    owner must accept some first, which nobody can do for anybody else, or may not use the service,
    and `Conflict` where the dataset went to that panel from this job already, and that job has not
    ended.
    """
    require(actor, MANAGE)
    why = reason_of(reason)
    first = _locked(session, job_ref)
    where = f"{panel.row.name} at {panel.row.service_name}"
    _check_elsewhere(session, first, panel, accepted_terms)
    known = {one["name"] for one in panel.recipe.get("parameters", [])}
    row = submit(
        session,
        actor=actor,
        owner=Owner(first.owner_ref, first.owner_name),
        name=first.name,
        dataset=dataset,
        panels=[panel],
        parameters={name: value for name, value in first.parameters.items() if name in known},
        idempotency_key=new_ref(),
        access=access,
        accepted_terms=accepted_terms,
        resubmission_of=first.ref,
    )
    made = session.exec(_jobs_of().where(Submission.ref == row.ref)).one()
    note(session, made, f"In place of a job at {first.service_name}. {why}", actor=actor.name)
    text, before = f"Submitted again, to {where}", job_row(first)
    _record(session, actor, first, RESUBMIT, text, why, before, {"job": made.ref, "to": where})
    return job_row(made)


def _check_elsewhere(
    session: Session, first: Job, panel: PanelDetail, accepted: Collection[str]
) -> None:
    if panel.row.ref == first.panel_ref:
        raise Conflict(f"“{first.name}” was sent to {panel.row.name} already. Choose another one.")
    going_on = _jobs_of().where(
        Submission.resubmission_of == first.ref,
        Job.panel_ref == panel.row.ref,
        col(Job.status).not_in(TERMINAL),
    )
    if session.exec(going_on).first() is not None:
        raise Conflict(f"“{first.name}” was submitted again there already, and that goes on.")
    missing = terms_to_accept([panel], accepted)
    if missing:
        raise Refused(
            f"{first.owner_name or 'The owner'} has not accepted the terms of {missing[0].title} "
            "yet, and nobody can do that for somebody else. Ask the owner to submit it there."
        )


def _jobs_of() -> SelectOfScalar[Job]:
    return select(Job).join(Submission, col(Submission.id) == Job.submission_id)


def _locked(session: Session, job_ref: str) -> Job:
    job = find_job(session, job_ref)
    assert job.id is not None
    locked = jobs.lock_rows(session, job.id)
    session.refresh(locked)
    return locked


def _record(
    session: Session,
    actor: Actor,
    job: Job,
    act: str,
    text: str,
    reason: str,
    before: JobRow,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    record_act(
        session,
        job,
        actor=actor,
        act=act,
        text=text,
        reason=reason,
        before=_told(before),
        after=_told(job_row(job)) | dict(more),
    )


def _told(row: JobRow) -> dict[str, str]:
    return {"status": row.status, "held": row.held_reason, "owner": row.owner_name}
