"""The whole run: PostgreSQL, Sapporo and workers, submissions and kills, then the verdict."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from app import migrate
from app.config import settings
from models import db
from tests.chaos.crew import Crew
from tests.chaos.killing import Killer
from tests.chaos.ledger import Ledger, completed, patiently
from tests.chaos.plan import Plan, parse_plan
from tests.chaos.postgres import Database
from tests.chaos.submitting import Submitter, prepare, wait_for_the_rest
from tests.chaos.verdict import Verdict, history, judge
from tests.support.peers import SAPPORO_RUN_CWLTOOL, Peer, run_sapporo

# The exit status by which a caller knows that the run is not possible here.
NOT_HERE = 77
STALL_SECONDS = 180.0
TELL_SECONDS = 15.0

SETTINGS = {
    "FGIP_POLL_INTERVAL_SECONDS": "2",
    # On loopback a request under way arrives within moments.
    "FGIP_SETTLING_SECONDS": "10",
}

# Two runs compute at a time, behind everything else: the others wait, as at any busy service.
TWO_AT_A_TIME = """
set_extra_docker_args() {
    extra_docker_args=()
    renice -n 10 -p "$BASHPID" > /dev/null
    exec 9>> "$0.slot$((RANDOM % 2))"
    flock 9
}
"""


def main() -> None:
    """Run what the command line asks for; exit 1 on any miss, 77 where Sapporo cannot run."""
    plan = parse_plan()
    for name in [name for name in os.environ if name.startswith("FGIP_")]:
        if name != "FGIP_PEERS_DIR":
            del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="fgip-chaos-"))
    is_good = False
    try:
        is_good = run(plan, folder)
    except pytest.skip.Exception as reason:
        print(f"cannot run here: {reason}")
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(NOT_HERE)
    finally:
        if is_good and not plan.keep:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.exists():
            print(f"the run's data and logs are in {folder}")
    sys.exit(0 if is_good else 1)


def run(plan: Plan, folder: Path) -> bool:
    """Do it all in a folder, print the figures, and tell whether nothing was missed."""
    print(
        f"{plan.submissions} submissions, {plan.kills} kills, {plan.restarts} restarts of "
        f"PostgreSQL, {plan.workers} worker(s), seed {plan.seed}",
        flush=True,
    )
    (folder / "sapporo").mkdir()
    functions = SAPPORO_RUN_CWLTOOL + TWO_AT_A_TIME
    with (
        run_sapporo(folder / "sapporo", functions=functions) as service,
        _databases(folder) as database,
    ):
        ledger = Ledger()
        started = time.monotonic()
        crew = _shake(plan, service, database, ledger, logs=folder / "logs")
        seconds = time.monotonic() - started
        verdict = judge(service.base_url, ledger.expected, plan.submissions, crew.logs)
        verdict.expect("kills with SIGKILL", ledger.kills, plan.kills)
        verdict.expect("restarts of PostgreSQL", len(ledger.restarts), plan.restarts)
        verdict.expect_none(
            "workers that ended by themselves", map(str, crew.ended_by_themselves), jobs=False
        )
        _report(verdict, ledger, seconds)
    return not verdict.misses


def _shake(plan: Plan, service: Peer, database: Database, ledger: Ledger, *, logs: Path) -> Crew:
    """Submit, kill and restart, then let the workers finish; return the crew that is gone now."""
    panel, errands = prepare(service.base_url, plan.submissions, service.folder)
    submitter = Submitter(panel, errands, ledger, before=plan.before, kills=plan.kills)
    submitter.begin()
    crew = Crew(plan.workers, logs)
    try:
        with _told(ledger):
            Killer(crew, database, ledger, plan, runs=service.folder / "runs").run()
            submitter.join()
            wait_for_the_rest(plan.submissions, stall_seconds=STALL_SECONDS)
    finally:
        ledger.is_cut_short.set()
        crew.stop()
    return crew


@contextmanager
def _databases(folder: Path) -> Iterator[Database]:
    """The seven databases in a PostgreSQL of the run's own."""
    database = Database(folder / "postgres")
    os.environ.update(SETTINGS, FGIP_DATA_DIR=str(folder / "data"), FGIP_DATABASE_URL=database.url)
    settings.cache_clear()
    try:
        migrate.main()
        db.configure(settings().database_urls)
        yield database
    finally:
        db.dispose()
        database.stop()


@contextmanager
def _told(ledger: Ledger) -> Iterator[None]:
    """Say now and then how far it is."""
    is_over = Event()
    started = time.monotonic()

    def tell() -> None:
        while not is_over.wait(TELL_SECONDS):
            so_far = f"{ledger.submitted} submitted, {patiently(completed)} completed"
            broken = f"{ledger.kills} kills, {len(ledger.restarts)} restarts"
            print(f"{time.monotonic() - started:4.0f} s: {so_far}, {broken}", flush=True)

    thread = Thread(target=tell, name="teller")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _report(verdict: Verdict, ledger: Ledger, seconds: float) -> None:
    print()
    for name, figure in verdict.figures.items():
        print(f"{figure:>8}  {name}")
    print(f"{len(ledger.repeated):>8}  submissions repeated because PostgreSQL was away")
    print(f"{seconds:>8.0f}  seconds")
    phases = ", ".join(f"{phase} {times}" for phase, times in ledger.phases.most_common())
    print(f"killed while: {phases}")
    print(f"restarts: {', '.join(ledger.restarts) or 'none'}")
    for ref in dict.fromkeys(verdict.jobs):
        print(f"\njob {ref}:", *history(ref), sep="\n    ")
    print()
    for miss in verdict.misses or ["nothing"]:
        print(f"MISSED {miss}")
