"""What the worker tells a service's circuit breaker, and what that keeps the worker from."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from app.domain import jobs as domain_jobs
from app.states.job_item import job_item
from models import db
from models.base import now
from models.jobs import ServiceContact
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, job, make_due, submit_to, turn, until
from workers import health, jobs, submit


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.fixture
def refs(databases: None, wes: SmallWes, tmp_path: Path) -> list[str]:
    """Five jobs that wait to be sent to the small server."""
    panel, dataset = add_panel(wes.base_url), add_dataset(tmp_path, actor())
    return [submit_to(panel, dataset) for _ in range(5)]


def contacts() -> list[ServiceContact]:
    with db.session(db.JOBS) as session:
        return list(session.exec(select(ServiceContact)))


def test_a_service_that_is_away_is_asked_by_one_job_at_a_time_and_all_say_so(
    refs: list[str], wes: SmallWes
) -> None:
    wes.is_away = True
    for _ in range(4):
        turn(submit.send)
    (contact,) = contacts()
    assert contact.retry_at is not None and contact.retry_at > now()
    shown = [job(ref) for ref in refs]
    assert all(one.row.contact_error and one.contact for one in shown)
    wes.asked.clear()
    for _ in range(5):
        asyncio.run(submit.send())
        asyncio.run(jobs.follow())
    assert wes.asked == []
    turn(submit.send)
    assert len(wes.asked) == 1
    wes.is_away = False
    for ref in refs:
        until(ref, "submitted", turns=20)
    assert contacts() == []
    assert wes.posts == len(refs) == len(wes.runs)


def test_a_service_that_names_a_time_is_left_alone_by_every_job_until_then(
    refs: list[str], wes: SmallWes
) -> None:
    turn(submit.send)
    wes.fails_with, wes.retry_after = 503, "600"
    turn(submit.send)
    (contact,) = contacts()
    assert contact.retry_at is not None
    assert 550 < (contact.retry_at - now()).total_seconds() < 1000
    wes.asked.clear()
    asyncio.run(submit.send())
    assert wes.asked == []


def test_a_credential_that_is_not_accepted_is_an_answer(refs: list[str], wes: SmallWes) -> None:
    turn(submit.send)
    wes.fails_with = 401
    for _ in range(4):
        turn(submit.send)
    assert contacts() == []


def test_an_address_that_knows_nothing_any_more_is_left_alone(
    refs: list[str], wes: SmallWes
) -> None:
    wes.fails_with = 404
    for _ in range(5):
        turn(submit.send)
    (contact,) = contacts()
    assert contact.retry_at is not None
    assert {job(ref).row.status for ref in refs} <= {"waiting", "queued"}


def test_one_run_that_the_service_cannot_show_stops_nobody_else(
    refs: list[str], wes: SmallWes
) -> None:
    until(refs[0], "submitted")
    wes.runs[job(refs[0]).row.remote_id].run_id = "another"
    for _ in range(5):
        turn(jobs.follow)
    assert job(refs[0]).row.contact_error
    assert contacts() == []


def test_a_probe_that_finds_the_service_up_lets_its_jobs_go_on(
    refs: list[str], wes: SmallWes
) -> None:
    wes.is_away = True
    for _ in range(4):
        turn(submit.send)
    assert contacts()
    wes.is_away = False
    asyncio.run(health.sweep())
    assert contacts() == []
    assert {job(ref).row.contact_error for ref in refs} == {""}


def test_a_cancel_waits_for_contact_and_says_so(refs: list[str], wes: SmallWes) -> None:
    ref = refs[0]
    for one in refs:
        until(one, "submitted", turns=20)
    wes.is_away = True
    for _ in range(4):
        turn(jobs.follow)
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=actor(), job_ref=ref)
    asyncio.run(jobs.follow())
    row = job(ref).row
    assert (row.status, row.cancel_outcome) == ("cancelling", "")
    assert "The request to cancel waits" in job_item(row)["cancel_note"]
    wes.is_away = False
    make_due()
    turn(jobs.follow)
    turn(jobs.follow)
    assert job(ref).row.cancel_outcome == "accepted"
    assert sum(run.cancels for run in wes.runs.values()) == 1
