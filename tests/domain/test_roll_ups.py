"""Roll-ups are what anybody would compute from the raw probes, in whatever order these came."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update
from sqlmodel import select

from app.config import settings as installation
from app.domain.health import Health
from app.domain.health_sums import DAY, HOUR, SECONDS_OF
from app.domain.roll_ups import mark_due, roll_up_due
from models import db
from models.base import now
from models.health import (
    HealthDay,
    HealthHour,
    HealthMinute,
    RollUp,
    RollUpDue,
    ServiceHealthLog,
)
from tests.support.pasts import Probe, add_probes, add_service, every, roll_up
from workers import roll_ups as duty

pytestmark = pytest.mark.usefixtures("databases")

MINUTE = timedelta(minutes=1)
# The clocks of Europe are set back in the night from the first to the second of these days.
START = datetime(2026, 10, 24, 12, tzinfo=UTC)
LENGTHS: dict[type[RollUp], timedelta] = {HealthMinute: MINUTE, HealthHour: HOUR, HealthDay: DAY}
COUNTERS = ("finished", "executor_errors", "system_errors")


@pytest.fixture(autouse=True)
def everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation(), "probe_days", 3000)
    monkeypatch.setattr(installation(), "health_minute_days", 3000)


# Moments crowd around the borders of hours and days.
moments = st.builds(
    lambda hour, seconds: START + hour * HOUR + timedelta(seconds=seconds),
    st.integers(0, 30),
    st.sampled_from([-60, -1, -0.001, 0, 0.001, 1, 59, 60]) | st.integers(0, 3599),
)
probes = st.builds(
    Probe,
    checked_at=moments,
    health=st.sampled_from([health.value for health in Health]),
    response_time_ms=st.none() | st.integers(0, 50_000).map(lambda number: number / 2),
    stands_for=st.integers(1, 3 * 3600).map(lambda seconds: timedelta(seconds=seconds)),
    queued=st.none() | st.integers(0, 50),
    running=st.none() | st.integers(0, 50),
    finished=st.none() | st.integers(0, 50),
    executor_errors=st.integers(0, 50),
    system_errors=st.integers(0, 50),
)
Amendment = tuple[datetime, str]
amendments = st.tuples(moments, st.sampled_from(["up", "down"]))
batches = st.lists(st.lists(probes, max_size=12) | amendments, min_size=1, max_size=4)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=batches, zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]))
@example(
    batches=[
        [Probe(START + 59 * MINUTE, stands_for=3 * HOUR)],
        [Probe(START + 61 * MINUTE, health="down", stands_for=MINUTE)],
    ],
    zone="UTC",
)
def test_roll_ups_equal_a_recomputation_from_the_raw_probes(
    batches: Sequence[list[Probe] | Amendment], zone: str
) -> None:
    service_id = fresh_service()
    for batch in batches:
        if isinstance(batch, tuple):
            amend(service_id, *batch)
        else:
            add_probes(service_id, batch)
        roll_up_in(zone)
    raw = raw_probes(service_id)
    for table, length in LENGTHS.items():
        expected = dict(recomputed(raw, length))
        with db.session(db.REGISTRY) as session:
            rows = {row.starts_at: row for row in session.exec(select(table))}
        assert sorted(rows) == sorted(expected)
        for starts_at, row in rows.items():
            assert as_dict(row) == expected[starts_at]
    with db.session(db.REGISTRY) as session:
        assert session.exec(select(RollUpDue)).all() == []


def recomputed(
    raw: Sequence[ServiceHealthLog], length: timedelta
) -> Iterator[tuple[datetime, Any]]:
    """Every stretch of a length of which some probe tells, computed as one would by hand."""
    pieces = [
        (probe, probe.checked_at, min(probe.valid_until, following.checked_at))
        for probe, following in pairwise(raw)
    ] + [(probe, probe.checked_at, probe.valid_until) for probe in raw[-1:]]
    starts = {floor(probe.checked_at, length) for probe in raw}
    if length != MINUTE:
        for _, begins, ends in pieces:
            hours = math.ceil((ends - floor(begins, HOUR)) / HOUR)
            starts |= {floor(floor(begins, HOUR) + n * HOUR, length) for n in range(hours)}
    for start in sorted(starts):
        yield start, totals(pieces, start, length)


def totals(
    pieces: Sequence[tuple[ServiceHealthLog, datetime, datetime]],
    start: datetime,
    length: timedelta,
) -> Any:
    end = start + length
    own = [probe for probe, begins, _ in pieces if start <= begins < end]
    seconds: Counter[str] = Counter()
    for probe, begins, ends in pieces:
        if length == MINUTE:
            spent = ends - begins if start <= begins < end else timedelta()
        else:
            spent = max(timedelta(), min(ends, end) - max(begins, start))
        seconds[probe.health_status] += spent.total_seconds()
    answers = Counter(
        max(0, math.ceil(math.log(max(probe.response_time_ms, 1)) / math.log(1.1)))
        for probe in own
        if probe.response_time_ms is not None
    )
    everything = [probe for probe, *_ in pieces]
    steps = [start] if length != DAY else [start + number * HOUR for number in range(24)]
    grown = [growth(everything, each, min(length, HOUR)) for each in steps]
    return {
        "probes": len(own),
        "seconds": pytest.approx({health: seconds[health] for health in Health}, abs=0.05),
        "latencies": dict(answers),
        **{
            name: sum(known) if (known := [g[name] for g in grown if g[name] is not None]) else None
            for name in COUNTERS
        },
    }


def growth(raw: Sequence[ServiceHealthLog], start: datetime, length: timedelta) -> Any:
    """How far the counters grew in a stretch; from the last one known, if that is of the day."""
    said = [probe for probe in raw if probe.finished is not None]
    grown: dict[str, int | None] = dict.fromkeys(COUNTERS)
    for before, probe in pairwise(said):
        if start <= probe.checked_at < start + length and before.checked_at >= start - DAY:
            for name in COUNTERS:
                more = max(0, getattr(probe, name) - getattr(before, name))
                grown[name] = (grown[name] or 0) + more
    return grown


def as_dict(row: RollUp) -> Any:
    return {
        "probes": row.probes,
        "seconds": {health: getattr(row, name) for health, name in SECONDS_OF.items()},
        "latencies": dict(zip(row.latency_buckets, row.latency_counts, strict=True)),
        **{name: getattr(row, name) for name in COUNTERS},
    }


def floor(moment: datetime, length: timedelta) -> datetime:
    epoch = datetime(2020, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // length * length


def fresh_service() -> int:
    """The one service, without a past."""
    with db.session(db.REGISTRY) as session:
        for table in (*LENGTHS, ServiceHealthLog, RollUpDue):
            session.connection().execute(delete(table))
        found = session.connection().scalar(text("SELECT min(id) FROM imputation_services"))
    return found or add_service()[0]


def amend(service_id: int, since: datetime, state: str) -> None:
    """Have the probes since a time count as another state, as a confirmed change does."""
    with db.session(db.REGISTRY) as session:
        rows = session.connection().execute(
            update(ServiceHealthLog)
            .where(ServiceHealthLog.checked_at >= since)
            .values(health_status=state)
            .returning(ServiceHealthLog.checked_at)
        )
        mark_due(session, [(service_id, row[0]) for row in rows])


def roll_up_in(zone: str) -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text(f"SET LOCAL timezone = '{zone}'"))
        while roll_up_due(session, limit=7):
            pass


def raw_probes(service_id: int) -> Sequence[ServiceHealthLog]:
    with db.session(db.REGISTRY) as session:
        return session.exec(
            select(ServiceHealthLog)
            .where(ServiceHealthLog.service_id == service_id)
            .order_by(ServiceHealthLog.checked_at)
        ).all()


def test_averages_of_a_queue_weigh_by_time() -> None:
    service_id = fresh_service()
    add_probes(
        service_id,
        [
            Probe(START, queued=10, stands_for=HOUR),
            Probe(START + 45 * MINUTE, queued=30, stands_for=HOUR),
            Probe(START + 75 * MINUTE, queued=None, health="down", stands_for=2 * HOUR),
        ],
    )
    roll_up()
    with db.session(db.REGISTRY) as session:
        hours = session.exec(select(HealthHour).order_by(HealthHour.starts_at)).all()
        day = session.exec(select(HealthDay)).one()
    assert [hour.queued_average for hour in hours[:2]] == [15, 30]
    assert [hour.queued_most for hour in hours] == [30, 30, None, None]
    assert (day.queued_average, day.queued_most) == (18, 30)


def test_an_hour_that_is_not_over_waits() -> None:
    service_id = fresh_service()
    add_probes(service_id, [Probe(now())])
    with db.session(db.REGISTRY) as session:
        assert roll_up_due(session, limit=10) == 0
        assert len(session.exec(select(RollUpDue)).all()) == 1
        assert session.exec(select(HealthHour)).all() == []


def test_roll_ups_outlive_the_raw_probes_that_they_were_made_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(installation(), "probe_days", 3)
    service_id = fresh_service()
    at = now()
    old = at - 10 * DAY
    add_probes(service_id, [*every(old, old + HOUR), *every(at - 2 * HOUR, at)])
    asyncio.run(duty.clear())
    assert len(raw_probes(service_id)) == 36, "what is not rolled up yet is kept"
    roll_up()
    before = hours()
    asyncio.run(duty.clear())
    assert {probe.checked_at > old + DAY for probe in raw_probes(service_id)} == {True}
    assert len(raw_probes(service_id)) == 24
    # A straggler of that time changes nothing that is known better.
    add_probes(service_id, [Probe(old + MINUTE, health="down")])
    roll_up()
    assert hours() == before


def test_each_kind_of_row_goes_when_it_is_too_old_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept_days = {HealthMinute: 60, HealthHour: 366, HealthDay: 2 * 366}
    for name, value in (
        ("health_minute_days", 60),
        ("health_hour_years", 1),
        ("health_day_years", 2),
    ):
        monkeypatch.setattr(installation(), name, value)
    service_id = fresh_service()
    with db.session(db.REGISTRY) as session:
        for table, days in kept_days.items():
            for age in (days - 1, days + 2):
                session.add(table(service_id=service_id, starts_at=now() - age * DAY))
    asyncio.run(duty.clear())
    with db.session(db.REGISTRY) as session:
        for table, days in kept_days.items():
            (row,) = session.exec(select(table)).all()
            assert row.starts_at > now() - days * DAY


def hours() -> list[tuple[datetime, float, float]]:
    with db.session(db.REGISTRY) as session:
        rows = session.exec(select(HealthHour).order_by(HealthHour.starts_at)).all()
    return [(row.starts_at, row.up_seconds, row.down_seconds) for row in rows]
