"""A job's status only moves along its life, and every change is kept."""

import itertools

import pytest
from sqlmodel import select

from app.domain.errors import Conflict
from app.domain.job_details import job_detail
from app.domain.job_states import TERMINAL, TRANSITIONS, JobStatus, change_status, hold, requeue
from models import db
from models.jobs import Job, JobsOutbox
from tests.support.submitting import actor, submit_one


def test_the_ends_are_completed_failed_cancelled_and_lost() -> None:
    assert {"completed", "failed", "cancelled", "lost"} == TERMINAL


def test_every_status_can_be_reached_and_can_reach_an_end() -> None:
    reached = {JobStatus.WAITING}.union(*TRANSITIONS.values())
    assert reached == set(JobStatus)
    ending = set(TERMINAL)
    for _ in JobStatus:
        ending |= {status for status, following in TRANSITIONS.items() if following & ending}
    assert ending == set(JobStatus)


def test_only_the_table_s_transitions_are_accepted(databases: None) -> None:
    ref = submit_one()
    for before, after in itertools.product(JobStatus, JobStatus):
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job).where(Job.ref == ref)).one()
            job.status = before
            if after in TRANSITIONS[before]:
                change_status(session, job, after)
                assert job.status == after
            else:
                with pytest.raises(Conflict):
                    change_status(session, job, after)
                assert job.status == before


def test_each_change_is_in_the_history_and_the_owner_hears_of_the_end(databases: None) -> None:
    ref = submit_one("Chromosome 20")
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        change_status(session, job, JobStatus.QUEUED)
        job.error_message = "minimac4: no overlap"
        change_status(session, job, JobStatus.FAILED, reason="The run failed")
    with db.session(db.JOBS) as session:
        history = job_detail(session, actor=actor(), job_ref=ref).history
        told = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification")).all()
    assert [(row.from_status, row.to_status) for row in history] == [
        ("", "waiting"),
        ("waiting", "queued"),
        ("queued", "failed"),
    ]
    assert [row.payload for row in told] == [
        {
            "user_ref": "ada",
            "topic": "job.failed",
            "title": "Failed: Chromosome 20 on ILIFU",
            "body": "minimac4: no overlap",
            "link": f"/jobs/{ref}",
        }
    ]


def test_a_job_that_needs_a_person_says_so_once(databases: None) -> None:
    ref = submit_one()
    for _ in range(3):
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job).where(Job.ref == ref)).one()
            hold(session, job, "not_authorised", "Enter a token.")
    with db.session(db.JOBS) as session:
        told = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification")).all()
    assert [row.payload["title"] for row in told] == ["Needs attention: Run on ILIFU"]


def test_tries_that_end_alike_are_told_once_and_until_when_they_went_on(databases: None) -> None:
    ref = submit_one()
    for reason in ("No answer.", "No answer.", "No answer.", "Busy.", "No answer."):
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job).where(Job.ref == ref)).one()
            if job.status == JobStatus.WAITING:
                change_status(session, job, JobStatus.QUEUED)
            change_status(session, job, JobStatus.SUBMITTING, reason="Sending")
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job).where(Job.ref == ref)).one()
            requeue(session, job, reason=reason)
            if reason == "No answer.":
                hold(session, job, "not_authorised", "Enter a token.")
    with db.session(db.JOBS) as session:
        history = job_detail(session, actor=actor(), job_ref=ref).history
    changes = [(row.to_status, row.reason) for row in history if row.from_status != row.to_status]
    assert changes[2:] == [
        ("submitting", "Sending"),
        ("queued", "No answer."),
        ("submitting", "Sending"),
        ("queued", "Busy."),
        ("submitting", "Sending"),
        ("queued", "No answer."),
    ]


def test_a_try_that_is_repeated_says_until_when_it_was_in_vain(databases: None) -> None:
    ref = submit_one()
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        change_status(session, job, JobStatus.QUEUED)
        for _ in range(2):
            change_status(session, job, JobStatus.SUBMITTING)
            requeue(session, job, reason="No answer.")
        assert job.status == "queued"
        assert job.status_reason.startswith("No answer. Tried in vain until 20")
