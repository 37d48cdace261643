"""What is known of the messages of one job: why it failed, or what its service warned of."""

from collections.abc import Sequence

from app.connectors.run_stages import Severity
from app.domain.error_catalogue import HOLDS, Explanation, Hold, explain
from app.domain.job_progress import Progress
from app.domain.job_states import JobStatus
from models.jobs import Job


def explanations_of(job: Job, progress: Progress) -> list[Explanation]:
    """The known ones among a failed job's errors, or among a completed job's warnings."""
    if job.status == JobStatus.FAILED:
        return explain([job.error_message, *_said(progress, Severity.ERROR)])
    if job.status == JobStatus.COMPLETED:
        return explain(_said(progress, Severity.WARNING))
    return []


def hold_of(job: Job) -> Hold | None:
    """What ends the hold of a job, where there is more to say than the job itself says."""
    return HOLDS.get(job.held_reason)


def _said(progress: Progress, severity: Severity) -> Sequence[str]:
    return [
        message.text
        for stage in progress.stages
        for message in stage.messages
        if message.severity is severity
    ]
