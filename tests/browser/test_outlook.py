"""Will my job move? What a service's page and a waiting job's page say of it."""

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlmodel import select

from app.domain import estimates
from app.domain.access import ROLES, Actor
from app.domain.own_times import times_of_service
from app.domain.panel_changes import PanelFields, upsert_panel
from app.domain.panels import get_panel
from app.domain.queue_pace import keep_paces, paces
from app.domain.queue_stall import follow_queues
from models import db
from models.base import now
from models.jobs import Job, JobEstimate
from tests.support.axe import faults
from tests.support.counted import ADMIN, add_service, count, set_health
from tests.support.people import sign_in
from tests.support.submitting import RECIPE, submit_one
from tests.support.visitor import Meet

FIVE = timedelta(minutes=5)


def add_panel(service_ref: str, panel_id: str) -> str:
    fields = PanelFields(
        panel_id=panel_id, name=panel_id.upper(), build="GRCh38", identity="hrc", recipe=RECIPE
    )
    with db.session(db.REGISTRY) as session:
        return upsert_panel(session, actor=ADMIN, service_ref=service_ref, fields=fields).ref


def busy(name: str, *, queued: int) -> str:
    """A service at which a run finishes every five minutes while others wait."""
    ref, begun = add_service(name), now() - 60 * FIVE
    count(ref, [(begun + place * FIVE, queued, 2, 100 + place) for place in range(60)])
    with db.session(db.REGISTRY) as session:
        follow_queues(session)
        keep_paces(session)
        # What tabs were shown before this is read anew.
        db.announce(session, "imputation_services", ref)
    return ref


def job(owner: Actor, panel_ref: str, **columns: object) -> str:
    with db.session(db.REGISTRY) as session:
        chosen = get_panel(session, actor=ADMIN, panel_ref=panel_ref)
    ref = submit_one(f"Of {owner.name}", owner=owner, chosen=chosen)
    with db.session(db.JOBS) as session:
        row = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in columns.items():
            setattr(row, name, value)
        session.add(row)
    return ref


def expected_wait(service_ref: str) -> str:
    """What the domain expects at this moment."""
    with db.session(db.REGISTRY) as session:
        pace = paces(session, actor=ADMIN, service_refs=[service_ref])[service_ref]
    with db.session(db.JOBS) as session:
        own = times_of_service(session, actor=ADMIN, service_ref=service_ref)
    expected = estimates.expect(pace, own).wait.range
    assert expected is not None
    return str(expected)


def actor_of(name: str, ref: str) -> Actor:
    return Actor(ref, name, f"{name}@lab.example", ROLES["researcher"])


def test_a_service_says_whether_a_job_will_move_and_where_it_could_go_instead(
    databases: None, meet: Meet
) -> None:
    ref, cookies = sign_in("rosa")
    rosa, otto = actor_of("rosa", ref), actor_of("otto", "otto")
    here, there = busy("Alpha", queued=12), busy("Beta", queued=1)
    early = expected_wait(here)
    panel = add_panel(here, "hrc")
    add_panel(there, "apps-hrc")
    mine = job(rosa, panel, status="submitted", submitted_at=now())
    with db.session(db.JOBS) as session:
        job_id = session.exec(select(Job.id).where(Job.ref == mine)).one()
        session.add(JobEstimate(job_id=job_id, made_at=now(), wait_least=180, wait_most=7300))
    job(otto, panel)
    page = meet(cookies).page
    page.goto(f"/services/{here}")
    outlook = page.locator(".outlook").first
    expect(outlook).to_contain_text("12 waiting, 2 running")
    # The wait is of the moment of reading, which lies between these two.
    wait = f"({re.escape(early)}|{re.escape(expected_wait(here))})"
    expect(outlook).to_contain_text(re.compile(wait))
    expect(outlook).to_contain_text("Not enough data: 0 jobs of ours at this service")
    elsewhere = page.get_by_role("region", name="Where to send it instead")
    expect(elsewhere.get_by_role("row", name="APPS-HRC")).to_contain_text("An administrator says")
    expect(page.get_by_role("link", name="Of rosa, with HRC")).to_be_visible()
    expect(page.get_by_text("Of otto")).to_have_count(0)
    assert faults(page) == ""
    page.goto("/services")
    expect(page.get_by_role("row", name="Alpha")).to_contain_text(re.compile(f"wait {wait}"))
    set_health(here, "down")
    page.goto(f"/jobs/{mine}")
    expect(page.locator(".outlook")).to_contain_text("to wait 3 min to 2 h")
    link = page.get_by_role("link", name="Send it to Beta")
    href = link.get_attribute("href") or ""
    assert href.startswith(f"/submit?resubmit={mine}&panel=")
    assert faults(page) == ""
