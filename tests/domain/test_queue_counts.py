"""A service's own counters, in the words of its protocol."""

import pytest

from app.domain.health import QueueCounts
from app.domain.queue_counts import counts_of

ALL_WES_STATES = [
    "UNKNOWN",
    "QUEUED",
    "INITIALIZING",
    "RUNNING",
    "PAUSED",
    "COMPLETE",
    "EXECUTOR_ERROR",
    "SYSTEM_ERROR",
    "CANCELED",
    "CANCELING",
    "PREEMPTED",
]


def test_the_states_of_wes_become_what_waits_runs_and_has_finished() -> None:
    counts = {state: 10**place for place, state in enumerate(ALL_WES_STATES[:8])}
    assert counts_of(counts | {"CANCELED": 7}) == QueueCounts(
        queued=110, running=11000, finished=11100000, executor_errors=10**6, system_errors=10**7
    )


def test_a_state_that_is_left_out_has_no_runs() -> None:
    assert counts_of({"COMPLETE": 4}) == QueueCounts(0, 0, 4, 0, 0)


def test_cloudgenes_counters_tell_no_failures() -> None:
    assert counts_of({"queue": 3, "running": 2, "complete": 90}) == QueueCounts(3, 2, 90)


@pytest.mark.parametrize(
    "said",
    [
        {},
        dict.fromkeys(ALL_WES_STATES, 0),
        {"SOMETHING": 5},
        {"QUEUED": -1, "COMPLETE": 2**40},
        {"CANCELED": 5},
    ],
)
def test_zeros_alone_and_numbers_that_cannot_be_are_not_reported(said: dict[str, int]) -> None:
    assert counts_of(said) is None
