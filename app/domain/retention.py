"""How long results are kept here: until their owner deletes them, or for a number of days.

The days are the setting `results_kept_days`, and count from when a result was stored, or from when
its owner last asked for more. Nothing is deleted whose owner was not told so two days before, also
where the platform was off when that was due. What ends and what is deleted here is told to the
jobs' database by the outbox (`app.domain.deleted_results`); the bytes go when no other file has
them (`app.domain.sweeping`).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.domain.access import WORKER, Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.files import RESULT, end_of_keeping
from app.domain.outbox import Message, emit, emit_audit, emit_once, once_ref
from models import db
from models.base import now
from models.files import DownloadKey, FilesOutbox, StoredFile

# So many days before the end its owner is warned, each time once.
WARNING_DAYS = (2, 14)
LAST_NOTICE = timedelta(days=WARNING_DAYS[0])
# What ends so soon after the first of a job's results ends with it, and is warned of together.
TOGETHER = timedelta(days=1)
ENDING = "results_ending"


@dataclass(frozen=True)
class KeptResults:
    """What is stored of a job's results: `size` in bytes, and until when the first of it is kept.

    `until` is None where all are kept until their owner deletes them.
    """

    count: int
    size: int
    until: datetime | None


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
    """Delete the results whose time here is over, and whose owner was warned of it; count them."""
    over = session.exec(
        select(StoredFile)
        .where(
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
            col(StoredFile.kept_until) <= now(),
        )
        .with_for_update(skip_locked=True)
    ).all()
    warned = _given(session, [_last_warning(file.job_ref, file.kept_until) for file in over])
    by_job: dict[str, list[StoredFile]] = defaultdict(list)
    for file in over:
        if _last_warning(file.job_ref, file.kept_until) in warned:
            by_job[file.job_ref].append(file)
    for files in by_job.values():
        _delete(session, files, actor=WORKER, reason="The time for which they were kept is over")
    return sum(map(len, by_job.values()))


def warn_of_end(session: Session) -> int:
    """Have the owners of results warned that are deleted soon, each time once; count the warnings.

    Results of whose end nobody was told in time are kept for as long as the last warning promises.
    """
    until, soon = func.min(StoredFile.kept_until), timedelta(days=max(WARNING_DAYS))
    found = session.exec(
        select(StoredFile.job_ref, until, func.count(), func.sum(StoredFile.size))
        .where(
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
            col(StoredFile.kept_until) <= now() + soon,
        )
        .group_by(StoredFile.job_ref)
    ).all()
    warned = _given(session, [_last_warning(job_ref, end) for job_ref, end, _, _ in found])
    warnings = []
    for job_ref, end, count, size in found:
        if end is None or _last_warning(job_ref, end) in warned:
            continue
        is_last = end <= now() + LAST_NOTICE
        told = _end_together(session, job_ref) if is_last else end
        days = WARNING_DAYS[0] if is_last else WARNING_DAYS[1]
        payload = {
            "job_ref": job_ref,
            "until": told.isoformat(),
            "count": count,
            "size": int(size),
        }
        warnings.append(Message(ENDING, payload, _once(job_ref, told, days)))
    return emit_once(session, FilesOutbox, warnings)


def _end_together(session: Session, job_ref: str) -> datetime:
    """Give what ends first of a job's results one end, which leaves time enough; return it."""
    ending = (*_stored(job_ref), col(StoredFile.kept_until) <= now() + LAST_NOTICE + TOGETHER)
    latest = session.exec(select(func.max(StoredFile.kept_until)).where(*ending)).one()
    until = max(latest or now(), now() + LAST_NOTICE)
    session.connection().execute(update(StoredFile).where(*ending).values(kept_until=until))
    return until


def _given(session: Session, event_refs: Collection[str]) -> set[str]:
    """Which of these warnings were given."""
    given = select(FilesOutbox.event_ref).where(col(FilesOutbox.event_ref).in_(event_refs))
    return set(session.exec(given))


def _last_warning(job_ref: str, until: datetime | None) -> str:
    """The ref of the last warning before results are deleted at this very time."""
    return once_ref(ENDING, _once(job_ref, until, WARNING_DAYS[0]))


def _once(job_ref: str, until: datetime | None, days: int) -> str:
    return f"{job_ref}:{until.astimezone(UTC).isoformat() if until else ''}:{days}"


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
    announce_deleted(session, files, actor=actor, reason=reason)


def announce_deleted(
    session: Session, files: Sequence[StoredFile], *, actor: Actor, reason: str
) -> None:
    """Tell a job of results of it that were deleted just now."""
    job_ref, owner_ref = files[0].job_ref, files[0].owner_ref
    payload = {
        "job_ref": job_ref,
        "file_refs": [file.ref for file in files],
        "at": now().isoformat(),
        "by": actor.name,
        "reason": reason,
    }
    emit(session, FilesOutbox, "results_deleted", payload)
    db.announce(session, "files", "", owner_ref=owner_ref)
    db.announce(session, "jobs", job_ref, owner_ref=owner_ref)
