"""A service's pace and its failures, from counters that may go back or fall silent."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain.estimates import wait_by_queue
from app.domain.failure_drift import Share, failure_drift, luck_of
from app.domain.queue_pace import Pace, keep_paces, kept_paces, paces
from app.domain.queue_stall import follow_queues
from models import db
from models.base import now
from models.health import HealthHour
from tests.support.counted import ADMIN, add_service, count

FIVE = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _databases(databases: None) -> None:
    """Every test needs them."""


def pace_of(ref: str) -> Pace:
    with db.session(db.REGISTRY) as session:
        return paces(session, actor=ADMIN, service_refs=[ref])[ref]


def test_the_pace_is_what_finished_while_others_waited() -> None:
    ref, begun = add_service(), now() - 12 * FIVE
    count(
        ref,
        [(begun + place * FIVE, 3 if place < 6 else 0, 2, 50 + place) for place in range(13)],
    )
    pace = pace_of(ref)
    assert (pace.queued, pace.running) == (0, 2)
    assert (pace.finished, pace.finished_while_waiting) == (12, 6)
    assert pace.waiting_seconds == pytest.approx(6 * 300)


def test_a_counter_that_goes_back_and_a_time_without_counts_are_no_steps() -> None:
    ref, begun = add_service(), now() - timedelta(hours=10)
    count(
        ref,
        [
            (begun, 3, 2, 500),
            (begun + FIVE, 3, 2, 501),
            (begun + 2 * FIVE, 3, 2, 0),
            (begun + 3 * FIVE, 3, 2, 2),
            (begun + timedelta(hours=8), 3, 2, 40),
        ],
    )
    pace = pace_of(ref)
    assert (pace.finished, pace.finished_while_waiting) == (1 + 2 + 38, 1 + 2)
    assert pace.waiting_seconds == pytest.approx(600)
    assert pace.queued is None, "nobody has counted for two hours"


def test_the_pace_that_is_kept_lets_a_long_list_expect_the_same_wait() -> None:
    queued, idle = add_service("Queued"), add_service("Idle")
    times = [now() - (20 - place) * FIVE for place in range(20)]
    count(queued, [(at, 5, 1, 80 + place) for place, at in enumerate(times)])
    count(idle, [(at, 0, 0, 80 + place) for place, at in enumerate(times)])
    with db.session(db.REGISTRY) as session:
        follow_queues(session)
        keep_paces(session)
        kept = kept_paces(session, actor=ADMIN)
    assert set(kept) == {queued}
    assert wait_by_queue(kept[queued]) == wait_by_queue(pace_of(queued))
    assert wait_by_queue(kept[queued]).range is not None


def test_numbers_mean_something_once_a_run_was_seen_to_finish() -> None:
    same, moving = add_service("Same"), add_service("Moving")
    times = [now() - (20 - place) * FIVE for place in range(20)]
    count(same, [(at, 5, 1, 80) for at in times])
    count(moving, [(at, 5, 1, 80 + place) for place, at in enumerate(times)])
    with db.session(db.REGISTRY) as session:
        follow_queues(session)
    assert (pace_of(same).has_moved, pace_of(moving).has_moved) == (False, True)


def test_a_rising_and_a_falling_queue_are_told() -> None:
    for name, queued, trend in (
        ("Rising", [1] * 100 + [20] * 10, "rising"),
        ("Falling", [20] * 100 + [1] * 10, "falling"),
        ("Steady", [9] * 110, "steady"),
    ):
        ref = add_service(name)
        begun = now() - len(queued) * FIVE
        count(ref, [(begun + place * FIVE, n, 1, 9) for place, n in enumerate(queued)])
        assert pace_of(ref).trend == trend


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 60)), max_size=30))
def test_whatever_a_service_counts_no_rate_is_negative(told: list[tuple[int, int, int]]) -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text("TRUNCATE imputation_services CASCADE"))
    ref, begun = add_service(), now() - 40 * FIVE
    count(ref, [(begun + place * FIVE, *numbers) for place, numbers in enumerate(told)])
    with db.session(db.REGISTRY) as session:
        found = paces(session, actor=ADMIN, service_refs=[ref]).get(ref)
    if not told:
        assert found is None
        return
    assert found is not None
    grown = [max(0, after[2] - before[2]) for before, after in pairwise(told)]
    assert found.finished == sum(grown)
    assert 0 <= found.finished_while_waiting <= found.finished
    assert 0 <= found.waiting_seconds <= 300 * len(grown)


def fail(ref: str, *, system_errors: int, finished: int = 100) -> None:
    """A day in which so many runs failed by the service's fault."""
    begun = now() - timedelta(hours=2)
    count(ref, [(begun, 1, 1, 0)])
    count(ref, [(begun + FIVE, 1, 1, finished)], errors=(1, system_errors))


def usual(ref: str, *, finished: int, executor_errors: int, system_errors: int) -> None:
    """Some hours of the weeks before."""
    with db.session(db.REGISTRY) as session:
        service_id = session.connection().execute(
            text("SELECT id FROM imputation_services WHERE ref = :ref"), {"ref": ref}
        )
        session.add(
            HealthHour(
                service_id=service_id.scalar_one(),
                starts_at=now() - timedelta(days=5),
                finished=finished,
                executor_errors=executor_errors,
                system_errors=system_errors,
            )
        )


def test_more_failures_of_the_service_than_luck_explains_are_told_apart() -> None:
    ref = add_service()
    fail(ref, system_errors=20)
    usual(ref, finished=1000, executor_errors=30, system_errors=5)
    with db.session(db.REGISTRY) as session:
        drift = failure_drift(session, actor=ADMIN, service_ref=ref)
    assert drift.system_errors is not None and drift.failures is not None
    assert drift.system_errors.is_unusual
    assert drift.system_errors.recent == Share(20, 100)
    assert (drift.failures.recent, drift.failures.usual) == (Share(21, 100), Share(35, 1000))


def test_a_few_runs_are_not_enough_to_speak_of_a_share() -> None:
    ref = add_service()
    fail(ref, system_errors=5, finished=6)
    usual(ref, finished=1000, executor_errors=0, system_errors=0)
    with db.session(db.REGISTRY) as session:
        drift = failure_drift(session, actor=ADMIN, service_ref=ref)
    assert drift.failures is None
    assert drift.why_not.startswith("Not enough data: 6 runs finished in 24 h")


def test_luck_is_fishers_exact_test() -> None:
    # Fisher's lady tasting tea: all four of four, and three of four, found among eight.
    assert luck_of(Share(4, 4), Share(0, 4)) == pytest.approx(1 / 70)
    assert luck_of(Share(3, 4), Share(1, 4)) == pytest.approx(17 / 70)
    assert luck_of(Share(900, 10**6), Share(9000, 10**7)) == pytest.approx(0.5, abs=0.05)
