"""What an administrator does to anybody's files: keep results longer, delete one; with a reason.

What concerns a job is told to it, and so to its owner, by the outbox (`app.domain.job_notes`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.files import RESULT
from app.domain.job_notes import DELETE, KEEP, MANAGE, reason_of
from app.domain.outbox import emit, emit_audit
from app.domain.retention import announce_deleted
from models import db
from models.base import now
from models.files import Dataset, FilesOutbox, StoredFile

MANAGE_FILES = "file:manage:any"
MOST_DAYS = 3650


def keep_results(
    session: Session, *, actor: Actor, job_ref: str, days: int | None, reason: str
) -> datetime | None:
    """Keep a job's results at least so many days from now, or for good with None.

    Returns until when the first of them is kept; None for good.
    """
    require(actor, MANAGE)
    why = reason_of(reason)
    files = session.exec(
        select(StoredFile)
        .where(
            StoredFile.job_ref == job_ref,
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
        )
        .order_by(col(StoredFile.id))
        .with_for_update()
    ).all()
    if not files:
        raise NotFound("result")
    before, until = _first_end(files), _end(days)
    _keep(session, files, until)
    after = _first_end(files)
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action="results.keep_on_behalf",
        target_type="job",
        target_ref=job_ref,
        reason=why,
        before={"until": in_words(before)},
        after={"until": in_words(after)},
    )
    _tell_job(session, actor, files[0], KEEP, f"Results kept {in_words(after)}", why)
    return after


def keep_file(
    session: Session, *, actor: Actor, file_ref: str, days: int | None, reason: str
) -> datetime | None:
    """Keep one result at least so many days from now, or for good with None; return until when."""
    require(actor, MANAGE_FILES)
    why = reason_of(reason)
    file = _locked(session, file_ref)
    if file.kind != RESULT:
        raise Conflict(f"“{file.name}” is kept until its owner deletes it.")
    before = file.kept_until
    _keep(session, [file], _end(days))
    _audit(session, actor, "file.keep", file, why, before, file.kept_until)
    text = f"“{file.name}” kept {in_words(file.kept_until)}"
    _tell_job(session, actor, file, KEEP, text, why)
    return file.kept_until


def delete_any_file(session: Session, *, actor: Actor, file_ref: str, reason: str) -> str:
    """Delete anybody's file for good, and return its name; the bytes go when no other has them."""
    require(actor, MANAGE_FILES)
    why = reason_of(reason)
    file = _locked(session, file_ref)
    file.deleted_at = now()
    session.add(file)
    _audit(session, actor, "file.delete_on_behalf", file, why, file.kept_until, None)
    if file.kind == RESULT:
        announce_deleted(session, [file], actor=actor, reason=f"Deleted by {actor.name}: {why}")
        _tell_job(session, actor, file, DELETE, f"“{file.name}” deleted", why)
        return file.name
    dataset = session.get(Dataset, file.dataset_id)
    dataset_ref = dataset.ref if dataset else ""
    told = {
        "user_ref": file.owner_ref,
        "topic": "file.on_behalf",
        "title": f"Deleted: {file.name}"[:200],
        "body": f"{actor.name} deleted this file of yours and says why: {why}",
        "link": f"/datasets/{dataset_ref}",
    }
    if file.owner_ref != actor.user_ref:
        emit(session, FilesOutbox, "notification", told)
    db.announce(session, "datasets", dataset_ref, owner_ref=file.owner_ref)
    db.announce(session, "files", file.ref, owner_ref=file.owner_ref)
    return file.name


def days_of(text: str) -> int | None:
    """The days that a form asks for; None for good. Raises `Invalid` for what is no such number."""
    given = text.strip()
    if not given:
        return None
    if not given.isdecimal() or not 1 <= int(given[:9]) <= MOST_DAYS:
        raise Invalid(f"Give 1 to {MOST_DAYS} days, or nothing to keep it for good.", field="days")
    return int(given)


def _end(days: int | None) -> datetime | None:
    return None if days is None else now() + timedelta(days=days)


def _keep(session: Session, files: Sequence[StoredFile], until: datetime | None) -> None:
    """Never shorter than before."""
    for file in files:
        if file.kept_until is not None:
            file.kept_until = max(file.kept_until, until) if until else None
            session.add(file)
    db.announce(session, "files", files[0].ref, owner_ref=files[0].owner_ref)
    db.announce(session, "jobs", files[0].job_ref, owner_ref=files[0].owner_ref)


def _first_end(files: Sequence[StoredFile]) -> datetime | None:
    return min((file.kept_until for file in files if file.kept_until), default=None)


def in_words(until: datetime | None) -> str:
    """Until when something is kept."""
    return f"until {until:%Y-%m-%d}" if until else "for good"


def _locked(session: Session, file_ref: str) -> StoredFile:
    file = session.exec(
        select(StoredFile)
        .where(StoredFile.ref == file_ref, col(StoredFile.deleted_at).is_(None))
        .with_for_update()
    ).first()
    if file is None:
        raise NotFound("file")
    return file


def _audit(
    session: Session,
    actor: Actor,
    action: str,
    file: StoredFile,
    reason: str,
    before: datetime | None,
    after: datetime | None,
) -> None:
    is_gone = file.deleted_at is not None
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action=action,
        target_type="file",
        target_ref=file.ref,
        target_name=file.name,
        reason=reason,
        before={"owner": file.owner_ref, "bytes": file.size, "kept": in_words(before)},
        after=None if is_gone else {"kept": in_words(after)},
    )


def _tell_job(
    session: Session, actor: Actor, file: StoredFile, act: str, text: str, reason: str
) -> None:
    payload = {
        "job_ref": file.job_ref,
        "author_ref": actor.user_ref,
        "author_name": actor.name,
        "act": act,
        "text": text,
        "reason": reason,
    }
    emit(session, FilesOutbox, "done_on_behalf", payload)
