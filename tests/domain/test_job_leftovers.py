"""A job whose service deleted the results ends with what is here, and says what is lost."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from app.connectors.base import RunDetails, RunState, RunStatus
from app.domain import job_leftovers, job_offers, job_queue
from app.domain.job_states import JobStatus
from models import db
from models.jobs import Job, JobQueueEntry, JobResult
from tests.support.submitting import submit_one

DELETED = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
RETIRED = RunDetails(
    RunStatus("run-1", RunState.COMPLETE, "RETIRED (7)", expires_at=DELETED, results_gone=True)
)


def end(
    *states: str, role: str = "imputed", details: RunDetails | None = RETIRED
) -> tuple[Job, list[JobResult]]:
    """End a job whose results are in these states; return it and them."""
    ref = submit_one()
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.status = "collecting"
        for number, state in enumerate(states, 20):
            name = f"chr_{number}.zip"
            row = JobResult(job_id=job.id or 0, name=name, role=role, state=state)
            session.add(row)
        session.add(job)
    with db.session(db.JOBS) as session:
        (claim,) = job_queue.claim_due(session, worker="w", statuses=list(JobStatus), limit=1)
    with db.session(db.JOBS) as session:
        job_leftovers.record_gone(session, claim, details=details)
    with db.session(db.JOBS) as session:
        assert session.exec(select(JobQueueEntry)).first() is None
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        return job, list(session.exec(select(JobResult).order_by("id")).all())


@pytest.mark.parametrize("states", [(), ("listed",), ("listed", "remote")])
def test_a_job_of_which_nothing_was_fetched_fails_and_says_what_was_deleted_when(
    databases: None, states: tuple[str, ...]
) -> None:
    job, results = end(*states)
    assert job.status == "failed"
    assert "2026-01-02 at 03:04 UTC" in job.error_message
    assert job.results_gone_at is not None
    assert job.results_expire_at == DELETED
    assert [result.state for result in results] == ["gone"] * len(states)
    assert all(result.name in job.error_message for result in results)


@pytest.mark.parametrize("here", ["fetched", "unpacked", "damaged"])
def test_a_job_of_which_something_was_fetched_is_complete_and_says_what_is_missing(
    databases: None, here: str
) -> None:
    job, results = end(here, "listed")
    assert job.status == "completed"
    assert [result.state for result in results] == [here, "gone"]
    assert "1 of 2 results" in job.status_reason
    assert "“chr_21.zip”" in job.status_reason
    assert "deleted it on 2026-01-02" in results[1].error_message


@pytest.mark.parametrize(("role", "status"), [("imputed", "completed"), ("log", "failed")])
def test_a_run_that_is_known_no_more_is_complete_only_where_imputed_results_came(
    databases: None, role: str, status: str
) -> None:
    job, _ = end("fetched", "listed", role=role, details=None)
    assert job.status == status
    assert "succeeded" not in job.error_message


def test_deleted_results_of_a_run_that_was_given_up_are_not_offered(databases: None) -> None:
    ref = submit_one()
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.status, job.remote_id = "lost", "run-1"
        session.add(job)
    with db.session(db.JOBS) as session:
        (claim,) = job_queue.claim_due(session, worker="w", statuses=list(JobStatus), limit=1)
    with db.session(db.JOBS) as session:
        job_offers.looked_at(session, claim, status=RETIRED.status)
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        assert (job.status, job.offered_at) == ("lost", None)
        assert session.exec(select(JobQueueEntry)).first() is None
