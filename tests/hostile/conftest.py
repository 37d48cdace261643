"""A job meets a hostile service, is measured, and goes on when the service is well again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.domain import jobs as domain_jobs
from app.domain import store
from app.domain.job_queries import JobRow
from models import db
from tests.support.hostile import HostileWes, Trick, hostile_wes
from tests.support.measured import Measured, Measurer
from tests.support.submitting import actor
from tests.support.working import (
    IMPUTED,
    add_dataset,
    add_panel,
    age_history,
    job,
    submit_to,
    turn,
)
from workers import collect, jobs, submit

# Seconds: of one request to the service, and of all that the worker does in its turns, which is a
# guard against a hang and no measure of speed.
REQUEST_LIMIT = 1.0
LIMIT = 60.0
MOST_MB = 50.0
MANY = 4

DUTIES = {
    "service-info": ("submit.send",),
    "submit": ("submit.send",),
    "find": ("submit.send",),
    "list": ("jobs.follow",),
    "status": ("jobs.follow",),
    "cancel": ("jobs.follow",),
    "run log": ("collect.collect",),
    "log": ("collect.collect",),
    "download": ("collect.collect",),
}
NOT_SENT = ("queued", "submitting")
ROWS: list[tuple[str, float, float, str]] = []


@pytest.fixture(scope="session")
def measurer(postgres: str) -> Iterator[Measurer]:
    started = Measurer({"FGIP_REQUEST_TIMEOUT_SECONDS": str(REQUEST_LIMIT)})
    yield started
    started.close()


@pytest.fixture
def wes() -> Iterator[HostileWes]:
    with hostile_wes() as server:
        yield server


@dataclass
class Ordeal:
    """A job at the phase in which its service misbehaves."""

    wes: HostileWes
    measurer: Measurer
    tmp_path: Path
    name: str
    refs: list[str]

    def reach(self, phase: str) -> None:
        """Bring the job (many jobs, for the list) to where the phase comes next."""
        if not self.refs:
            panel, dataset = add_panel(self.wes.base_url), add_dataset(self.tmp_path, actor())
            count = MANY if phase == "list" else 1
            self.refs = [submit_to(panel, dataset) for _ in range(count)]
        self._turn_until(submit.send, "queued", "submitted")
        if phase in ("service-info", "submit", "find"):
            return
        self._turn_until(submit.send, "submitted")
        for run in self.wes.runs.values():
            run.state = "RUNNING"
        turn(jobs.follow)
        if phase == "cancel":
            self.ask_cancel()
        if phase in ("run log", "log", "download"):
            self._finish_runs()
            turn(jobs.follow)
            assert self.rows()[0].status == "collecting"

    def suffer(self, phase: str, *, turns: int = 0, may_go_on: bool = False) -> Measured:
        """Let the worker do its turns in a process of its own, and check what holds for all.

        `may_go_on` is for nonsense that need not keep a job from going on.
        """
        # After a lost answer to a submission the next turn asks something else.
        turns = turns or (1 if phase == "submit" else 2)
        before = {row.status for row in self.rows()}
        measured = self.measurer.measure(*DUTIES[phase], turns=turns, limit=LIMIT)
        ROWS.append((self.name, measured.seconds, measured.grown_mb, self.rows()[0].status))
        assert not measured.is_over_limit, f"not over after {LIMIT} s"
        assert measured.surprises == []
        assert measured.grown_mb < MOST_MB
        after = {row.status for row in self.rows()}
        allowed = set(NOT_SENT) if phase in ("service-info", "submit", "find") else before
        if may_go_on:
            allowed |= {"submitted", "running", "collecting", "completed"}
        assert after <= allowed, [row.status_reason for row in self.rows()]
        return measured

    def recover(self, *, cancelled: bool = False) -> None:
        """The service is well again: every job ends as it should, with one run each."""
        self.wes.be_well()
        wanted = "cancelled" if cancelled else "completed"
        for _ in range(30):
            if all(row.status == wanted for row in self.rows()):
                break
            age_history(120)
            turn(submit.send, jobs.follow)
            if not cancelled:
                self._finish_runs()
            elif self.rows()[0].cancel_outcome == "ignored":
                self.ask_cancel()
            for _ in self.refs:
                turn(collect.collect)
        assert {(row.status, row.contact_error) for row in self.rows()} == {(wanted, "")}
        assert len(self.wes.runs) == len(self.refs)
        if not cancelled:
            kept = [result for ref in self.refs for result in job(ref).results if result.role]
            assert [result.state for result in kept] == ["fetched"] * len(self.refs)

    def ask_cancel(self) -> None:
        """Ask for the first job to be cancelled."""
        with db.session(db.JOBS) as session:
            domain_jobs.cancel(session, actor=actor(), job_ref=self.refs[0])

    def rows(self) -> list[JobRow]:
        """The jobs as they are now."""
        return [job(ref).row for ref in self.refs]

    def _finish_runs(self) -> None:
        for run in self.wes.runs.values():
            run.state, run.files = "COMPLETE", run.files or {"imputed.vcf.gz": IMPUTED}

    def _turn_until(self, duty: Callable[[], Any], *statuses: str) -> None:
        for _ in range(12):
            if all(row.status in statuses for row in self.rows()):
                return
            turn(duty)
        raise AssertionError(self.rows())


@pytest.fixture
def ordeal(
    databases: None,
    wes: HostileWes,
    measurer: Measurer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Ordeal:
    return Ordeal(wes, measurer, tmp_path, request.node.name.removeprefix("test_"), [])


Survives = Callable[..., JobRow]


@pytest.fixture
def survives(ordeal: Ordeal) -> Survives:
    """Let a job meet a trick in a phase, and come out of it whole."""

    def check(
        phase: str,
        trick: Trick,
        *,
        is_lost: bool = True,
        early: bool = False,
        may_go_on: bool = False,
    ) -> JobRow:
        ordeal.reach(phase)
        (ordeal.wes.early if early else ordeal.wes.tricks)[phase] = trick
        ordeal.suffer(phase, may_go_on=may_go_on)
        (seen, *_) = ordeal.rows()
        if is_lost:
            assert seen.contact_error
        ordeal.recover(cancelled=phase == "cancel")
        return seen

    return check


@pytest.fixture
def survives_on_a_full_disk(
    survives: Survives, ordeal: Ordeal, postgres: str
) -> Iterator[Survives]:
    """The same, where the disk has room for 32 MiB more than the platform must leave free."""
    floor = store.free_bytes() - 32 * 1024**2
    ordeal.measurer = Measurer(
        {
            "FGIP_REQUEST_TIMEOUT_SECONDS": str(REQUEST_LIMIT),
            "FGIP_FREE_DISK_FLOOR_BYTES": str(floor),
        }
    )
    yield survives
    ordeal.measurer.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what each behaviour cost."""
    if not ROWS:
        return
    write = terminalreporter.write_line
    terminalreporter.section("hostile services: what each cost the worker")
    width = max(len(name) for name, *_ in ROWS)
    write(f"{'behaviour':<{width}}  seconds  MB grown  job")
    for name, seconds, grown, outcome in ROWS:
        write(f"{name:<{width}}  {seconds:7.2f}  {grown:8.1f}  {outcome}")
    worst = max(ROWS, key=lambda row: row[2])
    write(f"{len(ROWS)} behaviours; the most memory: {worst[2]} MB more ({worst[0]})")
