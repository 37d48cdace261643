"""A year of health: `.venv/bin/python -m benchmarks.health_year [--services 100] [--days 365]`.

Fills a PostgreSQL of its own with probes every five minutes, with outages, latencies that follow
the hour, a queue and counters; rolls them up as the worker does; and prints what it takes on disk
and how long the pages' queries take, beside the same figures computed from the raw probes.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, text

from app.domain.access import ROLES, Actor
from app.domain.glance import glances
from app.domain.health_sums import day_of
from app.domain.roll_ups import roll_up_due
from app.domain.series import heat_map, series
from app.domain.services import list_services
from app.domain.uptime import uptime_of
from models import db, embedded
from models.base import now
from models.registry import ImputationService
from models.waiting import at_most
from workers.roll_ups import HOURS_AT_ONCE

VIEWER = Actor(user_ref="viewer", name="viewer", email="", permissions=ROLES["viewer"])
TURNS = 15
RAW = "service_health_logs"
YEARS = ("service_health_hours", "service_health_days")
MINUTES = "service_health_minutes"

# One day, in the order of time, as the checker writes. A service has an outage of up to three hours
# on one day of 30, is slow in its afternoon, and finishes a run each ten minutes.
PROBES = text("""
INSERT INTO service_health_logs (service_id, checked_at, valid_until, health_status, found, layer,
    response_time_ms, error_message, queued, running, finished, executor_errors, system_errors)
SELECT service_id, moment, moment + interval '310 seconds',
    CASE WHEN is_down THEN 'down' ELSE 'up' END, CASE WHEN is_down THEN 'down' ELSE 'up' END,
    CASE WHEN is_down THEN 'reachable' ELSE '' END,
    CASE WHEN is_down THEN NULL ELSE
        80 + 10 * (service_id % 20) + 60 * (1 + sin(extract(hour FROM moment) * 0.26))
        - 40 * ln(random()) END,
    CASE WHEN is_down THEN 'Connection refused' ELSE '' END,
    CASE WHEN is_down THEN NULL ELSE (8 + 8 * sin(extract(hour FROM moment) * 0.26))::int END,
    CASE WHEN is_down THEN NULL ELSE 4 END,
    CASE WHEN is_down THEN NULL ELSE (extract(epoch FROM moment) / 600)::int END,
    CASE WHEN is_down THEN NULL ELSE (extract(epoch FROM moment) / 60000)::int END,
    CASE WHEN is_down THEN NULL ELSE (extract(epoch FROM moment) / 600000)::int END
FROM (
    SELECT s.id AS service_id, moment + (s.id % 300) * interval '1 second' AS moment,
        hashint8(s.id * 1009 + :number) % 30 = 0
        AND extract(hour FROM moment) BETWEEN s.id % 20 AND s.id % 20 + s.id % 3 AS is_down
    FROM generate_series(CAST(:day AS timestamptz), least(
        :day + interval '24 hours', CAST(:until AS timestamptz)) - interval '1 second',
        interval '5 minutes') AS moment
    CROSS JOIN imputation_services AS s
    ORDER BY 2
) AS probes
WHERE moment < :until
""")

DUE = text("""
INSERT INTO service_rollups_due (service_id, hour, due_at)
SELECT s.id, hour, now() FROM generate_series(
    date_trunc('hour', CAST(:since AS timestamptz)), :until, interval '1 hour') AS hour
CROSS JOIN imputation_services AS s ORDER BY hour, s.id
""")

# What the overview shows, from the raw probes alone.
RAW_BARS = text("""
SELECT service_id, date_trunc('day', checked_at, 'UTC') AS day,
    sum(seconds) FILTER (WHERE health_status = 'up') / sum(seconds) AS uptime
FROM (
    SELECT service_id, checked_at, health_status, extract(epoch FROM least(valid_until,
        lead(checked_at) OVER (PARTITION BY service_id ORDER BY checked_at), now()) - checked_at
    ) AS seconds
    FROM service_health_logs WHERE checked_at >= :since
) AS pieces GROUP BY service_id, day
""")
RAW_PERCENTILES = text("""
SELECT service_id, percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY response_time_ms)
FROM service_health_logs WHERE checked_at >= now() - interval '24 hours' GROUP BY service_id
""")
RAW_QUEUES = text("""
SELECT service_id, date_trunc('hour', checked_at) AS hour, avg(queued)
FROM service_health_logs WHERE checked_at >= now() - interval '24 hours' GROUP BY 1, 2
""")


def add_services(count: int) -> None:
    """Add services, `service1` and so on."""
    with db.session(db.REGISTRY) as session:
        for number in range(1, count + 1):
            service = ImputationService(
                ref=f"service{number}",
                name=f"Service {number}",
                service_type="wes",
                api_type="wes",
                base_url=f"https://{number}.example",
            )
            session.add(service)


def fill(connection: Connection, since: datetime, until: datetime) -> None:
    """Write all probes of all services."""
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        connection.execute(PROBES, {"number": number, "day": day, "until": until})
        connection.commit()
    connection.execute(DUE, {"since": since, "until": until})
    connection.commit()


def tidy() -> None:
    """Do what autovacuum does sooner or later."""
    engine = db.engine(db.REGISTRY).execution_options(isolation_level="AUTOCOMMIT")
    with at_most(None), engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))


def roll_up() -> int:
    """Roll up all that is due, as the worker does; return how many hours that were."""
    total = 0
    while True:
        with db.session(db.REGISTRY) as session:
            done = roll_up_due(session, limit=HOURS_AT_ONCE)
        total += done
        if not done:
            return total


def milliseconds(work: Callable[[], object], turns: int = TURNS) -> float:
    """The median time of a piece of work."""
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return median(times)


def size_of(connection: Connection, *tables: str) -> int:
    """The bytes that tables take with their indexes."""
    statement = text("SELECT sum(pg_total_relation_size(name)) FROM unnest(:names) AS name")
    return int(connection.scalar(statement, {"names": list(tables)}) or 0)


def rows_of(connection: Connection, table: str) -> int:
    return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def overview() -> None:
    with db.session(db.REGISTRY) as session:
        list_services(session, actor=VIEWER)
        glances(session, actor=VIEWER)


def overview_from_raw() -> None:
    first = day_of(now()) - timedelta(days=89)
    with at_most(None), db.session(db.REGISTRY) as session:
        session.connection().execute(text("SET LOCAL statement_timeout = 0"))
        session.connection().execute(RAW_BARS, {"since": first}).all()
        session.connection().execute(RAW_PERCENTILES).all()
        session.connection().execute(RAW_QUEUES).all()


def chart(days: int) -> Callable[[], object]:
    def work() -> None:
        with db.session(db.REGISTRY) as session:
            since = now() - timedelta(days=days)
            series(session, actor=VIEWER, service_ref="service7", since=since, until=now())

    return work


def year_of_uptime() -> None:
    with db.session(db.REGISTRY) as session:
        since = now() - timedelta(days=365)
        uptime_of(session, actor=VIEWER, service_ref="service7", since=since, until=now())


def usual_week() -> None:
    with db.session(db.REGISTRY) as session:
        since = now() - timedelta(days=365)
        heat_map(session, actor=VIEWER, service_ref="service7", since=since)


def measure(services: int, days: int) -> bool:
    """Fill, roll up, measure and print; tell whether the goals were met."""
    until = now()
    since = day_of(until) - timedelta(days=days - 1)
    start = time.perf_counter()
    with at_most(None), db.engine(db.REGISTRY).connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
        add_services(services)
        fill(connection, since, until)
    tidy()
    print(f"{services} services, {days} days, filled in {time.perf_counter() - start:.0f} s")
    start = time.perf_counter()
    hours = roll_up()
    took = time.perf_counter() - start
    print(f"rolled up {hours} hours in {took:.0f} s, {took / hours * 1e6:.0f} µs each\n")
    tidy()
    with at_most(None), db.engine(db.REGISTRY).connect() as connection:
        probes = rows_of(connection, RAW)
        raw, year = size_of(connection, RAW), size_of(connection, *YEARS)
        minutes = size_of(connection, MINUTES) / max(1, rows_of(connection, MINUTES))
    print(f"{raw / probes:8.0f} bytes  a raw probe, of {probes / 1e6:.2f} million")
    print(f"{minutes:8.0f} bytes  a minute's row")
    print(f"{year / services / days * 365 / 1e6:8.2f} MB     a service's year by hour and day")
    print(f"{raw / services / days * 365 / 1e6:8.2f} MB     a service's year of raw probes\n")
    return report(
        [
            ("overview: services, 90 bars, percentiles, queues of all", overview, 50.0),
            ("chart of a year, by the day", chart(365), 100.0),
            ("chart of 90 days, by the hour", chart(90), 100.0),
            ("chart of 30 days, by the hour", chart(30), 100.0),
            ("chart of a day, by the minute", chart(1), 100.0),
            ("uptime of a year, to the second", year_of_uptime, 100.0),
            ("usual week of a year", usual_week, 100.0),
        ]
    )


def report(goals: Sequence[tuple[str, Callable[[], object], float]]) -> bool:
    """Time each piece of work and print it beside its goal; tell whether all are met."""
    met = True
    for name, work, goal in goals:
        took = milliseconds(work)
        met = met and took < goal
        print(f"{took:8.1f} ms     {name} (goal: {goal:.0f})")
    slow = milliseconds(overview_from_raw, turns=3)
    ratio = slow / milliseconds(overview)
    print(
        f"{slow:8.0f} ms     the overview's figures from the raw probes, {ratio:.0f} times slower"
    )
    return met


def main() -> None:
    """Run in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    wanted = parser.parse_args()
    with TemporaryDirectory(prefix="fgip-year-") as folder:
        os.environ["FGIP_DATA_DIR"] = folder
        os.environ["FGIP_DATABASE_URL"] = embedded.start(Path(folder) / "postgres")
        from app import migrate
        from app.config import settings

        migrate.main()
        db.configure(settings().database_urls)
        met = measure(wanted.services, wanted.days)
        db.dispose()
        embedded.stop(Path(folder) / "postgres")
    raise SystemExit(not met)


if __name__ == "__main__":
    main()
