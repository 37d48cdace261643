"""What is expected of a job holds as often as it claims to, and is not said without grounds."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.estimates import LEAST_FINISHED, LEAST_OWN, Range, expect
from app.domain.own_times import OwnTimes
from app.domain.queue_pace import Pace
from tests.support.queues import PROBE, Watched, watched

OF = "jobs of ours with this panel"
NONE = OwnTimes(OF)


def pace(**facts: Any) -> Pace:
    known: dict[str, Any] = {
        "service_ref": "s1",
        "as_of": datetime(2026, 3, 1, tzinfo=UTC),
        "queued": 4,
        "running": 2,
        "waiting_seconds": 36000.0,
        "finished_while_waiting": 60,
        "finished": 80,
        "executor_errors": 0,
        "system_errors": 0,
        "queued_average": 4.0,
        "queued_lately": 4.0,
        "has_moved": True,
        "stall_reason": "",
    }
    return Pace(**(known | facts))


def pace_of(seen: Watched) -> Pace:
    """What the day's probes tell, as `queue_pace` sums them up."""
    steps = list(zip(seen.probes, seen.probes[1:], strict=False))
    return pace(
        queued=seen.probes[-1][0],
        waiting_seconds=sum(PROBE for before, _ in steps if before[0]),
        finished_while_waiting=sum(after[2] - before[2] for before, after in steps if before[0]),
    )


def hits(make: Callable[[random.Random], Callable[[], float]], *, seed: int) -> tuple[int, int]:
    """Of how many simulated queues an estimate can be made, and how often it is right."""
    rng = random.Random(seed)
    told = right = 0
    for _ in range(250):
        draw = make(rng)
        seen = watched(rng, draw, slots=rng.choice([2, 4, 8]), backlog=rng.randint(5, 40))
        wait = expect(pace_of(seen), NONE).wait.range
        if wait and seen.probes[-1][0]:
            told += 1
            right += wait.least <= seen.wait <= wait.most
    return told, right


def test_the_range_of_the_wait_holds_for_eight_in_ten_queues() -> None:
    told, right = hits(lambda rng: lambda: rng.expovariate(1 / 1800), seed=1)
    assert told > 150
    # Four standard errors around 0.8.
    assert 0.68 <= right / told <= 0.92


def test_runs_of_very_different_lengths_are_no_worse() -> None:
    told, right = hits(lambda rng: lambda: rng.lognormvariate(7, 0.8), seed=2)
    assert told > 150
    assert right / told >= 0.7


def test_the_ranges_of_our_own_jobs_hold_for_eight_in_ten_of_the_next() -> None:
    rng = random.Random(3)
    right = 0
    for _ in range(1000):
        times = [rng.lognormvariate(8, 1) for _ in range(rng.randint(LEAST_OWN, 50) + 1)]
        own = OwnTimes(OF, waited=tuple(times[1:]), ran=(), took=tuple(times[1:]))
        taken = expect(None, own).turnaround.range
        assert taken is not None
        right += taken.least <= times[0] <= taken.most
    assert 0.76 <= right / 1000 <= 0.84


def test_turnaround_is_the_wait_and_the_time_that_our_own_runs_took() -> None:
    rng = random.Random(4)
    runs = tuple(rng.uniform(3000, 5000) for _ in range(40))
    expected = expect(pace(), OwnTimes(OF, ran=runs, took=runs))
    wait, taken = expected.wait.range, expected.turnaround.range
    assert wait is not None and taken is not None
    assert 3000 + wait.least < taken.least < taken.middle < taken.most < 5000 + 1.5 * wait.most
    assert expect(pace(), OwnTimes(OF, ran=runs)) == expect(pace(), OwnTimes(OF, ran=runs))


@pytest.mark.parametrize(
    ("known", "why_not"),
    [
        (None, "does not report its queue"),
        (pace(queued=None), "does not report its queue"),
        (pace(has_moved=False), "counts have not changed"),
        (pace(finished_while_waiting=LEAST_FINISHED - 1), "Only 4 runs finished there in 24 h"),
        (pace(stall_reason="It stands."), "does not move"),
    ],
)
def test_without_grounds_it_is_said_why_nothing_is(known: Pace | None, why_not: str) -> None:
    wait = expect(known, NONE).wait
    assert wait.range is None
    assert why_not in wait.basis


def test_an_own_history_stands_in_for_a_queue_that_is_not_reported_but_not_for_a_stalled_one() -> (
    None
):
    own = OwnTimes(OF, waited=(60.0,) * 20, ran=(600.0,) * 20, took=(660.0,) * 20)
    assert expect(None, own).wait.range == Range(60, 60, 60)
    assert expect(pace(stall_reason="It stands."), own).turnaround.range is None


def test_an_empty_queue_promises_a_start_now_or_with_the_next_run_that_ends() -> None:
    wait = expect(pace(queued=0), NONE).wait.range
    assert wait is not None
    assert wait.least == 0
    assert wait.most < 36000 / 60 * 4


def test_a_range_is_said_as_people_say_it() -> None:
    assert str(Range(200, 1000, 7300)) == "3 min to 2 h"
    assert str(Range(40, 40, 40)) == "about 40 s"
