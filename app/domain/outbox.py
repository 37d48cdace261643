"""Changes that another database must follow, written in the transaction that makes them.

The worker relays the rows (`workers.outbox`). The topic `audit` has the columns of
`models.platform.AuditEntry` as its payload.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.domain.access import Actor
from models.base import Outbox, now


def emit(session: Session, table: type[Outbox], topic: str, payload: Mapping[str, Any]) -> None:
    """Add a row to the outbox `table` of the session's database. The payload must be JSON."""
    session.add(table(topic=topic, payload=dict(payload)))


@dataclass(frozen=True)
class Message:
    """A row for an outbox that is added once, however often it is emitted with the same `once`."""

    topic: str
    payload: Mapping[str, Any]
    once: str


def emit_once(session: Session, table: type[Outbox], messages: Sequence[Message]) -> int:
    """Add those messages that were not added before, in one statement; return how many."""
    if not messages:
        return 0
    rows = [
        {
            "event_ref": once_ref(message.topic, message.once),
            "topic": message.topic,
            "payload": dict(message.payload),
            "created_at": now(),
            "attempts": 0,
            "last_error": "",
        }
        for message in messages
    ]
    statement = insert(table).on_conflict_do_nothing(index_elements=["event_ref"])
    added = session.connection().execute(statement.returning(col(table.id)), rows)
    return len(added.all())


def once_ref(topic: str, once: str) -> str:
    """The `event_ref` of a row that `emit_once` adds."""
    return hashlib.sha256(f"{topic}:{once}".encode()).hexdigest()[:40]


def emit_audit(
    session: Session,
    table: type[Outbox],
    *,
    actor: Actor,
    action: str,
    target_type: str,
    target_ref: str,
    target_name: str = "",
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Say in the audit log who did what to what. `before` and `after` must hold no secret."""
    entry = audit_entry(
        actor=actor,
        action=action,
        target_type=target_type,
        target_ref=target_ref,
        target_name=target_name,
        reason=reason,
        before=before,
        after=after,
    )
    emit(session, table, "audit", entry)


def audit_entry(
    *,
    actor: Actor,
    action: str,
    target_type: str,
    target_ref: str,
    target_name: str = "",
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Who does what to what now, as `app.domain.audit.receive` takes it."""
    return {
        "at": now().isoformat(),
        "actor_ref": actor.user_ref,
        "actor_name": actor.name,
        "client_address": actor.client_address,
        "client_agent": actor.client_agent,
        "correlation_ref": actor.correlation_ref,
        "action": action,
        "target_type": target_type,
        "target_ref": target_ref,
        "target_name": target_name,
        "reason": reason,
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
    }
