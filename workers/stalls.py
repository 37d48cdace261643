"""Watching for runs that take far longer than is usual."""

import structlog

from app.domain.stalls import flag_stalled
from models import db
from models.threads import call

log = structlog.get_logger(__name__)


async def watch() -> None:
    """Flag the runs that became stalled, and tell their owners."""
    for job_ref in await call(db.JOBS, flag_stalled):
        log.info("a run takes far longer than usual", job_ref=job_ref)
