"""Uptime by time: what an outage, a checker that stood still, and maintenance make of it."""

from datetime import datetime, timedelta

import pytest

from app.domain.access import Actor
from app.domain.errors import NotAllowed
from app.domain.health import Health
from app.domain.health_sums import DAY, HOUR, day_of, hour_of
from app.domain.uptime import Uptime, uptime_of
from models import db
from models.base import now
from models.health import MaintenanceWindow
from tests.support.pasts import (
    INTERVAL,
    VIEWER,
    Probe,
    add_probes,
    add_service,
    add_states,
    every,
    roll_up,
)

pytestmark = pytest.mark.usefixtures("databases")

YESTERDAY = day_of(now()) - DAY
NOON = YESTERDAY + DAY / 2
FAST = timedelta(seconds=10)
TEN_MINUTES = timedelta(minutes=10)


def uptime(ref: str, since: datetime = YESTERDAY, until: datetime = YESTERDAY + DAY) -> Uptime:
    with db.session(db.REGISTRY) as session:
        return uptime_of(session, actor=VIEWER, service_ref=ref, since=since, until=until)


def outage(since: datetime, until: datetime, at: datetime) -> list[Probe]:
    """Every 5 minutes while it is up, every 10 seconds while it is down: ten minutes."""
    back = at + TEN_MINUTES
    down = every(at, back, FAST, health="down", response_time_ms=None)
    return [*every(since, at), *down, *every(back, until)]


def service_down_at_noon() -> tuple[int, str]:
    service_id, ref = add_service()
    add_probes(service_id, outage(YESTERDAY - HOUR, YESTERDAY + DAY + HOUR, NOON))
    roll_up()
    return service_id, ref


def declare(service_id: int, starts_at: datetime, ends_at: datetime) -> None:
    with db.session(db.REGISTRY) as session:
        session.add(MaintenanceWindow(service_id=service_id, starts_at=starts_at, ends_at=ends_at))


def test_ten_minutes_down_with_fast_rechecks_are_ten_minutes_of_a_day() -> None:
    found = uptime(service_down_at_noon()[1])
    assert found.with_maintenance == pytest.approx(0.9931, abs=0.0001)
    assert found.without_maintenance == found.with_maintenance
    assert found.seconds[Health.DOWN] == pytest.approx(600)
    assert (found.no_data, found.coverage) == (pytest.approx(0), pytest.approx(1))


def test_an_outage_that_is_not_rolled_up_yet_counts_to_the_second() -> None:
    service_id, ref = add_service()
    at = now()
    add_probes(service_id, outage(at - 3 * HOUR, at, at - HOUR))
    found = uptime(ref, at - 2 * HOUR, at)
    assert found.seconds[Health.DOWN] == pytest.approx(600)
    assert found.with_maintenance == pytest.approx(110 / 120)


def test_what_was_found_before_the_worker_stopped_for_hours_is_not_lost_meanwhile() -> None:
    service_id, ref = add_service()
    at = now()
    add_probes(service_id, every(at - 12 * HOUR, at - 8 * HOUR))
    found = uptime(ref, at - 12 * HOUR, at)
    assert found.seconds[Health.UP] == pytest.approx(4 * 3600, abs=120)


def test_a_range_that_begins_and_ends_within_hours_is_cut_to_the_second() -> None:
    _, ref = service_down_at_noon()
    since, until = NOON + timedelta(minutes=4), NOON + timedelta(minutes=24)
    found = uptime(ref, since, until)
    assert (found.since, found.until) == (since, until)
    assert found.seconds[Health.DOWN] == pytest.approx(360)
    assert found.seconds[Health.UP] == pytest.approx(840)


def test_a_checker_that_stood_still_for_an_hour_leaves_an_hour_of_no_data() -> None:
    service_id, ref = add_service()
    last = Probe(NOON - INTERVAL, stands_for=INTERVAL)
    add_probes(service_id, [*every(YESTERDAY, NOON - INTERVAL), last])
    add_probes(service_id, every(NOON + HOUR, YESTERDAY + DAY))
    roll_up()
    found = uptime(ref)
    assert found.no_data == pytest.approx(3600)
    assert found.with_maintenance == pytest.approx(1)
    assert found.coverage == pytest.approx(0.958, abs=0.0005)


def test_a_probe_speaks_no_longer_than_it_is_valid() -> None:
    service_id, ref = add_service()
    add_probes(service_id, [Probe(NOON), Probe(NOON + HOUR)])
    roll_up()
    found = uptime(ref, NOON, NOON + HOUR)
    assert found.seconds[Health.UP] == pytest.approx(360)
    assert found.no_data == pytest.approx(3240)


def test_unknown_is_neither_up_nor_down_nor_no_data() -> None:
    service_id, ref = add_service()
    add_probes(
        service_id,
        [*every(YESTERDAY, NOON), *every(NOON, YESTERDAY + DAY, health="unknown")],
    )
    roll_up()
    found = uptime(ref)
    assert found.with_maintenance == pytest.approx(1)
    assert found.no_data == pytest.approx(0)
    assert found.coverage == pytest.approx(0.5)


def test_a_service_that_was_never_probed_has_no_uptime() -> None:
    found = uptime(add_service()[1])
    assert (found.with_maintenance, found.without_maintenance) == (None, None)
    assert (found.no_data, found.coverage) == (86400, 0)


def test_maintenance_that_is_declared_afterwards_excuses_the_outage_within_it() -> None:
    service_id, ref = service_down_at_noon()
    add_states(
        service_id,
        ("up", YESTERDAY - HOUR, NOON),
        ("down", NOON, NOON + TEN_MINUTES),
        ("up", NOON + TEN_MINUTES, None),
    )
    # Two windows that overlap excuse what they share once.
    declare(service_id, NOON - HOUR, NOON + TEN_MINUTES / 2)
    declare(service_id, NOON, NOON + TEN_MINUTES / 2)
    found = uptime(ref)
    assert found.excused == pytest.approx(300)
    assert found.without_maintenance == pytest.approx(1 - 600 / 86400)
    assert found.with_maintenance == pytest.approx(1 - 300 / (86400 - 300))


def test_maintenance_that_the_service_declares_is_excused_and_told() -> None:
    service_id, ref = add_service()
    add_probes(
        service_id,
        [*every(YESTERDAY, NOON), *every(NOON, YESTERDAY + DAY, health="maintenance")],
    )
    roll_up()
    found = uptime(ref)
    assert found.with_maintenance == pytest.approx(1)
    assert found.without_maintenance == pytest.approx(0.5)
    assert found.excused == pytest.approx(43200)


def test_what_has_not_happened_yet_is_no_lack_of_data() -> None:
    service_id, ref = add_service()
    at = now()
    add_probes(service_id, every(hour_of(at) - HOUR, at))
    found = uptime(ref, hour_of(at) - HOUR, at + DAY)
    assert found.until <= now()
    assert found.coverage == pytest.approx(1)


def test_health_is_for_those_who_may_see_services() -> None:
    _, ref = add_service()
    nobody = Actor(user_ref="", name="", email="", permissions=frozenset())
    with db.session(db.REGISTRY) as session, pytest.raises(NotAllowed):
        uptime_of(session, actor=nobody, service_ref=ref, since=YESTERDAY, until=now())
