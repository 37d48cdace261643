"""The queue of due jobs: a worker claims some for a while, acts, and writes what came of it.

A claim is a lease with a name of its own. Whoever's name is not on the queue entry any more (it
took too long, and another worker claimed the job) writes nothing: `claimed_job` raises `LeaseLost`.
Locks are always taken on the queue entry first and on the job second.
"""

import random
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Exists, delete, exists, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from app.config import settings
from app.domain.job_pauses import PAUSED
from app.domain.job_slots import slot_key
from app.domain.job_states import JobStatus
from app.domain.slots_taken import in_slots
from models.jobs import Job, JobQueueEntry, ServiceContact

# A worker that cannot renew in time stops by itself before this ends (`workers.leases.kept`).
LEASE = timedelta(seconds=30)

FIRST_DELAY = 5.0
LONGEST_DELAY = 15 * 60.0
LONGEST_RETRY_AFTER = 6 * 3600.0
# A job in a hurry is tried at least so often.
URGENT_DELAY = 5 * 60.0


class LeaseLost(Exception):
    """Another worker has the job now, or it has ended; what this one found out is void."""


@dataclass(frozen=True)
class Claim:
    """A job that one worker may act on for a while. `attempts` are failed ones in a row.

    `trial` is set where this is the one contact that finds out whether the service answers again
    (see `service_contacts`). `was_sent_shared`: the run was sent with the lab's token, and belongs
    to that account; `was_sent_own`: with its owner's. `archive_password` is encrypted.
    """

    job_id: int
    job_ref: str
    lease: str
    due_at: datetime
    attempts: int
    status: JobStatus
    service_ref: str
    api_type: str
    owner_ref: str
    remote_id: str
    must_cancel: bool
    was_sent_shared: bool = False
    was_sent_own: bool = False
    trial: datetime | None = None
    archive_password: str = field(default="", repr=False)


def claim_due(
    session: Session,
    *,
    worker: str,
    statuses: Collection[JobStatus],
    limit: int,
    busy_services: Collection[str] = (),
) -> list[Claim]:
    """Claim jobs that are due, the longest due first, and that no other worker holds.

    Jobs of `busy_services` are left alone, and those of services that do not answer, but for one
    trial when its time has come. Preparing a waiting job needs no service.
    """
    due = (
        select(JobQueueEntry, Job)
        .join(Job, col(Job.id) == JobQueueEntry.job_id)
        .where(
            col(JobQueueEntry.next_action_at) <= func.now(),
            or_(
                col(JobQueueEntry.lease_until).is_(None),
                col(JobQueueEntry.lease_until) < func.now(),
            ),
            col(Job.status).in_(statuses),
            col(Job.service_ref).not_in(busy_services),
        )
        .with_for_update(of=JobQueueEntry, skip_locked=True)
    )
    left_alone = exists().where(
        col(ServiceContact.service_ref) == Job.service_ref,
        col(ServiceContact.retry_at).is_not(None),
    )
    claims = _claim_trials(session, due, worker=worker, limit=limit)
    ordinary = (
        due.where(or_(~left_alone, col(Job.status) == JobStatus.WAITING))
        .order_by(col(JobQueueEntry.next_action_at))
        .limit(limit - len(claims))
    )
    claims += [_claim(entry, job, worker) for entry, job in session.exec(ordinary)]
    if claims:
        session.flush()
        renew(session, claims)
    return claims


def _claim_trials(
    session: Session, due: Select[JobQueueEntry, Job], *, worker: str, limit: int
) -> list[Claim]:
    """One job of each service whose time for a trial has come; no other worker gets one then.

    A trial that tells nothing, because its worker died, is over when a request surely would be.
    """
    over = timedelta(seconds=1.5 * settings().request_timeout_seconds + 5)
    contacts = session.exec(
        select(ServiceContact)
        .where(col(ServiceContact.retry_at) <= func.now())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claims = []
    for contact in contacts.all():
        # A job that fails on its own account must not be the one to try each time, and one that
        # waits for a slot that another job has, or is not to be sent, would try nothing.
        first = (
            due.where(
                col(Job.service_ref) == contact.service_ref,
                col(Job.status) != JobStatus.WAITING,
                or_(col(Job.waits_for) == "", ~_another_is_there()),
            )
            .order_by(
                col(Job.waits_for) == PAUSED,
                col(Job.held_reason) != "",
                col(JobQueueEntry.attempts),
            )
            .limit(1)
        )
        for entry, job in session.exec(first):
            contact.retry_at = session.exec(select(func.clock_timestamp())).one() + over
            session.add(contact)
            claims.append(replace(_claim(entry, job, worker), trial=contact.retry_at))
    return claims


def _another_is_there() -> Exists:
    """Whether another job has one of the slots that a job needs."""
    other = aliased(Job)
    return exists().where(col(other.slot_key) == Job.slot_key, in_slots(other))


def renew(session: Session, claims: Sequence[Claim]) -> None:
    """Hold the claims that are still ours for another `LEASE`, counted by the database's clock."""
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.lease_owner).in_([claim.lease for claim in claims]))
        .values(lease_until=func.clock_timestamp() + LEASE)
    )


def claimed_job(session: Session, claim: Claim) -> Job:
    """Return the claimed job, locked until the transaction ends; `LeaseLost` if it is not ours."""
    _entry(session, claim)
    return session.exec(select(Job).where(Job.id == claim.job_id).with_for_update()).one()


def release(session: Session, claim: Claim, *, after: float, attempts: int = 0) -> None:
    """Give a claim back; the job is due again `after` seconds.

    If somebody asked for the job in the meantime (a cancel), it stays due as they wished.
    """
    entry = _entry(session, claim)
    if entry.next_action_at == claim.due_at:
        now = session.exec(select(func.clock_timestamp())).one()
        entry.next_action_at = now + timedelta(seconds=after)
    entry.attempts = attempts
    entry.lease_owner = ""
    entry.lease_until = None
    session.add(entry)


def retire(session: Session, claim: Claim) -> None:
    """Take a job that has ended out of the queue."""
    session.delete(_entry(session, claim))


def wake(session: Session, job_id: int) -> None:
    """Make a job due now, also if a worker holds it: it is due again when that one is done."""
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.job_id) == job_id)
        .values(next_action_at=func.now())
    )


def hurry(session: Session, job_ids: Sequence[int], *, within: float = URGENT_DELAY) -> None:
    """Make jobs due within so many seconds, if they would be due later and nobody holds them."""
    soon = func.now() + timedelta(seconds=within)
    session.connection().execute(
        update(JobQueueEntry)
        .where(
            col(JobQueueEntry.job_id).in_(job_ids),
            col(JobQueueEntry.next_action_at) > soon,
            col(JobQueueEntry.lease_owner) == "",
        )
        .values(next_action_at=soon)
    )


def postpone(session: Session, job_id: int, *, seconds: float) -> None:
    """Make a job due later, as if nothing had failed; a claim that somebody holds is lost."""
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.job_id) == job_id)
        .values(
            next_action_at=func.now() + timedelta(seconds=seconds),
            lease_owner="",
            lease_until=None,
            attempts=0,
        )
    )


def drop(session: Session, job_id: int) -> None:
    """Take a job out of the queue, whoever holds it; that one's claim is lost."""
    session.connection().execute(delete(JobQueueEntry).where(col(JobQueueEntry.job_id) == job_id))


def release_all(session: Session, *, worker: str) -> int:
    """Give back every claim of a worker that ends or is dead; return how many it held.

    Another worker need not wait for the leases to end, then.
    """
    given_back = session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.lease_owner).startswith(f"{worker}:", autoescape=True))
        .values(lease_owner="", lease_until=None)
    )
    return given_back.rowcount


def delay_after(attempts: int, *, retry_after: float | None = None) -> float:
    """Seconds to wait after `attempts` failures in a row: doubling, capped, with jitter.

    A service's own Retry-After is never undercut, and believed up to six hours.
    """
    delay = min(FIRST_DELAY * 2.0 ** min(attempts, 20), LONGEST_DELAY)
    jittered = delay * random.uniform(0.75, 1.25)  # noqa: S311  (spreads load, guards nothing)
    return max(jittered, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def poll_delay(interval: float) -> float:
    """Seconds to the next look at a run, with jitter so that looks do not fall together."""
    return interval * random.uniform(0.9, 1.1)  # noqa: S311  (spreads load, guards nothing)


def _entry(session: Session, claim: Claim) -> JobQueueEntry:
    entry = session.exec(
        select(JobQueueEntry)
        .where(JobQueueEntry.job_id == claim.job_id, JobQueueEntry.lease_owner == claim.lease)
        .with_for_update()
    ).first()
    if entry is None:
        raise LeaseLost(claim.job_ref)
    return entry


def _claim(entry: JobQueueEntry, job: Job, worker: str) -> Claim:
    entry.lease_owner = f"{worker}:{secrets.token_hex(8)}"
    was_sent = job.status not in (JobStatus.WAITING, JobStatus.QUEUED)
    return Claim(
        job_id=entry.job_id,
        job_ref=job.ref,
        lease=entry.lease_owner,
        due_at=entry.next_action_at,
        attempts=entry.attempts,
        status=JobStatus(job.status),
        service_ref=job.service_ref,
        api_type=str(job.panel_snapshot.get("api_type", "")),
        owner_ref=job.owner_ref,
        remote_id=job.remote_id,
        must_cancel=(
            job.cancel_requested_at is not None
            and not job.cancel_outcome
            and job.status != JobStatus.LOST
        ),
        was_sent_shared=was_sent and job.slot_key == slot_key(job.service_ref, ""),
        was_sent_own=was_sent and job.slot_key == slot_key(job.service_ref, job.owner_ref),
        archive_password=job.archive_password,
    )
