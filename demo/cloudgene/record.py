"""A job of the simulated server: what is kept of it, and how its work reports and is stopped."""

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any


class State(IntEnum):
    """The states of Cloudgene's AbstractJob."""

    DEAD = -1
    WAITING = 1
    RUNNING = 2
    EXPORTING = 3
    SUCCESS = 4
    FAILED = 5
    CANCELED = 6
    RETIRED = 7
    SUCCESS_AND_NOTIFICATION_SENT = 8
    FAILED_AND_NOTIFICATION_SENT = 9
    DELETED = 10


UNFINISHED = {State.WAITING, State.RUNNING, State.EXPORTING}


class Severity(IntEnum):
    """The types of Cloudgene's Message."""

    OK = 0
    ERROR = 1
    WARNING = 2
    RUNNING = 3


class Interrupted(Exception):
    """The job was cancelled or killed, or the server is stopping."""


class PipelineFailed(Exception):
    """The pipeline cannot go on; the text is what it prints at its end, for its owner."""


def now() -> int:
    """Return the time in milliseconds, as Cloudgene counts it."""
    return int(time.time() * 1000)


@dataclass
class Download:
    """A file that a job offers; `count` is how often it may still be fetched, -1 = for ever."""

    name: str
    hash: str
    count: int
    size: int


@dataclass
class Record:
    """What is kept of a job. Times are milliseconds; 0 means not yet, `deleted_on` -1 never."""

    id: str
    name: str
    username: str
    user_agent: str
    values: dict[str, str]
    output_hash: str
    logs_hash: str
    state: int = State.WAITING
    submitted_on: int = 0
    start_time: int = 0
    end_time: int = 0
    deleted_on: int = -1
    steps: list[dict[str, Any]] = field(default_factory=list)
    output: list[Download] = field(default_factory=list)
    logs: list[Download] = field(default_factory=list)


class Job:
    """A job with its folder; `priority` counts only while it is in the queue."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record = record
        self.folder = folder
        self.input, self.output, self.logs = (folder / n for n in ("input", "output", "logs"))
        self.priority = 0
        self._interruption = threading.Event()
        self._lock = threading.RLock()

    @classmethod
    def load(cls, folder: Path) -> "Job":
        """Read a job that an earlier server has kept."""
        kept = json.loads((folder / "job.json").read_text())
        for name in ("output", "logs"):
            kept[name] = [Download(**file) for file in kept[name]]
        return cls(Record(**kept), folder)

    def save(self) -> None:
        """Write the record, in one piece."""
        with self._lock:
            new = self.folder / "job.json.new"
            new.write_text(json.dumps(asdict(self.record)))
            new.replace(self.folder / "job.json")

    @property
    def interrupted(self) -> bool:
        """Whether the job's work is to end."""
        return self._interruption.is_set()

    def interrupt(self, state: State | None = None) -> None:
        """Let the job have a last state, if one is given, and its work's next `wait` be its end."""
        with self._lock:
            self._interruption.set()
            self.record.state = state or self.record.state

    def enter(self, state: State) -> None:
        """Go on to a state, unless the work is to end."""
        with self._lock:
            if not self.interrupted:
                self.record.state = state

    def begin_anew(self) -> None:
        """Forget an earlier run of this job."""
        self._interruption.clear()
        self.record.steps, self.record.output, self.record.logs = [], [], []

    def wait(self, seconds: float = 0) -> None:
        """Wait, and raise Interrupted as soon as the work is to end."""
        if self._interruption.wait(seconds):
            raise Interrupted

    def add_step(self, name: str) -> dict[str, Any]:
        """Add a step, which messages are about."""
        step = {"id": 0, "name": name, "messages": []}
        self.record.steps.append(step)
        return step

    def say(self, step: dict[str, Any], text: str, severity: Severity) -> dict[str, Any]:
        """Add a message, which may be changed later; empty ones are not shown."""
        message = {"message": text, "type": severity, "time": now(), "success": True}
        step["messages"].append(message)
        return message

    def log(self, text: str) -> None:
        """Add a line to the job's log."""
        self.logs.mkdir(exist_ok=True)
        with (self.logs / "job.txt").open("a") as file:
            file.write(f"{time.strftime('%y/%m/%d %H:%M:%S')} {text}\n")
