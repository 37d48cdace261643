"""Submitting and following jobs in a browser: once, live, findable by address, by keyboard."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import func, select

from app.domain.job_states import JobStatus, change_status
from models import db
from models.jobs import Job
from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.submitting import actor
from tests.support.visitor import Meet
from tests.support.working import add_dataset, add_panel, submit_to

RECIPE = {
    "workflow_url": "https://workflows.example/impute.cwl",
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
    "parameters": [
        {"name": "phase", "label": "Phase first", "kind": "boolean", "default": False},
        {
            "name": "program",
            "label": "Phasing program",
            "kind": "choice",
            "choices": ["eagle", "beagle"],
            "default": "eagle",
            "when": {"phase": True},
        },
        {"name": "window", "label": "Window", "kind": "integer", "default": 5, "minimum": 1},
    ],
}


@pytest.fixture
def owner(databases: None) -> tuple[str, dict[str, str]]:
    """A researcher's ref and session cookie."""
    return sign_in("ada")


@pytest.fixture
def page(owner: tuple[str, dict[str, str]], meet: Meet) -> Page:
    return meet(owner[1]).page


def count_jobs() -> int:
    with db.session(db.JOBS) as session:
        return session.exec(select(func.count()).select_from(Job)).one()


def test_a_dataset_is_submitted_step_by_step_and_only_once(
    page: Page, owner: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    add_panel("https://wes.example", recipe=RECIPE)
    add_dataset(tmp_path, actor(ref=owner[0]))
    page.goto("/submit")
    page.get_by_label("Cohort").check()
    assert faults(page) == ""
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Panel").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Phasing program")).to_have_count(0)
    page.get_by_label("Window").fill("0")
    page.get_by_label("Phase first").check()
    expect(page.get_by_label("Phasing program")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Window must be at least 1.")).to_be_visible()
    assert faults(page) == ""
    page.get_by_label("Window").fill("7")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Window: 7")).to_be_visible()
    expect(page.get_by_text("Phasing program: eagle")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="Submit", exact=True).dblclick()
    page.wait_for_url(re.compile("/jobs/"))
    expect(page.get_by_role("status")).to_have_text("Waiting to be checked before it is sent.")
    assert faults(page) == ""
    assert count_jobs() == 1


def test_a_job_s_page_changes_without_a_reload(
    page: Page, owner: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    ada = actor(ref=owner[0])
    ref = submit_to(add_panel("https://wes.example"), add_dataset(tmp_path, ada), owner=ada)
    page.goto(f"/jobs/{ref}")
    expect(page.get_by_text("Waiting to be checked")).to_be_visible()
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.error_message = "no overlap with the panel"
        change_status(session, job, JobStatus.FAILED, reason="The run failed")
    expect(page.get_by_text("no overlap with the panel")).to_be_visible()
    assert faults(page) == ""


def test_the_address_of_a_list_finds_the_same_jobs_again(
    page: Page, owner: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    ada = actor(ref=owner[0])
    panel, dataset = add_panel("https://wes.example"), add_dataset(tmp_path, ada)
    for name in ("first cohort", "second cohort"):
        submit_to(panel, dataset, owner=ada, name=name)
    page.goto("/jobs")
    expect(page.get_by_role("link", name="cohort")).to_have_count(2)
    page.get_by_label("Search jobs").fill("second")
    expect(page.get_by_role("link", name="cohort")).to_have_count(1)
    page.wait_for_url("**/jobs?q=second")
    page.reload()
    expect(page.get_by_label("Search jobs")).to_have_value("second")
    expect(page.get_by_role("link", name="second cohort")).to_be_visible()
    expect(page.get_by_role("link", name="first cohort")).to_have_count(0)
    page.goto("/jobs?sort=name&order=asc")
    expect(page.get_by_role("rowheader").first).to_contain_text("first cohort")
    page.goto("/jobs?status=completed")
    expect(page.get_by_text("No job matches")).to_be_visible()
    assert faults(page) == ""


def test_a_job_is_cancelled_by_keyboard_alone_after_a_question(
    page: Page, owner: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    ada = actor(ref=owner[0])
    ref = submit_to(add_panel("https://wes.example"), add_dataset(tmp_path, ada), owner=ada)
    page.goto(f"/jobs/{ref}")
    page.get_by_role("button", name="Cancel the job").press("Enter")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert faults(page) == ""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The cancel is confirmed")).to_be_visible()
