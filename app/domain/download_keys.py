"""Keys with which programs fetch the results of one job for its owner, without a browser.

A key is shown once, in the script that its owner downloads (`app.domain.download_script`). What is
stored is its SHA-256. It opens the results of its job and nothing else, for some days, until it is
revoked or its owner may not sign in any more.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, update
from sqlmodel import Session, col, select

from app.config import settings
from app.domain.access import Actor, require
from app.domain.errors import NotFound, Refused
from app.domain.files import RESULT, FileForDownload, for_download
from app.domain.outbox import emit_audit
from app.domain.sessions import digest
from models import db
from models.base import now
from models.files import DownloadKey, FilesOutbox, StoredFile

# By it those who look for secrets in what was published by mistake know what they have found.
PREFIX = "fgip_download_"
MOST_KEYS = 20
USED_EVERY = timedelta(minutes=1)
REMEMBERED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class NewKey:
    """A key that was just made. `key` is known here and nowhere else."""

    ref: str
    key: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class KeyRow:
    """A key that can be used, as its owner sees it."""

    ref: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class KeyedFile:
    """What a key opens, and whose it is: that person must still be allowed to have it."""

    file: FileForDownload
    owner_ref: str


def make_key(session: Session, *, actor: Actor, job_ref: str) -> NewKey:
    """Make a key for the actor's own job; `NotFound` where no result of it is stored."""
    require(actor, "job:read")
    own = select(StoredFile.id).where(
        StoredFile.job_ref == job_ref,
        StoredFile.owner_ref == actor.user_ref,
        StoredFile.kind == RESULT,
        col(StoredFile.deleted_at).is_(None),
    )
    if session.exec(own.limit(1)).first() is None:
        raise NotFound("result")
    if len(keys_of(session, actor=actor, job_ref=job_ref)) >= MOST_KEYS:
        raise Refused(f"This job has {MOST_KEYS} keys already. Revoke one on the job's page first.")
    key = PREFIX + secrets.token_urlsafe(32)
    row = DownloadKey(
        key_hash=digest(key),
        job_ref=job_ref,
        owner_ref=actor.user_ref,
        expires_at=now() + timedelta(days=settings().download_key_days),
    )
    session.add(row)
    session.flush()
    _audit(session, actor, "download_key.make", row)
    return NewKey(ref=row.ref, key=key, expires_at=row.expires_at)


def keys_of(session: Session, *, actor: Actor, job_ref: str) -> Sequence[KeyRow]:
    """The actor's keys for a job that can still be used, the oldest first."""
    require(actor, "job:read")
    rows = session.exec(
        select(DownloadKey)
        .where(
            DownloadKey.job_ref == job_ref,
            DownloadKey.owner_ref == actor.user_ref,
            col(DownloadKey.revoked_at).is_(None),
            DownloadKey.expires_at > func.now(),
        )
        .order_by(col(DownloadKey.id))
    )
    return [KeyRow(row.ref, row.created_at, row.expires_at, row.last_used_at) for row in rows]


def revoke_key(session: Session, *, actor: Actor, key_ref: str) -> None:
    """End one of the actor's own keys; ending it twice is the same as once."""
    require(actor, "job:read")
    row = session.exec(
        select(DownloadKey).where(
            DownloadKey.ref == key_ref, DownloadKey.owner_ref == actor.user_ref
        )
    ).first()
    if row is None:
        raise NotFound("download key")
    if row.revoked_at is None:
        row.revoked_at = now()
        session.add(row)
        _audit(session, actor, "download_key.revoke", row)


def file_for_key(session: Session, *, key: str, file_ref: str) -> KeyedFile | None:
    """The result that a key opens; None for a key that is unknown, over or revoked.

    `NotFound` for every file that is no result of the key's job. The use is noted.
    """
    used = session.exec(
        select(DownloadKey).where(
            DownloadKey.key_hash == digest(key),
            col(DownloadKey.revoked_at).is_(None),
            DownloadKey.expires_at > func.now(),
        )
    ).first()
    if used is None:
        return None
    file = session.exec(
        select(StoredFile).where(
            StoredFile.ref == file_ref,
            StoredFile.job_ref == used.job_ref,
            StoredFile.owner_ref == used.owner_ref,
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
        )
    ).first()
    if file is None:
        raise NotFound("file")
    _note_use(session, used)
    return KeyedFile(for_download(file), used.owner_ref)


def forget_ended(session: Session) -> int:
    """Delete keys that ended long ago; count them."""
    limit = now() - REMEMBERED_FOR
    ended = delete(DownloadKey).where(col(DownloadKey.expires_at) < limit)
    return session.connection().execute(ended).rowcount


def _note_use(session: Session, key: DownloadKey) -> None:
    """Note the use, at most once a minute: a script fetches many files in a row."""
    is_due = or_(
        col(DownloadKey.last_used_at).is_(None),
        col(DownloadKey.last_used_at) < now() - USED_EVERY,
    )
    noted = session.connection().execute(
        update(DownloadKey).where(col(DownloadKey.id) == key.id, is_due).values(last_used_at=now())
    )
    if noted.rowcount:
        db.announce(session, "jobs", key.job_ref, owner_ref=key.owner_ref)


def _audit(session: Session, actor: Actor, action: str, key: DownloadKey) -> None:
    emit_audit(
        session,
        FilesOutbox,
        actor=actor,
        action=action,
        target_type="job",
        target_ref=key.job_ref,
        after={"key": key.ref, "expires_at": key.expires_at.isoformat()},
    )
    db.announce(session, "jobs", key.job_ref, owner_ref=key.owner_ref)
