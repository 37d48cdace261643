"""Noting what is to be expected of a job when it is sent, to be compared with what comes."""

from app.domain.access import WORKER
from app.domain.estimate_records import just_sent, keep_estimates
from app.domain.queue_pace import paces
from models import db
from models.threads import call


async def note() -> None:
    """Note what to expect of the jobs that were just sent; nothing of a job waits for it."""
    jobs = await call(db.JOBS, just_sent)
    if not jobs:
        return
    services = sorted({job.service_ref for job in jobs})
    known = await call(db.REGISTRY, paces, actor=WORKER, service_refs=services)
    await call(db.JOBS, keep_estimates, jobs=jobs, known=known)
