"""Files that wait to be read: claimed by one worker at a time, then read or unreadable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, or_, select

from app.domain import store
from models import db
from models.base import now
from models.files import Dataset, FileMetadata, StoredFile

# A worker that has not finished after this long is taken for dead.
ABANDONED_AFTER = timedelta(minutes=30)


@dataclass(frozen=True)
class FileToRead:
    """A file that this worker has claimed."""

    file_id: int
    name: str
    path: Path


def claim_unread(session: Session) -> FileToRead | None:
    """Claim the file that waits longest, or one whose worker died; None if there is none."""
    abandoned = (col(FileMetadata.state) == "reading") & (
        col(FileMetadata.read_at) < now() - ABANDONED_AFTER
    )
    query = (
        select(FileMetadata, StoredFile)
        .join(StoredFile, col(StoredFile.id) == col(FileMetadata.file_id))
        .where(
            or_(col(FileMetadata.state) == "pending", abandoned),
            col(StoredFile.deleted_at).is_(None),
        )
        .order_by(col(StoredFile.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=FileMetadata)
    )
    found = session.exec(query).first()
    if found is None:
        return None
    metadata, file = found
    metadata.state, metadata.read_at = "reading", now()
    session.add(metadata)
    return FileToRead(metadata.file_id, file.name, store.path_of(file.sha256))


def save_facts(session: Session, *, file_id: int, facts: Mapping[str, Any]) -> None:
    """Keep what reading a file told (`app.domain.vcf.VcfFacts`)."""
    _save(session, file_id, state="read", facts=facts, error_message="")


def save_unreadable(session: Session, *, file_id: int, reason: str) -> None:
    """Keep why a file cannot be read, in words for its owner."""
    _save(session, file_id, state="unreadable", facts={}, error_message=reason)


def _save(
    session: Session, file_id: int, *, state: str, facts: Mapping[str, Any], error_message: str
) -> None:
    metadata = session.get_one(FileMetadata, file_id)
    metadata.state, metadata.facts, metadata.error_message = state, dict(facts), error_message
    metadata.read_at = now()
    session.add(metadata)
    file = session.get_one(StoredFile, file_id)
    dataset = session.get(Dataset, file.dataset_id)
    if dataset is not None:
        dataset.build = dataset.build or str(facts.get("build", ""))
        session.add(dataset)
        db.announce(session, "datasets", dataset.ref, owner_ref=file.owner_ref)
