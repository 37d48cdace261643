"""Telling the owners of unfinished jobs that a service fails them, and that it is back.

Each owner is told once of an incident, and of its end only where told of its beginning.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.domain.job_states import TERMINAL
from app.domain.outbox import Message, emit_once, once_ref
from models.jobs import Job, JobsOutbox


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Address what came by an outbox to each owner. The session is of `job_processing_db`."""
    service_ref, incident = payload["service_ref"], payload["incident_ref"]
    counts = _unfinished(session, service_ref)
    if payload["is_recovery"]:
        since = datetime.fromisoformat(payload["started_at"])
        messages = [
            _message(payload, owner, counts.get(owner, 0), once=f"{incident}:{owner}:end")
            for owner in _told(session, service_ref, incident, since)
        ]
    else:
        messages = [
            _message(payload, owner, count, once=_first(incident, owner))
            for owner, count in counts.items()
        ]
    emit_once(session, JobsOutbox, messages)


def _unfinished(session: Session, service_ref: str) -> dict[str, int]:
    found = session.exec(
        select(Job.owner_ref, func.count())
        .where(Job.service_ref == service_ref, col(Job.status).not_in(TERMINAL))
        .group_by(Job.owner_ref)
    )
    return dict(found.all())


def _told(session: Session, service_ref: str, incident: str, since: datetime) -> list[str]:
    """The owners who were told of the incident: only they may have had jobs there meanwhile."""
    owners = session.exec(
        select(Job.owner_ref)
        .where(
            Job.service_ref == service_ref,
            col(Job.status).not_in(TERMINAL) | (col(Job.finished_at) >= since),
        )
        .distinct()
    ).all()
    refs = {once_ref("notification", _first(incident, owner)): owner for owner in owners}
    told = session.exec(
        select(JobsOutbox.event_ref).where(col(JobsOutbox.event_ref).in_(list(refs)))
    )
    return [refs[ref] for ref in told]


def _message(payload: Mapping[str, Any], owner: str, count: int, *, once: str) -> Message:
    service = payload["service_ref"]
    if payload["is_recovery"]:
        title = payload["title"]
        body = f"{payload['body']} {_jobs(count)} there{' still' if count else ''}."
    else:
        title = f"{payload['title']}: {_jobs(count).lower()} there"
        body = f"{payload['body']} Nothing is lost: they go on when it works again."
    message = {
        "user_ref": owner,
        "topic": "job.service",
        "title": title[:200],
        "body": body,
        "link": f"/jobs?status=active&service={service}",
    }
    return Message("notification", message, once)


def _first(incident: str, owner: str) -> str:
    return f"{incident}:{owner}:begin"


def _jobs(count: int) -> str:
    """How many unfinished jobs one has there."""
    if count == 0:
        return "None of your jobs is unfinished"
    return "1 of your jobs is" if count == 1 else f"{count} of your jobs are"
