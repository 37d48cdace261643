"""A trial is wished for by a person, made once by a worker, and its end is always told."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.connectors.base import ServiceFacts
from app.connectors.conformance import Feature, observation
from app.domain import conformance_schedule
from app.domain.access import WORKER, Actor
from app.domain.errors import Conflict, NotAllowed
from models import db
from models.base import now
from models.registry import ServiceTrial
from tests.support import small_wes as small
from tests.support.conformance import add_probed, features, probe_shows
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from workers import conformance as duty

WESKIT = ServiceFacts(name="WESkit", version="2.0", organization="ILIFU")


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.fixture
def service_ref(databases: None, wes: SmallWes) -> str:
    """The small server, added and probed, but never tried."""
    return add_probed(wes.base_url)


def test_a_trial_is_wished_for_by_those_who_may_change_services_and_one_at_a_time(
    service_ref: str,
) -> None:
    def ask(who: Actor) -> None:
        with db.session(db.REGISTRY) as session:
            conformance_schedule.ask_trial(session, actor=who, service_ref=service_ref)

    with pytest.raises(NotAllowed):
        ask(actor("Rosa", "researcher"))
    with pytest.raises(NotAllowed), db.session(db.REGISTRY) as session:
        conformance_schedule.ask_reading(
            session, actor=actor("Rosa", "researcher"), service_ref=service_ref
        )
    ask(actor("Ada", "administrator"))
    with pytest.raises(Conflict):
        ask(actor("Ada", "administrator"))


def trial_of(service_ref: str) -> ServiceTrial:
    with db.session(db.REGISTRY) as session:
        conformance_schedule.ask_trial(session, actor=WORKER, service_ref=service_ref)
    assert asyncio.run(duty.try_out())
    with db.session(db.REGISTRY) as session:
        return session.exec(select(ServiceTrial).order_by(col(ServiceTrial.id).desc())).first()


def steps(trial: ServiceTrial) -> str:
    return "\n".join(step["text"] for step in trial.progress["steps"])


def test_a_service_without_cwl_is_told_why_it_cannot_be_tried(
    service_ref: str, wes: SmallWes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(small.SERVICE_INFO, "workflow_type_versions", {"WDL": small.ANY_VERSION})
    trial = trial_of(service_ref)
    assert trial.ended_at
    assert "this service offers WDL" in steps(trial)
    assert wes.posts == 0
    assert features()["cancel"].verdict == "untold"


def test_a_trial_at_a_service_that_refuses_it_ends_with_the_service_s_words(
    service_ref: str, wes: SmallWes
) -> None:
    wes.refuses_with = "no CWL today"
    trial = trial_of(service_ref)
    assert trial.ended_at
    assert "no CWL today" in steps(trial)


def test_a_trial_whose_worker_died_is_ended_and_starts_no_runs_again(
    service_ref: str, wes: SmallWes
) -> None:
    with db.session(db.REGISTRY) as session:
        conformance_schedule.ask_trial(session, actor=WORKER, service_ref=service_ref)
    with db.session(db.REGISTRY) as session:
        assert conformance_schedule.claim_trial(session)
    with db.session(db.REGISTRY) as session:
        assert conformance_schedule.claim_trial(session) is None
        session.exec(select(ServiceTrial)).one().lease_until = now() - timedelta(seconds=1)
    assert not asyncio.run(duty.try_out())
    with db.session(db.REGISTRY) as session:
        trial = session.exec(select(ServiceTrial)).one()
    assert trial.ended_at
    assert "broke off" in steps(trial)
    assert wes.posts == 0


def test_what_a_trial_shows_of_software_that_is_gone_by_its_end_is_not_kept(
    service_ref: str,
) -> None:
    with db.session(db.REGISTRY) as session:
        conformance_schedule.ask_trial(session, actor=WORKER, service_ref=service_ref)
    with db.session(db.REGISTRY) as session:
        due = conformance_schedule.claim_trial(session)
    assert due
    probe_shows(service_ref, WESKIT)
    with db.session(db.REGISTRY) as session:
        conformance_schedule.record_trial(
            session, due=due, observations=[observation(Feature.TAGS, True, "x")]
        )
    assert "tags" not in features()
