"""A service's health over time, in steps that fit the range."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.health import Health
from app.domain.health_sums import DAY, HOUR, day_of, hour_of
from app.domain.series import Series, heat_map, series, states_between
from models import db
from models.base import now
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


def series_of(ref: str, since: datetime, until: datetime) -> Series:
    with db.session(db.REGISTRY) as session:
        return series(session, actor=VIEWER, service_ref=ref, since=since, until=until)


def test_the_range_chooses_the_step() -> None:
    _, ref = add_service()
    at = now()
    spans = (HOUR, 6 * HOUR, DAY, 3 * DAY, 30 * DAY, 90 * DAY, 365 * DAY, 1500 * DAY)
    steps = [series_of(ref, at - span, at).step for span in spans]
    assert steps == ["minute"] * 3 + ["hour"] * 3 + ["day"] * 2


@pytest.mark.parametrize("span", [HOUR, 30 * HOUR, 4 * DAY, 120 * DAY])
@pytest.mark.parametrize("is_rolled_up", [True, False])
def test_points_follow_each_other_and_tell_of_now(span: timedelta, is_rolled_up: bool) -> None:
    service_id, ref = add_service()
    at = now()
    add_probes(service_id, every(at - 5 * HOUR, at, health="degraded", queued=7))
    if is_rolled_up:
        roll_up()
    found = series_of(ref, at - span, now())
    borders = [(point.starts_at, point.ends_at) for point in found.points]
    assert all(one[1] == other[0] for one, other in pairwise(borders))
    assert (borders[0][0], borders[-1][1]) == (found.since, found.until)
    newest = found.points[-1]
    assert newest.seconds[Health.DEGRADED] > 0
    assert newest.queued_average == pytest.approx(7)
    length = (found.until - found.since).total_seconds()
    told = sum(sum(point.seconds.values()) + point.no_data for point in found.points)
    assert told == pytest.approx(length, abs=0.1)
    known = min(5 * HOUR, span).total_seconds()
    assert length - sum(point.no_data for point in found.points) == pytest.approx(known, abs=5)


def test_a_point_without_data_says_so() -> None:
    service_id, ref = add_service()
    at = hour_of(now()) - 10 * HOUR
    add_probes(service_id, [Probe(at, stands_for=INTERVAL)])
    roll_up()
    empty = series_of(ref, at - 48 * HOUR, at).points[0]
    assert (empty.uptime, empty.p50_ms, empty.most_ms, empty.queued_average) == (None,) * 4
    assert (empty.probes, empty.no_data, empty.finished) == (0, 3600, None)


def test_a_single_probes_latency_is_shown_as_it_was_measured() -> None:
    service_id, ref = add_service()
    at = now()
    add_probes(service_id, every(at - HOUR, at, response_time_ms=123.25))
    point = series_of(ref, at - HOUR / 2, at).points[-1]
    assert {point.p50_ms, point.p95_ms, point.p99_ms, point.least_ms, point.most_ms} == {123.25}


def test_percentiles_of_an_hour_are_within_five_percent() -> None:
    service_id, ref = add_service()
    start = hour_of(now()) - 3 * HOUR
    step = timedelta(seconds=36)
    add_probes(
        service_id,
        [Probe(start + n * step, response_time_ms=10.0 * (n + 1)) for n in range(100)],
    )
    roll_up()
    (point,) = (p for p in series_of(ref, start - 48 * HOUR, now()).points if p.probes)
    assert point.p50_ms == pytest.approx(500, rel=0.05)
    assert point.p95_ms == pytest.approx(950, rel=0.05)
    assert point.p99_ms == pytest.approx(990, rel=0.05)
    assert point.least_ms is not None and point.least_ms <= 10
    assert point.most_ms is not None and point.most_ms >= 1000


def test_counters_that_are_set_back_never_count_backwards() -> None:
    service_id, ref = add_service()
    start = hour_of(now()) - 4 * HOUR
    finished = [100, 110, None, 115, 3, 5, 9, 9, 12, 12, 12, 12]
    add_probes(
        service_id,
        [
            Probe(start + number * INTERVAL, finished=each, executor_errors=0, system_errors=0)
            for number, each in enumerate(finished)
        ],
    )
    roll_up()
    (point,) = (p for p in series_of(ref, start - 48 * HOUR, now()).points if p.probes)
    assert (point.finished, point.executor_errors, point.system_errors) == (10 + 5 + 9, 0, 0)


def test_the_heat_map_tells_when_it_is_usually_slow() -> None:
    service_id, ref = add_service()
    monday = day_of(now())
    monday -= timedelta(days=monday.weekday() + 14)
    for week in (monday, monday + 7 * DAY):
        add_probes(service_id, every(week, week + HOUR, response_time_ms=2000, queued=30))
        add_probes(service_id, every(week + HOUR, week + 2 * HOUR, response_time_ms=50))
    roll_up()
    with db.session(db.REGISTRY) as session:
        cells = heat_map(session, actor=VIEWER, service_ref=ref, since=monday)
    slow, quick = cells[:2]
    assert [(cell.weekday, cell.hour, cell.hours) for cell in (slow, quick)] == [
        (0, 0, 2),
        (0, 1, 2),
    ]
    assert slow.median_ms == pytest.approx(2000, rel=0.05)
    assert quick.median_ms == pytest.approx(50, rel=0.05)
    assert slow.queued_average == pytest.approx(30)
    assert slow.availability == pytest.approx(1)


def test_states_are_those_that_reach_into_the_time() -> None:
    service_id, ref = add_service()
    at = now()
    add_states(
        service_id,
        ("up", at - 9 * HOUR, at - 8 * HOUR),
        ("down", at - 8 * HOUR, at - 2 * HOUR),
        ("up", at - 2 * HOUR, None),
    )
    with db.session(db.REGISTRY) as session:
        found = states_between(
            session, actor=VIEWER, service_ref=ref, since=at - 3 * HOUR, until=at
        )
    assert [(each.state, each.until) for each in found] == [
        (Health.DOWN, at - 2 * HOUR),
        (Health.UP, None),
    ]
