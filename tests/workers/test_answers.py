"""Where a service cannot tell whether it took a run, its owner does, and the platform verifies."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.domain import job_answers, jobs
from app.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from app.domain.job_answers import Question
from models import db
from models.base import now
from models.jobs import JobQueueEntry, JobsOutbox
from tests.support.small_wes import Run, SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import (
    IMPUTED,
    add_dataset,
    add_panel,
    age_history,
    job,
    submit_to,
    turn,
    until,
)
from workers import submit


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    """A server that takes the run, loses the answer, and keeps no tags."""
    with small_wes() as server:
        server.hangs_up_after_taking, server.keeps_tags = True, False
        yield server


@pytest.fixture
def panel(databases: None, wes: SmallWes) -> str:
    return add_panel(wes.base_url)


@pytest.fixture
def ref(panel: str, wes: SmallWes, tmp_path: Path) -> str:
    """A job that asks its owner."""
    return asking(submit_to(panel, add_dataset(tmp_path, actor())), wes)


def asking(ref: str, wes: SmallWes) -> str:
    wes.hangs_up_after_taking = True
    for _ in range(6):
        if job(ref).row.held_reason:
            break
        turn()
        age_history(3600)
    assert job(ref).row.held_reason == "answer_lost"
    wes.hangs_up_after_taking = False
    return ref


def question(ref: str) -> Question:
    asked = job(ref).question
    assert asked is not None
    return asked


def say_it_is(ref: str, remote_id: str, who: str = "Ada") -> None:
    with db.session(db.JOBS) as session:
        job_answers.confirm_run(session, actor=actor(who), job_ref=ref, remote_id=remote_id)


def say_it_is_not_there(ref: str) -> None:
    with db.session(db.JOBS) as session:
        job_answers.not_there(session, actor=actor(), job_ref=ref)


def told() -> list[str]:
    with db.session(db.JOBS) as session:
        rows = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "notification"))
        return [row.payload["topic"] for row in rows]


def test_the_question_comes_with_its_evidence_and_is_asked_once(ref: str, wes: SmallWes) -> None:
    for _ in range(4):
        turn()
    asked = question(ref)
    assert "the answer was lost" in asked.explanation
    assert "The service shows no tags of its runs" in asked.explanation
    assert (asked.tag, asked.job_ref) == ("job_ref", ref)
    assert asked.workflow == "https://workflows.example/impute.cwl"
    assert asked.trouble == ""
    assert told() == ["job.held"]
    assert wes.posts == 1


def test_a_run_that_its_owner_found_is_verified_and_adopted(ref: str, wes: SmallWes) -> None:
    run = wes.only_run()
    say_it_is(ref, f" {run.run_id} ")
    assert (job(ref).row.status, question(ref).checking) == ("submitting", run.run_id)
    turn(submit.send)
    adopted = job(ref)
    assert (adopted.row.status, adopted.row.remote_id) == ("submitted", run.run_id)
    assert (adopted.row.held_reason, adopted.question) == ("", None)
    assert [change.actor for change in adopted.history if change.actor != "worker"][-1] == "Ada"
    run.state, run.files = "COMPLETE", {"imputed.vcf.gz": IMPUTED}
    until(ref, "completed")
    assert wes.posts == 1


def test_a_wrong_id_comes_back_with_the_reason_and_the_question_stays(
    ref: str, wes: SmallWes
) -> None:
    say_it_is(ref, "another-run")
    turn(submit.send)
    asked = question(ref)
    assert (asked.checking, job(ref).row.status) == ("", "submitting")
    assert "another-run is not this run" in asked.trouble
    turn()
    assert "another-run is not this run" in question(ref).trouble
    say_it_is(ref, wes.only_run().run_id)
    turn(submit.send)
    assert job(ref).row.status == "submitted"
    assert told() == ["job.held"]


def test_a_run_with_another_jobs_tag_is_not_adopted(ref: str, wes: SmallWes) -> None:
    wes.runs["theirs"] = Run("theirs", {"job_ref": "another job"}, {}, {})
    say_it_is(ref, "theirs")
    wes.keeps_tags = True
    turn(submit.send)
    assert "carries the id of another job" in question(ref).trouble


def test_an_id_is_checked_when_the_service_is_back_and_not_believed_before(
    ref: str, wes: SmallWes
) -> None:
    say_it_is(ref, wes.only_run().run_id)
    wes.is_away = True
    for _ in range(4):
        turn()
    waiting = question(ref)
    assert waiting.checking
    assert waiting.trouble
    with pytest.raises(Conflict, match="is being asked"):
        say_it_is_not_there(ref)
    wes.is_away = False
    turn(submit.send)
    assert job(ref).row.status == "submitted"


def test_a_service_that_fails_over_an_id_does_not_keep_the_question_for_ever(
    ref: str, wes: SmallWes
) -> None:
    say_it_is(ref, "strange")
    wes.stumbles_over = "strange"
    for _ in range(3):
        turn()
    asked = question(ref)
    assert asked.checking == ""
    assert "strange is not this run" in asked.trouble


def test_a_run_of_another_job_is_refused(
    ref: str, panel: str, wes: SmallWes, tmp_path: Path
) -> None:
    say_it_is(ref, wes.only_run().run_id)
    other = asking(submit_to(panel, add_dataset(tmp_path, actor())), wes)
    with pytest.raises(Conflict, match="belongs to another job"):
        say_it_is(other, job(ref).row.remote_id)
    assert question(other).checking == ""


def test_a_run_that_is_not_there_is_sent_again_once_and_the_history_names_who_said_so(
    ref: str, wes: SmallWes
) -> None:
    wes.runs.clear()
    say_it_is_not_there(ref)
    with pytest.raises(Conflict, match="does not ask this any more"):
        say_it_is_not_there(ref)
    until(ref, "submitted")
    assert wes.posts == 2
    (said,) = [change for change in job(ref).history if change.actor == "Ada"][1:]
    assert "Ada did not find the run" in said.reason
    with db.session(db.JOBS) as session:
        audited = session.exec(select(JobsOutbox).where(JobsOutbox.topic == "audit")).all()
    assert audited[-1].payload["action"] == "job.send_again"


def test_a_cancelled_job_whose_run_is_not_there_is_cancelled(ref: str, wes: SmallWes) -> None:
    with db.session(db.JOBS) as session:
        jobs.cancel(session, actor=actor(), job_ref=ref)
    turn()
    assert question(ref).is_cancelled
    say_it_is_not_there(ref)
    assert (job(ref).row.status, wes.posts) == ("cancelled", 1)


def test_the_question_can_be_ended_by_giving_the_job_up(ref: str) -> None:
    with db.session(db.JOBS) as session:
        jobs.give_up(session, actor=actor(), job_ref=ref)
    assert (job(ref).row.status, job(ref).question) == ("lost", None)


def test_only_its_owner_answers(ref: str) -> None:
    with db.session(db.JOBS) as session:
        with pytest.raises(NotFound):
            job_answers.confirm_run(session, actor=actor("Eve"), job_ref=ref, remote_id="r")
        with pytest.raises(NotFound):
            job_answers.not_there(session, actor=actor("Eve"), job_ref=ref)
        with pytest.raises(NotAllowed):
            job_answers.not_there(session, actor=actor("Ada", "viewer"), job_ref=ref)


@pytest.mark.parametrize("remote_id", ["", "  ", "two words", "x" * 301, "line\nbreak"])
def test_what_cannot_be_an_id_is_refused(ref: str, remote_id: str) -> None:
    with pytest.raises(Invalid, match="in one word"):
        say_it_is(ref, remote_id)


def test_a_service_that_learns_to_tell_answers_the_question_itself(ref: str, wes: SmallWes) -> None:
    wes.keeps_tags = True
    turn(submit.send)
    found = job(ref).row
    assert (found.status, found.remote_id) == ("submitted", wes.only_run().run_id)
    assert (found.held_reason, wes.posts) == ("", 1)


def test_a_service_that_keeps_tags_only_from_now_on_loses_no_question(
    ref: str, wes: SmallWes
) -> None:
    wes.only_run().tags = {}
    wes.keeps_tags = True
    for _ in range(3):
        turn()
        age_history(3600)
    assert job(ref).row.held_reason == "answer_lost"
    assert wes.posts == 1


@pytest.mark.parametrize("trouble", [401, 500, 503])
def test_another_trouble_does_not_replace_the_question(
    ref: str, wes: SmallWes, trouble: int
) -> None:
    wes.fails_with = trouble
    for _ in range(3):
        turn()
    assert question(ref).trouble
    assert job(ref).row.held_reason == "answer_lost"
    wes.fails_with = 0
    turn()
    assert (told(), wes.posts) == (["job.held"], 1)


def test_a_worker_that_is_asking_at_this_moment_is_waited_for(ref: str) -> None:
    with db.session(db.JOBS) as session:
        entry = session.exec(select(JobQueueEntry)).one()
        entry.lease_owner, entry.lease_until = "w:1", now() + timedelta(seconds=30)
        session.add(entry)
    with pytest.raises(Conflict, match="is being asked"):
        say_it_is_not_there(ref)
    assert job(ref).row.status == "submitting"
