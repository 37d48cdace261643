"""What a person does about a job that the service brings to no end: answer, leave it, take it."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from app.domain.stalls import flag_stalled
from models import db
from models.base import now
from models.jobs import Job
from models.registry import ImputationService
from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.visitor import Meet
from tests.support.working import IMPUTED, add_dataset, add_panel, age_history, submit_to, turn


@pytest.fixture
def owner(databases: None) -> tuple[str, dict[str, str]]:
    """A researcher's ref and session cookie."""
    return sign_in("ada")


@pytest.fixture
def page(owner: tuple[str, dict[str, str]], meet: Meet) -> Page:
    return meet(owner[1]).page


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Do it in another thread: the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()


def work(turns: int = 1) -> None:
    """Some turns of the worker."""
    for _ in range(turns):
        apart(turn)


def test_the_one_question_is_answered_with_the_runs_id(
    page: Page, owner: tuple[str, dict[str, str]], wes: SmallWes, tmp_path: Path
) -> None:
    wes.hangs_up_after_taking, wes.keeps_tags = True, False
    ada = actor(ref=owner[0])
    ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, ada), owner=ada)
    for _ in range(4):
        work()
        age_history(3600)
    page.goto("/")
    page.get_by_role("link", name="Run").first.click()
    page.wait_for_url(f"**/jobs/{ref}")
    expect(
        page.get_by_role("heading", name=re.compile("Did Service .* take this run?"))
    ).to_be_visible()
    expect(page.get_by_text(f"job_ref = {ref}")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="No, it is not there: send it again").click()
    expect(page.get_by_text("the service computes it twice")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="Look again").click()
    page.get_by_label("Its run id at the service").fill("not-this-one")
    page.get_by_role("button", name="Yes, it is there").click()
    expect(
        page.get_by_text(re.compile("Asking Service .* about the run not-this-one"))
    ).to_be_visible()
    work()
    expect(page.get_by_text("not-this-one is not this run").first).to_be_visible()
    assert faults(page) == ""
    page.get_by_label("Its run id at the service").fill(wes.only_run().run_id)
    page.get_by_role("button", name="Yes, it is there").click()
    expect(page.get_by_text("Asking Service")).to_be_visible()
    work()
    expect(page.get_by_role("heading", name=re.compile("Did Service"))).to_have_count(0)
    expect(page.get_by_role("status").first).to_contain_text("has taken it")
    assert wes.posts == 1


def test_a_stalled_job_is_submitted_elsewhere_and_its_late_results_are_taken(
    page: Page, owner: tuple[str, dict[str, str]], wes: SmallWes, tmp_path: Path
) -> None:
    ada = actor(ref=owner[0])
    ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, ada), owner=ada)
    work(2)
    wes.only_run().state = "RUNNING"
    work()
    has_run_for(ref, timedelta(days=3))
    add_panel("http://127.0.0.1:9")
    page.goto(f"/jobs/{ref}")
    expect(page.get_by_text("This run has run for 3 days.").first).to_be_visible()
    assert faults(page) == ""
    page.goto("/")
    expect(page.get_by_text("It takes unusually long.")).to_be_visible()
    assert faults(page) == ""
    page.goto(f"/jobs/{ref}")
    page.get_by_role("link", name="Resubmit elsewhere").click()
    expect(page.get_by_text("In place of Run at")).to_be_visible()
    page.locator("label").filter(has_text=service_names()[1]).get_by_role("checkbox").check()
    assert faults(page) == ""
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label(re.compile("Give up Run at"))).to_be_checked()
    assert faults(page) == ""
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/(?!" + ref + ")"))
    expect(page.get_by_text("Submitted in place of")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("link", name=re.compile("^Run, with Panel")).click()
    page.wait_for_url(f"**/jobs/{ref}")
    expect(page.get_by_text("Submitted again as")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("Given up by ada")
    run = wes.only_run()
    run.state, run.files = "COMPLETE", {"imputed.vcf.gz": IMPUTED}
    work()
    expect(page.get_by_role("heading", name="It is complete after all")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="Fetch the results").click()
    expect(page.get_by_role("heading", name="It is complete after all")).to_have_count(0)
    work(2)
    expect(page.get_by_role("link", name=re.compile("imputed.vcf.gz"))).to_be_visible()


def has_run_for(ref: str, age: timedelta) -> None:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.submitted_at = job.running_at = now() - age
        session.add(job)
    with db.session(db.JOBS) as session:
        assert flag_stalled(session) == [ref]


def service_names() -> list[str]:
    with db.session(db.REGISTRY) as session:
        services = session.exec(select(ImputationService).order_by(ImputationService.id))  # type: ignore[arg-type]
        return [service.name for service in services]
