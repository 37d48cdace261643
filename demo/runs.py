"""The simulation's runs: their life, their files, and how they are kept.

    QUEUED -> INITIALIZING -> RUNNING -> COMPLETE
                                      -> EXECUTOR_ERROR   the data, or a failure on purpose
                                      -> SYSTEM_ERROR     a fault or a stop of the server
    any of them -> CANCELING -> CANCELED

Each run is a folder with `run.json` (the record), `inputs`, `outputs`, `stdout` and `stderr`.
"""

import hashlib
import json
import shutil
import threading
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

FINISHED = {"COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED"}
RUNS_AT_ONCE = 2


class RunFailure(Exception):
    """The run cannot succeed, and its user can change that; the text says how."""


class Interrupted(Exception):
    """The run was cancelled, or the server is stopping."""


@dataclass
class Record:
    """What is kept of a run. Times are as in WES; "" and None mean not yet.

    `outputs` gives each output file's size in bytes and its checksum as CWL writes it (`sha1$…`).
    """

    id: str
    request: dict[str, Any]
    created: float
    state: str = "QUEUED"
    start_time: str = ""
    end_time: str = ""
    exit_code: int | None = None
    tasks: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)


class Run:
    """A run at work: its record, its folder, and how it is stopped."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record = record
        self.folder = folder
        self.inputs, self.outputs = folder / "inputs", folder / "outputs"
        self.stdout, self.stderr = folder / "stdout", folder / "stderr"
        self._interruption = threading.Event()
        self._interrupted_state = ""

    @property
    def final_state(self) -> str:
        """The state in which an interruption ends the run, "" if there is none."""
        return self._interrupted_state

    def interrupt(self, final_state: str) -> None:
        """Make the run's next `wait` raise Interrupted, or end the one it is in."""
        self._interrupted_state = self._interrupted_state or final_state
        self._interruption.set()

    def wait(self, seconds: float = 0) -> None:
        """Wait, and raise Interrupted as soon as the run is to stop."""
        if self._interruption.wait(seconds):
            raise Interrupted

    def log(self, text: str) -> None:
        """Add a line to the run's standard error."""
        with self.stderr.open("a") as file:
            file.write(f"{text}\n")

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Record a step of the run, with its times and exit code."""
        self.wait()
        task: dict[str, Any] = {"id": name, "name": name, "start_time": now()}
        self.record.tasks.append(task)
        self.log(f"[{name}] started")
        try:
            yield
        except BaseException:
            task |= {"end_time": now(), "exit_code": 1}
            raise
        task |= {"end_time": now(), "exit_code": 0}
        self.log(f"[{name}] done")

    def save(self) -> None:
        """Write the record, in one piece."""
        new = self.folder / "run.json.new"
        new.write_text(json.dumps(asdict(self.record)))
        new.replace(self.folder / "run.json")


def now() -> str:
    """Return the time as WES writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Runs:
    """All runs of the server, in memory and in a folder each; a few at a time are at work."""

    def __init__(self, folder: Path, work: Callable[[Run], None], *, delay: float) -> None:
        """Load the runs in `folder`. A run is QUEUED and INITIALIZING for `delay` seconds each."""
        self._folder = folder
        self._work = work
        self._delay = delay
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._pool = ThreadPoolExecutor(RUNS_AT_ONCE, thread_name_prefix="run")
        folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def _load(self) -> None:
        """Read what an earlier server has left; what it did not finish never will be."""
        paths = self._folder.glob("*/run.json")
        found = [Run(Record(**json.loads(path.read_text())), path.parent) for path in paths]
        for run in sorted(found, key=lambda run: run.record.created):
            self._runs[run.record.id] = run
            if run.record.state not in FINISHED:
                canceling = run.record.state == "CANCELING"
                run.log("The server was stopped before this run had ended.")
                self._finish(run, "CANCELED" if canceling else "SYSTEM_ERROR")

    def submit(self, request: dict[str, Any], attachments: Mapping[str, BinaryIO]) -> str:
        """Store a checked request with its files, start its run and return the run's id."""
        record = Record(str(uuid.uuid4()), request, created=time.time())
        run = Run(record, self._folder / record.id)
        for folder in (run.folder, run.inputs, run.outputs):
            folder.mkdir()
        for file in (run.stdout, run.stderr):
            file.touch()
        for name, content in attachments.items():
            path = run.inputs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as copy:
                shutil.copyfileobj(content, copy)
        run.save()
        with self._lock:
            self._runs[record.id] = run
        self._pool.submit(self._execute, run)
        return record.id

    def get(self, run_id: str) -> Run:
        """Return a run; KeyError where there is none."""
        return self._runs[run_id]

    def page(self, size: int, token: str) -> tuple[list[Run], str]:
        """Return a page of runs, newest first, and the next page's token, "" after the last.

        A token is the id of the last run on the page before, so that new runs do not shift pages.
        KeyError where it is unknown.
        """
        with self._lock:
            newest_first = list(reversed(self._runs.values()))
        start = newest_first.index(self._runs[token]) + 1 if token else 0
        page = newest_first[start : start + size]
        more = start + size < len(newest_first)
        return page, page[-1].record.id if more else ""

    def counts(self) -> Counter[str]:
        """Return how many runs are in each state."""
        with self._lock:
            return Counter(run.record.state for run in self._runs.values())

    def cancel(self, run_id: str) -> None:
        """Stop a run, unless it has ended. KeyError where there is none."""
        run = self.get(run_id)
        with self._lock:
            if run.record.state not in FINISHED:
                run.record.state = "CANCELING"
                run.interrupt("CANCELED")
                run.save()

    def close(self) -> None:
        """Stop everything that is at work."""
        for run in list(self._runs.values()):
            if run.record.state not in FINISHED:
                run.interrupt("SYSTEM_ERROR")
        self._pool.shutdown()

    def _execute(self, run: Run) -> None:
        try:
            run.wait(self._delay)
            self._enter(run, "INITIALIZING")
            run.wait(self._delay)
            self._enter(run, "RUNNING")
            self._work(run)
            run.record.outputs = {path.name: _describe(path) for path in run.outputs.iterdir()}
            state = "COMPLETE"
        except Interrupted:
            run.log(f"Stopped: {run.final_state}")
            state = run.final_state
        except RunFailure as failure:
            run.log(f"Error: {failure}")
            state = "EXECUTOR_ERROR"
        except Exception:
            run.log(traceback.format_exc())
            state = "SYSTEM_ERROR"
        self._finish(run, state)

    def _enter(self, run: Run, state: str) -> None:
        with self._lock:
            run.wait()
            run.record.state = state
            run.record.start_time = run.record.start_time or now()
            run.save()

    def _finish(self, run: Run, state: str) -> None:
        exit_codes = {"COMPLETE": 0, "EXECUTOR_ERROR": 1}
        with self._lock:
            run.record.state = run.final_state or state
            run.record.exit_code = exit_codes.get(run.record.state)
            run.record.end_time = now()
            run.save()


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha1").hexdigest()
    return {"size": path.stat().st_size, "checksum": f"sha1${checksum}"}
