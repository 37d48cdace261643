"""Whose turn it is to get a slot at a service, and that no slot is given twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from app.domain import job_outcomes, job_queue, job_sending
from app.domain.job_slots import OCCUPYING, Slot, Waiting, fair_order
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
        taken = 0
        for one in claims:
            with db.session(db.JOBS) as session:
                taken += job_sending.sending(session, one, slot=slot)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(send, ["w1", "w2", "w3", "w4"]))
    with db.session(db.JOBS) as session:
        there = session.exec(select(Job.owner_ref).where(Job.status.in_(OCCUPYING))).all()  # type: ignore[attr-defined]
    assert taken == len(there) == 2
