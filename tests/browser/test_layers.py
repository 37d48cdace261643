"""What a person sees of a service's layers and of its changes, and before the next submission."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from app.connectors.base import ServiceFacts
from app.domain import probe_schedule, service_changes, service_layers
from app.domain.health import Finding, Health, Layer, LayerFinding, Verdict
from models import db
from models.base import now
from models.health import ServiceCanary
from models.registry import ImputationService
from tests.support.axe import faults
from tests.support.filling import somebody
from tests.support.people import sign_in
from tests.support.submitting import panel, submit_one
from tests.support.visitor import Meet
from tests.support.working import add_dataset, add_panel

FACTS = ServiceFacts(
    name="Kit",
    version="2.1",
    workflow_types={"CWL": ("v1.2",)},
    filesystem_protocols=("file", "http"),
)
ADDRESS = "https://wes.example.org/ga4gh/wes/v1"
GOOD = (LayerFinding(Layer.REACHABLE, Verdict.PASSED), LayerFinding(Layer.PROTOCOL, Verdict.PASSED))
EXPIRED = LayerFinding(Layer.TLS, Verdict.FAILED, "The certificate expired on 2026-11-20.")


def certificate(left: timedelta, fingerprint: str) -> dict[str, object]:
    return {
        "subject_names": ["wes.example.org"],
        "issuer": "An authority",
        "starts_at": (now() - timedelta(days=300)).isoformat(),
        "expires_at": (now() + left).isoformat(),
        "fingerprint": fingerprint,
        "problem": "",
    }


def probe(ref: str, days_ago: float, *layers: LayerFinding, **rest: object) -> None:
    at = now() - timedelta(days=days_ago)
    finding = Finding(ref, Health.UP, at, layers=layers, **rest)
    with db.session(db.REGISTRY) as session:
        service_layers.write(session, [finding])
        service_changes.follow(session, [finding])


@pytest.fixture
def service_ref(databases: None) -> str:
    """A service whose certificate failed for a day, and whose software changed."""
    add_panel(ADDRESS)
    with db.session(db.REGISTRY) as session:
        ref = session.exec(select(ImputationService.ref)).one()
        service_id = session.exec(select(ImputationService.id)).one()
        probe_schedule.forget(session, service_id=service_id or 0)
    valid = LayerFinding(Layer.TLS, Verdict.PASSED, "Valid until 2027-01-31, from An authority.")
    lacks = LayerFinding(Layer.PANELS, Verdict.FAILED, "It lacks what Panel needs: WDL 1.0.")
    probe(ref, 20, *GOOD, facts=FACTS, certificate=certificate(timedelta(days=1), "aa"))
    probe(ref, 3, *GOOD, EXPIRED)
    probe(ref, 2, *GOOD, valid, lacks, certificate=certificate(timedelta(days=12.5), "bb"))
    with db.session(db.REGISTRY) as session:
        moment = now() - timedelta(days=1)
        session.add(
            ServiceCanary(
                service_id=service_id or 0,
                started_at=moment,
                ended_at=moment + timedelta(seconds=40),
                verdict="passed",
                detail="A small run completed.",
                wait_seconds=12,
                seconds=40,
            )
        )
    return ref


def rows(page: Page, table: str) -> list[str]:
    return page.get_by_role("region", name=table).get_by_role("row").all_inner_texts()[1:]


def test_each_layer_is_shown_with_its_verdict_its_reason_and_its_past(
    service_ref: str, meet: Meet
) -> None:
    person = meet(sign_in("vera", "viewer")[1])
    page = person.page
    page.goto(f"/services/{service_ref}?tab=checks")
    expect(page.get_by_role("heading", name="Layers")).to_be_visible()
    layers = page.get_by_role("region", name="Layers now")
    expect(layers.get_by_role("row", name="TLS certificate")).to_contain_text("12 days left")
    expect(layers.get_by_role("row", name="TLS certificate")).to_contain_text("Works")
    expect(layers.get_by_role("row", name="Panels")).to_contain_text("Fails")
    expect(layers.get_by_role("row", name="Credentials")).to_contain_text("Not looked at")
    expect(
        page.get_by_role("img", name="TLS certificate: failed once in this time")
    ).to_be_visible()
    with db.session(db.REGISTRY) as session:
        history = service_layers.layer_history(
            session, actor=somebody("ida")[0], service_ref=service_ref
        )
    assert len(rows(page, "Layers before")) == len(history) == 5
    expect(page.get_by_role("region", name="Canary runs")).to_contain_text("40 s")
    assert faults(page) == ""
    answer = page.request.get(f"/api/services/{service_ref}/layers.csv")
    assert len(list(csv.DictReader(io.StringIO(answer.text())))) == len(history)


def test_what_changed_is_told_as_a_difference_and_to_whoever_sends_a_job_next(
    service_ref: str, meet: Meet
) -> None:
    rosa, cookies = somebody("rosa")
    submit_one(owner=rosa, chosen=panel(service_ref=service_ref))
    probe(service_ref, 0, facts=replace(FACTS, version="2.2", filesystem_protocols=("file", "s3")))
    page = meet(cookies).page
    page.goto(f"/services/{service_ref}?tab=checks")
    expect(page.get_by_text("The software changed from Kit 2.1 to Kit 2.2.")).to_be_visible()
    expect(page.get_by_text("File systems: s3 added; http removed.")).to_be_visible()
    expect(page.get_by_text("Another certificate is in use")).to_be_visible()
    assert faults(page) == ""
    answer = page.request.get(f"/api/services/{service_ref}/changes.csv")
    told = list(csv.DictReader(io.StringIO(answer.text())))
    assert {"name": "Version", "before": "2.1", "after": "2.2"}.items() <= next(
        row for row in told if row["name"] == "Version"
    ).items()


def test_before_a_submission_people_read_what_changed_since_their_last_job(
    service_ref: str, meet: Meet, tmp_path: Path
) -> None:
    rosa, cookies = somebody("rosa")
    add_dataset(tmp_path, rosa)
    submit_one(owner=rosa, chosen=panel(service_ref=service_ref))
    probe(service_ref, 0, facts=replace(FACTS, version="2.2"))
    page = meet(cookies).page
    page.goto("/submit")
    page.get_by_text("Cohort").first.click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("has changed since your last job there")).to_contain_text(
        "The software changed from Kit 2.1 to Kit 2.2."
    )
    assert faults(page) == ""
