"""One job in full: its history, results and logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from app.domain.access import Actor, require, require_own
from app.domain.error_catalogue import Explanation
from app.domain.errors import NotFound
from app.domain.job_answers import Question, question_of
from app.domain.job_explanations import actions_of_hold, explanations_of
from app.domain.job_progress import Progress, progress_of
from app.domain.job_queries import JobRow, fields_of, job_row
from app.domain.known_message import Action
from app.domain.qc_statistics import QcStatistics, statistics_of
from app.domain.resubmissions import JobLink, first_of, resubmissions_of
from app.domain.service_contacts import ContactRow, lost_contact
from app.domain.stalls import explain, usual_time
from models.jobs import Job, JobLog, JobResult, JobStatusChange, Submission

# A job that waits for a service for weeks has a long history; its newest part tells enough.
HISTORY_SHOWN = 200
# The end of a log tells why a run failed.
LOG_CHARACTERS_SHOWN = 64 * 1024


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
    """A text that the service keeps about a run; `is_truncated` if this is not all of it."""

    name: str
    text: str
    is_truncated: bool


@dataclass(frozen=True)
class ResultRow:
    """An output of a run; `file_ref` is set while our own copy is stored. Sizes are in bytes.

    `archive_id` is the `id` of the archive that it came in. `downloads_left` is how often the
    service still hands it out, None where it does not count.
    """

    id: int
    archive_id: int | None
    name: str
    role: str
    state: str
    size: int | None
    fetched_bytes: int
    sha256: str
    file_ref: str
    location: str
    error_message: str
    downloads_left: int | None
    deleted_at: datetime | None


@dataclass(frozen=True)
class JobDetail:
    """A job with everything known of it.

    `panel` is its panel as it was when the job was made; `parameters` are titles and values.
    `question` is what its owner must answer; `stall` says how unusually long it takes; `first` is
    the job in whose place it was submitted, `again` are those that were submitted in its place.
    `contact` is set while the worker leaves the job's service alone. The service deletes its copies
    of the results at `results_expire_at`, and was seen to have done so at `results_gone_at`.
    `explanations` are of what the service said of a failure, or warned of; `hold_actions` lead to
    where what holds the job can be set right.
    """

    row: JobRow
    contact: ContactRow | None
    submission_ref: str
    parameters: Sequence[tuple[str, Any]]
    panel: Mapping[str, Any]
    history: Sequence[StatusChangeRow]
    log_names: Sequence[str]
    results: Sequence[ResultRow]
    question: Question | None
    stall: str
    first: JobLink | None
    again: Sequence[JobLink]
    results_expire_at: datetime | None
    results_gone_at: datetime | None
    progress: Progress
    quality: QcStatistics | None
    explanations: Sequence[Explanation]
    hold_actions: Sequence[Action]


def job_detail(session: Session, *, actor: Actor, job_ref: str) -> JobDetail:
    """One job in full; of its history the newest entries, the oldest of them first."""
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
        .order_by(col(JobStatusChange.id).desc())
        .limit(HISTORY_SHOWN)
    ).all()
    log_names = session.exec(
        select(JobLog.name).where(JobLog.job_id == job.id).order_by(col(JobLog.id))
    ).all()
    results = session.exec(
        select(JobResult).where(JobResult.job_id == job.id).order_by(col(JobResult.id))
    )
    progress = progress_of(job)
    return JobDetail(
        row=job_row(job),
        contact=lost_contact(session, job.service_ref),
        submission_ref=submission_ref,
        parameters=_titled(job),
        panel={key: value for key, value in job.panel_snapshot.items() if key != "recipe"},
        history=[fields_of(StatusChangeRow, change) for change in reversed(history)],
        log_names=log_names,
        results=[fields_of(ResultRow, result) for result in results],
        question=question_of(session, job),
        stall=explain(job, usual_time(session, job.panel_ref)) if job.stalled_at else "",
        first=first_of(session, actor=actor, submission_ref=submission_ref),
        again=resubmissions_of(session, actor=actor, job_ref=job.ref),
        results_expire_at=job.results_expire_at,
        results_gone_at=job.results_gone_at,
        progress=progress,
        quality=statistics_of(job.qc_statistics),
        explanations=explanations_of(job, progress),
        hold_actions=actions_of_hold(job),
    )


def job_log(session: Session, *, actor: Actor, job_ref: str, name: str) -> LogText:
    """The end of one of a job's logs."""
    require(actor, "job:read")
    found = session.exec(
        select(
            Job.owner_ref,
            func.right(JobLog.text, LOG_CHARACTERS_SHOWN),
            col(JobLog.is_truncated) | (func.length(JobLog.text) > LOG_CHARACTERS_SHOWN),
        )
        .join(JobLog, col(JobLog.job_id) == Job.id)
        .where(Job.ref == job_ref, JobLog.name == name)
    ).first()
    if found is None:
        raise NotFound("log")
    owner_ref, text, is_truncated = found
    require_own(actor, "job:read", owner_ref=owner_ref, what="log")
    return LogText(name=name, text=text, is_truncated=is_truncated)


def _titled(job: Job) -> list[tuple[str, Any]]:
    """In the recipe's order, because jsonb keeps none, and with choices as people call them."""
    known = job.panel_snapshot.get("recipe", {}).get("parameters", [])
    return [
        (parameter.get("label") or parameter["name"], _labelled(parameter, job.parameters))
        for parameter in known
        if parameter["name"] in job.parameters
    ]


def _labelled(parameter: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    value = values[parameter["name"]]
    return parameter.get("labels", {}).get(str(value), value)
