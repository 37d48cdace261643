"""Summing up what probes found, and clearing away what is too old."""

import structlog

from app.domain.roll_ups import prune, roll_up_due
from models import db
from models.threads import call

# One statement must end well within the time that a database gives it.
HOURS_AT_ONCE = 1000

log = structlog.get_logger(__name__)


async def roll_up() -> None:
    """Compute every hour that is due."""
    while await call(db.REGISTRY, roll_up_due, limit=HOURS_AT_ONCE) == HOURS_AT_ONCE:
        pass


async def clear() -> None:
    """Delete probes and roll-ups that are older than they are kept."""
    total = 0
    while gone := await call(db.REGISTRY, prune):
        total += gone
    if total:
        log.info("old health rows were deleted", rows=total)
