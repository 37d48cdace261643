"""A submission makes a job for each panel, once, and refuses what could not run."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import func, select

from app.domain import submissions
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.job_details import job_detail
from app.domain.submissions import ChosenDataset, SubmissionRow
from models import db
from models.jobs import Job, JobQueueEntry, Submission
from tests.support.submitting import DATASET, RECIPE, actor, panel

KEY = "0123456789abcdef"


def submit(**changes: Any) -> SubmissionRow:
    given: dict[str, Any] = {
        "actor": actor(),
        "name": "Run",
        "dataset": DATASET,
        "panels": [panel("A"), panel("B", service_ref="s2", service_name="Sanger")],
        "parameters": {"window": "7"},
        "idempotency_key": KEY,
        "access": {},
    }
    with db.session(db.JOBS) as session:
        return submissions.submit(session, **(given | changes))


def test_one_dataset_to_two_panels_makes_two_waiting_jobs_that_are_due(databases: None) -> None:
    row = submit()
    with db.session(db.JOBS) as session:
        detail = submissions.submission_detail(session, actor=actor(), submission_ref=row.ref)
        assert [job.panel_name for job in detail.jobs] == ["A", "B"]
        assert {job.status for job in detail.jobs} == {"waiting"}
        assert session.exec(select(func.count()).select_from(JobQueueEntry)).one() == 2
        one = job_detail(session, actor=actor(), job_ref=detail.jobs[0].ref)
        stored = session.exec(select(Job)).first()
    assert one.parameters == [("window", 7)]
    assert [change.to_status for change in one.history] == ["waiting"]
    assert one.history[0].actor == "Ada"
    assert stored is not None
    assert stored.panel_snapshot["recipe"] == RECIPE
    assert stored.panel_snapshot["country"] == "ZA"


def test_the_same_form_sent_twice_at_once_makes_one_submission(databases: None) -> None:
    start = Barrier(2)

    def send(_: int) -> str:
        start.wait()
        return submit().ref

    with ThreadPoolExecutor(2) as pool:
        refs = set(pool.map(send, range(2)))
    refs.add(submit().ref)
    assert len(refs) == 1
    with db.session(db.JOBS) as session:
        assert session.exec(select(func.count()).select_from(Submission)).one() == 1
        assert session.exec(select(func.count()).select_from(Job)).one() == 2


def test_two_people_may_happen_to_use_the_same_key(databases: None) -> None:
    assert submit().ref != submit(actor=actor("Ben")).ref


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dataset": ChosenDataset("d1", "Cohort", 0)}, "no files"),
        ({"dataset": ChosenDataset("d1", "Cohort", 22)}, "one file at a time"),
        ({"panels": []}, "at least one panel"),
        ({"panels": [panel("A"), panel("A")]}, "twice"),
        ({"panels": [panel("A", retired_at=datetime.now(UTC))]}, "retired"),
        ({"panels": [panel("A", is_active=False)]}, "panel is not in use"),
        ({"panels": [panel("A", service_is_active=False)]}, "is not in use"),
        ({"panels": [panel("A", has_recipe=False)]}, "no recipe"),
        ({"parameters": {"windows": 1}}, "windows"),
        ({"parameters": {"window": 0}}, "at least 1"),
        ({"idempotency_key": ""}, "Reload"),
    ],
)
def test_what_could_not_run_is_refused_and_leaves_nothing(
    databases: None, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        submit(**change)
    with db.session(db.JOBS) as session:
        assert session.exec(select(func.count()).select_from(Submission)).one() == 0


def test_a_viewer_may_not_submit_and_nobody_sees_somebody_elses_submission(databases: None) -> None:
    with pytest.raises(NotAllowed):
        submit(actor=actor("Vic", "viewer"))
    row = submit()
    with db.session(db.JOBS) as session, pytest.raises(NotFound):
        submissions.submission_detail(session, actor=actor("Ben"), submission_ref=row.ref)


def test_a_choice_is_shown_as_people_call_it(databases: None) -> None:
    phasing = {
        "name": "phasing",
        "label": "Phasing",
        "kind": "choice",
        "choices": ["eagle", "no_phasing"],
        "labels": {"no_phasing": "Already phased"},
    }
    recipe = RECIPE | {"parameters": [phasing], "workflow_params": {"target": "${input}"}}
    row = submit(panels=[panel("A", recipe=recipe)], parameters={"phasing": "no_phasing"})
    with db.session(db.JOBS) as session:
        detail = submissions.submission_detail(session, actor=actor(), submission_ref=row.ref)
        one = job_detail(session, actor=actor(), job_ref=detail.jobs[0].ref)
    assert one.parameters == [("Phasing", "Already phased")]
