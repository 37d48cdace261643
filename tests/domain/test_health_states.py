"""How a service's state follows from findings, whatever their order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.health import AVAILABLE, Health
from app.domain.health_states import Standing, after

START = datetime(2026, 3, 1, tzinfo=UTC)
TEN = timedelta(seconds=10)
UP, DEGRADED, DOWN = Health.UP, Health.DEGRADED, Health.DOWN
UNKNOWN, REFUSED = Health.UNKNOWN, Health.AUTHORISATION_NEEDED


def told(found: list[Health], *, first: Health = UP, confirmations: int = 3) -> list[Health]:
    """The states after each of these findings, ten seconds apart."""
    standing, states = Standing(first, START), []
    for place, one in enumerate(found, 1):
        standing = after(standing, one, START + place * TEN, confirmations=confirmations)
        states.append(standing.state)
    return states


def test_a_single_failure_changes_nothing_and_neither_does_a_single_success():
    assert told([DOWN, UP, DOWN, DOWN, UP]) == [UP] * 5
    assert told([UP, DOWN, UP, UP, DOWN], first=DOWN) == [DOWN] * 5


def test_the_third_in_a_row_confirms_and_the_state_dates_from_the_first():
    standing = Standing(UP, START)
    for place in (1, 2, 3):
        standing = after(standing, DOWN, START + place * TEN, confirmations=3)
    assert standing == Standing(DOWN, START + TEN)
    assert told([UP, UP, UP], first=DOWN) == [DOWN, DOWN, UP]


def test_mixed_failures_confirm_what_they_have_in_common():
    assert told([DEGRADED, DOWN, DEGRADED]) == [UP, UP, DEGRADED]
    assert told([DOWN, REFUSED, DOWN]) == [UP, UP, REFUSED]
    assert told([UP, DEGRADED, UP], first=DOWN) == [DOWN, DOWN, DEGRADED]
    assert told([DOWN, UP, DOWN], first=DEGRADED) == [DEGRADED] * 3


def test_a_lost_network_of_ours_is_believed_at_once_and_its_return_is_confirmed():
    assert told([UNKNOWN, UP, UP, UP]) == [UNKNOWN, UNKNOWN, UNKNOWN, UP]
    assert told([DOWN, DOWN, UNKNOWN, DOWN, DOWN]) == [UP, UP, UNKNOWN, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("found", sorted(AVAILABLE))
def test_of_a_new_service_the_first_good_answer_is_believed_and_a_bad_one_is_not(found):
    assert after(Standing(), found, START, confirmations=3) == Standing(found, START)
    assert after(Standing(), DOWN, START, confirmations=3).state is UNKNOWN


@given(
    st.lists(st.tuples(st.sampled_from(list(Health)), st.integers(-4000, 4000)), max_size=60),
    st.integers(1, 5),
)
def test_whatever_is_found_and_however_the_clock_jumps_the_states_tile_time(steps, confirmations):
    standing, at = Standing(), START
    stretches: list[tuple[Health, datetime]] = []
    history: list[Health] = []
    for found, seconds in steps:
        at += timedelta(seconds=seconds)
        history.append(found)
        before, standing = standing, after(standing, found, at, confirmations=confirmations)
        if (standing.state, standing.since) == (before.state, before.since):
            assert standing.streak < confirmations
            continue
        assert standing.since is not None
        assert standing.pending is None
        assert standing.state is not before.state, "a stretch ends only where another state begins"
        if stretches:
            assert standing.since >= stretches[-1][1], "stretches do not overlap"
        stretches.append((standing.state, standing.since))
        is_first = before.since is None and found in AVAILABLE
        if found is not UNKNOWN and not is_first:
            confirming = history[-confirmations:]
            assert len(confirming) == confirmations
            assert before.state not in confirming
            assert standing.state in confirming
