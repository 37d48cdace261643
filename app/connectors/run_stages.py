"""How far a run is inside the service: its stages, and what the service said in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How much a message matters. Cloudgene: 0, 1, 2, 3 in this order (`Message.java`)."""

    OK = "ok"
    ERROR = "error"
    WARNING = "warning"
    RUNNING = "running"


class StageState(StrEnum):
    """How a stage is."""

    AHEAD = "ahead"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class RunMessage:
    """Something that the service said of a run: plain text with line breaks, and no markup."""

    severity: Severity
    text: str
    at: datetime | None = None


@dataclass(frozen=True)
class RunStage:
    """A stage of a run by the service's own name.

    `done` of `total` parts (chunks) are through, where the service counts them.
    """

    name: str
    state: StageState
    done: int | None = None
    total: int | None = None
    messages: Sequence[RunMessage] = ()
