"""Everybody's stored files: what was uploaded, and the results of jobs."""

from sqlmodel import Session, col

from app.domain import file_care
from app.domain.access import Actor
from app.domain.files import INPUT, RESULT
from app.resources.base import Action, Column, Field, Filter, Resource, Word
from app.resources.people_names import person_column
from models import db
from models.files import StoredFile

KINDS = {
    INPUT: Word("Uploaded", "blue", "upload"),
    RESULT: Word("Result", "green", "file-archive"),
}
IS_HERE = col(StoredFile.deleted_at).is_(None)


def keep(session: Session, *, actor: Actor, ref: str, days: str, reason: str) -> str:
    """Keep a result longer."""
    many = file_care.days_of(days)
    until = file_care.keep_file(session, actor=actor, file_ref=ref, days=many, reason=reason)
    return f"Kept {file_care.in_words(until)}."


def delete(session: Session, *, actor: Actor, ref: str, reason: str) -> str:
    """Delete a file."""
    name = file_care.delete_any_file(session, actor=actor, file_ref=ref, reason=reason)
    return f"“{name}” is deleted."


FILES = Resource(
    name="files",
    title="Files",
    one="file",
    icon="files",
    database=db.FILES,
    permission="dataset:read:any",
    source=StoredFile,
    ref=col(StoredFile.ref),
    label=col(StoredFile.name),
    columns=(
        Column("name", "File", col(StoredFile.name)),
        Column("kind", "Kind", col(StoredFile.kind), kind="word", words=KINDS, sorts=False),
        person_column(
            "owner",
            "Owner",
            database=db.FILES,
            ref=col(StoredFile.ref),
            person=col(StoredFile.owner_ref),
        ),
        Column("size", "Size", col(StoredFile.size), kind="bytes", is_wide=False),
        Column("created", "Stored", col(StoredFile.created_at), kind="moment"),
        Column("kept", "Kept until", col(StoredFile.kept_until), kind="moment"),
        Column("deleted", "Deleted", col(StoredFile.deleted_at), kind="moment", sorts=False),
        Column(
            "job",
            "Job",
            col(StoredFile.job_ref),
            kind="mono",
            href="/jobs/{link}",
            link=col(StoredFile.job_ref),
            in_list=False,
            sorts=False,
        ),
        Column("sha256", "SHA-256", StoredFile.sha256, kind="mono", in_list=False, sorts=False),
    ),
    sort="-created",
    search=(StoredFile.name, StoredFile.job_ref, StoredFile.sha256),
    filters=(
        Filter("kind", "Kind", StoredFile.kind, choices={k: w.title for k, w in KINDS.items()}),
        Filter("owner", "Owner", StoredFile.owner_ref, kind="person"),
        Filter("large", "Larger than 1 GB", col(StoredFile.size) > 10**9, kind="flag"),
        Filter("kept", "Kept until", StoredFile.kept_until, kind="days"),
        Filter("deleted", "Deleted", col(StoredFile.deleted_at).is_not(None), kind="flag"),
        Filter("job", "Job", StoredFile.job_ref, kind="exact"),
    ),
    actions=(
        Action(
            "keep",
            "Keep longer",
            file_care.MANAGE_FILES,
            run=keep,
            icon="calendar-plus",
            fields=(
                Field(
                    "days",
                    "Days from now",
                    control="number",
                    hint="Leave it empty to keep it until the owner deletes it.",
                ),
            ),
            asks_reason=True,
            text="It is never kept shorter than before. The owner is told, with your reason.",
            when=IS_HERE & (col(StoredFile.kind) == RESULT),
        ),
        Action(
            "delete",
            "Delete",
            file_care.MANAGE_FILES,
            run=delete,
            icon="trash-2",
            asks_reason=True,
            text="It cannot be had back. The owner is told, with your reason. A job that was to "
            "send it fails.",
            is_red=True,
            when=IS_HERE,
        ),
    ),
    live=("files",),
    target="file",
    subtitle="What people uploaded, and the results that were fetched for them.",
    nothing="They appear as people upload datasets.",
)
