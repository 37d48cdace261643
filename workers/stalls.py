"""Watching for runs that take far longer than is usual."""

import asyncio

import structlog

from app.domain.stalls import flag_stalled
from models import db

log = structlog.get_logger(__name__)


async def watch() -> None:
    """Flag the runs that became stalled, and tell their owners."""
    for job_ref in await asyncio.to_thread(_flag):
        log.info("a run takes far longer than usual", job_ref=job_ref)


def _flag() -> list[str]:
    with db.session(db.JOBS) as session:
        return flag_stalled(session)
