"""What is known of the messages of one job: why it failed, or what its service warned of."""

from collections.abc import Sequence

from app.connectors.run_stages import Severity
from app.domain.error_catalogue import HOLDS, Explanation, explain
from app.domain.job_progress import Progress
from app.domain.job_states import JobStatus
from app.domain.known_message import Action
from models.jobs import Job


def explanations_of(job: Job, progress: Progress) -> list[Explanation]:
    """The known ones among a failed job's errors, or among a completed job's warnings."""
    if job.status == JobStatus.FAILED:
        return explain([job.error_message, *_said(progress, Severity.ERROR)])
    if job.status == JobStatus.COMPLETED:
        return explain(_said(progress, Severity.WARNING))
    return []


def actions_of_hold(job: Job) -> Sequence[Action]:
    """Where what holds a job can be set right; the job's own sentence says what to do."""
    return HOLDS.get(job.held_reason, ())


def _said(progress: Progress, severity: Severity) -> Sequence[str]:
    return [
        message.text
        for stage in progress.stages
        for message in stage.messages
        if message.severity is severity
    ]
