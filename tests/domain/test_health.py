"""The health of services: which are due, what a probe leaves behind, and who may read it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.connectors.base import Capability, ServiceFacts
from app.domain import credentials, probe_records, probe_schedule, probes, services
from app.domain.access import ROLES, Actor
from app.domain.errors import NotAllowed, NotFound, Refused
from app.domain.health import Finding, Health
from app.domain.service_fields import parse_service
from models import db
from models.base import now
from workers.health import sweep

NOBODY = Actor(user_ref="", name="", email="", permissions=frozenset())


def actor(role: str) -> Actor:
    return Actor(user_ref=role, name=role, email="", permissions=ROLES[role])


ADMIN = actor("administrator")
CONFIRMATIONS = 3
FACTS = ServiceFacts(
    name="Toil",
    workflow_types={"CWL": ("v1.0", "v1.2")},
    state_counts={"RUNNING": 2},
    capabilities=frozenset({Capability.CANCEL, Capability.LIST_RUNS}),
    raw={"text": "a\x00b"},
)


def add_service(name: str = "Node", **values) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": name, "base_url": "https://wes.example.org"} | values)
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def claim(limit: int = 10) -> list[str]:
    with db.session(db.REGISTRY) as session:
        return [due.service_ref for due in probe_schedule.claim_due(session, limit=limit)]


def probe(service_ref: str, health: Health, *found: float, **more) -> None:
    make_due()
    claim()
    record(service_ref, health, *found, **more)


def record(service_ref: str, health: Health, *found: float, **more) -> None:
    with db.session(db.REGISTRY) as session:
        probe_records.record(session, [Finding(service_ref, health, now(), *found, **more)])


def make_due() -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text("UPDATE service_checks SET next_probe_at = now()"))


def row_of(service_ref: str) -> services.ServiceRow:
    with db.session(db.REGISTRY) as session:
        return services.get_service(session, actor=ADMIN, service_ref=service_ref)


def history(service_ref: str, **since: float) -> list[probes.ProbeRow]:
    with db.session(db.REGISTRY) as session:
        return probes.history(
            session, actor=ADMIN, service_ref=service_ref, since=now() - timedelta(**since)
        )


def test_a_service_is_claimed_once_until_its_probe_ends_and_is_due_again_later(databases):
    ref = add_service()
    assert claim() == [ref]
    assert claim() == []
    record(ref, Health.UP, 12.5)
    assert claim() == []
    minutes = (row_of(ref).next_probe_at - now()).total_seconds() / 60
    assert 0.4 < minutes < 5.6


def test_two_claims_at_the_same_time_share_the_services_out(databases):
    refs = {add_service(f"Node {number}") for number in range(4)}
    with db.session(db.REGISTRY) as first, db.session(db.REGISTRY) as second:
        one = {due.service_ref for due in probe_schedule.claim_due(first, limit=2)}
        other = {due.service_ref for due in probe_schedule.claim_due(second, limit=10)}
    assert len(one) == 2
    assert one | other == refs
    assert not one & other


def test_the_probe_of_a_worker_that_died_is_taken_over(databases):
    ref = add_service()
    assert claim() == [ref]
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text("UPDATE service_checks SET lease_until = now() - interval '1 second'")
        )
    assert claim() == [ref]


def test_paused_and_retired_services_are_not_probed(databases):
    add_service("Paused", is_active=False)
    retired = add_service("Retired")
    with db.session(db.REGISTRY) as session:
        services.retire_service(session, actor=ADMIN, service_ref=retired)
    assert claim() == []


def test_a_probe_leaves_a_row_and_the_service_s_state_and_what_it_said(databases):
    ref = add_service()
    probe(ref, Health.UP, 12.5, facts=FACTS)
    row = row_of(ref)
    assert (row.health_status, row.is_available, row.response_time_ms) == ("up", True, 12.5)
    assert row.service_info["workflow_types"] == {"CWL": ["v1.0", "v1.2"]}
    assert row.service_info["capabilities"] == ["cancel", "list_runs"]
    for _ in range(CONFIRMATIONS):
        probe(ref, Health.DOWN, message="No answer.")
    row = row_of(ref)
    assert (row.health_status, row.is_available, row.response_time_ms) == ("down", False, None)
    assert row.error_message == "No answer."
    assert row.service_info["name"] == "Toil", "what it said last is kept while it is down"
    kept = [(probe.health_status, probe.response_time_ms) for probe in history(ref, hours=1)]
    assert kept == [("up", 12.5), *[("down", None)] * CONFIRMATIONS]


def test_a_probe_of_the_former_address_says_nothing_about_the_new_one(databases):
    ref = add_service()
    claim()
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "Node", "base_url": "https://new.example.org"})
        services.change_service(session, actor=ADMIN, service_ref=ref, fields=fields)
    record(ref, Health.DOWN)
    assert row_of(ref).health_status == "unknown"
    assert claim() == [ref]


def test_a_token_that_cannot_be_used_is_a_finding_and_not_an_accident(databases):
    ref = add_service()
    with db.session(db.USERS) as session:
        credentials.set_token(
            session, actor=ADMIN, service_ref=ref, token="shared-token-1", shared=True
        )
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "Node", "base_url": "https://new.example.org"})
        services.change_service(session, actor=ADMIN, service_ref=ref, fields=fields)
    for _ in range(CONFIRMATIONS):
        make_due()
        asyncio.run(sweep())
    assert row_of(ref).health_status == "authorisation_needed"
    assert "Enter the token again" in row_of(ref).error_message


def test_anyone_signed_in_can_ask_for_a_probe_but_not_all_the_time(databases):
    ref = add_service()
    probe(ref, Health.UP, 1.0)
    with db.session(db.REGISTRY) as session, pytest.raises(Refused, match="just now"):
        probe_schedule.ask(session, actor=actor("viewer"), service_ref=ref)
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text("UPDATE service_checks SET checked_at = now() - interval '1 minute'")
        )
    with db.session(db.REGISTRY) as session:
        probe_schedule.ask(session, actor=actor("viewer"), service_ref=ref)
    assert claim() == [ref]


def test_a_paused_service_is_not_probed_on_request(databases):
    ref = add_service(is_active=False)
    with db.session(db.REGISTRY) as session, pytest.raises(Refused, match="not in use"):
        probe_schedule.ask(session, actor=ADMIN, service_ref=ref)


def test_nobody_without_a_role_reads_or_asks_anything(databases):
    ref = add_service()
    calls = [
        lambda s: probe_schedule.ask(s, actor=NOBODY, service_ref=ref),
        lambda s: probes.history(s, actor=NOBODY, service_ref=ref, since=now()),
    ]
    for call in calls:
        with db.session(db.REGISTRY) as session, pytest.raises(NotAllowed):
            call(session)


def test_the_history_of_a_service_that_does_not_exist_is_not_found(databases):
    with db.session(db.REGISTRY) as session, pytest.raises(NotFound):
        probes.history(session, actor=ADMIN, service_ref="nowhere", since=now())
