"""What jobs know of results that are not kept any more; the files' database deletes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import Conflict
from app.domain.job_queries import JobRow, job_row
from app.domain.job_states import TERMINAL, note
from app.domain.jobs import lock_rows, locked
from app.domain.outbox import Message, emit_once
from app.domain.retention import Ending
from app.domain.uploads import words
from models.jobs import Job, JobResult, JobsOutbox


def job_to_clear(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """A job whose results the actor may delete; `Conflict` while some may still come."""
    require(actor, "job:cancel")
    job = locked(session, actor, job_ref)
    if job.status not in TERMINAL:
        raise Conflict(
            f"“{job.name}” has not ended: results may still come. Cancel it first, or wait."
        )
    return job_row(job)


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Say of a job's results that they are deleted; hearing it twice is the same as once.

    The session is of `job_processing_db`.
    """
    job_id = session.exec(select(Job.id).where(Job.ref == payload["job_ref"])).first()
    if job_id is None:
        return
    job = lock_rows(session, job_id)
    results = session.exec(
        select(JobResult).where(
            JobResult.job_id == job_id, col(JobResult.file_ref).in_(payload["file_refs"])
        )
    ).all()
    if not results:
        return
    for result in results:
        result.state, result.file_ref = "deleted", ""
        result.deleted_at = datetime.fromisoformat(payload["at"])
        session.add(result)
    count = f"{len(results)} result{'' if len(results) == 1 else 's'}"
    note(session, job, f"{count} deleted here. {payload['reason']}.", actor=payload["by"])


def warn(session: Session, *, endings: Sequence[Ending]) -> int:
    """Tell the owners of jobs whose results are deleted soon; how many were told.

    Each warning is given once; where several are due at once, only the last of them.
    """
    jobs = session.exec(select(Job).where(col(Job.ref).in_([one.job_ref for one in endings])))
    by_ref = {job.ref: job for job in jobs}
    known = [(by_ref[one.job_ref], one) for one in endings if one.job_ref in by_ref]
    return emit_once(session, JobsOutbox, [_warning(job, one) for job, one in known])


def _warning(job: Job, end: Ending) -> Message:
    day = f"{end.until:%Y-%m-%d}"
    files = f"{end.count} file{'' if end.count == 1 else 's'}"
    payload = {
        "user_ref": job.owner_ref,
        "topic": "job.results",
        "title": f"The results of {job.name} are deleted on {day}"[:200],
        "body": f"{files} from {job.service_name}, {words(end.size)}, are here until then. "
        "Download them, or keep them longer on the job's page.",
        "link": f"/jobs/{job.ref}",
    }
    return Message("notification", payload, f"results:{job.ref}:{day}:{end.days}")
