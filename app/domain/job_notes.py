"""Notes on a job: what an administrator wrote on it, or did to it on its owner's behalf and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session, col, select

from app.domain.access import Actor, require, require_own
from app.domain.errors import Invalid, NotFound
from app.domain.job_states import note, notify
from app.domain.outbox import emit_audit
from models import db
from models.base import new_ref, now
from models.jobs import Job, JobNote, JobsOutbox

MANAGE = "job:manage:any"
LONGEST = 4000
NOTES_SHOWN = 100

CANCEL, RESUBMIT, KEEP, RELEASE, LOOK = "cancel", "resubmit", "keep", "release", "look"
DELETE = "delete"

# What was done on behalf: how a page and the history call it.
ACTS: Mapping[str, str] = MappingProxyType(
    {
        CANCEL: "Cancelled",
        RESUBMIT: "Submitted elsewhere",
        KEEP: "Results kept longer",
        RELEASE: "Released",
        LOOK: "Looked at again",
        DELETE: "Result deleted",
    }
)


@dataclass(frozen=True)
class NoteRow:
    """A note, or with `act` (a key of `ACTS`) what was done, and `reason` why."""

    ref: str
    at: datetime
    author_name: str
    act: str
    text: str
    reason: str
    is_internal: bool


def add_note(
    session: Session, *, actor: Actor, job_ref: str, text: str, is_internal: bool
) -> NoteRow:
    """Write a note on anybody's job. Its owner is told of it, unless it is internal."""
    require(actor, MANAGE)
    written = text.strip()
    if not written or len(written) > LONGEST:
        raise Invalid(f"Write a note of 1 to {LONGEST} characters.", field="text")
    job = find_job(session, job_ref)
    row = _add(session, job, actor=actor, text=written, is_internal=is_internal)
    if not is_internal:
        tell(session, job, actor, "A note on {name} on {service}", f"{actor.name}: {written}")
    emit_audit(
        session,
        JobsOutbox,
        actor=actor,
        action="job.note",
        target_type="job",
        target_ref=job.ref,
        target_name=job.name,
        after={"note": written, "is_internal": is_internal},
    )
    return _row(row)


def notes_of(session: Session, *, actor: Actor, job_ref: str) -> list[NoteRow]:
    """The notes on a job that the actor may see, the newest first; internal ones for who may write.

    Others who may see everybody's jobs, such as an auditor, see the internal ones too.
    """
    require(actor, "job:read")
    job = find_job(session, job_ref)
    require_own(actor, "job:read", owner_ref=job.owner_ref, what="job")
    query = select(JobNote).where(JobNote.job_id == job.id)
    if "job:read:any" not in actor.permissions:
        query = query.where(col(JobNote.is_internal).is_(False))
    found = session.exec(query.order_by(col(JobNote.id).desc()).limit(NOTES_SHOWN))
    return [_row(row) for row in found]


def record_act(
    session: Session,
    job: Job,
    *,
    actor: Actor,
    act: str,
    text: str,
    reason: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Say everywhere that something was done on the owner's behalf: history, notes, owner, audit.

    `text` is a sentence that says what was done, without a full stop. The caller has authorised.
    """
    _keep_act(session, job, actor=actor, act=act, text=text, reason=reason)
    emit_audit(
        session,
        JobsOutbox,
        actor=actor,
        action=f"job.{act}_on_behalf",
        target_type="job",
        target_ref=job.ref,
        target_name=job.name,
        reason=reason,
        before=before,
        after=after,
    )


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Keep an act that another database tells of; hearing it twice is the same as once.

    The session is of `job_processing_db`; whoever acted has written it into the audit log.
    """
    job = session.exec(select(Job).where(Job.ref == payload["job_ref"]).with_for_update()).first()
    known = session.exec(select(JobNote.id).where(JobNote.ref == event_ref)).first()
    if job is None or known is not None:
        return
    actor = Actor(payload["author_ref"], payload["author_name"], "", frozenset())
    _keep_act(
        session,
        job,
        actor=actor,
        act=payload["act"],
        text=payload["text"],
        reason=payload["reason"],
        ref=event_ref,
    )


def reason_of(reason: str) -> str:
    """Why something is done on behalf; `Invalid` without a reason."""
    given = reason.strip()[:500]
    if not given:
        raise Invalid(
            "Say why: the owner is told, and it is kept in the audit log.", field="reason"
        )
    return given


def find_job(session: Session, job_ref: str) -> Job:
    """A job, for a caller who authorises; `NotFound` where there is none."""
    job = session.exec(select(Job).where(Job.ref == job_ref)).first()
    if job is None:
        raise NotFound("job")
    return job


def tell(session: Session, job: Job, actor: Actor, title: str, body: str) -> None:
    """Tell a job's owner, unless that is who acts."""
    if job.owner_ref != actor.user_ref:
        notify(session, job, "job.on_behalf", title, body)


def _keep_act(
    session: Session, job: Job, *, actor: Actor, act: str, text: str, reason: str, ref: str = ""
) -> None:
    _add(session, job, actor=actor, act=act, text=text, reason=reason, ref=ref)
    whose = f"on behalf of {job.owner_name}" if job.owner_name else "on the owner's behalf"
    note(session, job, f"{text}, {whose}. {reason}", actor=actor.name)
    who = actor.name.replace("{", "{{").replace("}", "}}")
    title = f"{ACTS[act]} by {who}: {{name}} on {{service}}"
    tell(session, job, actor, title, f"{text}, on your behalf. Why: {reason}")


def _add(
    session: Session,
    job: Job,
    *,
    actor: Actor,
    text: str,
    act: str = "",
    reason: str = "",
    is_internal: bool = False,
    ref: str = "",
) -> JobNote:
    assert job.id is not None
    row = JobNote(
        ref=ref or new_ref(),
        job_id=job.id,
        at=now(),
        author_ref=actor.user_ref,
        author_name=actor.name,
        act=act,
        text=text,
        reason=reason,
        is_internal=is_internal,
    )
    session.add(row)
    session.flush()
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    return row


def _row(row: JobNote) -> NoteRow:
    return NoteRow(
        ref=row.ref,
        at=row.at,
        author_name=row.author_name,
        act=row.act,
        text=row.text,
        reason=row.reason,
        is_internal=row.is_internal,
    )
