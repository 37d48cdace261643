"""Services at a glance: bars of days, percentiles and the queue of the last 24 hours."""

import pytest

from app.domain.glance import Glance, glances
from app.domain.health import Health
from app.domain.health_sums import DAY, HOUR, day_of, hour_of
from models import db
from models.base import now
from tests.support.pasts import VIEWER, add_probes, add_service, every, roll_up

pytestmark = pytest.mark.usefixtures("databases")


def glance(ref: str, days: int = 90) -> Glance:
    with db.session(db.REGISTRY) as session:
        return glances(session, actor=VIEWER, days=days)[ref]


@pytest.mark.parametrize("is_rolled_up", [True, False])
def test_a_bar_tells_of_each_day_with_today_so_far(is_rolled_up: bool) -> None:
    service_id, ref = add_service()
    at = now()
    today = day_of(at)
    add_probes(service_id, every(today - 2 * DAY, today - DAY))
    add_probes(service_id, every(today - DAY, today - DAY / 2, health="down"))
    add_probes(service_id, every(today - DAY / 2, hour_of(at) - HOUR))
    roll_up()
    add_probes(service_id, every(hour_of(at) - HOUR, at))
    if is_rolled_up:
        roll_up()
    bars = glance(ref).bars
    assert len(bars) == 90
    assert bars[-1].starts_at == today
    assert [bar.uptime for bar in bars[-3:]] == [pytest.approx(each) for each in (1, 0.5, 1)]
    assert [bar.worst for bar in bars[-3:]] == [Health.UP, Health.DOWN, Health.UP]
    assert bars[-1].seconds[Health.UP] == pytest.approx((now() - today).total_seconds(), abs=20)
    assert (bars[0].uptime, bars[0].worst) == (None, None)


def test_percentiles_and_queue_are_of_the_last_day_up_to_now() -> None:
    service_id, ref = add_service()
    at = hour_of(now())
    add_probes(service_id, every(at - 30 * HOUR, at - 24 * HOUR, response_time_ms=9000, queued=90))
    add_probes(service_id, every(at - 24 * HOUR, at - 2 * HOUR, response_time_ms=100, queued=2))
    add_probes(service_id, every(at - 2 * HOUR, now(), response_time_ms=1000, queued=40))
    roll_up()
    found = glance(ref)
    assert found.p50_ms == pytest.approx(100, rel=0.05)
    assert found.p95_ms == pytest.approx(1000, rel=0.05)
    assert found.queue[0] == pytest.approx(2, abs=4)
    assert found.queue[-2] == pytest.approx(40)
    assert found.queue_trend == "rising"


def test_a_service_of_which_nothing_is_known_says_so() -> None:
    _, ref = add_service()
    found = glance(ref)
    assert (found.uptime_90d, found.p50_ms, found.p95_ms) == (None, None, None)
    assert set(found.queue) == {None}
    assert found.queue_trend == ""
    assert found.coverage == 0


def test_only_the_services_that_are_asked_for_are_looked_at() -> None:
    _, ref = add_service("One")
    add_service("Other")
    with db.session(db.REGISTRY) as session:
        assert list(glances(session, actor=VIEWER, service_refs=[ref])) == [ref]
        assert glances(session, actor=VIEWER, service_refs=[]) == {}
