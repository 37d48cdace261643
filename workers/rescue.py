"""Watching for results that a service deletes soon and that are not here."""

import structlog

from app.domain.result_expiry import warn_of_loss
from models import db
from models.threads import call

log = structlog.get_logger(__name__)


async def watch() -> None:
    """Warn of such results, and have them fetched before others."""
    for job_ref in await call(db.JOBS, warn_of_loss):
        log.warning("results are deleted soon and are not here", job_ref=job_ref)
