"""The audit log: entries arrive by the outboxes of the other databases and are only ever added."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from models.platform import AuditEntry


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
