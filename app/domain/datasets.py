"""Datasets: an owner's sets of input files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from app.domain import files
from app.domain.access import Actor, require, require_own
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.files import FileRow
from app.domain.outbox import emit_audit
from app.domain.uploads import UploadRow, uploads_of
from models import db
from models.base import now
from models.files import Dataset, FileMetadata, FilesOutbox, StoredFile, Upload

NAME_LIMIT = 200
PAGE_SIZE = 25


@dataclass(frozen=True)
class DatasetRow:
    """A dataset in a list. `size` is in bytes.

    `state` is `empty`, `uploading`, `reading` (files wait to be read), `unreadable` (at least one
    file cannot be read) or `ready`. `samples` is the largest number in one file, `variants` the
    sum of all files; both are 0 until the files are read.
    """

    ref: str
    name: str
    build: str
    state: str
    file_count: int
    size: int
    samples: int
    variants: int
    created_at: datetime


@dataclass(frozen=True)
class DatasetPage:
    """One page of a list, and how many rows there are in all."""

    rows: Sequence[DatasetRow]
    total: int


@dataclass(frozen=True)
class DatasetDetail:
    """A dataset with its files and the uploads that are not files yet."""

    row: DatasetRow
    description: str
    owner_ref: str
    files: Sequence[FileRow]
    uploads: Sequence[UploadRow]


def list_datasets(
    session: Session,
    *,
    actor: Actor,
    search: str = "",
    sort: str = "created_at",
    descending: bool = True,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> DatasetPage:
    """One page of the actor's own datasets.

    `search` is looked for in names and descriptions; `sort` is a column of `DatasetRow`
    (anything else sorts by creation); pages count from 1.
    """
    require(actor, "dataset:read")
    rows = _rows().where(
        col(Dataset.owner_ref) == actor.user_ref,
        col(Dataset.deleted_at).is_(None),
    )
    if search.strip():
        text = search.strip()
        rows = rows.where(
            col(Dataset.name).icontains(text, autoescape=True)
            | col(Dataset.description).icontains(text, autoescape=True)
        )
    table = rows.subquery()
    column = table.c[sort if sort in DatasetRow.__dataclass_fields__ else "created_at"]
    key = func.lower(column) if sort == "name" else column
    chosen = (
        sql_select(table, func.count().over().label("total"))
        .order_by(key.desc() if descending else key.asc(), table.c.ref)
        .limit(page_size)
        .offset((max(page, 1) - 1) * page_size)
    )
    found = _read(session, chosen)
    if not found and page > 1:  # the last page went away meanwhile
        return list_datasets(
            session,
            actor=actor,
            search=search,
            sort=sort,
            descending=descending,
            page_size=page_size,
        )
    return DatasetPage(
        rows=[_row(row) for row in found], total=int(found[0]["total"]) if found else 0
    )


def dataset_detail(session: Session, *, actor: Actor, dataset_ref: str) -> DatasetDetail:
    """A dataset with its files and what reading them told."""
    require(actor, "dataset:read")
    dataset = _dataset(session, dataset_ref)
    require_own(actor, "dataset:read", owner_ref=dataset.owner_ref, what="dataset")
    row = (
        session.connection().execute(_rows().where(col(Dataset.id) == dataset.id)).mappings().one()
    )
    held = (
        select(StoredFile, FileMetadata)
        .join(FileMetadata, col(FileMetadata.file_id) == col(StoredFile.id), isouter=True)
        .where(StoredFile.dataset_id == dataset.id, col(StoredFile.deleted_at).is_(None))
        .order_by(col(StoredFile.name), col(StoredFile.id))
    )
    return DatasetDetail(
        row=_row(row),
        description=dataset.description,
        owner_ref=dataset.owner_ref,
        files=[files.row_of(file, metadata) for file, metadata in session.exec(held)],
        uploads=uploads_of(session, dataset_id=dataset.id or 0),
    )


def create_dataset(session: Session, *, actor: Actor, name: str, description: str = "") -> str:
    """Make an empty dataset and return its ref. A name is used once per owner."""
    require(actor, "dataset:write")
    dataset = Dataset(
        owner_ref=actor.user_ref,
        name=_free_name(session, actor.user_ref, name),
        description=description.strip(),
    )
    session.add(dataset)
    session.flush()
    db.announce(session, "datasets", dataset.ref, owner_ref=dataset.owner_ref)
    return dataset.ref


def rename_dataset(session: Session, *, actor: Actor, dataset_ref: str, name: str) -> None:
    """Give one's dataset another name."""
    dataset = _own(session, actor, dataset_ref)
    if name.strip() != dataset.name:
        dataset.name = _free_name(session, dataset.owner_ref, name, but=dataset.id)
        session.add(dataset)
        db.announce(session, "datasets", dataset.ref, owner_ref=dataset.owner_ref)


def delete_dataset(session: Session, *, actor: Actor, dataset_ref: str) -> str:
    """Delete one's dataset with its files and return its name.

    The rows stay, marked, for the history of jobs; the worker removes the contents that nothing
    else has. Results of jobs are not touched.
    """
    dataset = _own(session, actor, dataset_ref)
    dataset.deleted_at = now()
    session.add(dataset)
    session.connection().execute(
        update(StoredFile)
        .where(col(StoredFile.dataset_id) == dataset.id, col(StoredFile.deleted_at).is_(None))
        .values(deleted_at=dataset.deleted_at)
    )
    session.connection().execute(
        update(Upload)
        .where(col(Upload.dataset_id) == dataset.id, col(Upload.state) == "receiving")
        .values(state="failed", error_message="The dataset was deleted.", finished_at=now())
    )
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action="dataset.delete",
        target_type="dataset",
        target_ref=dataset.ref,
        target_name=dataset.name,
    )
    db.announce(session, "datasets", dataset.ref, owner_ref=dataset.owner_ref)
    return dataset.name


def _own(session: Session, actor: Actor, dataset_ref: str) -> Dataset:
    require(actor, "dataset:write")
    dataset = _dataset(session, dataset_ref)
    require_own(actor, "dataset:write", owner_ref=dataset.owner_ref, what="dataset")
    return dataset


def _dataset(session: Session, dataset_ref: str) -> Dataset:
    query = select(Dataset).where(Dataset.ref == dataset_ref, col(Dataset.deleted_at).is_(None))
    dataset = session.exec(query).first()
    if dataset is None:
        raise NotFound("dataset")
    return dataset


def _free_name(session: Session, owner_ref: str, name: str, but: int | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid("Give the dataset a name.", field="name")
    if len(name) > NAME_LIMIT:
        raise Invalid(f"A name has at most {NAME_LIMIT} characters.", field="name")
    query = select(Dataset).where(
        Dataset.owner_ref == owner_ref,
        Dataset.name == name,
        col(Dataset.deleted_at).is_(None),
        col(Dataset.id) != (but or 0),
    )
    if session.exec(query).first() is not None:
        raise Conflict(f"You have a dataset “{name}” already. Choose another name.")
    return name


def _rows() -> Select[Any]:
    """Every dataset with what its files add up to, as `DatasetRow` has it."""
    held = (
        sql_select(
            func.count().label("file_count"),
            func.coalesce(func.sum(StoredFile.size), 0).label("size"),
            func.coalesce(func.max(col(FileMetadata.facts)["samples"].as_integer()), 0).label(
                "samples"
            ),
            func.coalesce(func.sum(col(FileMetadata.facts)["variants"].as_integer()), 0).label(
                "variants"
            ),
            func.count().filter(col(FileMetadata.state) == "pending").label("pending"),
            func.count().filter(col(FileMetadata.state) == "unreadable").label("unreadable"),
        )
        .select_from(StoredFile)
        .join(FileMetadata, col(FileMetadata.file_id) == col(StoredFile.id), isouter=True)
        .where(col(StoredFile.dataset_id) == col(Dataset.id), col(StoredFile.deleted_at).is_(None))
        .lateral("held")
    )
    uploading = (
        sql_select(col(Upload.id))
        .where(
            col(Upload.dataset_id) == col(Dataset.id),
            col(Upload.state).in_(("receiving", "storing")),
        )
        .exists()
    )
    state = case(
        (uploading, "uploading"),
        (held.c.file_count == 0, "empty"),
        (held.c.unreadable > 0, "unreadable"),
        (held.c.pending > 0, "reading"),
        else_="ready",
    )
    return (
        sql_select(
            col(Dataset.ref),
            col(Dataset.name),
            col(Dataset.build),
            state.label("state"),
            held.c.file_count,
            held.c.size,
            held.c.samples,
            held.c.variants,
            col(Dataset.created_at),
        )
        .select_from(Dataset)
        .join(held, col(Dataset.id).is_not(None))
    )


def _read(session: Session, query: Select[Any]) -> Sequence[Any]:
    session.flush()  # a plain connection does not see what the session has not sent yet
    return session.connection().execute(query).mappings().all()


def _row(row: Any) -> DatasetRow:
    return DatasetRow(**{name: row[name] for name in DatasetRow.__dataclass_fields__})
