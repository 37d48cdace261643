"""Telling owners in good time that their results are not kept for ever."""

from app.domain import deleted_results, retention
from models import db
from models.threads import call


async def warn() -> None:
    """Give the warnings that are due; each is given once however often this runs."""
    endings = await call(db.FILES, retention.ending)
    if endings:
        await call(db.JOBS, deleted_results.warn, endings=endings)
