"""Limits and slots in a browser: what waits says why, live, and what would be refused says so."""

import re
from pathlib import Path

from playwright.sync_api import expect
from sqlmodel import select

from app.domain.job_slots import Slot
from app.domain.job_states import JobStatus, change_status
from models import db
from models.base import now
from models.files import FileMetadata
from models.jobs import Job
from models.registry import ImputationService
from tests.domain.test_slot_places import in_line, send_what_is_due
from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.submitting import actor
from tests.support.visitor import Meet
from tests.support.working import add_dataset, add_panel

LAB = Slot("s1", 2)


def test_a_waiting_job_says_what_is_before_it_and_follows_the_line(
    databases: None, meet: Meet
) -> None:
    ada_ref, cookies = sign_in("ada")
    ada, ben = actor(ref=ada_ref), actor("Ben")
    refs = in_line(ada, ben, ada, ben, ada, slot=LAB)
    page = meet(cookies).page
    page.goto(f"/jobs/{refs[4]}")
    waits = page.get_by_text("Waits for one of the lab's slots at ILIFU; 2 jobs are before it.")
    expect(waits).to_be_visible()
    expect(page.get_by_role("link", name="Run 2")).to_be_visible()
    expect(page.get_by_text("A job of somebody else")).to_have_count(2)
    assert faults(page) == ""
    with db.session(db.JOBS) as session:
        first = session.exec(select(Job).where(Job.ref == refs[0])).one()
        change_status(session, first, JobStatus.CANCELLED)
    send_what_is_due(LAB)
    expect(page.get_by_text("1 job is before it.")).to_be_visible()
    page.goto("/jobs")
    expect(page.get_by_text("slots at ILIFU; 1 job is before it.")).to_be_visible()
    assert faults(page) == ""


def test_limits_show_when_they_were_confirmed_and_the_form_confirms_them(
    databases: None, meet: Meet
) -> None:
    _, cookies = sign_in("grace", "administrator")
    add_panel("https://wes.example")
    with db.session(db.REGISTRY) as session:
        service = session.exec(select(ImputationService)).one()
        service.limits = {"max_samples": 25_000, "max_files": 22}
        service.limits_confirmed = {"max_samples": "2020-01-01"}
        session.add(service)
    page = meet(cookies).page
    page.goto(f"/services/{service.ref}")
    line = page.get_by_role("listitem").filter(has_text="At most 25,000 samples per job")
    expect(line).to_contain_text("confirmed 2020-01-01")
    expect(line).to_contain_text("more than 180 days ago")
    other = page.get_by_role("listitem").filter(has_text="At most 22 files per job")
    expect(other).to_contain_text("never confirmed")
    assert faults(page) == ""
    page.goto(f"/admin/services/{service.ref}")
    expect(page.get_by_label("Most samples per job")).to_have_value("25000")
    assert faults(page) == ""
    page.get_by_label("Fewest samples per job").fill("20")
    page.get_by_label("All limits were confirmed with the service today").check()
    page.get_by_role("button", name="Save the service").click()
    today = now().date().isoformat()
    line = page.get_by_role("listitem").filter(has_text="At least 20 samples per job")
    expect(line).to_contain_text(f"confirmed {today}")
    expect(page.get_by_text("never confirmed")).to_have_count(0)


def test_what_a_service_would_refuse_is_said_at_the_panel_before_anything_is_sent(
    databases: None, meet: Meet, tmp_path: Path
) -> None:
    ada_ref, cookies = sign_in("ada")
    add_panel("https://wes.example")
    add_dataset(tmp_path, actor(ref=ada_ref))
    with db.session(db.REGISTRY) as session:
        service = session.exec(select(ImputationService)).one()
        service.limits = {"min_samples": 20}
        session.add(service)
    with db.session(db.FILES) as session:
        metadata = session.exec(select(FileMetadata)).one()
        metadata.facts = {"samples": 5}
        session.add(metadata)
    page = meet(cookies).page
    page.goto("/submit")
    page.get_by_label("Cohort").check()
    page.get_by_role("button", name="Continue").click()
    reason = re.compile("takes at least 20 samples per job, and the dataset has 5. Put more")
    expect(page.get_by_text(reason)).to_be_visible()
    assert faults(page) == ""
    page.get_by_label("Panel").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text(reason)).to_have_count(2)
    expect(page.get_by_role("heading", name="Which panels?")).to_be_visible()
