"""Work on a job ends before somebody else may begin with it, and a dead worker's work goes on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlmodel import select

from app.config import DATABASE_NAMES
from app.domain import job_outcomes, job_queue
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus
from models import db
from models.jobs import JobQueueEntry
from tests.support.processes import free_port
from tests.support.submitting import submit_one
from tests.support.working import job
from workers import leases, reconcile

WAITING = (JobStatus.WAITING,)


def put_away(url: str) -> None:
    """Say that the jobs' database is somewhere else."""
    db.configure({**{name: db.url_of(name) for name in DATABASE_NAMES}, db.JOBS: url})


@pytest.fixture
def jobs_url(databases: None) -> Iterator[str]:
    """Where the jobs' database is, which a test may put away."""
    url = db.url_of(db.JOBS)
    yield url
    put_away(url)


def test_work_is_cut_off_where_its_lease_cannot_be_renewed(
    jobs_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(leases, "SAFE_SECONDS", 0.5)
    submit_one()
    came_to_its_end = False

    async def work() -> None:
        nonlocal came_to_its_end
        async with leases.kept(await leases.claim(WAITING, limit=1)):
            put_away(f"postgresql+psycopg2://127.0.0.1:{free_port()}/nowhere")
            await asyncio.Event().wait()
            came_to_its_end = True

    asyncio.run(work())
    assert not came_to_its_end


def test_work_of_any_length_goes_on_while_its_lease_is_renewed(
    databases: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(leases, "SAFE_SECONDS", 2.0)
    submit_one()
    renewals: set[object] = set()

    async def work() -> None:
        async with leases.kept(await leases.claim(WAITING, limit=1)):
            while len(renewals) < 5:
                with db.session(db.JOBS) as session:
                    renewals.add(session.exec(select(JobQueueEntry.lease_until)).one())
                await asyncio.sleep(0.05)

    asyncio.run(work())


def test_what_is_known_is_written_when_the_database_is_back(jobs_url: str) -> None:
    ref = submit_one()

    async def work() -> None:
        (claimed,) = await leases.claim(WAITING, limit=1)
        put_away(f"postgresql+psycopg2://127.0.0.1:{free_port()}/nowhere")
        writing = asyncio.create_task(leases.record(job_outcomes.prepared, claimed))
        await asyncio.sleep(0.3)
        assert not writing.done()
        put_away(jobs_url)
        await writing

    asyncio.run(work())
    assert job(ref).row.status == "queued"


def claim_as(worker: str) -> list[Claim]:
    with db.session(db.JOBS) as session:
        return job_queue.claim_due(session, worker=worker, statuses=WAITING, limit=10)


LIVE = """
import sys, time
from workers.lives import living
with living(sys.argv[1]):
    print("alive", flush=True)
    time.sleep(600)
"""


def test_a_killed_worker_s_jobs_are_free_at_once_and_a_living_one_s_are_not(
    databases: None,
) -> None:
    submit_one()
    process = subprocess.Popen(
        [sys.executable, "-c", LIVE, "other"], stdout=subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None and process.stdout.readline() == b"alive\n"
    assert len(claim_as("other")) == 1
    asyncio.run(reconcile.take_over())
    assert claim_as("another") == []
    process.send_signal(signal.SIGKILL)
    process.communicate()
    asyncio.run(reconcile.take_over())
    assert len(claim_as("another")) == 1


def test_a_job_without_a_place_in_the_queue_is_put_back_and_an_ended_one_is_taken_out(
    databases: None,
) -> None:
    forgotten, ended = submit_one(), submit_one()
    with db.session(db.JOBS) as session:
        for entry in session.exec(select(JobQueueEntry)):
            session.delete(entry)
    asyncio.run(reconcile.set_right())
    first, second = claim_as("w1")
    with db.session(db.JOBS) as session:
        job_outcomes.failed(session, second, reason="No such workflow.")
        session.add(JobQueueEntry(job_id=second.job_id))
    asyncio.run(reconcile.set_right())
    with db.session(db.JOBS) as session:
        assert session.exec(select(JobQueueEntry.job_id)).all() == [first.job_id]
    assert {first.job_ref, second.job_ref} == {forgotten, ended}
    assert "put back" in job(forgotten).history[-1].reason
