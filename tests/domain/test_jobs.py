"""People find their jobs, and only theirs, and can cancel them or give them up."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from app.domain import jobs
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.domain.job_details import job_detail
from app.domain.job_queries import (
    JobFilter,
    JobRow,
    count_by_status,
    list_jobs,
    services_of_jobs,
)
from app.domain.paging import Page
from models import db
from models.jobs import Job, JobQueueEntry
from tests.support.submitting import actor, panel, submit_one


def listed(who: str = "Ada", role: str = "researcher", **wanted: object) -> Page[JobRow]:
    paging = {
        key: wanted.pop(key) for key in ("sort", "descending", "number", "size") if key in wanted
    }
    with db.session(db.JOBS) as session:
        return list_jobs(
            session,
            actor=actor(who, role),
            wanted=JobFilter(**wanted),  # type: ignore[arg-type]
            **paging,  # type: ignore[arg-type]
        )


def set_status(ref: str, status: str, **columns: object) -> None:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in ({"status": status} | columns).items():
            setattr(job, name, value)
        session.add(job)


def names(page: Page[JobRow]) -> list[str]:
    return [row.name for row in page.rows]


def test_a_list_shows_ones_own_jobs_the_newest_first_and_counts_them(databases: None) -> None:
    for name in ("one", "two", "three"):
        submit_one(name)
    submit_one("bens", owner=actor("Ben"))
    page = listed(size=2)
    assert names(page) == ["three", "two"]
    assert (page.total, page.last_number) == (3, 2)
    assert names(listed(size=2, number=2)) == ["one"]
    assert names(listed(size=2, number=99)) == ["one"]
    assert listed("Aud", "auditor").total == 4
    assert names(listed("Aud", "auditor", owner_ref="ben")) == ["bens"]


def test_search_finds_every_word_anywhere_and_takes_wildcards_literally(databases: None) -> None:
    submit_one("Chromosome 20", chosen=panel("HapMap 2"))
    submit_one("100%", chosen=panel("Kenya", service_ref="s2", service_name="KEMRI"))
    assert names(listed(text="hapmap chrom")) == ["Chromosome 20"]
    assert names(listed(text="hapmap kemri")) == []
    assert names(listed(text="%")) == ["100%"]
    assert names(listed(text="kemri")) == ["100%"]


def test_filters_and_sorting_happen_in_the_database(databases: None) -> None:
    first = submit_one("b", chosen=panel("A"))
    submit_one("A", chosen=panel("B", service_ref="s2", service_name="Sanger"))
    set_status(first, "failed", created_at=datetime.now(UTC) - timedelta(days=3))
    assert names(listed(statuses=["failed"])) == ["b"]
    assert names(listed(service_ref="s2")) == ["A"]
    assert names(listed(panel_ref="p-A")) == ["b"]
    assert names(listed(created_from=datetime.now(UTC) - timedelta(days=1))) == ["A"]
    assert names(listed(created_before=datetime.now(UTC) - timedelta(days=1))) == ["b"]
    assert names(listed(sort="name", descending=False)) == ["A", "b"]
    assert names(listed(sort="name; drop table jobs")) == ["A", "b"]
    with db.session(db.JOBS) as session:
        assert services_of_jobs(session, actor=actor()) == [("s1", "ILIFU"), ("s2", "Sanger")]
        assert count_by_status(session, actor=actor()) == {"failed": 1, "waiting": 1}


def test_somebody_elses_job_does_not_exist_for_others(databases: None) -> None:
    ref = submit_one()
    with db.session(db.JOBS) as session:
        with pytest.raises(NotFound):
            job_detail(session, actor=actor("Ben"), job_ref=ref)
        with pytest.raises(NotFound):
            jobs.cancel(session, actor=actor("Ben"), job_ref=ref)
        with pytest.raises(NotAllowed):
            jobs.cancel(session, actor=actor("Ada", "viewer"), job_ref=ref)
        assert job_detail(session, actor=actor("Aud", "auditor"), job_ref=ref).row.ref == ref


def test_a_job_that_was_never_sent_is_cancelled_at_once(databases: None) -> None:
    ref = submit_one()
    with db.session(db.JOBS) as session:
        row = jobs.cancel(session, actor=actor(), job_ref=ref)
    assert (row.status, row.cancel_outcome) == ("cancelled", "confirmed")
    with db.session(db.JOBS) as session:
        assert session.exec(select(JobQueueEntry)).all() == []
        with pytest.raises(Conflict, match="it is cancelled"):
            jobs.cancel(session, actor=actor(), job_ref=ref)


def test_a_running_job_is_cancelled_by_the_worker_at_its_next_turn_which_is_now(
    databases: None,
) -> None:
    ref = submit_one()
    set_status(ref, "running", remote_id="r1")
    with db.session(db.JOBS) as session:
        entry = session.exec(select(JobQueueEntry)).one()
        entry.next_action_at = datetime.now(UTC) + timedelta(hours=1)
        session.add(entry)
    with db.session(db.JOBS) as session:
        first = jobs.cancel(session, actor=actor(), job_ref=ref)
        again = jobs.cancel(session, actor=actor(), job_ref=ref)
    assert (first.status, first.cancel_outcome) == ("cancelling", "")
    assert again.cancel_requested_at == first.cancel_requested_at
    with db.session(db.JOBS) as session:
        assert session.exec(select(JobQueueEntry)).one().next_action_at <= datetime.now(UTC)


def test_a_job_that_the_service_never_ends_can_be_given_up_and_is_looked_at_rarely(
    databases: None,
) -> None:
    ref = submit_one()
    with db.session(db.JOBS) as session, pytest.raises(Conflict):
        jobs.give_up(session, actor=actor(), job_ref=ref)
    set_status(ref, "cancelling", remote_id="r1")
    with db.session(db.JOBS) as session:
        row = jobs.give_up(session, actor=actor(), job_ref=ref)
    assert row.status == "lost"
    assert "may still go on at ILIFU" in row.status_reason
    with db.session(db.JOBS) as session:
        wait = session.exec(select(JobQueueEntry)).one().next_action_at - datetime.now(UTC)
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)


def test_a_job_that_the_service_may_not_have_leaves_the_queue_when_it_is_given_up(
    databases: None,
) -> None:
    ref = submit_one()
    set_status(ref, "submitting", remote_id="an id that was never verified")
    with db.session(db.JOBS) as session:
        row = jobs.give_up(session, actor=actor(), job_ref=ref)
    assert (row.status, row.remote_id) == ("lost", "")
    with db.session(db.JOBS) as session:
        assert session.exec(select(JobQueueEntry)).all() == []
