"""How results end: a notice first, then deletion. Cloudgene's JobCleanUpService."""

from demo.cloudgene.jobs import Jobs
from demo.cloudgene.record import Job, State, now
from demo.cloudgene.settings import DAY, Settings

NOTICE = {
    State.SUCCESS: State.SUCCESS_AND_NOTIFICATION_SENT,
    State.FAILED: State.FAILED_AND_NOTIFICATION_SENT,
    State.CANCELED: State.FAILED_AND_NOTIFICATION_SENT,
}
NOTIFIED = set(NOTICE.values())


def notify(job: Job, settings: Settings) -> bool:
    """Mark a job that has ended for deletion; False where its state does not allow it."""
    after = NOTICE.get(State(job.record.state))
    if after is None:
        return False
    job.record.state = after
    job.record.deleted_on = now() + int((settings.retire_after - settings.notify_after) * 1000)
    job.save()
    return True


def send_notices(jobs: Jobs, settings: Settings) -> int:
    """Mark what ended long enough ago; return how many of it had succeeded."""
    due = now() - int(settings.notify_after * 1000)
    queue = jobs.queued()
    old = [job for job in jobs.all() if job not in queue and job.record.end_time < due]
    succeeded = [job for job in old if job.record.state == State.SUCCESS]
    for job in old:
        notify(job, settings)
    return len(succeeded)


def retire_due(jobs: Jobs) -> int:
    """Delete the files of every marked job whose time has come; return how many those were."""
    due = [
        job for job in jobs.all() if job.record.state in NOTIFIED and job.record.deleted_on < now()
    ]
    for job in due:
        jobs.remove_files(job, State.RETIRED)
    return len(due)


def prolong(job: Job, days: int) -> bool:
    """Put a marked job's deletion off; False where it is not marked."""
    if job.record.state not in NOTIFIED:
        return False
    job.record.deleted_on += days * DAY * 1000
    job.save()
    return True
