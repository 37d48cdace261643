"""Taking over from workers that died, and setting right what a crash may leave behind."""

import structlog
from sqlmodel import Session

from app.domain import job_queue, reconcile
from models import db
from models.threads import call, run
from workers.lives import dead_workers

log = structlog.get_logger(__name__)


async def take_over() -> None:
    """Free the claims of this machine's dead workers at once, without waiting for their leases."""
    await run(db.JOBS, _take_over)


async def set_right() -> None:
    """Find jobs and places in the queue that do not belong together."""
    forgotten, ended = await call(db.JOBS, _set_right)
    if forgotten or ended:
        log.error("jobs and queue did not agree", requeued=forgotten, dropped=ended)


def _take_over() -> None:
    with dead_workers() as names:
        for name in names:
            with db.session(db.JOBS) as session:
                count = job_queue.release_all(session, worker=name)
            log.warning("a worker has died; its jobs go on", worker=name, jobs=count)


def _set_right(session: Session) -> tuple[list[str], int]:
    return reconcile.requeue_forgotten(session), reconcile.drop_ended(session)
