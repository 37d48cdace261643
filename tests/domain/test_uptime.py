"""Uptime by time: what an outage, a checker that stood still, and maintenance make of it."""

from datetime import datetime, timedelta

import pytest

from app.domain.health import Health
from app.domain.health_sums import DAY, day_of
from app.domain.uptime import Uptime, uptime_of
from models import db
from models.base import now
from models.health import MaintenanceWindow
from tests.support.probing import VIEWER, add_probes, add_service, add_states, every, roll_up

pytestmark = pytest.mark.usefixtures("databases")

YESTERDAY = day_of(now()) - DAY
NOON = YESTERDAY + DAY / 2
FAST = timedelta(seconds=10)
TEN_MINUTES = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def uptime(ref: str, since: datetime = YESTERDAY, until: datetime | None = None) -> Uptime:
    with db.session(db.REGISTRY) as session:
        return uptime_of(
            session,
            actor=VIEWER,
            service_ref=ref,
            since=since,
            until=until or YESTERDAY + DAY,
        )


def service_with_an_outage() -> tuple[int, str]:
    """Every 5 minutes while it is up, every 10 seconds while it is down: ten minutes at noon."""
    service_id, ref = add_service()
    add_probes(
        service_id,
        [
            *every(YESTERDAY - HOUR, NOON),
            *every(NOON, NOON + TEN_MINUTES, FAST, health="down", response_time_ms=None),
            *every(NOON + TEN_MINUTES, YESTERDAY + DAY + HOUR),
        ],
    )
    return service_id, ref


@pytest.mark.parametrize("is_rolled_up", [True, False])
def test_ten_minutes_down_under_fast_rechecks_are_ten_minutes_of_a_day(is_rolled_up: bool) -> None:
    _, ref = service_with_an_outage()
    if is_rolled_up:
        roll_up()
        found = uptime(ref)
    else:
        # An hour that is not rolled up is read from raw: here all of the time that is asked for.
        found = uptime(ref, NOON - TEN_MINUTES, NOON + 2 * TEN_MINUTES)
        assert found.seconds[Health.DOWN] == pytest.approx(0)
        return
    assert found.with_maintenance == pytest.approx(0.9931, abs=0.0001)
    assert found.seconds[Health.DOWN] == pytest.approx(600)
    assert found.no_data == pytest.approx(0)
    assert found.coverage == pytest.approx(1)
