"""Submissions: one dataset with one set of parameters, sent to one or more panels."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain.access import Actor, require, require_own
from app.domain.errors import Invalid, NotFound
from app.domain.job_queries import JobRow, rows_of_submission
from app.domain.job_quotas import refuse_beyond_quota, refuse_without_access
from app.domain.job_states import JobStatus
from app.domain.outbox import emit_audit
from app.domain.panels import PanelDetail
from app.domain.service_access import Access
from app.domain.submission_checks import (
    ChosenDataset,
    check_dataset,
    check_terms,
    parameters_per_panel,
)
from models import db
from models.base import new_ref, now
from models.jobs import Job, JobQueueEntry, JobsOutbox, JobStatusChange, Submission


@dataclass(frozen=True)
class SubmissionRow:
    """A submission."""

    ref: str
    name: str
    owner_ref: str
    owner_name: str
    dataset_ref: str
    dataset_name: str
    parameters: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class SubmissionDetail:
    """A submission and its jobs, one per panel."""

    row: SubmissionRow
    jobs: Sequence[JobRow]


@dataclass(frozen=True)
class Owner:
    """Whose a submission is."""

    ref: str
    name: str


def submit(
    session: Session,
    *,
    actor: Actor,
    name: str,
    dataset: ChosenDataset,
    panels: Sequence[PanelDetail],
    parameters: Mapping[str, Any],
    idempotency_key: str,
    access: Mapping[str, Access],
    accepted_terms: Collection[str] = (),
    resubmission_of: str = "",
    owner: Owner | None = None,
) -> SubmissionRow:
    """Make a submission with a job for each panel; the worker does the rest.

    It is the actor's, or with `job:manage:any` that of an `owner` on whose behalf it is made, who
    must then be the one who accepted the terms, and whose `access` it is: what is said of the
    owner's use of services (`service_access.access_of`, of another database).

    `accepted_terms` are the refs of the terms that the actor has accepted, which must be all that
    the panels ask for (`Invalid` names one that is missing). `resubmission_of` is the ref of the
    job in whose place it is made (see `resubmissions`).

    The same owner's same `idempotency_key` returns the first submission and makes nothing, also
    when two arrive at once. Raises `Invalid` for an empty dataset, a panel or service that is not
    in use, and a parameter that no chosen panel has or that one of them refuses; `Refused` where
    the owner may not use a service, or has used up the month there.
    """
    require(actor, "job:manage:any" if owner else "job:submit")
    owner = owner or Owner(actor.user_ref, actor.name)
    if not 8 <= len(idempotency_key) <= 64:
        raise Invalid("The form has lost its key. Reload the page and submit again.")
    existing = _find(session, owner.ref, idempotency_key)
    if existing:
        return _row(existing)
    rows = [panel.row for panel in panels]
    refuse_without_access(rows, access)
    title = name.strip()[:200] or dataset.name
    check_dataset(dataset, panels)
    per_panel = parameters_per_panel(panels, parameters)
    check_terms(panels, accepted_terms)
    submission_id = _insert_once(
        session,
        owner=owner,
        name=title,
        dataset=dataset,
        parameters={key: value for one in per_panel for key, value in one.items()},
        idempotency_key=idempotency_key,
        resubmission_of=resubmission_of,
    )
    submission = _find(session, owner.ref, idempotency_key)
    assert submission is not None
    if submission_id is None:
        return _row(submission)
    refuse_beyond_quota(session, user_ref=owner.ref, panels=rows, access=access)
    for panel, checked in zip(panels, per_panel, strict=True):
        _add_job(session, actor, submission, panel, checked)
    emit_audit(
        session,
        JobsOutbox,
        actor=actor,
        action="submission.create",
        target_type="submission",
        target_ref=submission.ref,
        target_name=submission.name,
        after={
            "dataset": dataset.name,
            "panels": [panel.row.name for panel in panels],
            "owner": owner.name,
        },
    )
    db.announce(session, "submissions", submission.ref, owner_ref=owner.ref)
    return _row(submission)


def submission_detail(session: Session, *, actor: Actor, submission_ref: str) -> SubmissionDetail:
    """A submission with its jobs."""
    require(actor, "job:read")
    submission = session.exec(select(Submission).where(Submission.ref == submission_ref)).first()
    if submission is None:
        raise NotFound("submission")
    require_own(actor, "job:read", owner_ref=submission.owner_ref, what="submission")
    assert submission.id is not None
    return SubmissionDetail(_row(submission), rows_of_submission(session, submission.id))


def _insert_once(
    session: Session,
    *,
    owner: Owner,
    name: str,
    dataset: ChosenDataset,
    parameters: Mapping[str, Any],
    idempotency_key: str,
    resubmission_of: str,
) -> int | None:
    """Insert the submission; None if the key is taken, after waiting for whoever is taking it."""
    statement = (
        insert(Submission)
        .values(
            ref=new_ref(),
            owner_ref=owner.ref,
            owner_name=owner.name,
            name=name,
            dataset_ref=dataset.ref,
            dataset_name=dataset.name,
            parameters=dict(parameters),
            idempotency_key=idempotency_key,
            resubmission_of=resubmission_of,
            created_at=now(),
        )
        .on_conflict_do_nothing(index_elements=["owner_ref", "idempotency_key"])
        .returning(col(Submission.id))
    )
    return session.connection().execute(statement).scalar()


def _add_job(
    session: Session,
    actor: Actor,
    submission: Submission,
    panel: PanelDetail,
    parameters: Mapping[str, Any],
) -> None:
    assert submission.id is not None
    job = Job(
        submission_id=submission.id,
        owner_ref=submission.owner_ref,
        owner_name=submission.owner_name,
        name=submission.name,
        dataset_ref=submission.dataset_ref,
        dataset_name=submission.dataset_name,
        service_ref=panel.row.service_ref,
        service_name=panel.row.service_name,
        panel_ref=panel.row.ref,
        panel_name=panel.row.name,
        panel_snapshot=panel.snapshot,
        parameters=dict(parameters),
    )
    session.add(job)
    session.flush()
    assert job.id is not None
    session.add(JobQueueEntry(job_id=job.id))
    session.add(
        JobStatusChange(
            job_id=job.id, to_status=JobStatus.WAITING, reason="Submitted", actor=actor.name
        )
    )
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def _find(session: Session, owner_ref: str, idempotency_key: str) -> Submission | None:
    return session.exec(
        select(Submission).where(
            Submission.owner_ref == owner_ref, Submission.idempotency_key == idempotency_key
        )
    ).first()


def _row(submission: Submission) -> SubmissionRow:
    return SubmissionRow(
        ref=submission.ref,
        name=submission.name,
        owner_ref=submission.owner_ref,
        owner_name=submission.owner_name,
        dataset_ref=submission.dataset_ref,
        dataset_name=submission.dataset_name,
        parameters=submission.parameters,
        created_at=submission.created_at,
    )
