"""The name of this worker, and holding the jobs it has claimed for as long as it works on them."""

import asyncio
import os
import secrets
import socket
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any

import structlog

from app.domain import job_queue, job_waits
from app.domain.archive_passwords import without
from app.domain.job_queue import LEASE, Claim, LeaseLost
from app.domain.job_states import JobStatus
from models import db
from models.threads import call
from workers.patience import insist

HOST = socket.gethostname()
WORKER = f"{HOST[:36]}-{os.getpid()}-{secrets.token_hex(3)}"

RENEW_SECONDS = 8.0
# Work on a job ends by itself this long after its lease was last known to be held, so that nothing
# is sent any more when another worker may have the job. The rest of the lease is for claims that
# were slow to arrive.
SAFE_SECONDS = LEASE.total_seconds() - 6.0
SLOWEST_CLAIM = 4.0

log = structlog.get_logger(__name__)


async def claim(
    statuses: Collection[JobStatus], *, limit: int, busy_services: Collection[str] = ()
) -> list[Claim]:
    """Claim due jobs of these statuses for this worker."""
    started = monotonic()
    claims = await call(
        db.JOBS,
        job_queue.claim_due,
        worker=WORKER,
        statuses=statuses,
        limit=limit,
        busy_services=busy_services,
    )
    return claims if monotonic() - started < SLOWEST_CLAIM else []


async def record(write: Callable[..., Any], claimed: Claim, **facts: Any) -> Any:
    """Call a function of the domain for a claimed job, in a thread and a transaction of its own.

    What a service said is not thrown away because the database restarts: it is written as soon as
    that is possible, unless the lease ends first (`kept`). The password of the job's archives is
    hidden in it.
    """
    return await insist(db.JOBS, write, claimed, **without(claimed.archive_password, facts))


@asynccontextmanager
async def kept(claims: Sequence[Claim]) -> AsyncIterator[None]:
    """Renew the leases of the claims while the block runs; end the block where that fails too long.

    The work is then cut off wherever it waits, and whoever claims the job next looks what came of
    it.
    """
    fence = asyncio.timeout(SAFE_SECONDS)
    renewing = asyncio.create_task(_renew(claims, fence))
    try:
        async with fence:
            yield
    except TimeoutError:
        if not fence.expired():
            raise
        log.warning("leases could not be renewed", jobs=[claimed.job_ref for claimed in claims])
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


@asynccontextmanager
async def surviving(claimed: Claim) -> AsyncIterator[None]:
    """Keep one job's surprise from the others: it is logged, and the job is due again later.

    Where another database of ours is away, the job says so and waits for it.
    """
    try:
        try:
            yield
        except db.Away as error:
            if error.database == db.JOBS:
                raise
            await record(job_waits.postponed, claimed, reason=str(error))
    except LeaseLost:
        log.info("another worker has the job now", job_ref=claimed.job_ref)
    except db.UNAVAILABLE:
        raise
    except Exception:
        log.exception("a job could not be advanced", job_ref=claimed.job_ref)


async def together(work: Iterable[Awaitable[None]]) -> None:
    """Do all of it at once; an error is raised when the last one has ended."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _renew(claims: Sequence[Claim], fence: asyncio.Timeout) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        asked = clock()
        with suppress(*db.UNAVAILABLE):
            await call(db.JOBS, job_queue.renew, claims)
            if not fence.expired():
                fence.reschedule(asked + SAFE_SECONDS)


async def release_all() -> None:
    """Give back everything that this worker holds, so that another one need not wait."""
    await call(db.JOBS, job_queue.release_all, worker=WORKER)
