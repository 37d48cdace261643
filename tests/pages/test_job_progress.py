"""A job's page never shows the stages of its run against how the job ended."""

import pytest

from app.connectors.run_stages import RunStage, StageState
from app.pages.job_progress import STATES, ordinal, settled

STAGES = (
    RunStage("Quality Control", StageState.DONE),
    RunStage("Phasing", StageState.RUNNING, done=3, total=10),
    RunStage("Imputation", StageState.AHEAD),
)


def shown(status: str, stages: tuple[RunStage, ...] = STAGES) -> list[tuple[str, str]]:
    return [(stage.name, state) for stage, state in settled(stages, status)]


def test_a_completed_job_has_no_stage_to_come_or_at_work() -> None:
    assert shown("completed") == [("Quality Control", "done"), ("Phasing", "done")]


def test_a_failed_job_has_a_stage_that_failed_and_later_ones_that_were_not_reached() -> None:
    assert shown("failed")[1:] == [("Phasing", "failed"), ("Imputation", "not_reached")]
    failed = (RunStage("Quality Control", StageState.FAILED), *STAGES[1:])
    assert [state for _name, state in shown("failed", failed)] == [
        "failed",
        "stopped",
        "not_reached",
    ]


def test_of_a_job_that_was_given_up_nobody_says_that_its_run_stopped() -> None:
    assert shown("lost")[1] == ("Phasing", "unsure")
    assert shown("cancelled")[1] == ("Phasing", "stopped")


@pytest.mark.parametrize("status", ["running", "submitted", "cancelling", "collecting", "failed"])
def test_every_state_of_a_stage_has_a_word(status: str) -> None:
    assert {state for _name, state in shown(status)} <= set(STATES)


def test_a_place_in_a_queue_is_said_as_people_say_it() -> None:
    said = " ".join(ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 1003))
    assert said == "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th 1,003rd"
