"""How long an answer is good, and when the next probe comes. The time is told, never waited for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.check_settings import standard_checks
from app.domain.health import Health
from app.domain.health_states import Standing
from app.domain.probe_intervals import fresh_seconds, next_probe_at

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHECKS = standard_checks()

# A time limit that ran out is found as "down".
GOOD_FOR = {
    Health.UP: (900, 900),
    Health.DEGRADED: (900, 900),
    Health.STALLED: (900, 900),
    Health.MAINTENANCE: (60, 10),
    Health.AUTHORISATION_NEEDED: (60, 10),
    Health.DOWN: (60, 10),
    Health.UNKNOWN: (60, 10),
}


@pytest.mark.parametrize("state", Health)
def test_how_long_an_answer_is_good_depends_on_the_state_and_on_who_asks(state):
    standing = Standing(state, AT - timedelta(minutes=5))
    user, system = GOOD_FOR[state]
    assert fresh_seconds(standing, caller="user", at=AT, checks=CHECKS) == user
    assert fresh_seconds(standing, caller="system", at=AT, checks=CHECKS) == system


def test_an_answer_that_waits_for_confirmation_is_no_good_one():
    standing = Standing(Health.UP, AT - HOUR, Health.DOWN, AT, 1)
    assert fresh_seconds(standing, caller="user", at=AT, checks=CHECKS) == 60


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(0.0, 10), (0.99, 10), (1.0, 300), (23.9, 300), (24.0, 900), (167.9, 900), (168.0, 3600)],
)
def test_the_long_dead_are_left_alone_longer_and_longer(age, seconds):
    standing = Standing(Health.DOWN, AT - age * HOUR)
    wait = (next_probe_at("a", standing, AT, CHECKS) - AT).total_seconds()
    assert seconds <= wait <= seconds + 1
    assert fresh_seconds(standing, caller="system", at=AT, checks=CHECKS) == seconds
    assert fresh_seconds(standing, caller="user", at=AT, checks=CHECKS) == 60


@pytest.mark.parametrize("state", [Health.UP, Health.DOWN])
def test_what_waits_for_confirmation_is_tried_again_soon(state):
    standing = Standing(state, AT - 1000 * HOUR, Health.DEGRADED, AT, 1)
    assert next_probe_at("a", standing, AT, CHECKS) == AT + timedelta(seconds=10)


def test_a_refusal_and_maintenance_are_not_pressed():
    for state in (Health.AUTHORISATION_NEEDED, Health.MAINTENANCE, Health.UNKNOWN):
        wait = next_probe_at("a", Standing(state, AT), AT, CHECKS) - AT
        assert 60 <= wait.total_seconds() <= 61.2


@given(st.integers(0).map(str), st.floats(0, 1e6))
def test_a_healthy_service_has_its_own_points_in_time_whenever_its_probes_end(ref, later):
    healthy = Standing(Health.UP, AT - HOUR)
    first = next_probe_at(ref, healthy, AT, CHECKS)
    other = next_probe_at(ref, healthy, AT + timedelta(seconds=later), CHECKS)
    apart = (other - first).total_seconds() % CHECKS.interval_seconds
    assert min(apart, CHECKS.interval_seconds - apart) <= 1.001
    assert 0 < (first - AT).total_seconds() <= 1.1 * CHECKS.interval_seconds + 1
