"""A job at an imputation server in a browser: its stages, what was said, what was counted."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from app.connectors.base import RunState, RunStatus
from app.connectors.run_stages import RunMessage, RunStage, Severity, StageState
from app.domain import job_progress
from app.domain.job_states import JobStatus, change_status
from models import db
from models.base import now
from models.jobs import Job
from tests.domain.test_qc_statistics import STATISTICS, TOTALS, VALIDATION
from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.submitting import actor
from tests.support.visitor import Meet
from tests.support.working import add_dataset, add_panel, submit_to

PHONE = {"viewport": {"width": 390, "height": 844}}
CHECKED = RunStage(
    "Input Validation", StageState.DONE, messages=[RunMessage(Severity.OK, VALIDATION, now())]
)
LISTS = {
    "by_chromosome": {"Monomorphic": {"20": 8, "21": 3}},
    "excluded_chunks": [
        {"region": "20:1-20000000", "snps": 2, "overlap": 41.0, "low_samples": 0},
    ],
}
SAID = [
    RunMessage(Severity.WARNING, "Uploaded data is hg19 and reference is hg38."),
    RunMessage(Severity.OK, "Lift Over"),
    RunMessage(Severity.OK, "Calculating QC Statistics"),
    RunMessage(Severity.OK, STATISTICS),
]


@pytest.fixture
def owner(databases: None) -> tuple[str, dict[str, str]]:
    """A researcher's ref and session cookie."""
    return sign_in("ada")


@pytest.fixture
def ref(owner: tuple[str, dict[str, str]], tmp_path: Path) -> str:
    """A job that the service has taken."""
    ada = actor(ref=owner[0])
    ref = submit_to(add_panel("https://impute.example"), add_dataset(tmp_path, ada), owner=ada)
    tell(ref, position=3)
    move(ref, JobStatus.QUEUED, JobStatus.SUBMITTING, JobStatus.SUBMITTED)
    return ref


def tell(ref: str, *stages: RunStage, position: int | None = None) -> None:
    """Have the service tell of stages, as a look at the run does."""
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.qc_statistics = LISTS
        status = RunStatus("run", RunState.RUNNING, "", stages=stages, position=position)
        job_progress.keep(job, status)
        session.add(job)
        db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def move(ref: str, *statuses: JobStatus, error: str = "") -> None:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.error_message = error
        for status in statuses:
            change_status(session, job, status, reason="")


def test_a_run_is_followed_from_the_queue_through_its_chunks_to_its_statistics(
    ref: str, owner: tuple[str, dict[str, str]], meet: Meet
) -> None:
    page = meet(owner[1]).page
    page.goto(f"/jobs/{ref}")
    expect(page.get_by_text("3rd in the queue")).to_be_visible()
    move(ref, JobStatus.RUNNING)
    tell(
        ref,
        CHECKED,
        RunStage("Quality Control", StageState.RUNNING, messages=SAID),
        RunStage("Imputation", StageState.RUNNING, done=3, total=10),
        RunStage("Compression and Encryption", StageState.AHEAD),
    )
    expect(page.get_by_text("3 of 10 chunks")).to_be_visible()
    expect(page.get_by_text("3rd in the queue")).to_have_count(0)
    stages = page.get_by_role("list", name="Stages there")
    expect(stages.get_by_text("To come")).to_have_count(1)
    expect(stages.get_by_text("Datatype: unphased")).to_be_hidden()
    stages.get_by_text("All of it").first.click()
    expect(stages.get_by_text("Datatype: unphased")).to_be_visible()
    bar = stages.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "30")
    expect(page.get_by_role("img", name="Chart of sites")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Monomorphic")).to_be_visible()
    page.get_by_text("By reason and chromosome").click()
    expect(page.get_by_text("20: 8 · 21: 3")).to_be_visible()
    page.get_by_text("Regions that were left out").first.click()
    expect(page.get_by_text("20:1-20000000")).to_be_visible()
    assert faults(page) == ""
    move(ref, JobStatus.COLLECTING, JobStatus.COMPLETED)
    expect(stages.get_by_role("progressbar")).to_have_count(0)
    expect(stages.get_by_text("To come")).to_have_count(0)
    expect(page.get_by_text("the service converted the positions")).to_be_visible()
    rows = page.request.get(f"/api/jobs/{ref}/quality.csv").text().splitlines()
    assert "sites,Monomorphic,,11" in rows
    assert faults(page) == ""


def test_a_failure_is_explained_with_what_to_do_on_a_phone_in_the_dark(
    ref: str, owner: tuple[str, dict[str, str]], meet: Meet
) -> None:
    lost = RunStage(
        "Quality Control", StageState.FAILED, messages=[*SAID, RunMessage(Severity.ERROR, TOTALS)]
    )
    tell(ref, CHECKED, lost, RunStage("Imputation", StageState.AHEAD))
    move(ref, JobStatus.RUNNING, JobStatus.COLLECTING, JobStatus.FAILED, error=TOTALS)
    page = meet(owner[1], color_scheme="dark", **PHONE).page
    page.goto(f"/jobs/{ref}")
    why = page.get_by_text("Every chunk of 20 million bases was left out")
    expect(why).to_be_visible()
    expect(page.get_by_role("link", name="Choose another panel").first).to_be_visible()
    stages = page.get_by_role("list", name="Stages there")
    expect(stages.get_by_text("Not reached")).to_be_visible()
    expect(stages.get_by_role("progressbar")).to_have_count(0)
    quality = stages.get_by_role("listitem").filter(has_text="Quality Control").first
    # The error comes first, and what came before it is folded.
    expect(quality.locator(".run-message").first).to_contain_text("No chunks passed the QC step")
    expect(quality.get_by_text("2 more messages")).to_be_visible()
    expect(page.get_by_text("fewer than 10,000 usable sites: these regions")).to_be_visible()
    assert is_as_wide_as_its_window(page)
    assert faults(page) == ""


def test_a_message_that_nobody_knows_is_shown_as_it_is(
    ref: str, owner: tuple[str, dict[str, str]], meet: Meet
) -> None:
    move(ref, JobStatus.RUNNING, JobStatus.COLLECTING, JobStatus.FAILED, error="Quite new.")
    page = meet(owner[1]).page
    page.goto(f"/jobs/{ref}")
    expect(page.get_by_text("The platform does not know this message")).to_be_visible()
    expect(page.get_by_text("Quite new.")).to_be_visible()
    assert faults(page) == ""


def is_as_wide_as_its_window(page: Page) -> bool:
    """Tell whether nothing makes the page wider than the screen."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return wide
