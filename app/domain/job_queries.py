"""Lists of jobs, which are searched, filtered, sorted and paged in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.job_states import JobStatus
from app.domain.paging import Page, page_bounds
from models.jobs import Job

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
    waits_for: str
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
    running_at: datetime | None
    stalled_at: datetime | None
    finished_at: datetime | None
    offered_at: datetime | None


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


def needing_owner(session: Session, *, actor: Actor, limit: int = 10) -> list[JobRow]:
    """The actor's own jobs that wait for a person, or where one may want to do something.

    Held ones first, then offers of results, then runs that take unusually long.
    """
    require(actor, "job:read")
    jobs = session.exec(
        select(Job)
        .where(
            Job.owner_ref == actor.user_ref,
            or_(
                col(Job.held_reason) != "",
                col(Job.stalled_at).is_not(None),
                and_(col(Job.offered_at).is_not(None), col(Job.status) == JobStatus.LOST),
            ),
        )
        .order_by(
            col(Job.held_reason) == "", col(Job.offered_at).is_(None), col(Job.updated_at).desc()
        )
        .limit(limit)
    )
    return [job_row(job) for job in jobs]


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


def rows_of_submission(session: Session, submission_id: int) -> list[JobRow]:
    """The jobs of a submission whose reader has been authorised, in the order of its panels."""
    jobs = session.exec(select(Job).where(Job.submission_id == submission_id).order_by(col(Job.id)))
    return [job_row(job) for job in jobs]


def job_row(job: Job) -> JobRow:
    """A frozen copy of a job."""
    return fields_of(JobRow, job)


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


def fields_of(shown: type[Shown], row: object) -> Shown:
    """Make a frozen row of the columns that a database row has under the same names."""
    return shown(**{field.name: getattr(row, field.name) for field in fields(shown)})
