"""The sign of life of this worker."""

from app.domain import heartbeats
from models import db
from models.base import now
from models.threads import call
from workers.leases import HOST, WORKER

STARTED_AT = now()


async def beat() -> None:
    """Say that this worker is alive."""
    await call(
        db.MONITORING,
        heartbeats.beat,
        process=WORKER,
        kind="worker",
        host=HOST,
        started_at=STARTED_AT,
    )
