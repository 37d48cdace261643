"""A registry full of loopback services for the benchmarks of the health checker, and its costs."""

import asyncio
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from sqlalchemy import text

from tests.support.loopback_services import address

TURN_SECONDS = 2.0


@contextmanager
def registry(count: int, port: int, **settings: Any) -> Iterator[None]:
    """An embedded PostgreSQL of one's own with `count` services that were never probed."""
    from models import db, embedded

    with TemporaryDirectory(prefix="fgip-bench-") as folder:
        os.environ["FGIP_DATA_DIR"] = folder
        os.environ.update({f"FGIP_{name.upper()}": str(value) for name, value in settings.items()})
        os.environ["FGIP_DATABASE_URL"] = embedded.start(Path(folder) / "postgres")
        from app import migrate
        from app.config import settings as configured
        from app.domain import services
        from app.domain.access import ROLES, Actor
        from app.domain.service_fields import parse_service

        migrate.main()
        db.configure(configured().database_urls)
        admin = Actor("bench", "bench", "", ROLES["administrator"])
        with db.session(db.REGISTRY) as session:
            for number in range(count):
                url = f"http://{address(number)}:{port}"
                fields = parse_service({"name": f"Service {number}", "base_url": url})
                services.add_service(session, actor=admin, fields=fields)
        try:
            yield
        finally:
            db.dispose()
            embedded.stop(Path(folder) / "postgres")


def in_a_worker(work: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    """Run a coroutine in a fresh process that has what the worker has, and wait for its end."""
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(work, arguments))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _work(work: Callable[..., Coroutine[Any, Any, None]], arguments: tuple[Any, ...]) -> None:
    from app.config import settings
    from models import db
    from workers.scheduler import collect_rarely

    db.configure(settings().database_urls)
    collect_rarely()
    asyncio.run(_ending(work(*arguments)))
    db.dispose()


async def _ending(work: Coroutine[Any, Any, None]) -> None:
    from workers import health

    await work
    await health.stop()


async def check_for(seconds: float) -> None:
    """Check as the worker does, its turns included, for so long."""
    from workers import health

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        await health.check()
        await asyncio.sleep(max(0.0, began + TURN_SECONDS - time.monotonic()))


def make_due(seconds: float, over: float = 0.0) -> None:
    """Let the services be due so many seconds from now, one after the other within `over`."""
    change(
        "UPDATE service_checks SET lease_until = NULL, interval_seconds = 3600, next_probe_at ="
        " now() + :wait + :over * service_id / (SELECT count(*) FROM service_checks)",
        wait=timedelta(seconds=seconds),
        over=timedelta(seconds=over),
    )


def change(statement: str, **values: Any) -> None:
    from models import db

    with db.session(db.REGISTRY) as session:
        session.connection().execute(text(statement), values)


def rows(statement: str, **values: Any) -> list[Any]:
    from models import db

    with db.session(db.REGISTRY) as session:
        return list(session.connection().execute(text(statement), values))


def found() -> dict[str, int]:
    """How many services are in which state, by what their last probe found."""
    asked = rows("SELECT found, count(*) AS number FROM service_checks GROUP BY found")
    return {row.found: row.number for row in asked}


@dataclass(frozen=True)
class Cost:
    """CPU-seconds of this process, and of PostgreSQL."""

    own: float
    postgres: float

    def per_thousand(self, count: int) -> str:
        """The cost of a thousand probes, for people."""
        own, postgres = self.own * 1000 / count, self.postgres * 1000 / count
        return (
            f"{own + postgres:.2f} CPU-s per 1,000 probes ({own:.2f} checker, {postgres:.2f} "
            "PostgreSQL)"
        )


@contextmanager
def costs() -> Iterator[list[Cost]]:
    """What the block costs; the list holds it at the end."""
    result: list[Cost] = []
    own, postgres = time.process_time(), postgres_seconds()
    yield result
    result.append(Cost(time.process_time() - own, postgres_seconds() - postgres))


def postgres_seconds() -> float:
    """CPU-seconds of the embedded PostgreSQL server and all that it started."""
    told = Path(os.environ["FGIP_DATA_DIR"], "postgres", "postmaster.pid").read_text()
    return seconds_of(psutil.Process(int(told.split()[0])))


def seconds_of(process: psutil.Process) -> float:
    """CPU-seconds of a process, its children, and those that have ended."""
    times = process.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in process.children():
        try:
            total += seconds_of(child)
        except psutil.NoSuchProcess:
            continue
    return float(total)


def peak_mb() -> float:
    """The most memory that this process ever had, in megabytes (10^6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def load() -> str:
    """How busy the machine is, to judge the figures by."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
