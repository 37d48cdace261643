"""Workers share the work without a leader, and what a dead one held goes on without it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, JobStatusChange
from models.monitoring import Heartbeat
from tests.support.processes import ROOT
from tests.support.small_wes import small_wes
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, submit_to

PATIENCE = 120.0
# One worker sends at most 16 jobs at a time, so that two have to share these.
JOBS = 20
# Two beats and a half: a worker that is silent for longer is gone.
SILENCE = timedelta(seconds=25)


@pytest.fixture
def workers(databases: None, data_dir: Path, tmp_path: Path) -> Iterator[list[subprocess.Popen]]:
    """Two workers as on two machines with one store: neither sees whether the other's lock is held.

    So each knows of the other's death by the end of its leases alone.
    """
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (data_dir / "store").mkdir(exist_ok=True)
    (elsewhere / "store").symlink_to(data_dir / "store")
    started = [start(data_dir), start(elsewhere)]
    yield started
    for worker in started:
        worker.kill()
        worker.wait()


def start(folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "workers"],
        cwd=ROOT,
        env={**os.environ, "FGIP_DATA_DIR": str(folder)},
    )


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.1)


def process_of(worker: str) -> int:
    """A worker is called HOST-PID-RANDOM, and its claims WORKER:RANDOM."""
    return int(worker.partition(":")[0].split("-")[-2])


def alive() -> set[int]:
    """The workers that have given a sign of life of late."""
    with db.session(db.MONITORING) as session:
        recent = session.exec(
            select(Heartbeat.process).where(col(Heartbeat.beat_at) > now() - SILENCE)
        )
        return {process_of(worker) for worker in recent}


def leases_of(process_id: int) -> dict[int, datetime]:
    """The jobs that a worker holds, and until when."""
    with db.session(db.JOBS) as session:
        held = session.exec(select(JobQueueEntry).where(JobQueueEntry.lease_owner != "")).all()
    return {
        entry.job_id: entry.lease_until
        for entry in held
        if entry.lease_until and process_of(entry.lease_owner) == process_id
    }


def statuses() -> list[str]:
    with db.session(db.JOBS) as session:
        return list(session.exec(select(Job.status)))


def submitted_at() -> dict[int, tuple[datetime, str]]:
    """When each job was known to be at its service, and how that was known."""
    with db.session(db.JOBS) as session:
        changes = session.exec(
            select(JobStatusChange).where(
                JobStatusChange.from_status == "submitting",
                JobStatusChange.to_status == "submitted",
            )
        ).all()
    return {change.job_id: (change.at, change.reason) for change in changes}


def test_what_a_worker_held_when_it_died_is_taken_over_once_its_leases_have_ended(
    workers: list[subprocess.Popen], tmp_path: Path
) -> None:
    first, second = workers
    wait_for(lambda: alive() == {first.pid, second.pid})
    with small_wes() as wes:
        wes.answers.clear()
        panel, dataset = add_panel(wes.base_url), add_dataset(tmp_path, actor())
        for number in range(JOBS):
            submit_to(panel, dataset, name=f"Run {number}")
        wait_for(lambda: len(wes.runs) == JOBS)
        assert leases_of(second.pid)

        first.kill()
        first.wait()
        left = leases_of(first.pid)
        assert left
        wes.answers.set()
        wait_for(lambda: set(statuses()) == {"submitted"})
        assert wes.posts == JOBS
    known = submitted_at()
    for job_id, lease_until in left.items():
        at, reason = known[job_id]
        assert lease_until <= at
        assert reason.startswith("Found at the service")
    wait_for(lambda: alive() == {second.pid})
