"""How a complete upload becomes a file: SHA-256, into the store, a row.

Every step can be repeated: whatever a crash leaves behind, the worker finishes later.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import Session

from app.domain import files, store
from app.domain.uploads import announce, data_path, find
from models import db
from models.base import now
from models.files import Dataset, FileMetadata, Upload


def mark_complete(session: Session, *, tus_id: str) -> None:
    """Note that every byte has arrived. Called by the upload route for the owner's request."""
    upload = find(session, tus_id)
    if upload is not None and upload.state == "receiving":
        upload.state = "storing"
        session.add(upload)
        announce(session, upload)


def store_received(tus_id: str) -> bool:
    """Make a file of a complete upload; tell whether it is one now.

    Reads all of its bytes, so call it in a thread. It opens its own transactions, because content
    moves between them; after a crash at any point it can be called again. One process at a time
    does it for an upload; another returns False at once.
    """
    upload = _read(tus_id)
    if upload is None:
        return False
    data = data_path(upload.owner_ref, tus_id)
    with try_lock(data) as locked:
        upload = _read(tus_id)  # as it is now that nobody else is at it
        if not locked or upload is None or upload.state != "storing":
            return upload is not None and upload.state == "stored"
        sha256 = upload.sha256
        if data.exists():
            if data.stat().st_size != upload.size:
                _fail(tus_id, "The file arrived incomplete. Upload it again.")
                return False
            sha256 = store.sha256_of(data)
            with db.session(db.FILES) as session:
                _note_sha256(session, tus_id, sha256)
        elif not (sha256 and store.path_of(sha256).exists()):
            _fail(tus_id, "The file was lost before it was stored. Upload it again.")
            return False
        content = store.place(data, sha256)
        with db.session(db.FILES) as session:
            return _finish(session, tus_id, content)


def _read(tus_id: str) -> Upload | None:
    with db.session(db.FILES) as session:
        return find(session, tus_id)


def _note_sha256(session: Session, tus_id: str, sha256: str) -> None:
    upload = find(session, tus_id)
    if upload is not None:
        upload.sha256 = sha256
        session.add(upload)


def _finish(session: Session, tus_id: str, content: store.StoredPath) -> bool:
    upload = find(session, tus_id)
    if upload is None or upload.state != "storing":
        return False
    dataset = session.get(Dataset, upload.dataset_id)
    upload.finished_at = now()
    if dataset is None or dataset.deleted_at is not None:
        upload.state, upload.error_message = "failed", "The dataset was deleted."
    else:
        file = files.add_file(
            session,
            kind=files.INPUT,
            owner_ref=upload.owner_ref,
            name=upload.name,
            content=content,
            dataset_id=upload.dataset_id,
        )
        session.add(FileMetadata(file_id=file.id or 0))
        upload.state, upload.file_ref = "stored", file.ref
    session.add(upload)
    announce(session, upload)
    return upload.state == "stored"


def _fail(tus_id: str, message: str) -> None:
    with db.session(db.FILES) as session:
        upload = find(session, tus_id)
        if upload is not None and upload.state == "storing":
            upload.state, upload.error_message, upload.finished_at = "failed", message, now()
            session.add(upload)
            announce(session, upload)


@contextmanager
def try_lock(data: Path) -> Iterator[bool]:
    """Hold an upload's lock, if nobody does. It ends with the process, however that ends."""
    with data.with_suffix(".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
