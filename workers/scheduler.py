"""The worker's clock: which work runs how often, until the process is asked to end.

Any number of workers run side by side. What is due is claimed in the databases, so that no schedule
is shared and no worker leads.
"""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.config import settings
from app.logs import configure_logs
from models import db
from models.away import cause_of, is_known
from models.base import now
from workers import (
    canary,
    collect,
    conformance,
    estimates,
    expiry,
    files,
    health,
    heartbeat,
    incidents,
    jobs,
    outbox,
    queues,
    reconcile,
    rescue,
    retention,
    roll_ups,
    run_time,
    stalls,
    submit,
    tokens,
)
from workers.leases import WORKER, release_all
from workers.lives import living

# A stop that takes longer than this is cut short. Nothing is lost: all work survives a kill.
STOP_SECONDS = 8.0
THREADS = 16

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Duty:
    """A piece of work, the seconds between its turns, and how many turns may overlap."""

    name: str
    run: Callable[[], Awaitable[object]]
    seconds: float
    overlapping: int = 1


FOLLOW_SETTINGS = Duty("follow settings", run_time.follow, 3)

DUTIES = (
    Duty("heartbeat", heartbeat.beat, 10),
    FOLLOW_SETTINGS,
    Duty("take over from dead workers", reconcile.take_over, 5),
    Duty("set the queue right", reconcile.set_right, 60),
    # An upload or a hanging service takes one of these turns; the others go on.
    Duty("send jobs", submit.send, 1, overlapping=4),
    Duty("follow jobs", jobs.follow, 1, overlapping=16),
    Duty("collect results", collect.collect, 1, overlapping=3),
    Duty("relay outboxes", outbox.relay, 1),
    Duty("verify tokens", tokens.verify, 1, overlapping=4),
    Duty("probe services", health.check, 2),
    Duty("watch incidents", incidents.watch, 10),
    Duty("read conformance", conformance.read, 10),
    Duty("try services", conformance.try_out, 2, overlapping=3),
    Duty("canaries", canary.fly_all, 2, overlapping=4),
    Duty("read new files", files.read_new_files, 2),
    Duty("store uploads", files.store_uploads, 10),
    Duty("watch for stalls", stalls.watch, 60),
    Duty("rescue results", rescue.watch, 60),
    Duty("note what to expect", estimates.note, 5),
    Duty("watch queues", queues.watch, 60),
    Duty("roll up health", roll_ups.roll_up, 5),
    Duty("sweep uploads", files.sweep_uploads, 600),
    Duty("warn of what ends", expiry.warn, 3600),
    Duty("warn of results that end", retention.warn, 3600),
    Duty("clear outboxes", outbox.clear, 3600),
    Duty("clear old health", roll_ups.clear, 3600),
)


def main() -> None:
    """Run the worker until SIGTERM or SIGINT."""
    configure_logs()
    db.configure(settings().database_urls)
    with living(WORKER):
        asyncio.run(serve())


async def serve() -> None:
    """Run every duty on time until a signal comes, then give back what is held."""
    stop = asyncio.Event()
    collect_rarely()
    # Reading and hashing large files must not keep the short work with databases waiting.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, stop.set)
    # What is paused or set otherwise must hold from the first turn on, if it can be known.
    await _patient(FOLLOW_SETTINGS)()
    scheduler = _scheduler()
    scheduler.start()
    log.info("worker started", worker=WORKER)
    await stop.wait()
    # A thread that hashes gigabytes cannot be interrupted, and Python would wait for it.
    watchdog = threading.Timer(STOP_SECONDS, os._exit, [0])
    watchdog.daemon = True
    watchdog.start()
    scheduler.shutdown(wait=False)
    try:
        await asyncio.gather(health.stop(), release_all())
    except db.UNAVAILABLE as error:
        log.warning("claims could not be given back", error=type(error).__name__)
    db.dispose()
    log.info("worker stopped", worker=WORKER)


def collect_rarely() -> None:
    """Let Python look for cycles after more than a few hundred objects.

    A thousand probes at once are many objects without cycles, and looking at them takes a fifth of
    the checker's time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _scheduler() -> AsyncIOScheduler:
    scheduler = AsyncIOScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "misfire_grace_time": 60},
    )
    for duty in DUTIES:
        scheduler.add_job(
            _patient(duty),
            "interval",
            seconds=duty.seconds,
            id=duty.name,
            max_instances=duty.overlapping,
            next_run_time=now(),
        )
    return scheduler


def _patient(duty: Duty) -> Callable[[], Awaitable[None]]:
    """A duty that outlives its errors. That a database is away is logged once, by `models.away`."""

    async def run() -> None:
        try:
            await duty.run()
        except db.UNAVAILABLE as error:
            if not is_known(error):
                log.warning("a database failed", duty=duty.name, error=cause_of(error))
        except asyncio.CancelledError:
            # The worker ends; APScheduler would log this as an error.
            return
        except Exception:
            log.exception("a duty failed", duty=duty.name)

    return run
