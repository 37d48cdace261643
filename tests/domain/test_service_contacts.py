"""One circuit breaker per service: all workers leave a service alone that does not answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from app.domain import job_outcomes, job_queue, service_contacts
from app.domain.errors import NotAllowed
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus
from app.domain.service_contacts import ContactRow
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, ServiceContact
from tests.support.submitting import actor, panel, submit_one
from tests.support.working import make_due

MANAGER = actor("Grace", "service_manager")


def claim(worker: str = "w1", limit: int = 10) -> list[Claim]:
    with db.session(db.JOBS) as session:
        return job_queue.claim_due(session, worker=worker, statuses=list(JobStatus), limit=limit)


def heard(trial: datetime | None = None) -> None:
    with db.session(db.JOBS) as session:
        service_contacts.heard(session, service_ref="s1", trial=trial)


def in_vain(
    times: int = 1, *, retry_after: float | None = None, trial: datetime | None = None
) -> None:
    for _ in range(times):
        with db.session(db.JOBS) as session:
            service_contacts.in_vain(
                session,
                service_ref="s1",
                reason="It does not answer.",
                retry_after=retry_after,
                trial=trial,
            )


def contact() -> ContactRow | None:
    with db.session(db.JOBS) as session:
        return service_contacts.contact_of(session, actor=actor(), service_ref="s1")


def wait() -> float:
    found = contact()
    assert found is not None and found.retry_at is not None
    return (found.retry_at - now()).total_seconds()


def queued(count: int, *, service: str = "s1") -> list[str]:
    """Jobs that are ready to be sent and due."""
    refs = [
        submit_one(chosen=panel(name=f"P {service}", service_ref=service)) for _ in range(count)
    ]
    with db.session(db.JOBS) as session:
        for one in job_queue.claim_due(
            session, worker="w0", statuses=[JobStatus.WAITING], limit=count
        ):
            job_outcomes.prepared(session, one)
    return refs


def errors() -> set[str]:
    with db.session(db.JOBS) as session:
        return set(session.exec(select(Job.contact_error)))


def test_three_contacts_in_vain_in_a_row_stop_all_workers_and_show_at_every_job(
    databases: None,
) -> None:
    queued(5)
    other = queued(1, service="s2")
    in_vain(2)
    heard()
    in_vain(2)
    assert contact() is None and errors() == {""}
    in_vain()
    assert [one.job_ref for one in claim("w1")] == other
    assert claim("w2") == []
    with db.session(db.JOBS) as session:
        jobs = session.exec(select(Job).where(Job.service_ref == "s1")).all()
    assert {(job.status, job.contact_error) for job in jobs} == {("queued", "It does not answer.")}


def test_a_waiting_job_is_prepared_meanwhile_because_that_needs_no_service(
    databases: None,
) -> None:
    in_vain(3)
    ref = submit_one()
    assert [one.job_ref for one in claim()] == [ref]


def test_exactly_one_of_many_workers_tries_and_its_success_lets_all_jobs_go_on_soon(
    databases: None,
) -> None:
    queued(6)
    in_vain(3)
    make_due()
    start = Barrier(4)

    def take(worker: str) -> list[Claim]:
        start.wait()
        return claim(worker)

    with ThreadPoolExecutor(4) as pool:
        (trial,) = [one for found in pool.map(take, ["a", "b", "c", "d"]) for one in found]
    assert trial.trial is not None
    assert claim() == []
    heard(trial.trial)
    assert contact() is None and errors() == {""}
    with db.session(db.JOBS) as session:
        due = [
            entry.next_action_at
            for entry in session.exec(select(JobQueueEntry).where(JobQueueEntry.lease_owner == ""))
        ]
    assert max(due) <= now() + timedelta(seconds=service_contacts.WAKE_SPREAD)


def test_each_trial_in_vain_doubles_the_wait_up_to_a_limit(databases: None) -> None:
    queued(1)
    in_vain(3)
    waits = [wait()]
    for _ in range(10):
        make_due()
        (trial,) = claim()
        in_vain(trial=trial.trial)
        waits.append(wait())
        with db.session(db.JOBS) as session:
            job_queue.release(session, trial, after=0)
    assert 3 < waits[0] < 7 and 7 < waits[1] < 13 and 15 < waits[2] < 26
    assert max(waits) <= 1.25 * job_queue.LONGEST_DELAY
    assert waits[-1] > 0.7 * job_queue.LONGEST_DELAY


def test_what_began_before_the_service_was_left_alone_changes_nothing(databases: None) -> None:
    queued(2)
    in_vain(3)
    before = contact()
    in_vain(20)
    heard()
    assert contact() == before


def test_a_trial_that_tells_nothing_is_followed_by_another_one(databases: None) -> None:
    queued(2)
    in_vain(3)
    make_due()
    (first,) = claim()
    assert wait() > 60
    make_due()
    (second,) = claim()
    assert (second.job_ref, second.trial) != (first.job_ref, first.trial)
    heard(first.trial)
    assert contact() is not None
    heard(second.trial)
    assert contact() is None


def test_a_trial_goes_to_a_job_that_has_not_failed_by_itself(databases: None) -> None:
    queued(3)
    with db.session(db.JOBS) as session:
        broken, held, well = session.exec(select(Job).order_by(Job.id)).all()  # type: ignore[arg-type]
        session.get_one(JobQueueEntry, broken.id).attempts = 4
        held.held_reason = "not_authorised"
    in_vain(3)
    make_due()
    assert [one.job_ref for one in claim()] == [well.ref]


def test_a_time_that_the_service_names_is_kept_from_the_first_word_on_and_is_no_lost_contact(
    databases: None,
) -> None:
    queued(2)
    in_vain(retry_after=600)
    assert claim() == []
    assert 590 < wait() < 610
    found = contact()
    assert found is not None and found.lost_at is None
    with db.session(db.JOBS) as session:
        service_contacts.heard_by_probes(session, service_refs=["s1"])
    assert contact() is not None


def test_a_time_of_a_year_is_capped(databases: None) -> None:
    in_vain(retry_after=365 * 86400)
    assert wait() < job_queue.LONGEST_RETRY_AFTER + 1


def test_a_probe_that_finds_the_service_up_ends_the_wait(databases: None) -> None:
    queued(2)
    in_vain(3)
    with db.session(db.JOBS) as session:
        service_contacts.heard_by_probes(session, service_refs=["s1"])
    assert contact() is None and errors() == {""}


def test_try_now_lets_one_job_try_and_needs_the_right(databases: None) -> None:
    queued(2)
    in_vain(3)
    with db.session(db.JOBS) as session, pytest.raises(NotAllowed):
        service_contacts.try_now(session, actor=actor(), service_ref="s1")
    with db.session(db.JOBS) as session:
        service_contacts.try_now(session, actor=MANAGER, service_ref="s1")
    assert len(claim()) == 1
    assert claim() == []


def test_a_service_that_answers_leaves_no_row(databases: None) -> None:
    in_vain(2)
    heard()
    with db.session(db.JOBS) as session:
        assert session.exec(select(ServiceContact)).all() == []
