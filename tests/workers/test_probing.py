"""Hundreds of services at once through the worker's checker: on time, and none falsely down."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.config import settings
from models import db
from models.base import now
from tests.support.loopback_services import address, running
from tests.support.processes import free_port
from tests.workers.test_health_sweep import add_service, probes_of, row_of, served, silent, wes
from workers.health import Checker, sweep


def add_services(port: int, count: int) -> list[str]:
    return [
        add_service(f"http://{address(number)}:{port}", f"Node {number}") for number in range(count)
    ]


def schedule(first: datetime, step: timedelta) -> None:
    """Let the services be due one after the other."""
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text(
                "UPDATE service_checks SET lease_until = NULL, interval_seconds = 60,"
                " next_probe_at = :first + service_id * CAST(:step AS interval)"
            ),
            {"first": first, "step": step},
        )


async def until(is_so: Callable[[], bool]) -> None:
    while True:
        if is_so():
            return
        await asyncio.sleep(0.02)


def probed() -> list[tuple[str, datetime, int]]:
    """What was found of each service, when its probe began, and the service's id."""
    with db.session(db.REGISTRY) as session:
        return [
            tuple(row)
            for row in session.connection().execute(
                text(
                    "SELECT log.found, log.checked_at, log.service_id FROM service_health_logs log"
                    " ORDER BY log.service_id"
                )
            )
        ]


@pytest.fixture
def short_limit(databases, monkeypatch):
    monkeypatch.setenv("FGIP_PROBE_TIMEOUT_SECONDS", "4")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_three_hundred_services_that_take_two_seconds_are_all_up(databases):
    port = free_port()
    add_services(port, 300)
    with running(port, 300, seconds=2.0):
        asyncio.run(sweep())
    assert [found for found, _, _ in probed()] == ["up"] * 300


def test_services_that_hang_hold_up_no_other(short_limit):
    port, hanging, count = free_port(), 10, 60
    add_services(port, count)
    step = timedelta(milliseconds=20)

    async def run() -> list[str]:
        first = now() + timedelta(seconds=0.5)
        schedule(first, step)
        async with Checker(ahead_seconds=60) as checker:
            await checker.turn()
            await until(lambda: len(probed()) >= count - hanging)
            early = [state for state, _, _ in probed()]
            await checker.idle()
        for _, began, service_id in probed():
            assert began >= first + service_id * step
        return early

    with running(port, count, seconds=0.2, hanging_every=6):
        early = asyncio.run(run())
    assert early == ["up"] * (count - hanging)
    assert [found for found, _, _ in probed()] == (["down"] + ["up"] * 5) * hanging


def test_a_worker_that_stops_gives_the_probes_back_that_it_has_not_made(databases):
    async def run() -> str:
        async with served(silent) as url:
            ref = add_service(url)
            async with Checker() as checker:
                await checker.turn()
            return ref

    ref = asyncio.run(run())
    assert probes_of(ref) == []
    with db.session(db.REGISTRY) as session:
        row = session.connection().execute(text("SELECT * FROM service_checks")).one()
    assert row.lease_until is None
    assert row.next_probe_at <= now() + timedelta(seconds=5)


def test_what_was_found_is_written_before_a_worker_stops(databases):
    async def run() -> str:
        async with served(wes()) as url:
            ref = add_service(url)
            async with Checker() as checker:
                await checker.turn()
                await until(lambda: checker.unwritten > 0 or bool(probed()))
            return ref

    assert row_of(asyncio.run(run())).health_status == "up"


def test_no_more_probes_are_under_way_than_there_are_slots(databases, monkeypatch):
    monkeypatch.setenv("FGIP_PROBE_SLOTS", "3")
    settings.cache_clear()
    most = now_open = 0

    async def counting(scope, receive, send):
        nonlocal most, now_open
        if scope["type"] == "http":
            now_open += 1
            most = max(most, now_open)
            await asyncio.sleep(0.02)
            now_open -= 1
            await wes()(scope, receive, send)

    async def run() -> None:
        async with served(counting) as url:
            for number in range(9):
                add_service(f"{url}/{number}", f"Node {number}")
            async with Checker() as checker:
                for _ in range(3):
                    await checker.turn()
                    await checker.idle()

    asyncio.run(run())
    monkeypatch.undo()
    settings.cache_clear()
    assert [found for found, _, _ in probed()] == ["up"] * 9
    assert most <= 3


def test_a_schedule_that_a_clock_set_back_left_in_the_future_is_due(databases):
    port = free_port()
    (ref,) = add_services(port, 1)
    schedule(now() + timedelta(hours=1), timedelta())
    with running(port, 1, seconds=0.0):
        asyncio.run(sweep())
    assert probes_of(ref) == ["up"]
