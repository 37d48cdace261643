"""What a job's page offers to do about a failure is for its owner, and leads where it says."""

from dataclasses import fields
from typing import Any

from app.domain.access import Actor
from app.domain.job_queries import JobRow
from app.domain.known_message import Action
from app.pages.job_errors import actions_for
from tests.support.submitting import actor

OWNER, OTHER = actor("Ada"), actor("Eve", "administrator")


def a_row(**values: Any) -> JobRow:
    known = {
        "ref": "j",
        "owner_ref": "ada",
        "dataset_ref": "d",
        "panel_ref": "p",
        "service_ref": "s",
        "service_name": "Michigan",
        "status": "failed",
        "held_reason": "",
        "contact_error": "",
    }
    return JobRow(**{one.name: None for one in fields(JobRow)} | known | values)


def hrefs(actor: Actor, *actions: Action, **values: Any) -> list[str]:
    return [item["href"] for item in actions_for(actions, actor, a_row(**values))]


def test_the_owner_of_a_failed_job_submits_again_in_its_place() -> None:
    assert hrefs(OWNER, Action.RESUBMIT, Action.OTHER_PANEL, Action.DATASET) == [
        "/submit?resubmit=j&panel=p",
        "/submit?resubmit=j",
        "/datasets/d",
    ]
    assert hrefs(OWNER, Action.POPULATION_OFF) == ["/submit?resubmit=j&panel=p&population=off"]


def test_after_a_job_with_results_the_dataset_is_submitted_anew() -> None:
    assert hrefs(OWNER, Action.OTHER_PANEL, Action.POPULATION_OFF, status="completed") == [
        "/submit?dataset=d"
    ]


def test_who_only_reads_a_job_is_shown_the_service_and_nothing_of_the_owner_s() -> None:
    assert hrefs(OTHER, Action.DATASET, Action.RESUBMIT, Action.SERVICE) == ["/services/s"]
