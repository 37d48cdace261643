"""What pages read grows with what they show, not with the history that lies behind it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from app.domain.glance import glances
from app.domain.health_sums import DAY
from app.domain.series import series
from app.domain.uptime import uptime_of
from models import db
from models.base import now
from tests.support.databases import empty_databases
from tests.support.pasts import VIEWER, add_service

RAW = "service_health_logs"
SERVICES = 10

# Raw probes of 20 days, and a year of hours and days; nothing but the last hours is due.
PAST = """
INSERT INTO service_health_logs (service_id, checked_at, valid_until, health_status, found, layer,
    response_time_ms, error_message)
SELECT s.id, at, at + interval '6 minutes', 'up', 'up', '', 100, ''
FROM generate_series(now() - interval '20 days', now(), interval '5 minutes') AS moments(at)
CROSS JOIN imputation_services AS s ORDER BY at;
INSERT INTO service_health_hours (service_id, starts_at, {states}, probes, latency_buckets,
    latency_counts)
SELECT s.id, at, 3600, 0, 0, 0, 0, 0, 0, 12, '{{48,49,50}}', '{{4,4,4}}'
FROM generate_series(date_trunc('hour', now()) - interval '365 days',
    date_trunc('hour', now()) - interval '2 hours', interval '1 hour') AS moments(at)
CROSS JOIN imputation_services AS s ORDER BY at;
INSERT INTO service_health_days (service_id, starts_at, {states}, probes, latency_buckets,
    latency_counts)
SELECT s.id, at, 86400, 0, 0, 0, 0, 0, 0, 288, '{{48,49,50}}', '{{90,90,90}}'
FROM generate_series(date_trunc('day', now(), 'UTC') - interval '365 days',
    date_trunc('day', now(), 'UTC') - interval '1 day', interval '1 day') AS moments(at)
CROSS JOIN imputation_services AS s ORDER BY at;
INSERT INTO service_rollups_due (service_id, hour, due_at)
SELECT s.id, hour, now()
FROM generate_series(date_trunc('hour', now()) - interval '1 hour', now(), interval '1 hour')
    AS hours(hour)
CROSS JOIN imputation_services AS s;
ANALYZE service_health_logs, service_health_hours, service_health_days, service_rollups_due;
"""
STATES = ", ".join(
    f"{state}_seconds"
    for state in (
        "up",
        "degraded",
        "stalled",
        "authorisation",
        "maintenance",
        "down",
        "unknown",
    )
)


@pytest.fixture(scope="module")
def year(postgres: str) -> str:
    """A year of some services, made once because nothing here writes; returns the ref of one."""
    empty_databases()
    refs = [add_service(f"Node {number}")[1] for number in range(SERVICES)]
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text(PAST.format(states=STATES)))
    return refs[0]


def scans_of(work: Callable[[Session], object]) -> list[dict[str, Any]]:
    """What the statements of a piece of work read of the tables of health, as they were run."""
    statements: list[tuple[str, Any]] = []
    with db.session(db.REGISTRY) as session:
        connection = session.connection()

        def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
            statements.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        work(session)
        event.remove(connection, "before_cursor_execute", note)
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            for statement, parameters in list(statements)
        ]
        return [
            node
            for plan in plans
            for node in nodes(plan.scalar_one()[0]["Plan"])
            if node.get("Relation Name", "").startswith("service_health_")
        ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_read(scans: list[dict[str, Any]], table: str) -> float:
    return sum(
        scan["Actual Loops"] * (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0))
        for scan in scans
        if scan["Relation Name"] == table
    )


def test_the_overview_reads_the_days_it_shows_and_little_else(year: str) -> None:
    scans = scans_of(lambda session: glances(session, actor=VIEWER))
    assert RAW not in {s["Relation Name"] for s in scans if s["Node Type"] == "Seq Scan"}
    # Of raw probes: the hours that are not rolled up, with a probe before each.
    assert 0 < rows_read(scans, RAW) <= SERVICES * 3 * 13
    assert 0 < rows_read(scans, "service_health_hours") <= SERVICES * 50
    assert rows_read(scans, "service_health_days") <= SERVICES * 366


@pytest.mark.parametrize("days", [30, 90, 365])
def test_a_chart_reads_one_services_steps_and_the_last_hours(year: str, days: int) -> None:
    at = now()
    scans = scans_of(
        lambda session: series(
            session, actor=VIEWER, service_ref=year, since=at - days * DAY, until=at
        )
    )
    assert "Seq Scan" not in {scan["Node Type"] for scan in scans}
    assert 0 < rows_read(scans, RAW) <= 3 * 13
    steps = rows_read(scans, "service_health_hours") + rows_read(scans, "service_health_days")
    assert steps <= (days if days == 365 else 24 * days) + 50


def test_the_uptime_of_a_year_reads_days(year: str) -> None:
    at = now()
    scans = scans_of(
        lambda session: uptime_of(
            session, actor=VIEWER, service_ref=year, since=at - 360 * DAY, until=at
        )
    )
    assert "Seq Scan" not in {scan["Node Type"] for scan in scans}
    assert rows_read(scans, RAW) <= 4 * 13
    assert rows_read(scans, "service_health_hours") <= 50
