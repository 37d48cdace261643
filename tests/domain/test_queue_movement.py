"""A queue that stands is told from one that moves slowly, and from numbers that say nothing."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.queue_movement import LEAST_GAPS, Movement, Rule, Sample, follow

START = datetime(2026, 3, 1, tzinfo=UTC)
RULE = Rule(factor=4, minimum_seconds=7200)
PROBE = 300.0


def sample(at: float, *, queued: int, running: int = 0, finished: int, good_for: float = 360):
    moment = START + timedelta(seconds=at)
    return Sample(moment, moment + timedelta(seconds=good_for), queued, running, finished)


def followed(samples: Iterable[Sample], before: Movement | None = None) -> Movement:
    for one in samples:
        before = follow(before, one, RULE)
    assert before is not None
    return before


def probed(finishes: Sequence[float], *, until: float, begin: float = 0, queued: int = 9):
    """A busy service's probes, of which runs finish at these seconds."""
    times = [begin + PROBE * place for place in range(int((until - begin) / PROBE) + 1)]
    return [
        sample(at, queued=queued, running=2, finished=sum(end <= at for end in finishes))
        for at in times
    ]


def every(seconds: float, *, times: int) -> list[float]:
    return [seconds * (place + 1) for place in range(times)]


def test_a_queue_that_stops_is_found_after_the_least_time_and_moves_again_with_the_next_run() -> (
    None
):
    finishes = every(600, times=20)
    before = followed(probed(finishes, until=12000 + 7100))
    assert before.stalled_since is None
    stalled = followed(probed(finishes, until=12000 + 7500))
    assert stalled.stalled_since is not None
    still = followed(probed(finishes, until=12000 + 90000))
    assert still.stalled_since == stalled.stalled_since
    moved = follow(still, sample(103000 - 700, queued=8, running=2, finished=21), RULE)
    assert moved.stalled_since is None


def test_a_queue_that_moves_slowly_has_the_time_that_it_usually_takes() -> None:
    day = 86400.0
    finishes = every(day, times=10)
    slow = followed(probed(finishes, until=12 * day, queued=1))
    assert slow.stalled_since is None
    assert followed(probed(finishes, until=15 * day, queued=1)).stalled_since is not None


def test_a_busy_service_of_random_pace_is_hardly_ever_called_stalled() -> None:
    rng = random.Random(7)
    alarms = 0
    for _ in range(6):
        at, finishes = 0.0, []
        while at < 60 * 86400:
            at += rng.expovariate(1 / 5400)
            finishes.append(at)
        movement, was = None, None
        place = 0
        for step in range(int(60 * 86400 / PROBE)):
            while finishes[place] <= step * PROBE:
                place += 1
            movement = follow(
                movement, sample(step * PROBE, queued=3, running=1, finished=place), RULE
            )
            alarms += bool(movement.stalled_since and not was)
            was = movement.stalled_since
    # 360 days of a queue in which a run ends every 90 minutes on average.
    assert alarms <= 2


def test_numbers_that_never_change_say_nothing() -> None:
    same = [sample(PROBE * place, queued=5, running=1, finished=80) for place in range(5000)]
    assert followed(same).stalled_since is None


def test_too_few_finished_runs_tell_nothing() -> None:
    finishes = every(600, times=LEAST_GAPS - 1)
    assert followed(probed(finishes, until=40 * 86400)).stalled_since is None


def test_time_in_which_nobody_could_look_is_no_wait() -> None:
    finishes = every(600, times=20)
    moving = followed(probed(finishes, until=13000))
    away = 10 * 86400.0
    back = follow(moving, sample(away, queued=9, running=2, finished=20), RULE)
    assert back.stalled_since is None
    assert back.waiting_seconds == 0
    assert back.usual_gap == moving.usual_gap
    again = followed(probed(finishes, begin=away + 300, until=away + 7600), back)
    assert again.stalled_since is not None


def test_an_engine_that_starts_anew_has_its_time_too() -> None:
    stalled = followed(probed(every(600, times=20), until=12000 + 9000))
    assert stalled.stalled_since is not None
    reset = follow(stalled, sample(21300 - 100, queued=9, finished=0), RULE)
    assert (reset.stalled_since, reset.waiting_seconds) == (None, 0)


counts = st.integers(0, 12)
steps = st.tuples(st.floats(1, 20000), counts, counts, counts, st.floats(1, 20000))


@given(st.lists(steps, max_size=60))
def test_whatever_a_service_says_no_time_is_negative_and_only_seen_waiting_is_a_stall(
    told: list[tuple[float, int, int, int, float]],
) -> None:
    movement, at = None, 0.0
    for wait, queued, running, finished, good_for in told:
        at += wait
        one = sample(at, queued=queued, running=running, finished=finished, good_for=good_for)
        movement = follow(movement, one, RULE)
        assert movement.waiting_seconds >= 0
        assert movement.busy_seconds >= 0
        assert all(gap > 0 for gap in movement.gaps)
        if movement.stalled_since is not None:
            assert queued > 0
            assert movement.waiting_seconds >= RULE.minimum_seconds
            assert len(movement.gaps) >= LEAST_GAPS
