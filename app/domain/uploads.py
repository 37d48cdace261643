"""Uploads under way: which may begin, whose they are, and how one is given up.

`receiving` becomes `storing` when the last byte is there, and `stored` when it is a file
(`app.domain.storing`); `failed` says why it never will be. Bytes lie in
`<data_dir>/uploads/<user>/<tus id>` until then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from app.config import settings
from app.domain import files, store
from app.domain.access import Actor, require, require_own
from app.domain.errors import Conflict, Invalid, NotFound, Refused
from models import db
from models.files import Dataset, StoredFile, Upload

EXTENSIONS = (".vcf.gz", ".bcf", ".vcf")
NAME_LIMIT = 300


@dataclass(frozen=True)
class UploadRow:
    """An upload that is under way or failed. `size` is what it will have, in bytes."""

    ref: str
    name: str
    size: int
    state: str
    error_message: str
    created_at: datetime


def begin_upload(
    session: Session, *, actor: Actor, dataset_ref: str, name: str, size: int | None, tus_id: str
) -> None:
    """Admit an upload into one's dataset, before its first byte, and reserve its room.

    Raises Invalid (`field` is `name` or `size`), NotFound, Conflict, or Refused where the quota
    or the disk is full. An unfinished upload of the same name gives way to the new one.
    """
    require(actor, "dataset:write")
    dataset = session.exec(
        select(Dataset).where(Dataset.ref == dataset_ref, col(Dataset.deleted_at).is_(None))
    ).first()
    if dataset is None or dataset.id is None:
        raise NotFound("dataset")
    require_own(actor, "dataset:write", owner_ref=dataset.owner_ref, what="dataset")
    _check_name(name)
    # One upload at a time is admitted, so that two together cannot pass a limit.
    session.connection().execute(text("SELECT pg_advisory_xact_lock(hashtext('uploads'))"))
    _make_way(session, dataset.id, name)
    size = _check_size(session, dataset.owner_ref, size)
    session.add(
        Upload(
            tus_id=tus_id,
            owner_ref=dataset.owner_ref,
            dataset_id=dataset.id,
            name=name,
            size=size,
        )
    )
    db.announce(session, "datasets", dataset.ref, owner_ref=dataset.owner_ref)


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_LIMIT or "/" in name or "\\" in name or not name.isprintable():
        raise Invalid(
            f"A file name has 1 to {NAME_LIMIT} printable characters and no slash. Rename the "
            "file and upload it again.",
            field="name",
        )
    if not name.lower().endswith(EXTENSIONS):
        raise Invalid(
            f"“{name}” is not a kind of file that can be imputed. Upload {', '.join(EXTENSIONS)}.",
            field="name",
        )


def _make_way(session: Session, dataset_id: int, name: str) -> None:
    held = select(StoredFile).where(
        StoredFile.dataset_id == dataset_id,
        StoredFile.name == name,
        col(StoredFile.deleted_at).is_(None),
    )
    coming = select(Upload).where(
        Upload.dataset_id == dataset_id, Upload.name == name, Upload.state == "storing"
    )
    if session.exec(held).first() or session.exec(coming).first():
        raise Conflict(
            f"The dataset has a file “{name}” already. Delete it first, or rename the new one."
        )
    session.connection().execute(
        delete(Upload).where(
            col(Upload.dataset_id) == dataset_id,
            col(Upload.name) == name,
            col(Upload.state).in_(("receiving", "failed")),
        )
    )


def _check_size(session: Session, owner_ref: str, size: int | None) -> int:
    limits = settings()
    if size is None or size <= 0:
        raise Invalid("The file is empty. Choose a file with genotypes.", field="size")
    if size > limits.upload_max_bytes:
        raise Invalid(
            f"The file has {words(size)}; one file may have {words(limits.upload_max_bytes)}. "
            "Split it by chromosome, or ask an administrator for a higher limit.",
            field="size",
        )
    room = files.room_of(session, owner_ref=owner_ref)
    if size > room.left:
        raise Refused(
            f"The file has {words(size)}, and {words(room.left)} of your {words(room.limit)} are "
            "left. Delete a dataset that you no longer need, then upload it again."
        )
    if store.free_bytes() - _still_to_come(session) - size < limits.free_disk_floor_bytes:
        raise Refused(
            "The platform's disk is nearly full, so that no new file is accepted now. Tell an "
            "administrator, and upload it again later."
        )
    return size


def _still_to_come(session: Session) -> int:
    running = session.exec(select(Upload).where(Upload.state == "receiving"))
    return sum(
        upload.size - _received(data_path(upload.owner_ref, upload.tus_id), upload.size)
        for upload in running
    )


def _received(path: Path, size: int) -> int:
    return min(size, path.stat().st_size) if path.exists() else 0


def uploads_of(session: Session, *, dataset_id: int) -> Sequence[UploadRow]:
    """The uploads into a dataset that are not files yet; the caller has authorised the actor."""
    query = (
        select(Upload)
        .where(Upload.dataset_id == dataset_id, Upload.state != "stored")
        .order_by(col(Upload.created_at))
    )
    return [
        UploadRow(
            ref=upload.ref,
            name=upload.name,
            size=upload.size,
            state=upload.state,
            error_message=upload.error_message,
            created_at=upload.created_at,
        )
        for upload in session.exec(query)
    ]


def require_alive(session: Session, *, actor: Actor, owner_ref: str, tus_id: str) -> None:
    """Raise NotFound unless the upload is the actor's and has not failed."""
    require(actor, "dataset:write")
    upload = find(session, tus_id)
    if (
        upload is None
        or upload.owner_ref != actor.user_ref
        or upload.owner_ref != owner_ref
        or upload.state == "failed"
    ):
        raise NotFound("upload")


def cancel_upload(session: Session, *, actor: Actor, tus_id: str) -> None:
    """Forget an upload of the actor that is not complete; its bytes are the caller's to remove."""
    require(actor, "dataset:write")
    _forget(session, actor, find(session, tus_id))


def dismiss_upload(session: Session, *, actor: Actor, upload_ref: str) -> None:
    """Forget an upload by the id that pages show; the worker removes what it left on disk."""
    require(actor, "dataset:write")
    _forget(session, actor, session.exec(select(Upload).where(Upload.ref == upload_ref)).first())


def _forget(session: Session, actor: Actor, upload: Upload | None) -> None:
    if upload is None or upload.owner_ref != actor.user_ref:
        raise NotFound("upload")
    if upload.state not in ("receiving", "failed"):
        raise Conflict("The upload is complete. Delete the file from its dataset instead.")
    session.delete(upload)
    announce(session, upload)


def find(session: Session, tus_id: str) -> Upload | None:
    """The row of an upload, by its name in the tus protocol."""
    return session.exec(select(Upload).where(Upload.tus_id == tus_id)).first()


def announce(session: Session, upload: Upload) -> None:
    """Wake the pages that show the upload's dataset."""
    dataset = session.get(Dataset, upload.dataset_id)
    db.announce(session, "datasets", dataset.ref if dataset else "", owner_ref=upload.owner_ref)


def data_path(owner_ref: str, tus_id: str) -> Path:
    """Return where an upload's bytes are; ValueError if a part could leave the user's folder."""
    if not (owner_ref.isalnum() and tus_id.isalnum()):
        raise ValueError("not an upload's name")
    return settings().upload_dir / owner_ref / tus_id


def words(size: int) -> str:
    """Say a number of bytes for people, in binary units."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
