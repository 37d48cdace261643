"""The audit log: entries arrive by the outboxes of the other databases and are only ever added."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.differences import Difference, differences
from models import db
from models.platform import AuditEntry

MOST = 50


@dataclass(frozen=True)
class Entry:
    """Who did what to what, with the names as they were then.

    What belongs to one act bears the same `correlation_ref`; the worker's entries bear none.
    """

    ref: str
    at: datetime
    actor_ref: str
    actor_name: str
    client_address: str
    client_agent: str
    correlation_ref: str
    action: str
    target_type: str
    target_ref: str
    target_name: str
    reason: str
    differences: tuple[Difference, ...]


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Add an entry (`app.domain.outbox.emit_audit`); the same event again changes nothing."""
    # An entry that an earlier version wrote, and this one relays, says nothing of these two.
    said = {"client_agent": "", "correlation_ref": ""} | dict(payload)
    values = said | {
        "event_ref": event_ref,
        "at": datetime.fromisoformat(payload["at"]),
    }
    statement = insert(AuditEntry).values(**values)
    session.connection().execute(statement.on_conflict_do_nothing(index_elements=["event_ref"]))
    db.announce(session, "audit_log", values["target_ref"])


def history_of(
    session: Session, *, actor: Actor, target_type: str, target_ref: str, most: int = MOST
) -> Sequence[Entry]:
    """What was done to one thing, the newest first, at most so many entries."""
    require(actor, "audit:read")
    rows = session.exec(
        select(AuditEntry)
        .where(AuditEntry.target_type == target_type, AuditEntry.target_ref == target_ref)
        .order_by(col(AuditEntry.id).desc())
        .limit(most)
    )
    return [_entry(row) for row in rows]


def changes_of(session: Session, actor: Actor, refs: Sequence[str]) -> dict[str, str]:
    """What entries say of what changed, in one sentence each, by the entries' refs."""
    require(actor, "audit:read")
    found = select(AuditEntry.event_ref, AuditEntry.before, AuditEntry.after)
    return {
        ref: "; ".join(
            f"{one.field}: {one.before} → {one.after}" for one in differences(before, after)
        )
        for ref, before, after in session.exec(found.where(col(AuditEntry.event_ref).in_(refs)))
    }


def known(column: Any) -> Callable[[Session, Actor], dict[str, str]]:
    """What reads the different values of an indexed column of the log.

    It takes one step in the index for each, as the log is long and its words are few.
    """

    def read(session: Session, actor: Actor) -> dict[str, str]:
        require(actor, "audit:read")
        least = select(func.min(column).label("value")).cte(recursive=True)
        after = select(func.min(column)).where(column > least.c.value).scalar_subquery()
        steps = least.union_all(select(after).where(least.c.value.is_not(None)))
        found = session.execute(select(steps.c.value).where(steps.c.value != "")).scalars()
        return {value: value for value in found}

    return read


def _entry(row: AuditEntry) -> Entry:
    return Entry(
        ref=row.event_ref,
        at=row.at,
        actor_ref=row.actor_ref,
        actor_name=row.actor_name,
        client_address=row.client_address,
        client_agent=row.client_agent,
        correlation_ref=row.correlation_ref,
        action=row.action,
        target_type=row.target_type,
        target_ref=row.target_ref,
        target_name=row.target_name,
        reason=row.reason,
        differences=differences(row.before, row.after),
    )
