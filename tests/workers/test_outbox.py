"""What one database owes another arrives once, whatever fails on the way."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlmodel import select

from app.domain import notifications
from app.domain.outbox import audit_entry, emit, emit_audit
from app.domain.relay import relay_topic
from models import db
from models.jobs import JobsOutbox
from models.notifications import Notification
from models.platform import AuditEntry
from tests.support.submitting import actor
from workers import outbox

MESSAGE: dict[str, Any] = {
    "user_ref": "ada",
    "topic": "job.completed",
    "title": "Completed",
    "body": "",
    "link": "/jobs/1",
}


def tell(**changes: Any) -> None:
    with db.session(db.JOBS) as session:
        emit(session, JobsOutbox, "notification", MESSAGE | changes)


def rows(name: str, table: Any) -> list[Any]:
    with db.session(name) as session:
        return list(session.exec(select(table)))


def test_a_message_and_an_audit_entry_reach_their_databases_once(databases: None) -> None:
    tell()
    with db.session(db.JOBS) as session:
        emit_audit(
            session,
            JobsOutbox,
            actor=actor(),
            action="job.cancel",
            target_type="job",
            target_ref="j1",
        )
    for _ in range(2):
        asyncio.run(outbox.relay())
    assert [row.link for row in rows(db.NOTIFICATIONS, Notification)] == ["/jobs/1"]
    assert [row.action for row in rows(db.PLATFORM, AuditEntry)] == ["job.cancel"]


def test_an_audit_entry_of_an_earlier_version_arrives_after_an_update(databases: None) -> None:
    entry = audit_entry(actor=actor(), action="job.cancel", target_type="job", target_ref="j1")
    del entry["correlation_ref"], entry["client_agent"]
    with db.session(db.JOBS) as session:
        emit(session, JobsOutbox, "audit", entry)
    asyncio.run(outbox.relay())
    assert [row.action for row in rows(db.PLATFORM, AuditEntry)] == ["job.cancel"]


def test_a_row_whose_mark_was_lost_is_delivered_again_without_effect(databases: None) -> None:
    tell()
    asyncio.run(outbox.relay())
    with db.session(db.JOBS) as session:
        session.connection().execute(text("UPDATE jobs_outbox SET delivered_at = NULL"))
    asyncio.run(outbox.relay())
    assert len(rows(db.NOTIFICATIONS, Notification)) == 1
    assert rows(db.JOBS, JobsOutbox)[0].delivered_at is not None


def test_a_row_that_cannot_be_delivered_waits_and_holds_up_no_other(databases: None) -> None:
    with db.session(db.JOBS) as session:
        emit(session, JobsOutbox, "notification", {"title": "to nobody"})
    tell()
    assert relay_topic(db.JOBS, "notification") == 1
    assert relay_topic(db.JOBS, "notification") == 0
    bad, good = rows(db.JOBS, JobsOutbox)
    assert (bad.attempts, bad.delivered_at) == (1, None)
    assert "user_ref" in bad.last_error
    assert good.delivered_at is not None


def test_people_read_their_own_messages_only(databases: None) -> None:
    tell()
    tell(user_ref="ben", title="Bens")
    asyncio.run(outbox.relay())
    with db.session(db.NOTIFICATIONS) as session:
        page = notifications.list_notifications(session, actor=actor())
        assert [row.title for row in page.rows] == ["Completed"]
        notifications.mark_read(session, actor=actor("Ben"), notification_ref=page.rows[0].ref)
        assert notifications.unread_count(session, actor=actor()) == 1
        notifications.mark_read(session, actor=actor())
        assert notifications.unread_count(session, actor=actor()) == 0
        assert notifications.unread_count(session, actor=actor("Ben")) == 1
