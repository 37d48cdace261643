"""The statuses of a job, which follow each other as `job_states` says, and two ways to be held."""

from enum import StrEnum

# Held so, a job waits for its owner to have its run started again.
INTERRUPTED = "interrupted"
# Held so, a job has a run that its service knows no more.
UNKNOWN_RUN = "unknown_run"


class JobStatus(StrEnum):
    """What we know of a job's run."""

    WAITING = "waiting"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    RUNNING = "running"
    COLLECTING = "collecting"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
