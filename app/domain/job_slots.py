"""Slots: how many runs an account may have at a service at a time, and whose turn is next.

Nothing is counted up or down. A job takes a slot of its `slot_key` while its run may be at work at
the service (`slots_taken`), so that a worker that dies anywhere leaves no slot taken for ever.

Who takes a slot of a key and who frees one do so one after the other (`_turn`, to the end of the
transaction, behind the locks on the queue entry and the job). So a job either sees the slot that
is freed, or is seen waiting by whoever frees it.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from app.domain.job_pauses import PAUSED, pause
from app.domain.job_status import JobStatus
from app.domain.slots_taken import AT_REST, OCCUPYING, taken
from models import db
from models.jobs import Job, JobQueueEntry

# What a job waits for: that we free a slot, or that the service does, which says that all are in
# use, perhaps by runs that were started elsewhere.
SLOT = "slot"
SLOT_THERE = "slot_there"

# Who waits is woken. Should that fail, it looks by itself after so many seconds.
SAFETY_LOOK = 240.0
# A service that has no slot is asked again after so many seconds, and then ever more.
SHORTEST_RETRY = 20.0
# Who was woken and does not come, whatever hinders it, is passed over from then on.
PATIENCE = timedelta(seconds=60)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Slot:
    """Whose slots a job needs, and how many there are; None: as many as are wished.

    While the service `is_paused`, nobody gets one.
    """

    key: str
    limit: int | None
    is_paused: bool = False


@dataclass(frozen=True)
class Waiting:
    """A job that waits for a slot."""

    job_id: int
    ref: str
    name: str
    owner_ref: str


def slot_key(service_ref: str, user_ref: str) -> str:
    """The key of a service's slots: of a user with an own token, or with "" of the lab."""
    return f"{service_ref}:{user_ref}" if user_ref else service_ref


def join(session: Session, job: Job, slot: Slot) -> None:
    """Put a job that becomes ready to be sent into the line, if there is one for its slots."""
    if slot.is_paused:
        job.waits_for = PAUSED
    elif slot.limit is not None:
        job.slot_key, job.waits_for = slot.key, SLOT
    session.add(job)


def take(session: Session, job: Job, slot: Slot) -> bool:
    """Tell whether a queued job, which is locked, may be sent now; where not, it waits.

    The caller then makes it `submitting`, which takes the slot, or lets it sleep.
    """
    if slot.is_paused:
        pause(session, job)
        return False
    left = job.slot_key if job.waits_for else ""
    was_refused_there = job.waits_for == SLOT_THERE
    job.slot_key = slot.key
    _turn(session, slot.key)
    others = _waiting(session, slot.key, besides=job)
    is_next, woken = False, list[Waiting]()
    if not _is_full_there(session, slot.key, besides=job):
        line = _fair(session, slot.key, [*others, _as_waiting(job)])
        free = len(line)
        if slot.limit is not None:
            free = slot.limit - sum(taken(session, slot.key).values())
        first = line[: max(free, 0)]
        is_next = job.id in [one.job_id for one in first]
        # Slots that runs from elsewhere occupy look free; one try at a time finds that out.
        woken = [] if was_refused_there else [one for one in first if one.job_id != job.id]
    if not is_next and (job.waits_for != SLOT or job.held_reason):
        # What held it held it no more, or it would not have come here.
        job.waits_for, job.held_reason = SLOT, ""
        session.add(job)
        db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
        _announce(session)
    _wake(session, [one.job_id for one in woken])
    if left and left != slot.key:
        _wake(session, _next_ones(session, left))
    return is_next


def moved(session: Session, job: Job, before: str) -> None:
    """Wake whoever gets what a job leaves, whose status was `before`: a slot, or its place in line.

    For `job_states`, with every change of a status.
    """
    if not job.slot_key:
        job.waits_for = "" if job.waits_for == PAUSED else job.waits_for
        return
    was_waiting = bool(job.waits_for) and before == JobStatus.QUEUED
    frees = before in OCCUPYING and job.status not in OCCUPYING
    if was_waiting:
        job.waits_for = ""
        _announce(session)
    if frees or (was_waiting and job.status not in OCCUPYING):
        _turn(session, job.slot_key)
        # After a refusal because all slots are taken, nobody else need try.
        if job.waits_for != SLOT_THERE and (
            next_ones := _next_ones(session, job.slot_key, besides=job)
        ):
            _wake(session, next_ones)
            _announce(session)


def held(session: Session, job: Job) -> None:
    """Let the next one go, where a job that waits, or the run in a slot, needs a person."""
    if job.slot_key and (job.waits_for or job.held_reason in AT_REST):
        _turn(session, job.slot_key)
        _wake(session, _next_ones(session, job.slot_key, besides=job))
        _announce(session)


def limit_changed(session: Session, *, service_ref: str) -> None:
    """Wake the first in each line for a service; each that goes wakes the next if it may go."""
    keys = session.exec(
        select(Job.slot_key)
        .where(Job.service_ref == service_ref, Job.status == JobStatus.QUEUED, Job.waits_for != "")
        .distinct()
    ).all()
    for key in sorted(keys):
        _turn(session, key)
        _wake(session, _next_ones(session, key))


def receive_limit(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """A service's limit was changed in its registry (`app.domain.relay`); twice is as once."""
    limit_changed(session, service_ref=payload["service_ref"])


def line_of(session: Session, key: str) -> list[Waiting]:
    """The jobs that wait for slots of a key, in the order in which they get them."""
    return _fair(session, key, _waiting(session, key))


def fair_order(
    waiting: Sequence[Waiting], *, there: Mapping[str, int], served: Mapping[str, datetime]
) -> list[Waiting]:
    """Put jobs into the order in which they get slots, one after the other.

    First comes the user with the fewest jobs `there`, then who was `served` longest ago, then whose
    job is oldest. A user's own jobs keep their order.
    """
    queues: dict[str, deque[Waiting]] = defaultdict(deque)
    for one in sorted(waiting, key=lambda one: one.job_id):
        queues[one.owner_ref].append(one)
    heap = [
        (there.get(owner, 0), 0, served.get(owner, _LONG_AGO), queue[0].job_id, owner)
        for owner, queue in queues.items()
    ]
    heapify(heap)
    line: list[Waiting] = []
    while heap:
        count, _, _, _, owner = heappop(heap)
        line.append(queues[owner].popleft())
        if queues[owner]:
            # Served later than everybody who was served truly.
            turn = (count + 1, len(line), _LONG_AGO, queues[owner][0].job_id, owner)
            heappush(heap, turn)
    return line


def _next_ones(session: Session, key: str, *, besides: Job | None = None) -> list[int]:
    """Who is next in line, and who was refused by the service, which may have a slot now."""
    line = _fair(session, key, _waiting(session, key, besides=besides))
    refused = session.exec(_refused(key))
    return [*(one.job_id for one in line[:1]), *refused]


def _waiting(session: Session, key: str, *, besides: Job | None = None) -> list[Waiting]:
    """The jobs in line that nothing hinders, as far as is known."""
    found = session.exec(
        select(Job.id, Job.ref, Job.name, Job.owner_ref)
        .join(JobQueueEntry, col(JobQueueEntry.job_id) == Job.id)
        .where(
            Job.slot_key == key,
            Job.status == JobStatus.QUEUED,
            Job.waits_for != "",
            Job.held_reason == "",
            col(JobQueueEntry.next_action_at) > func.clock_timestamp() - PATIENCE,
        )
    )
    return [
        Waiting(job_id, ref, name, owner)
        for job_id, ref, name, owner in found
        if job_id is not None and (besides is None or job_id != besides.id)
    ]


def _fair(session: Session, key: str, waiting: Sequence[Waiting]) -> list[Waiting]:
    owners = {one.owner_ref for one in waiting}
    if len(owners) < 2:
        return sorted(waiting, key=lambda one: one.job_id)
    return fair_order(waiting, there=taken(session, key), served=_served(session, key, owners))


def _served(session: Session, key: str, owners: Collection[str]) -> dict[str, datetime]:
    """When each user's newest job that was sent with a key was sent.

    A user's jobs are sent in their order, so that few rows are looked at, the newest first.
    """
    served = {}
    for owner in owners:
        newest = session.exec(
            select(Job.submitted_at)
            .where(Job.owner_ref == owner, Job.slot_key == key, col(Job.submitted_at).is_not(None))
            .order_by(col(Job.created_at).desc())
            .limit(1)
        ).first()
        if newest is not None:
            served[owner] = newest
    return served


def _refused(key: str) -> SelectOfScalar[int]:
    """The ids of jobs that the service refused because all slots were in use."""
    return (
        select(JobQueueEntry.job_id)
        .join(Job, col(Job.id) == JobQueueEntry.job_id)
        .where(
            Job.slot_key == key,
            Job.status == JobStatus.QUEUED,
            Job.waits_for == SLOT_THERE,
            Job.held_reason == "",
        )
    )


def _is_full_there(session: Session, key: str, *, besides: Job) -> bool:
    """Whether the service refused another job for want of a slot, and is not to be asked yet."""
    refused = _refused(key).where(
        Job.id != besides.id, col(JobQueueEntry.next_action_at) > func.clock_timestamp()
    )
    return session.exec(refused.limit(1)).first() is not None


def _as_waiting(job: Job) -> Waiting:
    assert job.id is not None
    return Waiting(job.id, job.ref, job.name, job.owner_ref)


def _turn(session: Session, key: str) -> None:
    """Wait until nobody else takes or frees a slot of a key, and keep others from it."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"slot {key}", 0))
    session.exec(select(lock))


def _wake(session: Session, job_ids: Sequence[int]) -> None:
    """Make jobs due now. One whose entry is locked is being looked at, and waits for its turn."""
    if not job_ids:
        return
    entries = session.exec(
        select(JobQueueEntry.job_id)
        .where(col(JobQueueEntry.job_id).in_(job_ids))
        .with_for_update(skip_locked=True)
    ).all()
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.job_id).in_(entries))
        # Never later than it was: who does not come is passed over after a while.
        .values(next_action_at=func.least(JobQueueEntry.next_action_at, func.now()))
    )


def _announce(session: Session) -> None:
    """Tell the pages that show a line."""
    db.announce(session, "job_slots")
