"""`file_management_db`: datasets, files, what is known of them, and uploads under way."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import (
    NAMING,
    Outbox,
    identity,
    json_object,
    moment,
    optional_moment,
    ref_field,
)


class FilesBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the file-management database."""


class Dataset(FilesBase, table=True):
    """An owner's set of input files."""

    __tablename__ = "datasets"

    id: int | None = identity()
    ref: str = ref_field()
    owner_ref: str = Field(max_length=40, index=True)
    name: str = Field(max_length=200)
    description: str = Field(default="")
    build: str = Field(default="", max_length=20)
    created_at: datetime = moment()
    deleted_at: datetime | None = optional_moment()


class StoredContent(FilesBase, table=True):
    """Content in the store, named by its SHA-256; files with the same bytes share it."""

    __tablename__ = "checksums"

    sha256: str = Field(primary_key=True, max_length=64)
    size: int = Field(sa_type=BigInteger)
    stored_at: datetime = moment()


class StoredFile(FilesBase, table=True):
    """A file of an owner: an input of a dataset, or a result of a job.

    A result is kept until `kept_until`, or for good where that is not set.
    """

    __tablename__ = "files"

    id: int | None = identity()
    ref: str = ref_field()
    owner_ref: str = Field(max_length=40, index=True)
    kind: str = Field(max_length=20)
    name: str = Field(max_length=300)
    sha256: str = Field(foreign_key="checksums.sha256", max_length=64, index=True)
    size: int = Field(sa_type=BigInteger)
    dataset_id: int | None = Field(default=None, foreign_key="datasets.id", index=True)
    job_ref: str = Field(default="", max_length=40, index=True)
    created_at: datetime = moment()
    kept_until: datetime | None = optional_moment(index=True)
    deleted_at: datetime | None = optional_moment()


class FileMetadata(FilesBase, table=True):
    """What reading a file told: samples, variants, chromosomes, phasing; or why it can't be read.

    `state` is `pending`, `reading` (since `read_at`), `read` or `unreadable`.
    """

    __tablename__ = "file_metadata"

    file_id: int = Field(foreign_key="files.id", primary_key=True)
    state: str = Field(default="pending", max_length=20, index=True)
    facts: dict[str, Any] = json_object()
    error_message: str = Field(default="")
    read_at: datetime | None = optional_moment()


class Upload(FilesBase, table=True):
    """An upload under way or done. `tus_id` is the upload's name in the tus protocol.

    `state` is `receiving`, `storing`, `stored` or `failed`. `sha256` is known before the content
    moves into the store, so that a crash between the two loses nothing.
    """

    __tablename__ = "uploads"

    id: int | None = identity()
    ref: str = ref_field()
    tus_id: str = Field(default="", max_length=64, index=True)
    owner_ref: str = Field(max_length=40, index=True)
    dataset_id: int = Field(foreign_key="datasets.id", index=True)
    name: str = Field(max_length=300)
    size: int = Field(sa_type=BigInteger)
    state: str = Field(default="receiving", max_length=20)
    error_message: str = Field(default="")
    sha256: str = Field(default="", max_length=64)
    file_ref: str = Field(default="", max_length=40)
    created_at: datetime = moment()
    finished_at: datetime | None = optional_moment()


class DownloadKey(FilesBase, table=True):
    """A key (stored as SHA-256) with which programs fetch the results of one job for its owner."""

    __tablename__ = "download_keys"

    id: int | None = identity()
    ref: str = ref_field()
    key_hash: str = Field(max_length=64, unique=True)
    job_ref: str = Field(max_length=40, index=True)
    owner_ref: str = Field(max_length=40)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    last_used_at: datetime | None = optional_moment()
    revoked_at: datetime | None = optional_moment()


class FilesOutbox(Outbox, FilesBase, table=True):
    """Changes of files that other databases must follow."""

    __tablename__ = "files_outbox"
