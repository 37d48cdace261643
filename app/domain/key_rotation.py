"""Putting every stored secret under the newest key, a few rows at a time.

A row is changed only if it still holds what was read, so that nobody's newer secret is lost; what
is written meanwhile is under the newest key anyway. Each batch is a transaction of its own: a
rotation that is cut off at any point leaves secrets that one of the keys reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.domain.secret_keys import renewed
from models import db
from models.jobs import Job
from models.users import ServiceCredential

BATCH = 100


@dataclass(frozen=True)
class Store:
    """A column of encrypted texts, empty where there is none. `of` says of which row one is."""

    what: str
    database: str
    table: Any
    column: Any
    of: Any


@dataclass(frozen=True)
class Batch:
    """What became of some rows. `last_id` is None behind the last one."""

    last_id: int | None
    renewed: int
    current: int
    unreadable: Sequence[str]


STORES = (
    Store(
        "tokens",
        db.USERS,
        ServiceCredential,
        ServiceCredential.ciphertext,
        ServiceCredential.ref,
    ),
    Store("archive passwords", db.JOBS, Job, Job.archive_password, Job.ref),
)


def renew_batch(session: Session, *, store: Store, after_id: int = 0, size: int = BATCH) -> Batch:
    """Put the next rows under the newest key; `unreadable` are those that no key reads."""
    rows = session.exec(
        select(store.table.id, store.of, store.column)
        .where(store.table.id > after_id, col(store.column) != "")
        .order_by(store.table.id)
        .limit(size)
    ).all()
    changed, unreadable = 0, []
    for row_id, ref, before in rows:
        try:
            after = renewed(before)
        except InvalidToken:
            unreadable.append(ref)
            continue
        if after != before:
            changed += 1
            session.connection().execute(
                update(store.table)
                .where(store.table.id == row_id, store.column == before)
                .values({store.column: after})
            )
    last_id = rows[-1][0] if len(rows) == size else None
    return Batch(last_id, changed, len(rows) - changed - len(unreadable), unreadable)
