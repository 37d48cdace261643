"""What a run leaves is fetched once, resumed where it was cut, and verified; a failure says why."""

import gzip
import hashlib
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from app.domain import store, sweeping
from app.domain.job_outcomes import UNKNOWN_LOOKS
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry
from tests.support.small_wes import Run, SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import (
    IMPUTED,
    add_dataset,
    add_panel,
    job,
    log_text,
    submit_to,
    turn,
    until,
)
from workers import collect, jobs

CONTENT = gzip.compress(b"##fileformat=VCFv4.2\n" + random.Random(1).randbytes(5_000_000))


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.fixture
def ref(databases: None, wes: SmallWes, tmp_path: Path) -> str:
    """A job that runs at the small server."""
    ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, actor()))
    until(ref, "submitted")
    return ref


def end(wes: SmallWes, state: str = "COMPLETE") -> Run:
    run = wes.only_run()
    run.state = state
    return run


def put(ref: str, **times: datetime) -> None:
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, time in times.items():
            setattr(stored, name, time)
        session.add(stored)


def test_a_fetch_that_is_cut_goes_on_where_it_stopped_and_the_sum_is_right(
    ref: str, wes: SmallWes
) -> None:
    end(wes).files = {"imputed.vcf.gz": CONTENT}
    wes.cut_after = 3_000_000
    turn(jobs.follow)
    turn(collect.collect)
    cut = job(ref)
    assert cut.row.status == "collecting"
    assert cut.row.contact_error
    assert cut.results[0].fetched_bytes == 3_000_000
    turn(collect.collect)
    result = job(ref).results[0]
    assert job(ref).row.status == "completed"
    assert wes.ranges == ["", "bytes=3000000-"]
    assert result.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert store.path_of(result.sha256).read_bytes() == CONTENT
    assert list(store.partial_dir().iterdir()) == []


def test_a_result_that_arrives_damaged_is_fetched_anew_before_it_counts(
    ref: str, wes: SmallWes
) -> None:
    run = end(wes)
    run.files = {"imputed.vcf.gz": IMPUTED[:-8] + b"flipped!"}
    turn(jobs.follow)
    turn(collect.collect)
    damaged = job(ref)
    assert damaged.row.status == "collecting"
    assert "its checksum is wrong" in damaged.row.contact_error
    run.files = {"imputed.vcf.gz": IMPUTED}
    done = until(ref, "completed")
    assert [(result.state, result.error_message) for result in done.results] == [("fetched", "")]
    assert store.path_of(done.results[0].sha256).read_bytes() == IMPUTED


def test_a_result_that_comes_damaged_each_time_is_kept_and_marked(ref: str, wes: SmallWes) -> None:
    end(wes).files = {"imputed.vcf.gz": IMPUTED[:-10]}
    done = until(ref, "completed")
    (result,) = done.results
    assert (result.state, bool(result.file_ref)) == ("damaged", True)
    assert "its end is missing" in result.error_message
    assert "1 came damaged" in done.row.status_reason


def test_a_result_of_which_the_service_states_another_checksum_is_marked(
    ref: str, wes: SmallWes
) -> None:
    stated = hashlib.md5(b"another", usedforsecurity=False).hexdigest()
    end(wes).files = {
        "imputed.vcf.gz": IMPUTED,
        "imputed.vcf.gz.md5": f"{stated}  imputed.vcf.gz\n".encode(),
    }
    done = until(ref, "completed")
    marked = {result.name: (result.state, result.error_message) for result in done.results}
    assert marked["imputed.vcf.gz.md5"] == ("fetched", "")
    assert marked["imputed.vcf.gz"][0] == "damaged"
    assert "MD5 checksum" in marked["imputed.vcf.gz"][1]


def test_an_output_that_stays_on_the_service_s_disk_is_shown_with_its_place(
    ref: str, wes: SmallWes
) -> None:
    end(wes).local_files = ["file:///data/runs/1/imputed.vcf.gz"]
    done = until(ref, "completed")
    (result,) = done.results
    assert (result.state, result.location) == ("remote", "file:///data/runs/1/imputed.vcf.gz")
    assert "can only be had at" in done.row.status_reason


def test_outputs_that_are_no_results_are_listed_but_not_fetched(ref: str, wes: SmallWes) -> None:
    end(wes).files = {"imputed.vcf.gz": IMPUTED, "core.dump": b"x" * 1000}
    done = until(ref, "completed")
    assert {result.name: result.state for result in done.results} == {
        "imputed.vcf.gz": "fetched",
        "core.dump": "remote",
    }


def test_a_run_that_leaves_no_required_result_has_failed_and_says_what_is_missing(
    ref: str, wes: SmallWes
) -> None:
    end(wes).files = {"quality.tsv": b"r2"}
    failed = until(ref, "failed")
    assert "“*.vcf.gz”" in failed.row.error_message
    assert "quality.tsv" in failed.row.error_message
    assert [(one.name, one.state) for one in failed.results] == [("quality.tsv", "fetched")]


def test_a_failed_run_tells_its_cause_in_the_program_s_own_words(ref: str, wes: SmallWes) -> None:
    end(wes, "EXECUTOR_ERROR").stderr = "\n".join(
        [*(f"line {number}" for number in range(100)), "Error: no overlap with the panel"]
    )
    failed = until(ref, "failed")
    assert "Error: no overlap with the panel" in failed.row.error_message
    assert "line 1\n" not in failed.row.error_message
    assert failed.row.remote_state == "EXECUTOR_ERROR"
    assert "line 50" in log_text(ref)


def test_a_service_that_is_back_after_an_outage_and_has_no_file_yet_is_asked_again(
    ref: str, wes: SmallWes
) -> None:
    run = end(wes)
    turn(jobs.follow)
    fail_often(ref)
    turn(collect.collect)
    assert job(ref).row.status == "collecting"
    assert "names no output yet" in job(ref).row.contact_error
    run.files = {"imputed.vcf.gz": IMPUTED}
    wes.hands_out_nothing = True
    turn(collect.collect)
    assert [one.state for one in job(ref).results] == ["listed"]
    wes.hands_out_nothing = False
    assert until(ref, "completed").results[0].state == "fetched"


def test_a_result_that_a_service_never_hands_out_can_only_be_had_there(
    ref: str, wes: SmallWes
) -> None:
    end(wes).files = {"imputed.vcf.gz": IMPUTED}
    wes.hands_out_nothing = True
    (kept,) = until(ref, "completed").results
    assert kept.state == "remote"
    assert "does not hand it out" in kept.error_message


def fail_often(ref: str) -> None:
    """Let there have been many attempts at which the service did not answer."""
    with db.session(db.JOBS) as session:
        query = select(JobQueueEntry).join(Job, col(Job.id) == JobQueueEntry.job_id)
        session.exec(query.where(Job.ref == ref)).one().attempts = 20


def test_what_has_come_of_a_result_is_not_swept_while_its_job_waits(
    ref: str, wes: SmallWes
) -> None:
    end(wes).files = {"imputed.vcf.gz": CONTENT}
    wes.cut_after = 3_000_000
    turn(jobs.follow)
    turn(collect.collect)
    wes.is_away = True
    for path in store.partial_dir().iterdir():
        os.utime(path, (0, 0))
    turn(collect.collect)
    assert sweeping.remove_partials() == 0
    wes.is_away = False
    until(ref, "completed")
    assert wes.ranges == ["", "bytes=3000000-"]


def test_an_empty_output_is_kept_as_it_is(ref: str, wes: SmallWes) -> None:
    end(wes).files = {"imputed.vcf.gz": IMPUTED, "quality.tsv": b""}
    wes.tells_sizes = True
    results = {one.name: (one.state, one.size) for one in until(ref, "completed").results}
    assert results["quality.tsv"] == ("fetched", 0)


def test_what_tells_why_a_run_failed_is_fetched_and_the_job_has_failed_all_the_same(
    ref: str, wes: SmallWes
) -> None:
    run = end(wes, "EXECUTOR_ERROR")
    run.files = {"quality.tsv": b"call rate\t0.1\n", "imputed.vcf.gz": IMPUTED}
    failed = until(ref, "failed")
    (told,) = failed.results
    assert (told.name, told.state) == ("quality.tsv", "fetched")
    assert store.path_of(told.sha256).read_bytes() == b"call rate\t0.1\n"


def test_what_tells_why_a_run_failed_and_cannot_be_had_delays_no_failure(
    ref: str, wes: SmallWes
) -> None:
    end(wes, "EXECUTOR_ERROR").files = {"quality.tsv": b"call rate\t0.1\n" * 100}
    wes.cut_after = 200
    turn(jobs.follow)
    turn(collect.collect)
    failed = job(ref)
    assert (failed.row.status, failed.results[0].state) == ("failed", "remote")
    assert "It could not be fetched" in failed.results[0].error_message
    assert list(store.partial_dir().iterdir()) == []


def test_a_run_that_is_forgotten_when_its_results_are_deleted_ends_and_says_what_is_lost(
    ref: str, wes: SmallWes
) -> None:
    end(wes)
    turn(jobs.follow)
    wes.forgets = True
    put(ref, submitted_at=now() - timedelta(days=9))
    for _ in range(UNKNOWN_LOOKS + 1):
        turn(collect.collect)
    assert (job(ref).row.status, job(ref).row.held_reason) == ("collecting", "unknown_run")
    put(ref, results_expire_at=now() - timedelta(days=1))
    turn(collect.collect)
    gone = job(ref).row
    assert (gone.status, gone.held_reason) == ("failed", "")
    assert "deleted its results on" in gone.error_message


def test_a_full_disk_holds_the_results_until_there_is_room(
    ref: str, wes: SmallWes, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(wes).files = {"imputed.vcf.gz": IMPUTED}
    turn(jobs.follow)
    monkeypatch.setenv("FGIP_FREE_DISK_FLOOR_BYTES", str(2**60))
    from app.config import settings

    settings.cache_clear()
    turn(collect.collect)
    held = job(ref).row
    monkeypatch.undo()
    settings.cache_clear()
    assert (held.status, held.held_reason) == ("collecting", "no_room")
    turn(collect.collect)
    assert job(ref).row.status == "completed"
