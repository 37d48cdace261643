"""Services are read on a schedule, and what is learned decides what jobs do."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.connectors.base import ServiceFacts
from app.connectors.conformance import Feature, How, Verdict, observation
from app.domain import announcements, conformance_schedule, services
from app.domain import jobs as domain_jobs
from app.domain.access import WORKER
from app.domain.people import create_setup_token, set_up
from app.domain.relay import relay_topic
from app.domain.service_fields import parse_service
from app.domain.service_lookup import service_of
from models import db
from models.base import now
from models.notifications import Notification
from models.registry import ImputationService
from tests.support.conformance import (
    add_probed,
    events,
    features,
    find_out,
    known,
    probe_shows,
    row,
)
from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, age_history, job, submit_to, turn, until
from workers import conformance as duty

KIT = ServiceFacts(name="Starter Kit", version="0.3.2", organization="ILIFU")
WESKIT = ServiceFacts(name="WESkit", version="2.0", organization="ILIFU")


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.fixture
def service_ref(databases: None, wes: SmallWes) -> str:
    """The small server, added and probed, but never tried."""
    return add_probed(wes.base_url)


def service_of_job(job_ref: str) -> str:
    with db.session(db.REGISTRY) as session:
        return session.exec(select(ImputationService.ref)).one()


# The schedule.


def test_a_service_that_answers_is_read_once_by_many_workers_and_again_a_day_later(
    service_ref: str, wes: SmallWes
) -> None:
    async def together() -> list[bool]:
        return list(await asyncio.gather(*(duty.read() for _ in range(4))))

    assert sorted(asyncio.run(together())) == [False, False, False, True]
    due_in = row(service_ref).next_conformance_at - now()
    assert timedelta(hours=21) < due_in < timedelta(hours=27)
    found = features()
    assert found["unknown_run"].verdict == Verdict.CONFORMS
    assert found["unknown_run"].how == How.ASKED
    assert found["cancel" if "cancel" in found else "tags"].verdict == Verdict.UNTOLD
    assert wes.posts == 0
    with db.session(db.REGISTRY) as session:
        service_of(session, service_ref, lock=True).next_conformance_at = now()
    assert asyncio.run(duty.read())


def test_a_service_that_is_down_is_not_asked(service_ref: str, wes: SmallWes) -> None:
    with db.session(db.REGISTRY) as session:
        service_of(session, service_ref, lock=True).health_status = "down"
    assert not asyncio.run(duty.read())


def test_a_reading_that_fails_says_why_and_is_tried_again_in_an_hour(
    service_ref: str, wes: SmallWes
) -> None:
    wes.is_away = True
    assert asyncio.run(duty.read())
    service = row(service_ref)
    assert "127.0.0.1" in service.conformance_problem
    assert timedelta(0) < service.next_conformance_at - now() <= timedelta(hours=1)
    assert features() == {}


def test_a_reading_of_an_address_that_was_changed_meanwhile_is_void(
    service_ref: str, wes: SmallWes
) -> None:
    with db.session(db.REGISTRY) as session:
        due = conformance_schedule.claim_reading(session)
    assert due
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "ILIFU", "base_url": "http://127.0.0.1:9"})
        services.change_service(session, actor=WORKER, service_ref=service_ref, fields=fields)
    with db.session(db.REGISTRY) as session:
        conformance_schedule.record_reading(
            session, due=due, observations=[observation(Feature.TAGS, True, "x")]
        )
    assert features() == {}


# What is kept.


def test_a_verdict_that_changes_keeps_the_former_one_and_is_an_event(service_ref: str) -> None:
    find_out(service_ref, Feature.CANCEL, True, How.TRIAL)
    find_out(service_ref, Feature.CANCEL, None, How.TRIAL)  # takes nothing back
    assert known(service_ref)["cancel"] is True
    find_out(service_ref, Feature.CANCEL, False, How.SEEN)
    kept = features()["cancel"]
    assert (kept.verdict, kept.how, kept.previous_verdict) == ("deviates", "seen", "conforms")
    assert kept.previous_until
    assert events() == ["“Cancels”: deviates now, conforms before. It was so."]
    assert known(service_ref)["cancel"] is False


def test_other_software_at_the_address_outdates_what_was_known_and_administrators_are_told(
    service_ref: str,
) -> None:
    with db.session(db.USERS) as session:
        token = create_setup_token(session)
        assert token
        ada = set_up(
            session,
            token=token,
            name="Ada",
            email="ada@example.org",
            password="four plain words here",
        ).ref
    probe_shows(service_ref, KIT)
    find_out(service_ref, Feature.TAGS, True, How.TRIAL)
    assert known(service_ref) == {"tags": True}
    probe_shows(service_ref, KIT)
    assert known(service_ref) == {"tags": True}
    probe_shows(service_ref, WESKIT)
    assert known(service_ref) == {}
    assert features()["tags"].verdict == "conforms"
    assert features()["tags"].outdated_at
    assert row(service_ref).next_conformance_at <= now()
    assert events()[-1] == "The software changed from Starter Kit 0.3.2 to WESkit 2.0."
    for source, topic in ((db.REGISTRY, "announcement"), (db.USERS, "notification")):
        relay_topic(source, topic)
        relay_topic(source, topic)
    with db.session(db.NOTIFICATIONS) as session:
        told = session.exec(select(Notification).where(Notification.user_ref == ada)).all()
    assert [one.title for one in told] == ["ILIFU runs other software now"] * (len(events()))
    assert "from Starter Kit 0.3.2 to WESkit 2.0" in told[-1].body


def test_an_announcement_that_is_delivered_twice_reaches_each_person_once(
    service_ref: str,
) -> None:

    with db.session(db.USERS) as session:
        token = create_setup_token(session)
        assert token
        set_up(
            session,
            token=token,
            name="Ada",
            email="ada@example.org",
            password="four plain words here",
        )
    payload = {
        "permission": "service:write",
        "topic": "service.software",
        "title": "News",
        "body": "",
        "link": "/",
    }
    for _ in range(2):
        with db.session(db.USERS) as session:
            announcements.receive(session, event_ref="e1", payload=payload)
    assert relay_topic(db.USERS, "notification") == 1


def test_a_service_at_a_new_address_is_a_service_of_which_nothing_is_known(
    service_ref: str,
) -> None:
    find_out(service_ref, Feature.TAGS, True, How.TRIAL)
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "ILIFU", "base_url": "http://127.0.0.1:9"})
        services.change_service(session, actor=WORKER, service_ref=service_ref, fields=fields)
    assert known(service_ref) == {}
    assert row(service_ref).software == {}


# What jobs prove, and what they do by it.


def test_a_job_s_cancel_and_log_prove_what_the_service_does(
    databases: None, wes: SmallWes, tmp_path: Path
) -> None:
    ref = submit_to(add_panel(wes.base_url, verified=()), add_dataset(tmp_path, actor()))
    until(ref, "submitted")
    run = wes.only_run()
    wes.cancel_works, run.state = False, "RUNNING"
    until(ref, "running")
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=actor(), job_ref=ref)
    turn()
    age_history(120)
    turn()
    assert job(ref).row.cancel_outcome == "ignored"
    assert features()["cancel"].verdict == "deviates"
    assert features()["cancel"].how == "seen"
    run.state, run.files = "COMPLETE", {"imputed.vcf.gz": b"genotypes"}
    until(ref, "collecting", "completed", "failed")
    turn()
    assert features()["tags"].verdict == "conforms"


def test_a_log_without_our_tag_proves_that_the_service_drops_tags(
    databases: None, wes: SmallWes, tmp_path: Path
) -> None:
    ref = submit_to(add_panel(wes.base_url, verified=()), add_dataset(tmp_path, actor()))
    until(ref, "submitted")
    wes.keeps_tags, wes.only_run().state = False, "EXECUTOR_ERROR"
    until(ref, "failed")
    assert features()["tags"].verdict == "deviates"


def test_where_cancels_are_known_to_be_ignored_the_job_says_so_at_once(
    databases: None, wes: SmallWes, tmp_path: Path
) -> None:
    ref = submit_to(add_panel(wes.base_url), add_dataset(tmp_path, actor()))
    find_out(service_of_job(ref), Feature.CANCEL, False, How.TRIAL)
    until(ref, "submitted")
    wes.cancel_works, wes.only_run().state = False, "RUNNING"
    until(ref, "running")
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=actor(), job_ref=ref)
    turn()
    after = job(ref).row
    assert (after.status, after.cancel_outcome) == ("running", "ignored")
    assert "known to accept cancels and to go on" in after.status_reason
    assert wes.only_run().cancels == 1


def test_a_lost_answer_is_not_sent_again_where_tags_were_never_verified(
    databases: None, wes: SmallWes, tmp_path: Path
) -> None:
    ref = submit_to(add_panel(wes.base_url, verified=()), add_dataset(tmp_path, actor()))
    wes.hangs_up_before_taking = True
    turn()
    turn()
    wes.hangs_up_before_taking = False
    age_history(600)
    for _ in range(3):
        turn()
    assert job(ref).row.held_reason == "answer_lost"
    assert wes.posts == 1
