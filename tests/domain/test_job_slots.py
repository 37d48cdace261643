"""Whose turn it is to get a slot at a service, and that no slot is given twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from app.connectors.base import RunState, RunStatus
from app.domain import job_outcomes, job_queue, job_restarts, job_sending
from app.domain.job_queue import Claim
from app.domain.job_slots import Slot, Waiting, fair_order
from app.domain.slots_taken import in_slots, taken
from models import db
from models.jobs import Job
from tests.support.submitting import actor, submit_one

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def waiting(*owners: str) -> list[Waiting]:
    """Jobs of these owners, the oldest first."""
    return [Waiting(number, f"j{number}", "Run", owner) for number, owner in enumerate(owners)]


def order(*owners: str, there: dict[str, int] | None = None, **served: datetime) -> str:
    line = fair_order(waiting(*owners), there=there or {}, served=served)
    return "".join(one.owner_ref for one in line)


def test_people_take_turns_and_nobody_s_own_jobs_change_their_order() -> None:
    assert order(*"AAABBC") == "ABCABA"
    assert order(*"AAB", there={"A": 1}) == "BAA"
    # With as many jobs there, whoever was served longest ago, or never, comes first.
    assert order(*"ABC", A=EARLY, B=LATE) == "CAB"


@given(st.lists(st.sampled_from("ABCD"), max_size=30))
def test_everybody_s_turn_comes_before_anybody_s_second_one_more(owners: list[str]) -> None:
    line = fair_order(waiting(*owners), there={}, served={})
    assert sorted(one.job_id for one in line) == list(range(len(owners)))
    for owner in set(owners):
        own = [one.job_id for one in line if one.owner_ref == owner]
        assert own == sorted(own)
        first = next(place for place, one in enumerate(line) if one.owner_ref == owner)
        assert first < len(set(owners))


def test_workers_that_send_at_the_same_moment_give_no_slot_twice(databases: None) -> None:
    for name in ("Ada", "Ben", "Cy"):
        for _ in range(4):
            submit_one(owner=actor(name))
    slot = Slot("s1", 2)
    with db.session(db.JOBS) as session:
        for one in job_queue.claim_due(session, worker="w", statuses=["waiting"], limit=20):
            job_outcomes.prepared(session, one)
    start = Barrier(4)

    def send(worker: str) -> int:
        with db.session(db.JOBS) as session:
            claims = job_queue.claim_due(session, worker=worker, statuses=["queued"], limit=3)
        start.wait()
        sent = 0
        for one in claims:
            with db.session(db.JOBS) as session:
                sent += job_sending.sending(session, one, slot=slot)
        return sent

    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(send, ["w1", "w2", "w3", "w4"]))
    with db.session(db.JOBS) as session:
        there = session.exec(select(Job.owner_ref).where(in_slots())).all()
    assert sent == len(there) == 2


def test_a_run_that_its_service_lost_and_a_person_must_see_to_takes_no_slot(
    databases: None,
) -> None:
    slot, dead = Slot("s1", 1), RunStatus("run-1", RunState.INTERRUPTED, "DEAD (-1)")
    lost = in_the_slot(slot)
    submit_one(owner=actor("Ben"))
    for one in due("waiting"):
        with db.session(db.JOBS) as session:
            job_outcomes.prepared(session, one, slot=slot)
    (next_one,) = due("queued")
    with db.session(db.JOBS) as session:
        assert not job_sending.sending(session, next_one, slot=slot)
        session.exec(select(Job).where(Job.ref == lost.job_ref)).one().restarts = 3
    (claimed,) = due("submitted")
    with db.session(db.JOBS) as session:
        assert not job_restarts.interrupted(session, claimed, status=dead)
    # It is woken, and need not look by itself.
    (next_one,) = due("queued")
    with db.session(db.JOBS) as session:
        assert job_sending.sending(session, next_one, slot=slot)
        assert taken(session, "s1") == {"ben": 1}
    # Started again as its owner wishes, which a server allows beside other runs, it has one again.
    with db.session(db.JOBS) as session:
        job_restarts.ask_restart(session, actor=actor("Ada"), job_ref=lost.job_ref)
        assert taken(session, "s1") == {"ada": 1, "ben": 1}


def test_a_run_that_its_service_knows_no_more_takes_no_slot(databases: None) -> None:
    in_the_slot(Slot("s1", 1))
    for _ in range(job_outcomes.UNKNOWN_LOOKS):
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job)).one()
            job.submitted_at = LATE
            job_queue.wake(session, job.id or 0)
            assert taken(session, "s1") == {"ada": 1}
        (claimed,) = due("submitted")
        with db.session(db.JOBS) as session:
            job_outcomes.unknown_there(session, claimed, poll=1)
    with db.session(db.JOBS) as session:
        assert taken(session, "s1") == {}


def in_the_slot(slot: Slot) -> Claim:
    """Ada's job, whose run the service took."""
    submit_one()
    for status in ("waiting", "queued"):
        (claimed,) = due(status)
        with db.session(db.JOBS) as session:
            if status == "waiting":
                job_outcomes.prepared(session, claimed, slot=slot)
            else:
                assert job_sending.sending(session, claimed, slot=slot)
                job_outcomes.sent(session, claimed, remote_id="run-1", was_found=False, poll=0)
    return claimed


def due(status: str) -> list[Claim]:
    with db.session(db.JOBS) as session:
        return job_queue.claim_due(session, worker="w", statuses=[status], limit=20)
