"""People are warned once of results that a service deletes soon, and they are fetched at once."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.connectors.base import RunDetails, RunState, RunStatus
from app.domain import job_queue, result_expiry
from app.domain.job_queue import claim_due
from app.domain.job_states import JobStatus
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, JobsOutbox, JobStatusChange, Submission

HOUR = timedelta(hours=1)


def add_job(**facts: object) -> str:
    """A job whose run ended an hour ago, and which is tried again in a quarter of an hour."""
    known: dict[str, object] = {
        "owner_ref": "ada",
        "owner_name": "Ada",
        "name": "Run",
        "dataset_ref": "d",
        "dataset_name": "Cohort",
        "service_ref": "s1",
        "service_name": "Michigan",
        "panel_ref": "p",
        "panel_name": "Panel",
        "status": "collecting",
        "contact_error": "The connection was lost.",
        "updated_at": now() - HOUR,
    }
    with db.session(db.JOBS) as session:
        submission = Submission(
            owner_ref="ada", name="Run", dataset_ref="d", dataset_name="Cohort", idempotency_key="k"
        )
        session.add(submission)
        session.flush()
        job = Job(submission_id=submission.id, **(known | facts))
        session.add(job)
        session.flush()
        ended = JobStatusChange(job_id=job.id or 0, at=now() - HOUR, to_status="collecting")
        session.add(ended)
        session.add(JobQueueEntry(job_id=job.id or 0, next_action_at=now() + 0.25 * HOUR))
        return job.ref


def warn() -> list[str]:
    with db.session(db.JOBS) as session:
        return result_expiry.warn_of_loss(session)


def told() -> list[tuple[str, str]]:
    """Who was told what, in the outbox."""
    with db.session(db.JOBS) as session:
        rows = session.exec(select(JobsOutbox).order_by(col(JobsOutbox.id)))
        return [
            (row.payload.get("user_ref") or row.payload.get("permission") or row.topic, row.topic)
            for row in rows
        ]


def due_in(ref: str) -> timedelta:
    with db.session(db.JOBS) as session:
        at = session.exec(
            select(JobQueueEntry.next_action_at).join(Job, col(Job.id) == JobQueueEntry.job_id)
        ).one()
        return at - now()


def test_owner_and_administrators_are_told_once_and_the_job_is_tried_at_once(
    databases: None,
) -> None:
    ref = add_job(results_expire_at=now() + 47 * HOUR)
    assert warn() == [ref]
    assert warn() == []
    assert told() == [
        ("ada", "notification"),
        ("alert", "alert"),
        ("service:write", "announcement"),
    ]
    assert due_in(ref) <= timedelta(0)


def test_a_job_that_people_were_told_of_is_tried_more_often(databases: None) -> None:
    ref = add_job(results_expire_at=now() + 47 * HOUR)
    warn()
    with db.session(db.JOBS) as session:
        entry = session.exec(select(JobQueueEntry)).one()
        entry.next_action_at = now() + 0.25 * HOUR
        job = session.exec(select(Job)).one()
        job.updated_at = now() - HOUR
        session.add(entry)
        session.add(job)
    warn()
    assert due_in(ref) <= timedelta(seconds=job_queue.URGENT_DELAY)


@pytest.mark.parametrize(
    ("hours", "facts"),
    [
        ({"results_expire_at": 49}, {}),
        ({}, {}),
        ({"results_expire_at": 1, "updated_at": 0}, {}),
        ({"results_expire_at": 1}, {"status": "completed"}),
        ({"results_expire_at": -1, "results_gone_at": 0}, {}),
    ],
    ids=["later", "nobody knows when", "under way", "all here", "gone"],
)
def test_nobody_is_told_without_need(
    hours: dict[str, float], facts: dict[str, object], databases: None
) -> None:
    add_job(**{name: now() + ahead * HOUR for name, ahead in hours.items()}, **facts)
    assert (warn(), told()) == ([], [])


def test_a_run_that_was_given_up_and_is_offered_is_warned_of_too(databases: None) -> None:
    ref = add_job(status="lost", offered_at=now() - HOUR, results_expire_at=now() + HOUR)
    assert warn() == [ref]


@pytest.mark.parametrize(
    ("said", "days", "expected"),
    [(5 * HOUR, 7, 5 * HOUR), (None, 7, 7 * 24 * HOUR - HOUR), (None, None, None)],
    ids=["the service's word", "the end of the run and the days", "unknown"],
)
def test_when_results_are_deleted_comes_from_the_service_or_from_its_limits(
    said: timedelta | None, days: int | None, expected: timedelta | None, databases: None
) -> None:
    expires_at = now() + said if said else None
    add_job()
    status = RunStatus("1", RunState.COMPLETE, "SUCCESS (4)", expires_at=expires_at)
    with db.session(db.JOBS) as session:
        session.exec(select(JobQueueEntry)).one().next_action_at = now()
        session.flush()
        (claim,) = claim_due(session, worker="w", statuses=(JobStatus.COLLECTING,), limit=1)
        details = RunDetails(status=status)
        result_expiry.note_expiry(session, claim, details=details, retention_days=days)
        found = session.exec(select(Job.results_expire_at)).one()
    assert (found is None) == (expected is None)
    if found and expected:
        assert abs(found - now() - expected) < timedelta(minutes=1)
