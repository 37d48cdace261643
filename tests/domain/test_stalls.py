"""A run that takes far longer than its panel's usual time is flagged, by our own clock, once."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.domain.job_details import job_detail
from app.domain.job_queries import needing_owner
from app.domain.job_states import JobStatus, change_status
from app.domain.jobs import may_give_up
from app.domain.stalls import flag_stalled, usual_time, words_of
from models import db
from models.base import now
from models.jobs import Job, JobsOutbox
from tests.support.submitting import actor, panel, submit_one

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _databases(databases: None) -> None:
    """Every test needs them."""


def completed(*minutes: float, waited: timedelta = MINUTE, **columns: object) -> None:
    """Jobs of the panel that took so long, the last one given being the latest."""
    for place, taken in enumerate(reversed(minutes)):
        finished = now() - timedelta(days=1 + place)
        running = finished - timedelta(minutes=taken)
        times = {
            "submitted_at": running - waited,
            "running_at": running,
            "finished_at": finished,
        }
        put(submit_one(), **({"status": "completed"} | times | columns))


def put(ref: str, **columns: object) -> str:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in columns.items():
            setattr(job, name, value)
        session.add(job)
    return ref


def running(age: timedelta) -> str:
    begun = now() - age
    return put(submit_one(), status="running", submitted_at=begun - HOUR, running_at=begun)


def queued(age: timedelta) -> str:
    return put(submit_one(), status="submitted", submitted_at=now() - age)


def flag() -> list[str]:
    with db.session(db.JOBS) as session:
        return flag_stalled(session)


def stall_of(ref: str) -> str:
    with db.session(db.JOBS) as session:
        return job_detail(session, actor=actor(), job_ref=ref).stall


def told() -> list[str]:
    with db.session(db.JOBS) as session:
        rows = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification"))
        return [row.payload["topic"] for row in rows]


def test_a_run_far_beyond_its_panels_usual_time_is_flagged_and_its_owner_told_once() -> None:
    completed(10, 11, 12, 13, 14)
    usual, stalled = running(40 * MINUTE), running(3 * HOUR)
    assert flag() == [stalled]
    assert flag() == []
    assert told() == ["job.stalled"]
    assert stall_of(stalled) == (
        "Runs of this panel usually take 12 min (middle of the last 5); this one has run for 3 h."
    )
    assert stall_of(usual) == ""
    with db.session(db.JOBS) as session:
        (needing,) = needing_owner(session, actor=actor())
        assert (needing.ref, may_give_up(needing)) == (stalled, True)


def test_a_panel_whose_runs_take_seconds_has_half_an_hour() -> None:
    completed(*[0.1] * 6)
    within, beyond = running(29 * MINUTE), running(31 * MINUTE)
    assert flag() == [beyond]
    assert stall_of(within) == ""


def test_a_panel_without_enough_completed_runs_has_the_hours_of_the_setting() -> None:
    completed(1, 1, 1, 1)
    running(23 * HOUR)
    beyond = running(25 * HOUR)
    assert flag() == [beyond]
    assert "Too few runs of this panel" in stall_of(beyond)


def test_only_the_panels_own_latest_completed_runs_say_what_is_usual() -> None:
    completed(*[600] * 10, *[10] * 50)
    completed(*[6000] * 9, panel_ref="p-Other")
    completed(6000, status="failed")
    completed(6000, offered_at=now())
    with db.session(db.JOBS) as session:
        usual = usual_time(session, panel().row.ref)
    assert (usual.runs, usual.middle) == (50, 10 * MINUTE)
    assert flag() == []
    beyond = running(41 * MINUTE)
    assert flag() == [beyond]


def test_a_long_queue_is_told_apart_from_a_run_that_runs_too_long() -> None:
    completed(*[10] * 5)
    queued(23 * HOUR)
    waiting = queued(25 * HOUR)
    assert flag() == [waiting]
    assert "has not started it" in stall_of(waiting)


def test_a_queue_that_is_usually_long_has_longer() -> None:
    completed(*[10] * 5, waited=12 * HOUR)
    queued(47 * HOUR)
    beyond = queued(49 * HOUR)
    assert flag() == [beyond]


def test_a_cancel_that_comes_to_no_end_is_flagged_by_when_it_was_asked() -> None:
    completed(*[10] * 5)
    recent, old = running(5 * HOUR), running(5 * HOUR)
    put(recent, status="cancelling", cancel_requested_at=now() - 10 * MINUTE)
    put(old, status="cancelling", cancel_requested_at=now() - HOUR)
    assert flag() == [old]
    assert "was asked to stop this run" in stall_of(old)


def test_the_flag_goes_when_the_run_ends_or_leaves_the_queue_but_not_for_a_cancel() -> None:
    waiting, ending, stopping = queued(25 * HOUR), running(25 * HOUR), running(25 * HOUR)
    assert flag() == [waiting, ending, stopping]
    for ref, to in (
        (waiting, JobStatus.RUNNING),
        (ending, JobStatus.COLLECTING),
        (stopping, JobStatus.CANCELLING),
    ):
        with db.session(db.JOBS) as session:
            job = session.exec(select(Job).where(Job.ref == ref)).one()
            change_status(session, job, to)
            assert (job.stalled_at is None) == (to is not JobStatus.CANCELLING)
            assert job.running_at is not None
    assert flag() == []


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(seconds=40), "40 s"),
        (90 * MINUTE, "90 min"),
        (3 * HOUR, "3 h"),
        (timedelta(days=5), "5 days"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(time: timedelta, words: str) -> None:
    assert words_of(time) == words
