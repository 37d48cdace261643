"""Who is probed when: one claim for all who ask, leases, and clocks that are set."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session

from app.domain import probe_records, probe_schedule, services
from app.domain.health import Finding, Health, Layer
from models import db
from models.base import now
from tests.domain.test_health import ADMIN, add_service
from tests.support.findings import next_due, probe_at, probe_on, set_checks

MS = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
CALLERS = 100


def refresh(service_ref: str, at, caller: str = "user") -> int:
    with db.session(db.REGISTRY) as session:
        asked = probe_schedule.refresh(session, service_refs=[service_ref], caller=caller, at=at)
        session.rollback()
        return asked


def claim(at) -> list[str]:
    with db.session(db.REGISTRY) as session:
        return [one.service_ref for one in probe_schedule.claim_due(session, limit=9, at=at)]


def test_a_hundred_viewers_of_an_answer_that_is_too_old_cause_one_probe(databases):
    ref = add_service()
    probe_on(ref, [Health.UP])
    set_checks(checked_at=now() - HOUR, next_probe_at=now() + HOUR, interval_seconds=3600)
    engine = create_engine(db.url_of(db.REGISTRY), pool_size=25, max_overflow=0, pool_timeout=60)
    together = Barrier(CALLERS + 4)

    def ask(_: int) -> int:
        together.wait(60)
        with Session(engine) as session:
            asked = probe_schedule.refresh(session, service_refs=[ref], caller="user")
            session.commit()
            return asked

    def work(_: int) -> int:
        together.wait(60)
        claims = 0
        for _ in range(20):
            with Session(engine) as session:
                due = probe_schedule.claim_due(session, limit=10)
                session.commit()
            for one in due:
                claims += 1
                with Session(engine) as session:
                    found = Finding(one.service_ref, Health.UP, now(), 1.0)
                    probe_records.record(session, [found])
                    session.commit()
        return claims

    with ThreadPoolExecutor(CALLERS + 4) as threads:
        asking = [threads.submit(ask, number) for number in range(CALLERS)]
        working = [threads.submit(work, number) for number in range(4)]
        asked = sum(one.result() for one in asking)
        claims = sum(one.result() for one in working)
    with Session(engine) as session:
        claims += len(probe_schedule.claim_due(session, limit=10))
    engine.dispose()
    assert (asked, claims) == (1, 1)


@pytest.mark.parametrize(
    ("state", "caller", "good_for"),
    [
        (Health.UP, "user", 900),
        (Health.UP, "system", 900),
        (Health.DOWN, "user", 60),
        (Health.DOWN, "system", 10),
    ],
)
def test_an_answer_is_asked_for_again_when_its_time_is_over_and_not_before(
    databases, state, caller, good_for
):
    ref = add_service()
    probe_on(ref, [state] * 3)
    done = now()
    set_checks(checked_at=done, next_probe_at=done + 9 * HOUR)
    over = done + timedelta(seconds=good_for)
    assert refresh(ref, over - MS, caller) == 0
    assert refresh(ref, over, caller) == 1
    assert refresh(ref, over + MS, caller) == 1


def test_nobody_asks_for_what_is_paused_or_under_way(databases):
    ref = add_service()
    probe_on(ref, [Health.UP])
    set_checks(checked_at=now() - HOUR, next_probe_at=now() + HOUR, lease_until=now() + HOUR)
    assert refresh(ref, now()) == 0
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=ADMIN, service_ref=ref, active=False)
    assert refresh(ref, now()) == 0


def test_a_probe_is_claimed_ahead_and_begins_when_it_is_due(databases):
    ref, at = add_service(), now()
    set_checks(next_probe_at=at + timedelta(seconds=4), interval_seconds=300)
    with db.session(db.REGISTRY) as session:
        assert probe_schedule.claim_due(session, limit=9, ahead_seconds=3, at=at) == []
        (due,) = probe_schedule.claim_due(session, limit=9, ahead_seconds=5, at=at)
    assert (due.service_ref, due.starts_in) == (ref, 4)
    assert due.layers_due >= {Layer.CREDENTIALS, Layer.PANELS, Layer.TLS}
    assert due.lease_until > at + timedelta(seconds=4 + due.timeout_seconds)


def test_a_finding_under_a_claim_that_is_void_is_not_written_down(databases):
    ref, at = add_service(), now() + timedelta(seconds=1)
    with db.session(db.REGISTRY) as session:
        (old,) = probe_schedule.claim_due(session, limit=9, at=at)
        (new,) = probe_schedule.claim_due(session, limit=9, at=old.lease_until + MS)
        for due, health in ((old, Health.DOWN), (new, Health.UP)):
            found = Finding(ref, health, now(), lease_until=due.lease_until)
            probe_records.record(session, [found])
        row = services.get_service(session, actor=ADMIN, service_ref=ref)
    assert (row.found, row.state) == ("up", "up")


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_clock_that_is_set_by_an_hour_stops_no_probe(databases, step):
    ref, at = add_service(), now() + timedelta(seconds=1)
    with db.session(db.REGISTRY) as session:
        assert probe_at(session, ref, Health.UP, at)
        assert not probe_at(session, ref, Health.UP, at + MS)
        at += step
        assert probe_at(session, ref, Health.UP, at), "it is due, as nobody can tell when it was"
        assert timedelta() < next_due(session, ref) - at < timedelta(seconds=331)
        assert not probe_at(session, ref, Health.UP, at + MS)


def test_a_lease_from_before_the_clock_was_set_back_keeps_nobody_away(databases):
    ref, at = add_service(), now() + timedelta(seconds=1)
    assert claim(at) == [ref]
    assert claim(at + MS) == []
    assert claim(at - HOUR) == [ref]
    assert claim(at - HOUR + MS) == []
