"""A job is sent once, followed through every trouble of its service, and cancelled when asked."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.domain import jobs as domain_jobs
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, JobsOutbox
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import (
    IMPUTED,
    TARGET,
    add_dataset,
    add_panel,
    age_history,
    count_jobs_in_queue,
    job,
    log_text,
    submit_to,
    turn,
    until,
)
from workers import submit


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.fixture
def ref(databases: None, wes: SmallWes, tmp_path: Path) -> str:
    """A job that waits to be sent to the small server."""
    return submit_to(add_panel(wes.base_url), add_dataset(tmp_path, actor()))


def cancel(ref: str) -> None:
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=actor(), job_ref=ref)


def statuses(ref: str) -> list[str]:
    history = [change.to_status for change in job(ref).history]
    return [
        status for place, status in enumerate(history) if history[place - 1 : place] != [status]
    ]


def test_a_run_is_sent_with_its_input_followed_and_its_results_are_kept(
    ref: str, wes: SmallWes
) -> None:
    until(ref, "submitted")
    run = wes.only_run()
    assert run.tags["job_ref"] == ref
    assert run.params == {"target": {"class": "File", "location": "target.vcf"}}
    assert run.attachments == {"target.vcf": TARGET}
    run.state = "RUNNING"
    assert until(ref, "running").row.remote_state == "RUNNING"
    run.state, run.stderr = "COMPLETE", "all is well"
    run.files = {"imputed.vcf.gz": IMPUTED}
    done = until(ref, "completed")
    assert statuses(ref) == [
        "waiting",
        "queued",
        "submitting",
        "submitted",
        "running",
        "collecting",
        "completed",
    ]
    assert done.row.contact_at is not None
    assert [(result.name, result.state, result.size) for result in done.results] == [
        ("imputed.vcf.gz", "fetched", len(IMPUTED))
    ]
    assert "all is well" in log_text(ref)
    assert count_jobs_in_queue() == 0


def test_a_file_travels_under_a_name_that_means_nothing_to_a_workflow(
    databases: None, wes: SmallWes, tmp_path: Path
) -> None:
    dataset = add_dataset(tmp_path, actor(), name="-my data #1 (50%).vcf.gz")
    until(submit_to(add_panel(wes.base_url), dataset), "submitted")
    assert wes.only_run().params["target"]["location"] == "1_-my_data_1_50_.vcf.gz"
    assert list(wes.only_run().attachments) == ["1_-my_data_1_50_.vcf.gz"]


def test_a_service_that_is_away_never_makes_a_job_failed(ref: str, wes: SmallWes) -> None:
    wes.is_away = True
    for _ in range(3):
        turn()
    before = job(ref)
    assert before.row.status == "queued"
    assert before.row.contact_error
    wes.is_away = False
    until(ref, "submitted")
    wes.only_run().state = "RUNNING"
    until(ref, "running")
    wes.is_away = True
    for _ in range(8):
        turn()
    away = job(ref).row
    assert (away.status, away.remote_state) == ("running", "RUNNING")
    assert away.contact_error
    wes.is_away = False
    turn()
    assert job(ref).row.contact_error == ""
    assert wes.posts == 1


def test_a_submission_whose_answer_is_lost_is_found_and_not_sent_again(
    ref: str, wes: SmallWes
) -> None:
    wes.hangs_up_after_taking = True
    turn()
    turn()
    assert job(ref).row.status == "submitting"
    found = until(ref, "submitted")
    assert wes.posts == 1
    assert found.row.remote_id == wes.only_run().run_id
    assert "Found at the service" in found.row.status_reason


def test_a_worker_that_dies_while_sending_leaves_a_job_that_the_next_one_finds(
    ref: str, wes: SmallWes
) -> None:
    until(ref, "submitted")
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job).where(Job.ref == ref)).one()
        stored.status, stored.remote_id = "submitting", ""
        entry = session.exec(select(JobQueueEntry)).one()
        entry.lease_owner, entry.lease_until = "dead:1", now() - timedelta(seconds=1)
        session.add_all([stored, entry])
    assert until(ref, "submitted").row.remote_id == wes.only_run().run_id
    assert wes.posts == 1


def test_a_submission_that_surely_did_not_arrive_is_sent_again_but_not_at_once(
    ref: str, wes: SmallWes
) -> None:
    wes.hangs_up_before_taking = True
    turn()
    turn()
    wes.hangs_up_before_taking = False
    turn()
    assert (job(ref).row.status, wes.posts) == ("submitting", 1)
    age_history(61)
    until(ref, "submitted")
    assert wes.posts == 2
    assert len(wes.runs) == 1


def test_where_the_service_cannot_tell_a_person_is_asked_and_nothing_is_sent_twice(
    ref: str, wes: SmallWes
) -> None:
    wes.hangs_up_after_taking, wes.keeps_tags = True, False
    for _ in range(5):
        turn()
        age_history(3600)
    asked = job(ref).row
    assert (asked.status, asked.held_reason) == ("submitting", "answer_lost")
    assert "cannot look it up there" in asked.status_reason
    assert wes.posts == 1
    with db.session(db.JOBS) as session:
        told = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification")).all()
    assert [row.payload["topic"] for row in told] == ["job.held"]


def test_a_refusal_fails_the_job_with_the_service_s_words(ref: str, wes: SmallWes) -> None:
    wes.refuses_with = "workflow_type CWL is not supported here"
    failed = until(ref, "failed").row
    assert "workflow_type CWL is not supported here" in failed.error_message
    assert wes.posts == 1


def test_a_busy_service_is_left_alone_for_as_long_as_it_asks(ref: str, wes: SmallWes) -> None:
    turn()
    wes.fails_with, wes.retry_after = 503, "600"
    turn(submit.send)
    with db.session(db.JOBS) as session:
        wait = session.exec(select(JobQueueEntry)).one().next_action_at - now()
    assert job(ref).row.status == "queued"
    assert timedelta(seconds=550) < wait < timedelta(seconds=1000)


def test_a_token_that_is_not_accepted_asks_the_owner_and_fails_nothing(
    ref: str, wes: SmallWes
) -> None:
    turn()
    wes.fails_with = 401
    turn()
    turn()
    held = job(ref).row
    assert (held.status, held.held_reason) == ("queued", "not_authorised")
    wes.fails_with = 0
    assert until(ref, "submitted").row.held_reason == ""


def test_a_cancel_reaches_the_service_and_is_confirmed_by_it(ref: str, wes: SmallWes) -> None:
    until(ref, "submitted")
    run = wes.only_run()
    run.state = "RUNNING"
    until(ref, "running")
    cancel(ref)
    turn()
    asked = job(ref).row
    assert (asked.status, asked.cancel_outcome, run.cancels) == ("cancelling", "accepted", 1)
    run.state = "CANCELED"
    turn()
    assert (job(ref).row.status, job(ref).row.cancel_outcome) == ("cancelled", "confirmed")
    assert run.cancels == 1


def test_a_cancel_that_the_service_ignores_is_said_to_be_ignored_and_can_be_asked_again(
    ref: str, wes: SmallWes
) -> None:
    wes.cancel_works = False
    until(ref, "submitted")
    run = wes.only_run()
    run.state = "RUNNING"
    until(ref, "running")
    cancel(ref)
    turn()
    turn()
    assert job(ref).row.status == "cancelling"
    age_history(61)
    turn()
    ignored = job(ref).row
    assert (ignored.status, ignored.cancel_outcome) == ("running", "ignored")
    cancel(ref)
    turn()
    assert run.cancels == 2


def test_a_cancel_that_comes_too_late_says_so_and_keeps_the_results(
    ref: str, wes: SmallWes
) -> None:
    until(ref, "submitted")
    run = wes.only_run()
    run.state, run.files = "COMPLETE", {"imputed.vcf.gz": IMPUTED}
    cancel(ref)
    turn()
    done = until(ref, "completed").row
    assert (done.status, done.cancel_outcome) == ("completed", "already_finished")


def test_an_unknown_run_is_normal_in_the_first_minute_and_never_a_failure(
    ref: str, wes: SmallWes
) -> None:
    until(ref, "submitted")
    wes.forgets = True
    turn()
    assert (job(ref).row.status, job(ref).row.contact_error) == ("submitted", "")
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job).where(Job.ref == ref)).one()
        stored.submitted_at = now() - timedelta(minutes=2)
        session.add(stored)
    for _ in range(6):
        turn()
    lost = job(ref).row
    assert (lost.status, lost.held_reason) == ("submitted", "unknown_run")
    wes.forgets = False
    wes.only_run().state = "RUNNING"
    found = until(ref, "running").row
    assert (found.held_reason, found.contact_error) == ("", "")


def test_many_runs_of_one_service_are_looked_at_with_one_request(
    databases: None, wes: SmallWes, tmp_path: Path
) -> None:
    panel, dataset = add_panel(wes.base_url), add_dataset(tmp_path, actor())
    refs = [submit_to(panel, dataset) for _ in range(12)]
    for _ in range(8):
        turn(submit.send)
    wes.asked.clear()
    for run in wes.runs.values():
        run.state = "RUNNING"
    turn()
    assert {job(ref).row.status for ref in refs} == {"running"}
    assert [path.partition("?")[0] for path in wes.asked] == ["/runs"]
