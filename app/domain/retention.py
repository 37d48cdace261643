"""How long results are kept here: until their owner deletes them, or for a number of days.

The days are the setting `results_kept_days`, and count from when a result was stored, or from when
its owner last asked for more. What is deleted here is told to the jobs' database by the outbox
(`app.domain.deleted_results`); the bytes go when no other file has them (`app.domain.sweeping`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.domain.access import WORKER, Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.files import RESULT, end_of_keeping
from app.domain.outbox import emit, emit_audit
from models import db
from models.base import now
from models.files import DownloadKey, FilesOutbox, StoredFile

# So many days before the end its owner is warned, each time once.
WARNING_DAYS = (2, 14)


@dataclass(frozen=True)
class KeptResults:
    """What is stored of a job's results: `size` in bytes, and until when the first of it is kept.

    `until` is None where all are kept until their owner deletes them.
    """

    count: int
    size: int
    until: datetime | None


@dataclass(frozen=True)
class Ending:
    """Results of a job that are deleted soon, and how many days before that is told (the last)."""

    job_ref: str
    until: datetime
    days: int
    count: int
    size: int


def kept_results(session: Session, *, actor: Actor, job_ref: str) -> KeptResults:
    """What is stored of a job's results that the actor may see; nothing of somebody else's."""
    require(actor, "job:read")
    query = select(
        func.count(), func.coalesce(func.sum(StoredFile.size), 0), func.min(StoredFile.kept_until)
    ).where(*_stored(job_ref))
    if "job:read:any" not in actor.permissions:
        query = query.where(StoredFile.owner_ref == actor.user_ref)
    count, size, until = session.exec(query).one()
    return KeptResults(count, int(size), until)


def keep_longer(session: Session, *, actor: Actor, job_ref: str) -> None:
    """Keep a job's results for as many days from now as new ones are kept; never shorter."""
    files = _own(session, actor, job_ref)
    until = end_of_keeping()
    for file in files:
        if file.kept_until is not None:
            file.kept_until = max(file.kept_until, until) if until else None
            session.add(file)
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action="results.keep",
        target_type="job",
        target_ref=job_ref,
        after={"until": until.isoformat() if until else "for good"},
    )
    db.announce(session, "jobs", job_ref, owner_ref=files[0].owner_ref)


def delete_results(session: Session, *, actor: Actor, job_ref: str, job_name: str = "") -> int:
    """Delete the stored results of a job for good, with the keys to them; count them."""
    files = _own(session, actor, job_ref)
    _delete(session, files, actor=actor, reason=f"Deleted by {actor.name}")
    session.connection().execute(
        update(DownloadKey)
        .where(col(DownloadKey.job_ref) == job_ref, col(DownloadKey.revoked_at).is_(None))
        .values(revoked_at=now())
    )
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action="results.delete",
        target_type="job",
        target_ref=job_ref,
        target_name=job_name,
        before={"files": len(files), "bytes": sum(file.size for file in files)},
    )
    return len(files)


def delete_expired(session: Session) -> int:
    """Delete the results whose time here is over; count them."""
    over = session.exec(
        select(StoredFile)
        .where(
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
            col(StoredFile.kept_until) <= func.now(),
        )
        .with_for_update(skip_locked=True)
    ).all()
    by_job: dict[str, list[StoredFile]] = defaultdict(list)
    for file in over:
        by_job[file.job_ref].append(file)
    for files in by_job.values():
        _delete(session, files, actor=WORKER, reason="The time for which they were kept is over")
    return len(over)


def ending(session: Session) -> Sequence[Ending]:
    """The jobs whose results are deleted soon. For the worker, which has their owners warned."""
    until = func.min(StoredFile.kept_until)
    found = session.exec(
        select(StoredFile.job_ref, until, func.count(), func.sum(StoredFile.size))
        .where(
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
            col(StoredFile.kept_until) > func.now(),
            col(StoredFile.kept_until) <= now() + timedelta(days=max(WARNING_DAYS)),
        )
        .group_by(StoredFile.job_ref)
    )
    return [
        Ending(job_ref, end, _last_warning(end), count, int(size))
        for job_ref, end, count, size in found
        if end is not None
    ]


def _last_warning(until: datetime) -> int:
    left = until - now()
    return next((days for days in WARNING_DAYS if left <= timedelta(days=days)), WARNING_DAYS[-1])


def _stored(job_ref: str) -> tuple[Any, ...]:
    return (
        StoredFile.job_ref == job_ref,
        StoredFile.kind == RESULT,
        col(StoredFile.deleted_at).is_(None),
    )


def _own(session: Session, actor: Actor, job_ref: str) -> Sequence[StoredFile]:
    """A job's stored results, locked, for somebody who may delete them."""
    require(actor, "job:cancel")
    query: SelectOfScalar[StoredFile] = select(StoredFile).where(*_stored(job_ref))
    files = session.exec(query.order_by(col(StoredFile.id)).with_for_update()).all()
    if not files:
        raise NotFound("result")
    for owner_ref in {file.owner_ref for file in files}:
        require_own(actor, "job:cancel", owner_ref=owner_ref, what="result")
    return files


def _delete(session: Session, files: Sequence[StoredFile], *, actor: Actor, reason: str) -> None:
    at = now()
    for file in files:
        file.deleted_at = at
        session.add(file)
    job_ref, owner_ref = files[0].job_ref, files[0].owner_ref
    payload = {
        "job_ref": job_ref,
        "file_refs": [file.ref for file in files],
        "at": at.isoformat(),
        "by": actor.name,
        "reason": reason,
    }
    emit(session, FilesOutbox, "results_deleted", payload)
    db.announce(session, "files", "", owner_ref=owner_ref)
    db.announce(session, "jobs", job_ref, owner_ref=owner_ref)
