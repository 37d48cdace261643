"""How far a run is inside its service: what `jobs.progress` holds, and how it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.connectors.base import RunStatus
from app.connectors.run_stages import RunMessage, RunStage, Severity, StageState
from app.domain.qc_statistics import read_messages
from models.base import now
from models.jobs import Job

MOST_STAGES = 20
MOST_MESSAGES = 20
MOST_CHARACTERS = 1500


@dataclass(frozen=True)
class Progress:
    """What the service said last. `position` is the place in its queue (1 is next) if told."""

    position: int | None = None
    stages: Sequence[RunStage] = ()
    seen_at: datetime | None = None


def keep(job: Job, status: RunStatus) -> bool:
    """Keep what a look at a run told of its stages and statistics; tell whether that is news.

    A look that tells of no stages leaves those of an earlier one.
    """
    known = {key: value for key, value in job.progress.items() if key != "seen_at"}
    told = stored(status)
    if not told["stages"]:
        told["stages"] = known.get("stages", [])
    if told == (known or _NOTHING):
        return False
    job.progress = {**told, "seen_at": now().isoformat()}
    texts = (message.text for stage in status.stages for message in stage.messages)
    job.qc_statistics = {**job.qc_statistics, **read_messages(texts)}
    return True


def stored(status: RunStatus) -> dict[str, Any]:
    """The part of `jobs.progress` that a look tells, bounded."""
    return {
        "position": status.position,
        "queue": None,
        "stages": [_stage(stage) for stage in status.stages[:MOST_STAGES]],
    }


def progress_of(job: Job) -> Progress:
    """What is known of a job's run; empty where its service tells nothing."""
    known = job.progress
    seen_at = known.get("seen_at")
    return Progress(
        position=known.get("position"),
        stages=[_read_stage(stage) for stage in known.get("stages", [])],
        seen_at=datetime.fromisoformat(seen_at) if seen_at else None,
    )


_NOTHING: Mapping[str, Any] = {"position": None, "queue": None, "stages": []}


def _stage(stage: RunStage) -> dict[str, Any]:
    return {
        "name": stage.name.replace("\x00", "")[:120],
        "state": stage.state.value,
        "done": stage.done,
        "total": stage.total,
        "messages": [
            {
                "severity": message.severity.value,
                "text": message.text.replace("\x00", "")[:MOST_CHARACTERS],
                "at": message.at.isoformat() if message.at else None,
            }
            for message in stage.messages[-MOST_MESSAGES:]
        ],
    }


def _read_stage(stage: Mapping[str, Any]) -> RunStage:
    return RunStage(
        name=stage["name"],
        state=StageState(stage["state"]),
        done=stage["done"],
        total=stage["total"],
        messages=[
            RunMessage(
                Severity(message["severity"]),
                message["text"],
                datetime.fromisoformat(message["at"]) if message["at"] else None,
            )
            for message in stage["messages"]
        ],
    )
