"""The statuses of a job; which may follow which is in `job_states`."""

from enum import StrEnum


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
