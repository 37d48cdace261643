"""Submitting a job's dataset again elsewhere, where its first service brings it to no end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app.domain.access import Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.job_queries import JobRow
from app.domain.job_states import JobStatus, note
from app.domain.jobs import GIVE_UP_FROM, NOT_SENT, cancel, give_up, lock_rows
from app.domain.panels import PanelDetail
from app.domain.service_access import Access
from app.domain.submission_checks import ChosenDataset
from app.domain.submissions import SubmissionRow, submit
from models.jobs import Job, Submission

# Ended without results.
_IN_VAIN = frozenset({JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.LOST})


@dataclass(frozen=True)
class Template:
    """What a new submission takes over from a job. `is_open` if that job has not ended yet."""

    job_ref: str
    name: str
    dataset_ref: str
    parameters: Mapping[str, Any]
    service_name: str
    is_open: bool


@dataclass(frozen=True)
class JobLink:
    """A job that another one leads to."""

    ref: str
    name: str
    panel_name: str
    service_name: str
    status: str


def may_resubmit(row: JobRow) -> bool:
    """Tell whether submitting elsewhere is to be offered: the job ended in vain, or is hindered."""
    status = JobStatus(row.status)
    is_open = status in NOT_SENT or status in GIVE_UP_FROM
    is_hindered = bool(row.held_reason or row.contact_error or row.stalled_at)
    return status in _IN_VAIN or (is_open and is_hindered)


def template_of(session: Session, *, actor: Actor, job_ref: str) -> Template:
    """What a new submission takes over from one of the actor's jobs."""
    require(actor, "job:submit")
    job = _own(session, actor, job_ref)
    return Template(
        job_ref=job.ref,
        name=job.name,
        dataset_ref=job.dataset_ref,
        parameters=job.parameters,
        service_name=job.service_name,
        is_open=_is_open(job),
    )


def resubmit(
    session: Session,
    *,
    actor: Actor,
    job_ref: str,
    ends_first: bool,
    name: str,
    dataset: ChosenDataset,
    panels: Sequence[PanelDetail],
    parameters: Mapping[str, Any],
    idempotency_key: str,
    access: Mapping[str, Access],
    accepted_terms: Collection[str] = (),
) -> SubmissionRow:
    """Submit in a job's place; with `ends_first` that job is given up, or cancelled if not sent.

    Sending the same form twice makes one submission, as `submissions.submit` has it.
    """
    require(actor, "job:submit")
    first = _own(session, actor, job_ref)
    assert first.id is not None
    first = lock_rows(session, first.id)
    known = resubmissions_of(session, actor=actor, job_ref=job_ref)
    row = submit(
        session,
        actor=actor,
        name=name,
        dataset=dataset,
        panels=panels,
        parameters=parameters,
        idempotency_key=idempotency_key,
        access=access,
        accepted_terms=accepted_terms,
        resubmission_of=first.ref,
    )
    made = resubmissions_of(session, actor=actor, job_ref=job_ref)
    if new := [link for link in made if link not in known]:
        where = ", ".join(f"{link.panel_name} at {link.service_name}" for link in new)
        note(session, first, f"Submitted again, to {where}", actor=actor.name)
    if ends_first and _is_open(first):
        end = cancel if JobStatus(first.status) in NOT_SENT else give_up
        end(session, actor=actor, job_ref=first.ref)
    return row


def first_of(session: Session, *, actor: Actor, submission_ref: str) -> JobLink | None:
    """The job in whose place a submission was made, if there is one."""
    found = session.exec(
        select(Job)
        .join(Submission, col(Submission.resubmission_of) == Job.ref)
        .where(Submission.ref == submission_ref)
    ).first()
    return _link(found) if found and _is_visible(actor, found) else None


def resubmissions_of(session: Session, *, actor: Actor, job_ref: str) -> list[JobLink]:
    """The jobs that were made in a job's place, the newest first."""
    found = session.exec(
        select(Job)
        .join(Submission, col(Submission.id) == Job.submission_id)
        .where(Submission.resubmission_of == job_ref)
        .order_by(col(Job.id).desc())
        .limit(20)
    )
    return [_link(job) for job in found if _is_visible(actor, job)]


def _own(session: Session, actor: Actor, job_ref: str) -> Job:
    job = session.exec(select(Job).where(Job.ref == job_ref)).first()
    if job is None:
        raise NotFound("job")
    require_own(actor, "job:read", owner_ref=job.owner_ref, what="job")
    return job


def _is_visible(actor: Actor, job: Job) -> bool:
    return job.owner_ref == actor.user_ref or "job:read:any" in actor.permissions


def _is_open(job: Job) -> bool:
    return JobStatus(job.status) in NOT_SENT | GIVE_UP_FROM


def _link(job: Job) -> JobLink:
    return JobLink(
        ref=job.ref,
        name=job.name,
        panel_name=job.panel_name,
        service_name=job.service_name,
        status=job.status,
    )
