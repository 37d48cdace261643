"""Workers share the due jobs: each job has one at a time, and a worker that lost it is harmless."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlmodel import select

from app.domain import job_outcomes, job_queue
from app.domain.job_queue import Claim, LeaseLost
from app.domain.job_states import JobStatus
from models import db
from models.jobs import Job, JobStatusChange
from tests.support.submitting import panel, submit_one
from tests.support.working import expire_leases


def claim(worker: str = "w1", limit: int = 10, busy: tuple[str, ...] = ()) -> list[Claim]:
    with db.session(db.JOBS) as session:
        return job_queue.claim_due(
            session,
            worker=worker,
            statuses=list(JobStatus),
            limit=limit,
            busy_services=busy,
        )


def test_two_workers_never_get_the_same_job(databases: None) -> None:
    refs = {submit_one() for _ in range(20)}
    start = Barrier(2)

    def take(worker: str) -> list[str]:
        start.wait()
        taken: list[str] = []
        while found := claim(worker, limit=2):
            taken += [one.job_ref for one in found]
        return taken

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(take, ["w1", "w2"]))
    assert sorted(both[0] + both[1]) == sorted(refs)


def test_a_job_is_free_again_when_its_worker_is_gone_and_that_one_then_writes_nothing(
    databases: None,
) -> None:
    submit_one()
    (dead,) = claim("dead")
    assert claim("w2") == []
    expire_leases()
    (taken,) = claim("w2")
    with pytest.raises(LeaseLost), db.session(db.JOBS) as session:
        job_outcomes.failed(session, dead, reason="too late")
    with db.session(db.JOBS) as session:
        assert session.exec(select(Job.status)).one() == "waiting"
        assert len(session.exec(select(JobStatusChange)).all()) == 1
        job_outcomes.prepared(session, taken)


def test_a_renewed_lease_holds(databases: None) -> None:
    submit_one()
    (held,) = claim("w1")
    expire_leases()
    with db.session(db.JOBS) as session:
        job_queue.renew(session, [held])
    assert claim("w2") == []


def test_a_released_job_is_due_later_and_a_wish_in_between_is_not_lost(databases: None) -> None:
    submit_one()
    (first,) = claim()
    with db.session(db.JOBS) as session:
        job_queue.release(session, first, after=3600)
    assert claim() == []
    with db.session(db.JOBS) as session:
        job_queue.wake(session, first.job_id)
    (second,) = claim()
    with db.session(db.JOBS) as session:
        job_queue.wake(session, first.job_id)
    with db.session(db.JOBS) as session:
        job_queue.release(session, second, after=3600)
    assert len(claim()) == 1


def test_a_worker_that_ends_gives_its_jobs_back_and_only_its_own(databases: None) -> None:
    submit_one()
    submit_one()
    claim("w1", limit=1)
    claim("w11", limit=1)
    with db.session(db.JOBS) as session:
        job_queue.release_all(session, worker="w1")
    assert len(claim("w3")) == 1


def test_jobs_of_a_service_that_is_being_asked_are_left_alone(databases: None) -> None:
    submit_one()
    other = submit_one(chosen=panel("B", service_ref="s2"))
    assert [one.job_ref for one in claim(busy=("s1",))] == [other]


def test_waiting_grows_is_capped_and_never_undercuts_what_the_service_asks() -> None:
    assert 3.75 <= job_queue.delay_after(0) <= 6.25
    assert 7.5 <= job_queue.delay_after(1) <= 12.5
    assert job_queue.delay_after(1000) <= job_queue.LONGEST_DELAY * 1.25
    assert job_queue.delay_after(0, retry_after=500) >= 500
    assert job_queue.delay_after(0, retry_after=10**9) <= job_queue.LONGEST_RETRY_AFTER
