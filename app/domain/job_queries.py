"""Reading jobs: lists that are searched, filtered, sorted and paged in SQL, and one job in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from app.domain.access import Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.paging import Page, page_bounds
from models.jobs import Job, JobLog, JobResult, JobStatusChange, Submission

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Shown = TypeVar("Shown", bound="DataclassInstance")

LARGEST_SEARCH = 200

SORT_COLUMNS: Mapping[str, Any] = MappingProxyType(
    {
        "created": Job.created_at,
        "updated": Job.updated_at,
        "name": func.lower(Job.name),
        "status": Job.status,
        "service": func.lower(Job.service_name),
        "panel": func.lower(Job.panel_name),
        "owner": func.lower(Job.owner_name),
    }
)

_SEARCHED = (
    Job.name,
    Job.dataset_name,
    Job.panel_name,
    Job.service_name,
    Job.owner_name,
    Job.ref,
    Job.remote_id,
)


@dataclass(frozen=True)
class JobRow:
    """A job as a list shows it. `status` and `contact_…` are two facts (see `models.jobs.Job`)."""

    ref: str
    name: str
    owner_ref: str
    owner_name: str
    dataset_ref: str
    dataset_name: str
    service_ref: str
    service_name: str
    panel_ref: str
    panel_name: str
    status: str
    status_reason: str
    held_reason: str
    remote_id: str
    remote_state: str
    contact_at: datetime | None
    contact_error: str
    error_message: str
    cancel_requested_at: datetime | None
    cancel_outcome: str
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class JobFilter:
    """What a list of jobs is narrowed to; an empty field narrows nothing.

    `text` is looked for in names, ids and the owner's name. `created_from` is included,
    `created_before` is not.
    """

    text: str = ""
    statuses: Sequence[str] = ()
    service_ref: str = ""
    panel_ref: str = ""
    dataset_ref: str = ""
    owner_ref: str = ""
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True)
class StatusChangeRow:
    """One entry of a job's history; `from_status` equals `to_status` where only a note was made."""

    at: datetime
    from_status: str
    to_status: str
    remote_state: str
    reason: str
    actor: str


@dataclass(frozen=True)
class LogText:
    """A text that the service keeps about a run."""

    name: str
    text: str
    is_truncated: bool


@dataclass(frozen=True)
class ResultRow:
    """An output of a run; `file_ref` is set once our own copy is stored. Sizes are in bytes."""

    name: str
    role: str
    state: str
    size: int | None
    fetched_bytes: int
    sha256: str
    file_ref: str
    location: str
    error_message: str


@dataclass(frozen=True)
class JobDetail:
    """A job with everything known of it.

    `panel` is its panel as it was when the job was made; `parameters` are titles and values.
    """

    row: JobRow
    submission_ref: str
    parameters: Sequence[tuple[str, Any]]
    panel: Mapping[str, Any]
    history: Sequence[StatusChangeRow]
    logs: Sequence[LogText]
    results: Sequence[ResultRow]


def list_jobs(
    session: Session,
    *,
    actor: Actor,
    wanted: JobFilter | None = None,
    sort: str = "created",
    descending: bool = True,
    number: int = 1,
    size: int = 25,
) -> Page[JobRow]:
    """One page of the actor's jobs, or of everybody's with `job:read:any`.

    `sort` is a key of `SORT_COLUMNS`; anything else sorts by creation.
    """
    require(actor, "job:read")
    conditions = [*_reach(actor), *_conditions(wanted or JobFilter())]
    number, size = page_bounds(number, size)
    total = session.exec(select(func.count()).select_from(Job).where(*conditions)).one()
    number = min(number, max(1, -(-total // size)))
    column = SORT_COLUMNS.get(sort, Job.created_at)
    order = column.desc() if descending else column.asc()
    jobs = session.exec(
        select(Job)
        .where(*conditions)
        .order_by(order, col(Job.id).desc())
        .offset((number - 1) * size)
        .limit(size)
    )
    return Page([job_row(job) for job in jobs], total, number, size)


def services_of_jobs(session: Session, *, actor: Actor) -> list[tuple[str, str]]:
    """The (ref, name) of the services that the jobs in the actor's reach ran on, by name."""
    require(actor, "job:read")
    found = session.exec(
        select(Job.service_ref, func.max(Job.service_name))
        .where(*_reach(actor))
        .group_by(Job.service_ref)
        .order_by(func.max(Job.service_name))
    )
    return [(ref, name) for ref, name in found]


def count_by_status(session: Session, *, actor: Actor) -> dict[str, int]:
    """How many of the actor's own jobs have each status; a status without jobs is left out."""
    require(actor, "job:read")
    found = session.exec(
        select(Job.status, func.count()).where(Job.owner_ref == actor.user_ref).group_by(Job.status)
    )
    return dict(found.all())


def job_detail(session: Session, *, actor: Actor, job_ref: str) -> JobDetail:
    """One job in full, its history with the oldest entry first."""
    require(actor, "job:read")
    found = session.exec(
        select(Job, Submission.ref)
        .join(Submission, col(Submission.id) == Job.submission_id)
        .where(Job.ref == job_ref)
    ).first()
    if found is None:
        raise NotFound("job")
    job, submission_ref = found
    require_own(actor, "job:read", owner_ref=job.owner_ref, what="job")
    history = session.exec(
        select(JobStatusChange)
        .where(JobStatusChange.job_id == job.id)
        .order_by(col(JobStatusChange.id))
    )
    logs = session.exec(select(JobLog).where(JobLog.job_id == job.id).order_by(col(JobLog.id)))
    results = session.exec(
        select(JobResult).where(JobResult.job_id == job.id).order_by(col(JobResult.id))
    )
    return JobDetail(
        row=job_row(job),
        submission_ref=submission_ref,
        parameters=_titled(job),
        panel={key: value for key, value in job.panel_snapshot.items() if key != "recipe"},
        history=[_fields(StatusChangeRow, change) for change in history],
        logs=[_fields(LogText, log) for log in logs],
        results=[_fields(ResultRow, result) for result in results],
    )


def rows_of_submission(session: Session, submission_id: int) -> list[JobRow]:
    """The jobs of a submission whose reader has been authorised, in the order of its panels."""
    jobs = session.exec(select(Job).where(Job.submission_id == submission_id).order_by(col(Job.id)))
    return [job_row(job) for job in jobs]


def job_row(job: Job) -> JobRow:
    """A frozen copy of a job."""
    return _fields(JobRow, job)


def _titled(job: Job) -> list[tuple[str, Any]]:
    """In the recipe's order: jsonb keeps none."""
    known = job.panel_snapshot.get("recipe", {}).get("parameters", [])
    return [
        (parameter.get("label") or parameter["name"], job.parameters[parameter["name"]])
        for parameter in known
        if parameter["name"] in job.parameters
    ]


def _reach(actor: Actor) -> list[ColumnElement[bool]]:
    if "job:read:any" in actor.permissions:
        return []
    return [col(Job.owner_ref) == actor.user_ref]


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    # Every word must occur somewhere, so that "hapmap failed-run" finds what has both.
    for word in wanted.text[:LARGEST_SEARCH].split():
        conditions.append(
            or_(*(col(column).icontains(word, autoescape=True) for column in _SEARCHED))
        )
    if wanted.statuses:
        conditions.append(col(Job.status).in_(wanted.statuses))
    for column, value in (
        (Job.service_ref, wanted.service_ref),
        (Job.panel_ref, wanted.panel_ref),
        (Job.dataset_ref, wanted.dataset_ref),
        (Job.owner_ref, wanted.owner_ref),
    ):
        if value:
            conditions.append(col(column) == value)
    if wanted.created_from:
        conditions.append(col(Job.created_at) >= wanted.created_from)
    if wanted.created_before:
        conditions.append(col(Job.created_at) < wanted.created_before)
    return conditions


def _fields(shown: type[Shown], row: object) -> Shown:
    return shown(**{field.name: getattr(row, field.name) for field in fields(shown)})
