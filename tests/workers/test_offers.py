"""A run that was given up is looked at rarely, and offered if it completes after all."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.domain import job_offers, jobs
from app.domain.errors import Conflict, NotFound
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, JobsOutbox
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import (
    IMPUTED,
    add_dataset,
    add_panel,
    count_jobs_in_queue,
    job,
    submit_to,
    turn,
    until,
)


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.fixture
def ref(databases: None, wes: SmallWes, tmp_path: Path) -> str:
    """A job that was given up while its run goes on."""
    ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, actor()))
    until(ref, "submitted")
    wes.only_run().state = "RUNNING"
    until(ref, "running")
    give_up(ref)
    return ref


def give_up(ref: str) -> None:
    with db.session(db.JOBS) as session:
        jobs.give_up(session, actor=actor(), job_ref=ref)


def answer(ref: str, *, accept: bool, who: str = "Ada") -> None:
    work = job_offers.accept_offer if accept else job_offers.decline_offer
    with db.session(db.JOBS) as session:
        work(session, actor=actor(who), job_ref=ref)


def complete(wes: SmallWes) -> None:
    run = wes.only_run()
    run.state, run.files = "COMPLETE", {"imputed.vcf.gz": IMPUTED}


def told() -> list[str]:
    with db.session(db.JOBS) as session:
        rows = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification"))
        return [row.payload["topic"] for row in rows]


def given_up_ago(days: float) -> None:
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job)).one()
        stored.finished_at = now() - timedelta(days=days)
        session.add(stored)


def wait_for_look() -> timedelta:
    with db.session(db.JOBS) as session:
        return session.exec(select(JobQueueEntry)).one().next_action_at - now()


def test_a_run_that_completes_after_all_is_offered_once_and_its_results_are_fetched(
    ref: str, wes: SmallWes
) -> None:
    turn()
    assert job(ref).row.status == "lost"
    complete(wes)
    turn()
    turn()
    offered = job(ref).row
    assert (offered.status, offered.remote_state) == ("lost", "COMPLETE")
    assert offered.offered_at is not None
    assert told() == ["job.offered"]
    assert count_jobs_in_queue() == 0
    given_up = offered.finished_at
    answer(ref, accept=True)
    assert (job(ref).row.status, job(ref).row.finished_at) == ("collecting", None)
    done = until(ref, "completed")
    assert [result.state for result in done.results] == ["fetched"]
    assert given_up is not None
    assert done.row.finished_at is not None
    assert done.row.finished_at > given_up


def test_an_offer_that_is_declined_is_gone(ref: str, wes: SmallWes) -> None:
    complete(wes)
    turn()
    answer(ref, accept=False)
    assert (job(ref).row.status, job(ref).row.offered_at) == ("lost", None)
    with pytest.raises(Conflict, match="No results"):
        answer(ref, accept=True)
    assert count_jobs_in_queue() == 0


def test_only_its_owner_takes_the_offer(ref: str, wes: SmallWes) -> None:
    complete(wes)
    turn()
    for accept in (True, False):
        with pytest.raises(NotFound):
            answer(ref, accept=accept, who="Eve")


@pytest.mark.parametrize(("state", "word"), [("EXECUTOR_ERROR", "failed"), ("CANCELED", "cancel")])
def test_a_run_that_ends_otherwise_is_noted_and_not_looked_at_any_more(
    ref: str, wes: SmallWes, state: str, word: str
) -> None:
    wes.only_run().state = state
    turn()
    assert word in job(ref).history[-1].reason
    assert (job(ref).row.status, job(ref).row.remote_state) == ("lost", state)
    assert (count_jobs_in_queue(), told()) == (0, [])


def test_the_looks_grow_rare_and_end_after_thirty_days(ref: str, wes: SmallWes) -> None:
    turn()
    assert timedelta(minutes=50) < wait_for_look() < timedelta(minutes=70)
    given_up_ago(1)
    turn()
    assert timedelta(hours=5) < wait_for_look() < timedelta(hours=7)
    given_up_ago(20)
    turn()
    assert timedelta(hours=20) < wait_for_look() < timedelta(hours=27)
    given_up_ago(31)
    turn()
    assert count_jobs_in_queue() == 0
    assert "has not ended in 30 days" in job(ref).history[-1].reason


@pytest.mark.parametrize("trouble", ["is_away", "forgets", "401", "500"])
def test_no_trouble_with_a_run_that_was_given_up_bothers_anybody(
    ref: str, wes: SmallWes, trouble: str
) -> None:
    if trouble.isdecimal():
        wes.fails_with = int(trouble)
    else:
        setattr(wes, trouble, True)
    rows = len(job(ref).history)
    for _ in range(8):
        turn()
    assert (job(ref).row.status, job(ref).row.held_reason) == ("lost", "")
    assert (len(job(ref).history), told()) == (rows, [])
    assert wait_for_look() > timedelta(minutes=50)


def test_a_run_that_was_given_up_is_not_cancelled(ref: str, wes: SmallWes) -> None:
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job)).one()
        stored.cancel_requested_at, stored.cancel_outcome = now(), ""
        session.add(stored)
    turn()
    assert wes.only_run().cancels == 0
