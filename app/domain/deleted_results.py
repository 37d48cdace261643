"""What jobs know of results that are not kept any more; the files' database deletes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import Conflict
from app.domain.job_queries import JobRow, job_row
from app.domain.job_states import TERMINAL, note
from app.domain.jobs import lock_rows, locked
from app.domain.outbox import Message, emit_once
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


def receive_ending(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Tell a job's owner that results of it are deleted soon, once for an `event_ref`.

    The session is of `job_processing_db`.
    """
    job = session.exec(select(Job).where(Job.ref == payload["job_ref"])).first()
    if job is None:
        return
    day = f"{datetime.fromisoformat(payload['until']):%Y-%m-%d}"
    count = payload["count"]
    files = f"{count} file{'' if count == 1 else 's'}"
    told = {
        "user_ref": job.owner_ref,
        "topic": "job.results",
        "title": f"The results of {job.name} are deleted on {day}"[:200],
        "body": f"{files} from {job.service_name}, {words(payload['size'])}, are here until then. "
        "Download them, or keep them longer on the job's page.",
        "link": f"/jobs/{job.ref}",
    }
    emit_once(session, JobsOutbox, [Message("notification", told, event_ref)])
