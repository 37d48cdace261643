"""How soon a change of a service reaches 200 open tabs: `python -m benchmarks.live_tabs`.

Each tab speaks to the real web process over its own socket as Reflex's client does, belongs to
another person, and has the page of services open, with a board of services that have 90 days of
history. Prints the time from the database's commit to the delta at the client, the transactions
that the seven databases committed for it, and those of a minute in which nothing happens, beside
the same minute without any tab. PostgreSQL counts no transaction that touches no table, such as a
listening connection's sign of life. It works in a PostgreSQL of its own.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text, update
from sqlmodel import col, select

from tests.support.socket import Tab

LIMIT_MS = 1000
HYDRATE = "reflex___state____state.hydrate_and_load"
DAYS = 90
# PostgreSQL counts a transaction when its connection has been idle for a while.
COUNTED_AFTER_SECONDS = 11


@contextmanager
def platform(service_count: int, tab_count: int) -> Iterator[tuple[Any, list[dict[str, str]]]]:
    """Start a database with services and people, and a web process; yield it and their cookies."""
    with tempfile.TemporaryDirectory(prefix="fgip-bench-") as folder:
        os.environ["FGIP_DATA_DIR"] = folder
        from models import embedded

        os.environ["FGIP_DATABASE_URL"] = embedded.start(Path(folder) / "postgres")
        from app import migrate
        from app.config import settings
        from models import db
        from tests.support.people import sign_in
        from tests.support.platform import start_web

        settings.cache_clear()
        migrate.main()
        db.configure(settings().database_urls)
        with db.engine(db.USERS).execution_options(isolation_level="AUTOCOMMIT").connect() as one:
            one.execute(text("ALTER SYSTEM SET autovacuum = off"))
            one.execute(text("SELECT pg_reload_conf()"))
        add_services(service_count)
        people = [sign_in(f"person{number}")[1] for number in range(tab_count)]
        server = start_web(log=Path(folder) / "web.log")
        try:
            yield server, people
        finally:
            server.stop()
            db.dispose()


def add_services(count: int) -> None:
    """Add services that are up, with a row of history for each of the last days."""
    from models import db
    from models.health import HealthDay, HealthHour, ServiceCheck, ServiceState
    from models.registry import ImputationService

    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with db.session(db.REGISTRY) as session:
        for number in range(count):
            service = ImputationService(
                name=f"Node {number:03}",
                service_type="wes",
                api_type="wes",
                base_url=f"https://node{number}.example.org/",
                health_status="up",
                is_available=True,
            )
            session.add(service)
            session.flush()
            own = service.id or 0
            session.add(
                ServiceCheck(
                    service_id=own,
                    next_probe_at=now + timedelta(hours=1),
                    checked_at=now,
                    found="up",
                    state_since=now,
                )
            )
            session.add(ServiceState(service_id=own, state="up", since=now - timedelta(days=DAYS)))
            measured = {"service_id": own, "latency_buckets": [50], "latency_counts": [12]}
            for hour in range(24):
                begins = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hour)
                session.add(HealthHour(starts_at=begins, probes=12, up_seconds=3600, **measured))
            for day in range(DAYS):
                begins = today - timedelta(days=day)
                session.add(HealthDay(starts_at=begins, probes=288, up_seconds=86400, **measured))


def transactions() -> int:
    """Count the transactions that all databases have ended so far."""
    from models import db

    with db.engine(db.USERS).connect() as connection:
        counted = connection.execute(
            text("SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database")
        )
        return int(counted.scalar_one())


def change(number: int, words: str) -> float:
    """Change the state of a service, whose row then says `words`; return when it was committed."""
    from models import db
    from models.health import ServiceCheck
    from models.registry import ImputationService

    with db.session(db.REGISTRY) as session:
        names = select(ImputationService).order_by(ImputationService.name).limit(1)
        service = session.exec(names).one()
        service.health_status = "down" if number % 2 else "degraded"
        session.execute(
            update(ServiceCheck)
            .where(col(ServiceCheck.service_id) == service.id)
            .values(message=words, found=service.health_status)
        )
        db.announce(session, "imputation_services", service.ref)
    return time.perf_counter()


class TimedTab(Tab):
    """A tab that notes when what it waits for arrived, before it looks at the next."""

    awaited = ""
    arrived_at = 0.0

    def _on_event(self, message: Any) -> None:
        at = time.perf_counter()
        if self.awaited and not self.arrived_at and self.awaited in str(message):
            self.arrived_at = at
        super()._on_event(message)


async def open_tabs(url: str, people: list[dict[str, str]], page: str) -> list[TimedTab]:
    """Open a tab per person and wait until each shows the page's services."""
    tabs = []
    for cookies in people:
        tab = TimedTab(url, cookies=cookies)
        await tab.__aenter__()
        await tab.send(HYDRATE, path=page)
        tabs.append(tab)
    for tab in tabs:
        await tab.until_received("Node 000", seconds=120)
    return tabs


async def time_change(tabs: list[TimedTab], number: int) -> list[float]:
    """Make one change; return the milliseconds after which each tab was told, in order."""
    words = f"change {number:04}."
    for tab in tabs:
        tab.received.clear()
        tab.awaited, tab.arrived_at = words, 0.0
    committed = await asyncio.to_thread(change, number, words)
    deadline = committed + 60
    while not all(tab.arrived_at for tab in tabs):
        if time.perf_counter() > deadline:
            raise RuntimeError(f"{sum(not tab.arrived_at for tab in tabs)} tabs were not told")
        await asyncio.sleep(0.05)
    return sorted((tab.arrived_at - committed) * 1000 for tab in tabs)


async def count_over(seconds: float) -> int:
    """Count the transactions of a time in which we do nothing."""
    await asyncio.sleep(COUNTED_AFTER_SECONDS)
    before = await asyncio.to_thread(transactions)
    await asyncio.sleep(seconds)
    return await asyncio.to_thread(transactions) - before


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.cpu_times().user + one.cpu_times().system for one in family)


async def measure(server: Any, people: list[dict[str, str]], options: argparse.Namespace) -> bool:
    """Measure, print, and tell whether every tab was told within the limit."""
    alone = await count_over(options.idle)
    tabs = await open_tabs(server.url, people, options.page)
    # What the pages read after their first rows.
    await asyncio.sleep(5)
    idle = await count_over(options.idle)
    print(f"{len(tabs)} tabs of {options.page}, {options.services} services")
    print(
        f"idle for {options.idle:.0f} s: {idle} transactions with the tabs open, {alone} without"
        " (those of our own counting)"
    )
    worst, size = 0.0, 0
    for number in range(1, options.changes + 1):
        used, before = cpu_seconds(server.process.pid), await asyncio.to_thread(transactions)
        arrivals = await time_change(tabs, number)
        worst = max(worst, arrivals[-1])
        size = max(len(str(tab.received)) for tab in tabs)
        await asyncio.sleep(COUNTED_AFTER_SECONDS if options.count else 1)
        used = cpu_seconds(server.process.pid) - used
        cost = await asyncio.to_thread(transactions) - before if options.count else -1
        print(
            f"change {number}: median {statistics.median(arrivals):.0f} ms, "
            f"worst {arrivals[-1]:.0f} ms, {cost} transactions, "
            f"{used:.2f} CPU-s of the web process, {size} characters a tab"
        )
    print(f"worst of all: {worst:.0f} ms, limit {LIMIT_MS} ms")
    for tab in tabs:
        await tab.__aexit__()
    return worst <= LIMIT_MS


def main() -> None:
    """Measure, and fail where a tab was told too late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tabs", type=int, default=200)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--changes", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60)
    parser.add_argument("--page", default="/services")
    parser.add_argument("--no-count", dest="count", action="store_false")
    options = parser.parse_args()
    with platform(options.services, options.tabs) as (server, people):
        is_within = asyncio.run(measure(server, people, options))
    raise SystemExit(not is_within)


if __name__ == "__main__":
    main()
