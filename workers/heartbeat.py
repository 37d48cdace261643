"""The sign of life of this worker."""

import asyncio

from app.domain import heartbeats
from models import db
from models.base import now
from workers.leases import HOST, WORKER

STARTED_AT = now()


async def beat() -> None:
    """Say that this worker is alive."""
    await asyncio.to_thread(_beat)


def _beat() -> None:
    with db.session(db.MONITORING) as session:
        heartbeats.beat(session, process=WORKER, kind="worker", host=HOST, started_at=STARTED_AT)
