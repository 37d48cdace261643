"""Killing workers: at random moments, and aimed at the moments that matter most."""

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from select import select as select_files
from threading import Thread
from typing import Any

import psycopg2
from sqlalchemy import make_url
from sqlmodel import col, select

from models import db
from models.jobs import Job, JobQueueEntry
from tests.chaos.crew import Crew, Worker
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Plan
from tests.chaos.postgres import MODES, Database


@dataclass(frozen=True)
class Aim:
    """Kill the worker that holds a job of these statuses; or then, when a run comes into being."""

    weight: int
    statuses: tuple[str, ...]
    waits_for_run: bool = False


AIMS = (
    Aim(2, ("submitting",)),
    # The service has the run, and nobody else knows.
    Aim(2, ("submitting",), waits_for_run=True),
    Aim(3, ("collecting",)),
    Aim(1, ("submitted", "running")),
    Aim(1, ("waiting", "queued")),
)
AIMED = 0.65
STARTING = 0.08
AIM_SECONDS = 6.0
# From the moment that a job is seen in a phase: before, in and after what the phase does.
LONGEST_TREMOR = 0.12
RUN_SECONDS = 1.0
UP_SECONDS = 30.0
LONGEST_LIFE = 2.5
LONGEST_AWAY = 3.0
STALL_SECONDS = 180.0


class Killer:
    """Kills workers and restarts PostgreSQL, as a seed decides."""

    def __init__(
        self, crew: Crew, database: Database, ledger: Ledger, plan: Plan, *, runs: Path
    ) -> None:
        self._runs = runs
        self._crew, self._database, self._ledger, self._plan = crew, database, ledger, plan
        self._random = random.Random(plan.seed)
        self._restarts: list[Thread] = []
        self._bell = Bell()

    def run(self) -> None:
        """Do all kills and restarts, no faster than the submissions come."""
        every = self._plan.kills / max(1, self._plan.restarts)
        restarts_at = [int((number + 0.5) * every) for number in range(self._plan.restarts)]
        for number in range(self._plan.kills):
            for _ in range(restarts_at.count(number)):
                self._restart()
            if not self._wait_for_submissions(number):
                self._ledger.is_cut_short.set()
                break
            self._kill_one()
        for thread in self._restarts:
            thread.join()

    def _wait_for_submissions(self, number: int) -> bool:
        """Let the submissions come up; false where none comes, because no job gets on."""
        deadline = time.monotonic() + STALL_SECONDS
        while self._is_ahead(number) and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self._is_ahead(number)

    def _is_ahead(self, number: int) -> bool:
        share = self._ledger.submitted / self._plan.submissions
        return number / self._plan.kills > share + 0.05

    def _kill_one(self) -> None:
        chance = self._random.random()
        if chance < STARTING:
            time.sleep(self._random.uniform(0.0, 1.0))
            victim = self._random.choice(self._wait_for_any())
        elif chance < STARTING + AIMED:
            (aim,) = self._random.choices(AIMS, [aim.weight for aim in AIMS])
            victim = self._holder(aim) or self._anyone()
        else:
            victim = self._anyone()
            time.sleep(self._random.uniform(0.0, LONGEST_LIFE))
        self._kill(victim)

    def _wait_for_any(self) -> list[Worker]:
        while not (alive := self._crew.alive):
            time.sleep(0.01)
        return alive

    def _anyone(self) -> Worker:
        """Any worker that has come up."""
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline:
            if up := [one for one in self._crew.alive if one.is_up]:
                return self._random.choice(up)
            time.sleep(0.02)
        raise AssertionError(f"no worker came up within {UP_SECONDS:g} s: see {self._crew.logs}")

    def _holder(self, aim: Aim) -> Worker | None:
        """The worker that is at what is aimed at, as soon as one is."""
        runs = self._count_runs()
        deadline = time.monotonic() + AIM_SECONDS
        while time.monotonic() < deadline:
            held = {pid for pid, status in held_jobs() or () if status in aim.statuses}
            if holders := [one for one in self._crew.alive if one.pid in held]:
                if aim.waits_for_run:
                    self._wait_for_run(runs)
                else:
                    time.sleep(self._random.uniform(0.0, LONGEST_TREMOR))
                return holders[0]
            runs = self._count_runs()
            self._bell.wait(0.2)
        return None

    def _wait_for_run(self, known: int) -> None:
        deadline = time.monotonic() + RUN_SECONDS
        while self._count_runs() == known and time.monotonic() < deadline:
            time.sleep(0.002)

    def _count_runs(self) -> int:
        """How many runs are on Sapporo's disk, where each has a folder from its first moment on."""
        return sum(1 for _ in self._runs.glob("??/*"))

    def _kill(self, victim: Worker) -> None:
        """Stop the worker, see what it holds, and kill it in that very moment."""
        os.kill(victim.pid, signal.SIGSTOP)
        phase = self._phase_of(victim)
        self._crew.kill(victim)
        self._ledger.kills += 1
        self._ledger.phases[phase] += 1

    def _phase_of(self, victim: Worker) -> str:
        if not victim.is_up:
            return "starting"
        if (claimed := held_jobs()) is None:
            return "database away"
        held = {status for pid, status in claimed if pid == victim.pid}
        order = ("submitting", "collecting", "queued", "waiting", "submitted", "running")
        return next((status for status in order if status in held), "between jobs")

    def _restart(self) -> None:
        mode = MODES[len(self._restarts) % len(MODES)]
        away = self._random.uniform(0.0, LONGEST_AWAY)
        if self._restarts:
            self._restarts[-1].join()

        def work() -> None:
            began = time.monotonic()
            self._database.break_off(mode)
            self._ledger.outages += 1
            time.sleep(away)
            self._database.start()
            self._ledger.restarts.append(f"{mode} {time.monotonic() - began:.1f} s")

        self._restarts.append(Thread(target=work, name="restart"))
        self._restarts[-1].start()


class Bell:
    """Rings when something is announced about a job, as every change of a status is."""

    def __init__(self) -> None:
        self._connection: Any = None

    def wait(self, seconds: float) -> None:
        """Wait for the next announcement, or so long; without the database, a moment."""
        try:
            if self._connection is None:
                self._connection = self._listen()
            if not self._connection.notifies:
                select_files([self._connection], [], [], seconds)
            self._connection.poll()
            self._connection.notifies.clear()
        except psycopg2.Error:
            self._connection = None
            time.sleep(0.05)

    def _listen(self) -> Any:
        url = make_url(db.url_of(db.JOBS)).set(drivername="postgresql")
        connection = psycopg2.connect(url.render_as_string(hide_password=False))
        connection.autocommit = True
        connection.cursor().execute("LISTEN changes")
        return connection


def held_jobs() -> list[tuple[int, str]] | None:
    """The process that holds each claimed job, and the job's status; None without the database."""
    try:
        with db.session(db.JOBS) as session:
            claimed = session.exec(
                select(JobQueueEntry.lease_owner, Job.status)
                .join(Job, col(Job.id) == JobQueueEntry.job_id)
                .where(JobQueueEntry.lease_owner != "")
            ).all()
    except db.UNAVAILABLE:
        return None
    # A claim is named HOST-PID-RANDOM:RANDOM.
    return [(int(owner.split(":")[0].split("-")[-2]), status) for owner, status in claimed]
