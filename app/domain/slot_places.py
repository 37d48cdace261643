"""Where a job that waits for a slot stands: who is in the slots, and who comes before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.job_slots import SLOT, SLOT_THERE, line_of
from app.domain.job_status import JobStatus
from app.domain.slots_taken import in_slots
from models.jobs import Job
from models.registry import ImputationService

# As many of the jobs before one are named.
NAMED = 10


@dataclass(frozen=True)
class Before:
    """A job in a slot, or before another one in line; nameless where it is somebody else's."""

    ref: str
    name: str


@dataclass(frozen=True)
class Place:
    """A job's place in the line for slots.

    `is_own`: the slots are its owner's, and else the lab's. `was_refused`: the service itself had
    none. `there` are the jobs in the slots; `count` is how many wait before it, of which `before`
    are the first.
    """

    service_ref: str
    service_name: str
    is_own: bool
    was_refused: bool
    there: Sequence[Before]
    count: int
    before: Sequence[Before]


def places_of(session: Session, *, actor: Actor, job_refs: Sequence[str]) -> Mapping[str, Place]:
    """The places of those of some jobs that wait for a slot and that the actor may see."""
    require(actor, "job:read")
    waiting = select(Job).where(
        col(Job.ref).in_(job_refs),
        Job.status == JobStatus.QUEUED,
        col(Job.waits_for).in_((SLOT, SLOT_THERE)),
    )
    jobs = [job for job in session.exec(waiting) if _is_shown(actor, job.owner_ref)]
    found = {}
    for key in {job.slot_key for job in jobs}:
        line = line_of(session, key)
        there = _in_slots(session, actor, key)
        for job in (one for one in jobs if one.slot_key == key):
            refs = [one.ref for one in line]
            count = refs.index(job.ref) if job.ref in refs else len(refs)
            found[job.ref] = Place(
                service_ref=job.service_ref,
                service_name=job.service_name,
                is_own=key != job.service_ref,
                was_refused=job.waits_for == SLOT_THERE,
                there=there,
                count=count,
                before=[
                    _before(actor, one.owner_ref, one.ref, one.name)
                    for one in line[: min(count, NAMED)]
                ],
            )
    return found


def slots_of(session: Session, *, actor: Actor, service_refs: Sequence[str]) -> Mapping[str, int]:
    """How many slots an account has at some services; those that limit it not are left out.

    The session is of `service_registry_db`.
    """
    require(actor, "service:read")
    found = session.exec(
        select(ImputationService.ref, ImputationService.limits).where(
            col(ImputationService.ref).in_(service_refs)
        )
    )
    known = {ref: limits.get("max_concurrent_jobs") for ref, limits in found}
    return {ref: slots for ref, slots in known.items() if slots is not None}


def _in_slots(session: Session, actor: Actor, key: str) -> list[Before]:
    rows = session.exec(
        select(Job.owner_ref, Job.ref, Job.name)
        .where(Job.slot_key == key, in_slots())
        .order_by(col(Job.id))
        .limit(NAMED)
    )
    return [_before(actor, *row) for row in rows]


def _before(actor: Actor, owner_ref: str, ref: str, name: str) -> Before:
    return Before(ref, name) if _is_shown(actor, owner_ref) else Before("", "")


def _is_shown(actor: Actor, owner_ref: str) -> bool:
    return owner_ref == actor.user_ref or "job:read:any" in actor.permissions
