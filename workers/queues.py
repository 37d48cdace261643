"""Watching whether the queues of services move."""

import structlog

from app.domain.queue_pace import keep_paces
from app.domain.queue_stall import follow_queues
from models import db
from models.threads import call

log = structlog.get_logger(__name__)


async def watch() -> None:
    """Learn from the last probes which queues move, and how fast.

    What is made of a queue that does not, the next probe tells.
    """
    for turn in await call(db.REGISTRY, follow_queues):
        if turn.reason:
            log.warning("a queue does not move", service_id=turn.service_id)
        else:
            log.info("a queue moves again", service_id=turn.service_id)
    await call(db.REGISTRY, keep_paces)
