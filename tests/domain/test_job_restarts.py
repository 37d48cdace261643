"""A run that its service lost is started again a few times, and then its owner decides."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from app.connectors.base import RunState, RunStatus
from app.domain import job_leftovers, job_outcomes, job_queue, job_restarts
from app.domain.errors import Conflict, PlatformError
from app.domain.job_details import job_detail
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus
from models import db
from models.base import now
from models.jobs import Job, JobsOutbox
from tests.support.submitting import actor, submit_one

DEAD = RunStatus("run-1", RunState.INTERRUPTED, "DEAD (-1)")


@pytest.fixture
def ref(databases: None) -> Iterator[str]:
    """A job whose run is at work."""
    ref = submit_one()
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.status, job.remote_id = "running", "run-1"
        session.add(job)
    return ref


def claim(ref: str) -> Claim:
    with db.session(db.JOBS) as session:
        job_queue.wake(session, session.exec(select(Job.id).where(Job.ref == ref)).one() or 0)
    with db.session(db.JOBS) as session:
        (found,) = job_queue.claim_due(session, worker="w", statuses=list(JobStatus), limit=1)
    return found


def interrupt(ref: str) -> bool:
    """The service says that it lost the run; tell whether it is to be started again."""
    claimed = claim(ref)
    with db.session(db.JOBS) as session:
        wanted = job_restarts.interrupted(session, claimed, status=DEAD)
    if wanted:
        with db.session(db.JOBS) as session:
            job_restarts.restarted(session, claimed)
    return wanted


def ask(ref: str, name: str = "Ada") -> None:
    with db.session(db.JOBS) as session:
        job_restarts.ask_restart(session, actor=actor(name), job_ref=ref)


def stored(ref: str) -> Job:
    with db.session(db.JOBS) as session:
        return session.exec(select(Job).where(Job.ref == ref)).one()


def test_three_new_starts_are_made_and_told_and_then_the_owner_is_asked(ref: str) -> None:
    assert [interrupt(ref) for _ in range(5)] == [True, True, True, False, False]
    job = stored(ref)
    assert (job.status, job.restarts, job.held_reason) == ("running", 3, "interrupted")
    with db.session(db.JOBS) as session:
        history = job_detail(session, actor=actor(), job_ref=ref).history
        told = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification")).all()
    assert [f"number {n}" in row.reason for n, row in enumerate(history[-4:-1], 1)] == [True] * 3
    assert len(told) == 1


def test_the_owner_gets_one_more_start_for_each_wish_and_it_is_audited(ref: str) -> None:
    while interrupt(ref):
        pass
    with pytest.raises(PlatformError):
        ask(ref, "Grace")
    ask(ref)
    assert [interrupt(ref), interrupt(ref)] == [True, False]
    assert stored(ref).restarts == 4
    with db.session(db.JOBS) as session:
        audits = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "audit")).all()
    assert "job.restart" in [row.payload["action"] for row in audits]


def test_a_run_that_is_not_held_so_is_not_started_again(ref: str) -> None:
    with pytest.raises(Conflict):
        ask(ref)


def test_a_run_that_goes_on_by_itself_holds_nobody(ref: str) -> None:
    while interrupt(ref):
        pass
    claimed = claim(ref)
    with db.session(db.JOBS) as session:
        status = RunStatus("run-1", RunState.RUNNING, "RUNNING (2)")
        job_outcomes.seen(session, claimed, status=status, poll=1)
    assert stored(ref).held_reason == ""


def test_an_interrupted_run_that_was_to_be_cancelled_is_cancelled(ref: str) -> None:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.status, job.cancel_requested_at, job.cancel_outcome = "cancelling", now(), "accepted"
        session.add(job)
    assert not interrupt(ref)
    assert (stored(ref).status, stored(ref).cancel_outcome) == ("cancelled", "confirmed")


def test_a_service_that_cannot_start_again_leaves_it_to_the_owner(ref: str) -> None:
    claimed = claim(ref)
    with db.session(db.JOBS) as session:
        job_restarts.cannot_restart(session, claimed, reason="WES cannot start a run again.")
    assert stored(ref).held_reason == "interrupted"


def test_when_the_service_deletes_results_is_kept_while_the_run_is_followed(ref: str) -> None:
    expires_at = datetime.now(UTC) + timedelta(days=2)
    claimed = claim(ref)
    with db.session(db.JOBS) as session:
        status = RunStatus("run-1", RunState.COMPLETE, "SUCCESS (4)", expires_at=expires_at)
        job_outcomes.seen(session, claimed, status=status, poll=1)
    job = stored(ref)
    assert (job.status, job.results_expire_at) == ("collecting", expires_at)
    assert job.results_gone_at is None
    untold = RunStatus("run-1", RunState.COMPLETE, "SUCCESS (4)")
    job_leftovers.keep_expiry(job, untold)
    assert job.results_expire_at == expires_at
