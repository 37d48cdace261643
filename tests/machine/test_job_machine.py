"""Whatever happens to workers, services and databases, in any order: no job is lost or sent twice.

`--hypothesis-profile=long` plays for an hour rather than a minute. A failure prints the steps that
lead to it, and a line by which it is played again.
"""

import sys
import traceback
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from app.connectors import CONNECTORS
from tests.machine import calls, clock
from tests.machine.machine import JobMachine
from tests.machine.service import StandIn
from tests.machine.world import World

# The same games each time, in about a minute.
SHORT = settings(
    settings.get_profile("long"), max_examples=40, stateful_step_count=30, derandomize=True
)


@pytest.fixture
def machine(databases: None) -> Iterator[type[JobMachine]]:
    """The rules, with the clock and the stand-in in charge."""
    JobMachine.world = world = World()
    CONNECTORS[StandIn.api_type] = StandIn
    before = structlog.get_config()
    structlog.configure(processors=[_errors_into(world.surprises)])
    with clock.in_charge(world.clock), calls.watched(world.databases_away, world.surprises):
        world.set_up()
        yield JobMachine
    structlog.configure(**before)
    del CONNECTORS[StandIn.api_type]


def _errors_into(surprises: list[str]):  # type: ignore[no-untyped-def]
    def collect(_: object, method: str, event: dict[str, object]) -> None:
        if method in ("error", "exception", "critical"):
            told = traceback.format_exc() if sys.exc_info()[0] else ""
            surprises.append(f"logged: {event} {told}")
        raise structlog.DropEvent

    return collect


def test_no_job_is_lost_sent_twice_or_moved_against_its_life(machine: type[JobMachine]) -> None:
    # Hypothesis chooses a profile of its own where it sees a CI.
    is_long = settings.get_current_profile_name() == "long"
    run_state_machine_as_test(machine, settings=settings() if is_long else SHORT)
