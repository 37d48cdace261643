"""Stored files: who may have them, what reading them told, and how much room is used."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.config import settings
from app.domain import store
from app.domain.access import Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.outbox import emit_audit
from app.domain.store import StoredPath
from models import db
from models.base import now
from models.files import (
    Dataset,
    FileMetadata,
    FilesOutbox,
    StoredContent,
    StoredFile,
    Upload,
)

INPUT = "input"
RESULT = "result"

path_of = store.path_of


@dataclass(frozen=True)
class FileRow:
    """A stored file; `size` is in bytes, `state` that of `models.files.FileMetadata`."""

    ref: str
    name: str
    size: int
    sha256: str
    created_at: datetime
    state: str = "read"
    facts: Mapping[str, Any] = field(default_factory=dict)
    error_message: str = ""


@dataclass(frozen=True)
class InputFile:
    """A dataset's file as a job needs it, with its place on disk."""

    ref: str
    name: str
    size: int
    sha256: str
    path: Path
    state: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class FileForDownload:
    """A file that the actor may have."""

    ref: str
    name: str
    size: int
    sha256: str
    path: Path


@dataclass(frozen=True)
class Room:
    """A user's quota in bytes: what uploaded files take, what running uploads reserve, the limit.

    Results do not count: nobody can know their size before, and no result is refused. `results` is
    what they take beside it.
    """

    used: int
    reserved: int
    limit: int
    results: int

    @property
    def left(self) -> int:
        """Bytes that may still be uploaded."""
        return max(0, self.limit - self.used - self.reserved)


def room_of(session: Session, *, owner_ref: str) -> Room:
    """Count what a user's uploaded files and running uploads take."""
    files = (
        select(StoredFile.kind, func.sum(StoredFile.size))
        .where(StoredFile.owner_ref == owner_ref, col(StoredFile.deleted_at).is_(None))
        .group_by(StoredFile.kind)
    )
    uploads = select(func.coalesce(func.sum(Upload.size), 0)).where(
        Upload.owner_ref == owner_ref, col(Upload.state).in_(("receiving", "storing"))
    )
    used = {kind: int(size) for kind, size in session.exec(files)}
    return Room(
        used=used.get(INPUT, 0),
        reserved=int(session.exec(uploads).one()),
        limit=settings().user_quota_bytes,
        results=used.get(RESULT, 0),
    )


def room(session: Session, *, actor: Actor) -> Room:
    """Tell the actor how much of the quota is used."""
    require(actor, "dataset:read")
    return room_of(session, owner_ref=actor.user_ref)


def add_file(
    session: Session,
    *,
    kind: str,
    owner_ref: str,
    name: str,
    content: StoredPath,
    dataset_id: int | None = None,
    job_ref: str = "",
) -> StoredFile:
    """Add the rows of a file whose content is in the store."""
    known = insert(StoredContent).values(sha256=content.sha256, size=content.size, stored_at=now())
    session.connection().execute(known.on_conflict_do_nothing())
    file = StoredFile(
        kind=kind,
        owner_ref=owner_ref,
        name=name,
        sha256=content.sha256,
        size=content.size,
        dataset_id=dataset_id,
        job_ref=job_ref,
    )
    session.add(file)
    session.flush()
    return file


def add_result(
    session: Session, *, owner_ref: str, job_ref: str, name: str, content: StoredPath
) -> FileRow:
    """Register a job's result. Registering the same one again returns the first row.

    Called by the worker, which has put the content into the store. Two workers may come with the
    same one at once, where the first was thought dead: the job is locked until the commit.
    FileNotFoundError where the content is not there any more.
    """
    # It may have waited long for this database: the sweep must see that it is wanted.
    os.utime(content.path)
    job_lock = func.pg_advisory_xact_lock(func.hashtextextended(job_ref, 0))
    session.connection().execute(select(job_lock))
    same = select(StoredFile).where(
        StoredFile.job_ref == job_ref,
        StoredFile.name == name,
        StoredFile.sha256 == content.sha256,
        col(StoredFile.deleted_at).is_(None),
    )
    file = session.exec(same).first()
    if file is None:
        file = add_file(
            session, kind=RESULT, owner_ref=owner_ref, name=name, content=content, job_ref=job_ref
        )
        file.kept_until = end_of_keeping()
    db.announce(session, "files", file.ref, owner_ref=owner_ref)
    return row_of(file)


def end_of_keeping() -> datetime | None:
    """Until when a result that comes now is kept; None for as long as its owner wishes."""
    days = settings().results_kept_days
    return now() + timedelta(days=days) if days else None


def row_of(file: StoredFile, metadata: FileMetadata | None = None) -> FileRow:
    """Make a row for a page from a file and what is known of it."""
    return FileRow(
        ref=file.ref,
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        created_at=file.created_at,
        state=metadata.state if metadata else "read",
        facts=metadata.facts if metadata else {},
        error_message=metadata.error_message if metadata else "",
    )


def job_files(session: Session, *, actor: Actor, job_ref: str) -> list[FileRow]:
    """The results of a job, by name; empty where it has none or is not the actor's."""
    require(actor, "job:read")
    query = select(StoredFile).where(
        StoredFile.job_ref == job_ref, col(StoredFile.deleted_at).is_(None)
    )
    if "job:read:any" not in actor.permissions:
        query = query.where(StoredFile.owner_ref == actor.user_ref)
    return [row_of(file) for file in session.exec(query.order_by(col(StoredFile.name)))]


def dataset_inputs(session: Session, *, actor: Actor, dataset_ref: str) -> list[InputFile]:
    """The files of a dataset, by name, for a job to send. NotFound if it was deleted."""
    require(actor, "dataset:read")
    dataset = session.exec(
        select(Dataset).where(Dataset.ref == dataset_ref, col(Dataset.deleted_at).is_(None))
    ).first()
    if dataset is None:
        raise NotFound("dataset")
    require_own(actor, "dataset:read", owner_ref=dataset.owner_ref, what="dataset")
    query = (
        select(StoredFile, FileMetadata)
        .join(FileMetadata, col(FileMetadata.file_id) == col(StoredFile.id))
        .where(StoredFile.dataset_id == dataset.id, col(StoredFile.deleted_at).is_(None))
        .order_by(col(StoredFile.name))
    )
    return [
        InputFile(
            ref=file.ref,
            name=file.name,
            size=file.size,
            sha256=file.sha256,
            path=path_of(file.sha256),
            state=metadata.state,
            facts=metadata.facts,
        )
        for file, metadata in session.exec(query)
    ]


def file_for_download(session: Session, *, actor: Actor, file_ref: str) -> FileForDownload:
    """Find a file that the actor may have; somebody else's answers NotFound."""
    file = _file(session, file_ref)
    permission = "job:read" if file is not None and file.kind == RESULT else "dataset:read"
    require(actor, permission)
    if file is None:
        raise NotFound("file")
    require_own(actor, permission, owner_ref=file.owner_ref, what="file")
    return for_download(file)


def for_download(file: StoredFile) -> FileForDownload:
    """A file and its place on disk, for somebody who is known to be allowed to have it."""
    return FileForDownload(
        ref=file.ref,
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        path=path_of(file.sha256),
    )


def delete_file(session: Session, *, actor: Actor, file_ref: str) -> str:
    """Delete a file of one's own dataset and return its name.

    The worker removes the content when no other file has the same.
    """
    require(actor, "dataset:write")
    file = _file(session, file_ref)
    if file is None or file.kind != INPUT:
        raise NotFound("file")
    require_own(actor, "dataset:write", owner_ref=file.owner_ref, what="file")
    file.deleted_at = now()
    session.add(file)
    dataset = session.get(Dataset, file.dataset_id)
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action="file.delete",
        target_type="file",
        target_ref=file.ref,
        target_name=file.name,
    )
    db.announce(session, "datasets", dataset.ref if dataset else "", owner_ref=file.owner_ref)
    return file.name


def _file(session: Session, file_ref: str) -> StoredFile | None:
    query = select(StoredFile).where(
        StoredFile.ref == file_ref, col(StoredFile.deleted_at).is_(None)
    )
    return session.exec(query).first()
