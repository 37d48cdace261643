"""The worker with a Cloudgene server: restarts in the middle of a run, and lost results."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from app.connectors.base import Capability, ServiceFacts
from app.domain import job_restarts
from app.domain import jobs as domain_jobs
from app.domain.canaries import Canary
from models import db
from models.base import now
from models.jobs import Job
from tests.support.cloudgene import Cloudgene, running
from tests.support.cloudgene_jobs import submit_small
from tests.support.submitting import actor
from tests.support.working import job, turn, work_until
from workers import canary, jobs, submit


@pytest.fixture(scope="module")
def cloudgene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    with running(tmp_path_factory.mktemp("cloudgene")) as server:
        yield server


@pytest.fixture
def ref(databases: None, cloudgene: Cloudgene, tmp_path: Path) -> str:
    """Ada's job, which waits to be sent to the server with a token of hers."""
    return submit_small(cloudgene, tmp_path)


def stored(ref: str) -> Job:
    with db.session(db.JOBS) as session:
        return session.exec(select(Job).where(Job.ref == ref)).one()


def follow_until(ref: str, enough: Callable[[Job], bool]) -> Job:
    """Look at the run, again and again, until it is so."""
    deadline = time.monotonic() + 60
    while not enough(stored(ref)):
        assert time.monotonic() < deadline, job(ref)
        turn(submit.send, jobs.follow)
        time.sleep(0.1)
    return stored(ref)


def test_a_run_that_the_server_loses_is_started_again_until_its_owner_is_asked(
    ref: str, cloudgene: Cloudgene
) -> None:
    cloudgene.fault("hold_at", "qc")
    remote_id = follow_until(ref, lambda job: job.status == "running").remote_id
    for restarts in (1, 2, 3):
        cloudgene.control(f"jobs/{remote_id}/dead")
        follow_until(ref, lambda job, n=restarts: job.restarts == n)  # type: ignore[misc]
    cloudgene.control(f"jobs/{remote_id}/dead")
    held = follow_until(ref, lambda job: job.held_reason != "")
    assert (held.held_reason, held.status) == ("interrupted", "running")
    cloudgene.heal("hold_at")
    with db.session(db.JOBS) as session:
        job_restarts.ask_restart(session, actor=actor(), job_ref=ref)
    follow_until(ref, lambda job: job.status == "collecting")


def test_a_finished_job_stays_as_it_is_when_the_server_retires_it(
    ref: str, cloudgene: Cloudgene
) -> None:
    done = work_until(ref, "completed", "failed").row
    assert done.status == "completed", done
    remote_id = done.remote_id
    cloudgene.control(f"jobs/{remote_id}/notify")
    cloudgene.control(f"jobs/{remote_id}/retire")
    turn()
    assert stored(ref).status == "completed"


def test_a_job_whose_results_are_retired_before_they_came_says_what_was_lost(
    ref: str, cloudgene: Cloudgene
) -> None:
    job = follow_until(ref, lambda job: job.status == "collecting")
    cloudgene.control(f"jobs/{job.remote_id}/retire")
    ended = work_until(ref, "completed", "failed").row
    assert ended.status == "failed"
    assert "deleted its results" in ended.error_message
    assert stored(ref).results_gone_at is not None


def test_maintenance_in_the_middle_of_a_run_changes_nothing_of_the_job(
    ref: str, cloudgene: Cloudgene
) -> None:
    cloudgene.fault("hold_at", "qc")
    follow_until(ref, lambda job: job.status == "running")
    cloudgene.control("maintenance/enter")
    waiting = follow_until(ref, lambda job: job.contact_error != "")
    assert waiting.status == "running"
    assert "under maintenance" in waiting.contact_error
    cloudgene.control("maintenance/exit")
    cloudgene.heal("hold_at")
    follow_until(ref, lambda job: job.status == "collecting")


def test_a_server_that_fails_while_a_run_is_followed_fails_no_job(
    ref: str, cloudgene: Cloudgene
) -> None:
    cloudgene.fault("hold_at", "qc")
    follow_until(ref, lambda job: job.status == "running")
    cloudgene.fault("unavailable", 500)
    assert follow_until(ref, lambda job: job.contact_error != "").status == "running"
    cloudgene.heal("unavailable")
    cloudgene.heal("hold_at")
    follow_until(ref, lambda job: job.status == "collecting")


def test_a_submission_whose_answer_is_lost_is_found_and_sent_once(
    ref: str, cloudgene: Cloudgene
) -> None:
    cloudgene.fault("submit_lost", times=1)
    remote_id = follow_until(ref, lambda job: job.remote_id != "").remote_id
    jobs = cloudgene.client(cloudgene.login("ada")).get("/api/v2/jobs").json()["data"]
    assert [job["id"] for job in jobs if job["name"] == ref] == [remote_id]


def test_a_cancel_reaches_the_server(ref: str, cloudgene: Cloudgene) -> None:
    cloudgene.fault("hold_at", "qc")
    remote_id = follow_until(ref, lambda job: job.status == "running").remote_id
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=actor(), job_ref=ref)
    follow_until(ref, lambda job: job.status == "cancelled")
    client = cloudgene.client(cloudgene.login("ada"))
    assert client.get(f"/api/v2/jobs/{remote_id}").json()["state"] == 6
    cloudgene.heal("hold_at")


def test_no_canary_takes_a_place_in_the_queue(tmp_path: Path) -> None:
    facts = ServiceFacts(capabilities=frozenset({Capability.PANELS}))
    due = Canary(1, "ref", "cloudgene", now(), "", True, {})
    told = asyncio.run(canary._request(due, facts, tmp_path))
    assert told == canary.TOO_SMALL
