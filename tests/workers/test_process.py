"""The worker process starts, shows that it lives, carries a job through, and ends when asked."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from models import db
from models.monitoring import Heartbeat
from models.notifications import Notification
from tests.support.small_wes import small_wes
from tests.support.submitting import actor
from tests.support.working import IMPUTED, add_dataset, add_panel, job, submit_to

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "workers"],
        cwd=ROOT,
        env={**os.environ, "FGIP_POLL_INTERVAL_SECONDS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def worker(databases: None) -> Iterator[subprocess.Popen[str]]:
    process = start()
    yield process
    process.kill()
    process.communicate()


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.1)


def beats() -> int:
    with db.session(db.MONITORING) as session:
        return len(session.exec(select(Heartbeat).where(Heartbeat.kind == "worker")).all())


def told() -> list[str]:
    with db.session(db.NOTIFICATIONS) as session:
        return list(session.exec(select(Notification.title)))


def test_a_job_is_carried_from_the_form_to_its_result_and_its_owner_is_told(
    worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    with small_wes() as wes:
        ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, actor()))
        wait_for(lambda: job(ref).row.status == "submitted")
        run = wes.only_run()
        run.files, run.state = {"imputed.vcf.gz": IMPUTED}, "COMPLETE"
        wait_for(lambda: job(ref).row.status == "completed")
        wait_for(lambda: len(told()) == 1)
    assert told()[0].startswith("Completed: Run on ")
    assert beats() == 1


def test_a_worker_killed_while_it_submits_leaves_one_run_that_the_next_worker_adopts(
    worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    with small_wes() as wes:
        wes.answers.clear()
        ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, actor()))
        wait_for(lambda: len(wes.runs) == 1)
        worker.kill()
        worker.wait()
        wes.answers.set()
        # Its lease has most of its time before it; its death is known by its lock.
        second = start()
        try:
            wait_for(lambda: job(ref).row.status == "submitted")
        finally:
            second.kill()
            second.communicate()
        assert job(ref).row.remote_id == wes.only_run().run_id
        assert wes.posts == 1


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_cleanly_when_it_is_asked_to(
    worker: subprocess.Popen[str], wish: signal.Signals
) -> None:
    wait_for(lambda: beats() == 1)
    worker.send_signal(wish)
    output, _ = worker.communicate(timeout=15)
    assert worker.returncode == 0
    assert "worker stopped" in output
    assert "Traceback" not in output


def test_a_worker_without_a_database_waits_for_it_and_says_so_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "workers"],
        cwd=ROOT,
        env={
            **os.environ,
            "FGIP_DATA_DIR": str(tmp_path),
            "FGIP_DATABASE_URL": f"postgresql://nobody@?host={tmp_path}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=6)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    said = [line for line in output.splitlines() if "job_processing_db" in line]
    assert len(said) == 1, output
    assert "is away" in said[0]
    assert "Traceback" not in output
