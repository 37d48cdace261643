"""A job is submitted again elsewhere, and both jobs know of each other."""

import pytest
from sqlmodel import func, select

from app.domain.errors import NotAllowed, NotFound
from app.domain.job_details import JobDetail, job_detail
from app.domain.job_queries import JobRow
from app.domain.resubmissions import Template, may_resubmit, resubmit, template_of
from models import db
from models.base import now
from models.jobs import Job
from tests.support.submitting import DATASET, actor, panel, submit_one

ELSEWHERE = panel("Elsewhere", service_ref="s2", service_name="KEMRI")


@pytest.fixture(autouse=True)
def _databases(databases: None) -> None:
    """Every test needs them."""


def put(ref: str, **columns: object) -> str:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in columns.items():
            setattr(job, name, value)
        session.add(job)
    return ref


def again(ref: str, *, ends_first: bool = False, key: str = "first-form", who: str = "Ada") -> None:
    with db.session(db.JOBS) as session:
        resubmit(
            session,
            actor=actor(who),
            job_ref=ref,
            ends_first=ends_first,
            name="Again",
            dataset=DATASET,
            panels=[ELSEWHERE],
            parameters={"window": 7},
            idempotency_key=key,
            access={},
        )


def detail(ref: str) -> JobDetail:
    with db.session(db.JOBS) as session:
        return job_detail(session, actor=actor(), job_ref=ref)


def template(ref: str, who: str = "Ada", role: str = "researcher") -> Template:
    with db.session(db.JOBS) as session:
        return template_of(session, actor=actor(who, role), job_ref=ref)


def test_both_jobs_lead_to_each_other_and_the_history_says_so() -> None:
    first = put(submit_one("First"), status="failed")
    again(first)
    (made,) = detail(first).again
    assert (made.name, made.service_name, made.status) == ("Again", "KEMRI", "waiting")
    back = detail(made.ref).first
    assert back is not None
    assert (back.ref, back.service_name) == (first, "ILIFU")
    assert detail(first).first is None
    told = detail(first).history[-1]
    assert (told.reason, told.actor) == ("Submitted again, to Elsewhere at KEMRI", "Ada")


def test_the_same_form_twice_submits_once_and_is_told_once() -> None:
    first = put(submit_one(), status="failed")
    again(first)
    again(first)
    with db.session(db.JOBS) as session:
        assert session.exec(select(func.count()).select_from(Job)).one() == 2
    assert [row.reason for row in detail(first).history].count(
        "Submitted again, to Elsewhere at KEMRI"
    ) == 1


@pytest.mark.parametrize(
    ("before", "after"), [("running", "lost"), ("queued", "cancelled"), ("failed", "failed")]
)
def test_the_first_job_is_ended_with_it_if_wished(before: str, after: str) -> None:
    first = put(submit_one(), status=before, remote_id="r1")
    again(first, ends_first=True)
    again(first, ends_first=True)
    assert detail(first).row.status == after


def test_the_first_job_goes_on_unless_wished() -> None:
    first = put(submit_one(), status="running", remote_id="r1")
    again(first)
    assert detail(first).row.status == "running"


def test_a_form_takes_over_the_dataset_and_the_parameters() -> None:
    taken = template(put(submit_one("First"), status="running"))
    assert (taken.dataset_ref, taken.parameters) == ("d1", {"window": 5})
    assert (taken.service_name, taken.is_open) == ("ILIFU", True)
    assert not template(put(submit_one(), status="lost")).is_open


def test_nobody_elses_job_is_submitted_again() -> None:
    first = put(submit_one(), status="failed")
    with pytest.raises(NotFound):
        template(first, "Eve")
    with pytest.raises(NotFound):
        again(first, who="Eve")
    with pytest.raises(NotAllowed):
        template(first, role="viewer")


def row(**columns: object) -> JobRow:
    return detail(put(submit_one(), **columns)).row


def test_it_is_offered_where_a_job_ended_in_vain_or_is_hindered() -> None:
    for status in ("failed", "cancelled", "lost"):
        assert may_resubmit(row(status=status))
    for trouble in ({"stalled_at": now()}, {"contact_error": "away"}, {"held_reason": "h"}):
        assert may_resubmit(row(status="running", **trouble))
        assert not may_resubmit(row(status="completed", **trouble))
    assert may_resubmit(row(status="queued", contact_error="away"))
    assert not may_resubmit(row(status="running"))
