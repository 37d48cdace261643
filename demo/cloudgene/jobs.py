"""All jobs of the simulated server: kept in a folder each, worked off a few at a time.

WAITING -> RUNNING -> EXPORTING -> SUCCESS
                   -> FAILED
WAITING, RUNNING -> CANCELED
what a stopped server leaves unfinished -> DEAD -> WAITING (restart)
"""

import hashlib
import secrets
import shutil
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from demo.cloudgene.record import (
    UNFINISHED,
    Download,
    Interrupted,
    Job,
    PipelineFailed,
    Record,
    State,
    now,
)
from demo.cloudgene.settings import Settings


class Jobs:
    """Jobs in memory and on disk, and the queue of those that have not ended."""

    def __init__(self, settings: Settings, work: Callable[[Job], None]) -> None:
        self._settings, self._work = settings, work
        self._folder = Path(settings.data) / "jobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._queue: list[Job] = []
        # How often a user had no slot, and the most jobs that each user had in the queue at once.
        self.refusals = 0
        self.most: Counter[str] = Counter()
        self._priority = 0
        self.blocked = self._closing = False
        self._load()
        self._threads = [
            threading.Thread(target=self._run_jobs, name=f"job {n}", daemon=True)
            for n in range(settings.jobs_at_once)
        ]
        for thread in self._threads:
            thread.start()

    def _load(self) -> None:
        """Read what an earlier server has left; over what it had not finished control is lost."""
        for path in sorted(self._folder.glob("*/job.json")):
            job = Job.load(path.parent)
            self._jobs[job.record.id] = job
            if job.record.state in UNFINISHED:
                self._die(job)

    def submit(
        self,
        *,
        username: str,
        user_agent: str,
        values: dict[str, str],
        files: Mapping[str, Mapping[str, BinaryIO]],
    ) -> Job:
        """Queue a new job. `files` maps parameters to their files by name."""
        record = Record(
            id=self._new_id(),
            name="",
            username=username,
            user_agent=user_agent,
            values=values,
            output_hash=_hash(),
            logs_hash=_hash(),
        )
        record.name = values.get("job-name", "").strip() or record.id
        job = Job(record, self._folder / record.id)
        for folder in (job.input, job.output, job.logs):
            folder.mkdir()
        for parameter, named in files.items():
            for name, content in named.items():
                # Both names are the client's: neither leads out of the job's folder.
                folder = job.input / Path(parameter).name
                folder.mkdir(exist_ok=True)
                with (folder / (Path(name).name or "file")).open("wb") as copy:
                    shutil.copyfileobj(content, copy)
        self._enqueue(job)
        return job

    def _new_id(self) -> str:
        """Return an id of Cloudgene's kind: the time to the millisecond."""
        with self._changed:
            while True:
                seconds, milliseconds = divmod(now(), 1000)
                stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(seconds))
                path = self._folder / f"job-{stamp}-{milliseconds:03d}"
                if not path.exists():
                    path.mkdir()
                    return path.name
                time.sleep(0.001)

    def _enqueue(self, job: Job) -> None:
        job.record.state, job.record.submitted_on = State.WAITING, now()
        job.record.start_time = job.record.end_time = 0
        job.save()
        with self._changed:
            self._priority += 1
            job.priority = self._priority
            self._jobs[job.record.id] = job
            self._queue.append(job)
            theirs = sum(one.record.username == job.record.username for one in self._queue)
            self.most[job.record.username] = max(self.most[job.record.username], theirs)
            self._changed.notify_all()

    def get(self, job_id: str) -> Job | None:
        """Return a job, None where there is none (any more)."""
        job = self._jobs.get(job_id)
        return None if job is None or job.record.state == State.DELETED else job

    def all(self) -> list[Job]:
        """Return all jobs that are not deleted, newest first."""
        kept = [job for job in self._jobs.values() if job.record.state != State.DELETED]
        return sorted(kept, key=lambda job: job.record.id, reverse=True)

    def queued(self) -> list[Job]:
        """Return the jobs that wait or run."""
        with self._changed:
            return list(self._queue)

    def position(self, job: Job) -> int:
        """Return how many waiting jobs are before this one, -1 where it is not in the queue."""
        with self._changed:
            if job not in self._queue:
                return -1
            waiting = sorted(self._waiting(), key=lambda one: one.priority)
            return waiting.index(job) if job in waiting else 0

    def prefer(self, job: Job) -> None:
        """Let a waiting job be the next."""
        with self._changed:
            job.priority = 0

    def cancel(self, job: Job) -> None:
        """Stop a job that waits or runs; nothing happens to others."""
        with self._changed:
            if job not in self._queue or job.record.state not in UNFINISHED:
                return
            job.log("Canceled by user.")
            if job.record.state == State.WAITING:
                self._queue.remove(job)
            job.interrupt(State.CANCELED)
            job.record.end_time = now()
            job.save()

    def kill(self, job: Job) -> None:
        """Lose control over a job that waits or runs, as a stop of the server does."""
        with self._changed:
            if job not in self._queue or job.record.state not in UNFINISHED:
                return
            if job.record.state == State.WAITING:
                self._queue.remove(job)
            job.interrupt(State.DEAD)
            self._die(job)
            self._changed.wait_for(lambda: job not in self._queue, timeout=10)

    def restart(self, job: Job) -> None:
        """Queue a dead job again; ValueError where it is not dead."""
        with self._changed:
            if job.record.state != State.DEAD or job in self._queue:
                raise ValueError(f"Job {job.record.id} is not pending.")
            job.begin_anew()
        shutil.rmtree(job.output, ignore_errors=True)
        job.output.mkdir()
        self._enqueue(job)

    def remove_files(self, job: Job, state: State) -> None:
        """Delete everything but the record, as retiring (7) and deleting (10) do."""
        with self._changed:
            for folder in (job.input, job.output, job.logs, job.folder / "work"):
                shutil.rmtree(folder, ignore_errors=True)
            job.record.state = state
            job.save()

    def set_blocked(self, blocked: bool) -> None:
        """Hold the queue, or let it go on; jobs that run are not concerned."""
        with self._changed:
            self.blocked = blocked
            self._changed.notify_all()

    def close(self) -> None:
        """Stop everything that is at work."""
        with self._changed:
            self._closing = True
            for job in self._queue:
                job.interrupt()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _waiting(self) -> list[Job]:
        return [job for job in self._queue if job.record.state == State.WAITING]

    def _die(self, job: Job) -> None:
        """Keep what Cloudgene's database has of such a job: no steps, no files."""
        job.log(f"lost control over job {job.record.id} -> Dead")
        job.record.state = State.DEAD
        job.record.steps, job.record.output, job.record.logs = [], [], []
        job.save()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._closing:
                waiting = [] if self.blocked else self._waiting()
                if waiting:
                    job = min(waiting, key=lambda one: one.priority)
                    job.enter(State.RUNNING)
                    job.record.start_time = now()
                    return job
                self._changed.wait()
        return None

    def _run_jobs(self) -> None:
        while (job := self._next()) is not None:
            job.save()
            job.log("Executing Job....")
            failed = False
            try:
                self._work(job)
                job.log("Job Execution successful.")
            except Interrupted:
                failed = True
            except PipelineFailed:
                failed = True
                job.log("Job Execution failed.")
            except Exception:
                failed = True
                job.log(f"Job Execution failed: {traceback.format_exc()}")
            self._end(job, failed=failed)

    def _end(self, job: Job, *, failed: bool) -> None:
        record = job.record
        if self._closing and job.interrupted and record.state in UNFINISHED:
            return  # found unfinished, and dead, at the next start
        with self._changed:
            if record.state != State.DEAD:
                record.output = _downloads(job.output, self._settings.max_downloads)
                record.logs = _downloads(job.logs, -1)
                if record.state != State.CANCELED:
                    record.state = State.FAILED if failed else State.SUCCESS
                record.end_time = now()
                job.save()
            self._queue.remove(job)
            self._changed.notify_all()


def _downloads(folder: Path, count: int) -> list[Download]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        Download(path.relative_to(folder).as_posix(), _hash(), count, path.stat().st_size)
        for path in files
    ]


def _hash() -> str:
    return hashlib.sha256(secrets.token_bytes(32)).hexdigest()
