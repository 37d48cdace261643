"""What findings leave behind: confirmed states, amended probes, stretches, alerts, uptime."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlmodel import col, select

from app.domain import probe_schedule, services
from app.domain.health import Health
from app.domain.roll_ups import roll_up_due
from app.domain.uptime import uptime_of
from models import db
from models.base import now
from models.health import RollUpDue, ServiceHealthLog, ServiceState
from models.registry import RegistryOutbox
from tests.domain.test_health import ADMIN, add_service
from tests.support.findings import next_due, probe_at, probe_on, set_checks

UP, DOWN = Health.UP, Health.DOWN
DAY = timedelta(days=1)


def rows_of(model, *order):
    with db.session(db.REGISTRY) as session:
        return session.exec(select(model).order_by(*order)).all()


def alerts() -> list[str]:
    """The kinds of the alerts that were raised."""
    rows = rows_of(RegistryOutbox, col(RegistryOutbox.id))
    return [row.payload["kind"] for row in rows if row.topic == "alert"]


def test_a_confirmed_change_dates_from_the_first_failure(databases):
    ref = add_service()
    start = now() - DAY
    probe_on(ref, [UP, DOWN, DOWN, DOWN, UP], start=start)
    logs = rows_of(ServiceHealthLog, col(ServiceHealthLog.checked_at))
    assert [log.found for log in logs] == ["up", "down", "down", "down", "up"]
    assert [log.health_status for log in logs] == ["up", "down", "down", "down", "down"]
    first, second = rows_of(ServiceState, col(ServiceState.since))
    assert (first.state, first.since, first.until) == ("up", start, logs[1].checked_at)
    assert (second.state, second.since, second.until) == ("down", logs[1].checked_at, None)
    hours = {row.hour for row in rows_of(RollUpDue)}
    assert {log.checked_at.replace(minute=0, second=0, microsecond=0) for log in logs} == hours
    with db.session(db.REGISTRY) as session:
        row = services.get_service(session, actor=ADMIN, service_ref=ref)
    assert (row.state, row.state_since, row.is_available) == ("down", second.since, False)
    assert (row.found, row.pending_state, row.streak) == ("up", "up", 1)


def test_each_probe_speaks_until_the_next_and_not_for_long_after_it(databases):
    ref = add_service()
    probe_on(ref, [UP, UP, UP], start=now() - DAY)
    logs = rows_of(ServiceHealthLog, col(ServiceHealthLog.checked_at))
    for log, later in pairwise(logs):
        late = (log.valid_until - later.checked_at).total_seconds()
        assert 0 < late < 15


def test_a_ten_minute_outage_in_a_day_reads_99_31_percent(databases):
    ref = add_service()
    at = start = now() - DAY - timedelta(minutes=1)
    outage_at: datetime | None = None
    probes = 0
    with db.session(db.REGISTRY) as session:
        while at < start + DAY:
            if outage_at is None and at >= start + DAY / 2:
                outage_at = at
            is_out = outage_at is not None and at < outage_at + timedelta(minutes=10)
            assert probe_at(session, ref, DOWN if is_out else UP, at)
            at, probes = next_due(session, ref), probes + 1
    with db.session(db.REGISTRY) as session:
        roll_up_due(session, limit=100)
    with db.session(db.REGISTRY) as session:
        uptime = uptime_of(session, actor=ADMIN, service_ref=ref, since=start, until=start + DAY)
    assert 330 < probes < 360
    assert uptime.with_maintenance is not None
    assert abs(uptime.with_maintenance * 100 - 99.31) <= 0.01
    assert uptime.no_data < 1


def test_probes_that_fail_in_turns_alert_nobody_and_a_single_one_neither(databases):
    ref = add_service()
    probe_on(ref, [UP, DOWN, UP, UP] + [DOWN, UP] * 10, start=now() - DAY)
    assert alerts() == []
    assert [row.state for row in rows_of(ServiceState)] == ["up"]


def test_an_outage_is_one_alert_and_flapping_afterwards_adds_no_second(databases):
    ref = add_service()
    probe_on(ref, [UP, *[DOWN] * 4, UP, DOWN, UP, DOWN, *[UP] * 4, DOWN, UP], start=now() - DAY)
    told = alerts()
    assert told.count("down") == 1
    assert told.count("recovered") <= 1


_KILLED = """
import sys, time
from datetime import datetime
from app.config import settings
from app.domain.health import Health
from models import db
from tests.support.findings import probe_at
db.configure(settings().database_urls)
with db.session(db.REGISTRY) as session:
    assert probe_at(session, sys.argv[1], Health.DOWN, datetime.fromisoformat(sys.argv[2]))
    print("written", flush=True)
    time.sleep(60)
"""
_CLAIMING = _KILLED.replace(
    "    assert probe_at(session, sys.argv[1], Health.DOWN, datetime.fromisoformat(sys.argv[2]))\n",
    "    from app.domain.probe_schedule import claim_due\n"
    "    assert claim_due(session, limit=9, at=datetime.fromisoformat(sys.argv[2]))\n"
    "    session.commit()\n",
)


def killed(script: str, service_ref: str, at: datetime) -> None:
    """Let another process come so far as to say so, and kill it with signal 9."""
    arguments = [sys.executable, "-W", "ignore", "-c", script, service_ref, at.isoformat()]
    with subprocess.Popen(arguments, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)


def test_what_a_killed_worker_had_claimed_is_taken_over_within_two_intervals(databases):
    ref = add_service()
    at = probe_on(ref, [UP], start=now() - DAY)
    killed(_CLAIMING, ref, at)
    with db.session(db.REGISTRY) as session:
        assert not probe_at(session, ref, UP, at + timedelta(seconds=1)), "it may be alive"
        assert probe_at(session, ref, UP, at + timedelta(seconds=2 * 300))
        assert not probe_at(session, ref, UP, at + timedelta(seconds=2 * 300 + 1))


def test_a_worker_killed_while_it_writes_an_alert_loses_none_and_causes_no_second(databases):
    ref = add_service()
    at = probe_on(ref, [UP, DOWN, DOWN], start=now() - DAY)
    killed(_KILLED, ref, at)
    assert alerts() == []
    with db.session(db.REGISTRY) as session:
        other = probe_schedule.claim_due(session, limit=9, at=at)
        assert [one.service_ref for one in other] == [ref], "nothing of the dead worker holds it"
        session.rollback()
    probe_on(ref, [DOWN, DOWN], start=at)
    assert alerts() == ["down"]
    assert len(rows_of(ServiceHealthLog)) == 5


def test_nobody_is_told_of_a_probe_that_found_what_is_known(databases):
    ref = add_service()
    at = probe_on(ref, [UP, UP], start=now() - DAY)
    with db.engine(db.REGISTRY).connect() as connection:
        listening = connection.connection.dbapi_connection
        connection.execute(text("LISTEN changes"))
        connection.commit()
        at = probe_on(ref, [UP], start=at)
        probe_on(ref, [DOWN], start=at)
        connection.execute(text("SELECT 1"))
        heard = [ref in one.payload for one in listening.notifies]
        connection.invalidate()
    assert heard == [True], "the failure, and not the third good answer"


def test_a_service_that_is_paused_has_no_state_until_it_is_back(databases):
    ref = add_service()
    probe_on(ref, [UP])
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=ADMIN, service_ref=ref, active=False)
        row = services.get_service(session, actor=ADMIN, service_ref=ref)
    assert (row.state, row.health_status) == ("paused", "unknown")
    (stretch,) = rows_of(ServiceState)
    assert stretch.until is not None
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=ADMIN, service_ref=ref, active=True)
    set_checks(next_probe_at=now())
    probe_on(ref, [UP])
    assert [row.until is None for row in rows_of(ServiceState, col(ServiceState.id))] == [
        False,
        True,
    ]
