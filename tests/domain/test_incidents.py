"""What an incident is, who is told of it, and how often."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from app.domain import (
    alerts,
    incident_notes,
    incident_queries,
    maintenance,
    probe_records,
    services,
    silence,
)
from app.domain.access import ROLES, Actor
from app.domain.errors import Conflict, Invalid, NotAllowed
from app.domain.health import Finding, Health
from app.domain.incident_queries import IncidentFilter, IncidentRow
from app.domain.job_states import JobStatus, change_status
from app.domain.relay import relay_topic
from app.domain.roll_ups import roll_up_due
from app.domain.uptime import Uptime, uptime_of
from models import db
from models.base import now
from models.jobs import Job
from models.monitoring import Alert
from models.notifications import Notification
from models.platform import AuditEntry
from models.registry import ImputationService, RegistryOutbox
from tests.support.health import add_service, change
from tests.support.people import sign_in
from tests.support.submitting import actor, panel, submit_one
from workers.incidents import watch

UP, DOWN, DEGRADED, STALLED = Health.UP, Health.DOWN, Health.DEGRADED, Health.STALLED
MINUTE = timedelta(minutes=1)


def admin(ref: str = "") -> Actor:
    return Actor(user_ref=ref, name="Rosa", email="", permissions=ROLES["administrator"])


def deliver() -> None:
    """Tell what is due, and carry it through all outboxes to its end."""
    asyncio.run(watch())
    for topic in ("alert", "announcement", "job_alert", "notification", "audit"):
        relay_topic(db.REGISTRY, topic)
    for source in (db.USERS, db.JOBS):
        relay_topic(source, "notification")


def incidents_of(service_ref: str) -> list[IncidentRow]:
    with db.session(db.REGISTRY) as session:
        wanted = IncidentFilter(service_ref=service_ref)
        page = incident_queries.list_incidents(session, actor=admin(), wanted=wanted)
    return list(page.rows)


def kept() -> list[tuple[str, bool]]:
    """The kinds of the alerts that are kept, and whether each was silenced."""
    with db.session(db.MONITORING) as session:
        return [(row.kind, row.is_silenced) for row in session.exec(select(Alert).order_by("id"))]


def told(user_ref: str) -> list[str]:
    with db.session(db.NOTIFICATIONS) as session:
        found = select(Notification).where(Notification.user_ref == user_ref).order_by("id")
        return [row.title for row in session.exec(found)]


def job_of(owner: str, service_ref: str) -> str:
    return submit_one(owner=actor(owner), chosen=panel(service_ref=service_ref))


def finish(job_ref: str) -> None:
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == job_ref)).one()
        change_status(session, job, JobStatus.CANCELLED)


def test_an_incident_keeps_its_worst_moment_and_ends_with_the_recovery(databases):
    ref = add_service()
    begin = now() - 30 * MINUTE
    change(ref, DEGRADED, begin, "Answers after 9 s.")
    change(ref, DOWN, begin + MINUTE, "Connection refused.", "reachable")
    change(ref, DEGRADED, begin + 2 * MINUTE, "Answers after 8 s.")
    (incident,) = incidents_of(ref)
    assert incident.ended_at is None
    change(ref, UP, begin + 3 * MINUTE)
    (incident,) = incidents_of(ref)
    assert (incident.state, incident.layer, incident.cause) == (
        "down",
        "reachable",
        "Connection refused.",
    )
    assert (incident.started_at, incident.duration) == (begin, 3 * MINUTE)


@pytest.mark.parametrize("between", [Health.MAINTENANCE, Health.UNKNOWN])
def test_what_nobody_can_tell_or_the_service_announced_neither_begins_nor_ends_one(
    databases, between
):
    ref = add_service()
    begin = now() - 30 * MINUTE
    change(ref, between, begin)
    assert incidents_of(ref) == []
    change(ref, DOWN, begin + MINUTE)
    change(ref, between, begin + 2 * MINUTE)
    change(ref, DOWN, begin + 3 * MINUTE)
    (incident,) = incidents_of(ref)
    assert (incident.started_at, incident.ended_at) == (begin + MINUTE, None)


def test_a_service_that_was_well_for_a_moment_is_in_the_same_incident_still(databases):
    ref = add_service()
    begin = now() - 60 * MINUTE
    change(ref, DOWN, begin)
    change(ref, UP, begin + 10 * MINUTE)
    change(ref, DOWN, begin + 12 * MINUTE)
    assert len(incidents_of(ref)) == 1
    change(ref, UP, begin + 20 * MINUTE)
    change(ref, DEGRADED, begin + 40 * MINUTE)
    assert [(row.state, row.ended_at is None) for row in incidents_of(ref)] == [
        ("degraded", True),
        ("down", False),
    ]


def test_a_clock_that_was_set_back_opens_no_second_incident(databases):
    ref = add_service()
    change(ref, DOWN, now() - 10 * MINUTE)
    change(ref, UP, now() - 8 * MINUTE)
    deliver()
    change(ref, DEGRADED, now() - 60 * MINUTE)
    change(ref, DOWN, now() - 59 * MINUTE)
    assert [(row.state, row.ended_at is None) for row in incidents_of(ref)] == [
        ("down", True),
        ("down", False),
    ]


def test_administrators_hear_once_of_an_outage_and_once_of_its_end(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    sign_in("Ada", "researcher")
    ref = add_service()
    change(ref, DOWN, now() - 20 * MINUTE, "Connection refused.")
    deliver()
    deliver()
    assert told(rosa) == ["ILIFU is down"]
    change(ref, UP, now() - MINUTE)
    deliver()
    assert told(rosa) == ["ILIFU is down"], "it may fail again at once"
    the_recovery_lasts()
    deliver()
    deliver()
    assert told(rosa) == ["ILIFU is down", "ILIFU is up again"]
    assert kept() == [("down", False), ("recovered", False)]
    with db.session(db.NOTIFICATIONS) as session:
        assert {row.user_ref for row in session.exec(select(Notification))} == {rosa}


def test_an_alert_that_was_delivered_when_the_worker_died_comes_no_second_time(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = add_service()
    job_of("Ada", ref)
    change(ref, DOWN)
    for topic in ("alert", "announcement", "job_alert"):
        assert relay_topic(db.REGISTRY, topic) == 1
    # The targets committed, the marks did not.
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text("UPDATE registry_outbox SET delivered_at = NULL"))
    deliver()
    with db.session(db.JOBS) as session:
        session.connection().execute(text("UPDATE jobs_outbox SET delivered_at = NULL"))
    deliver()
    assert kept() == [("down", False)]
    assert told(rosa) == ["ILIFU is down"]
    assert told("ada") == ["ILIFU is down: 1 of your jobs is there"]


def test_owners_of_unfinished_jobs_there_hear_of_an_outage_and_nobody_else(databases):
    ref, other = add_service(), add_service("Elsewhere")
    job_of("Ada", ref), job_of("Ada", ref)
    job_of("Ben", other)
    finish(job_of("Cleo", ref))
    change(ref, STALLED, now() - 20 * MINUTE)
    change(ref, DOWN, now() - 19 * MINUTE)
    deliver()
    job_of("Dan", ref)
    change(ref, UP, now() - 10 * MINUTE)
    deliver()
    assert told("ada") == [
        "ILIFU answers, but its queue does not move: 2 of your jobs are there",
        "ILIFU is up again",
    ]
    assert [told(one) for one in ("ben", "cleo", "dan")] == [[], [], []]
    with db.session(db.NOTIFICATIONS) as session:
        links = {row.link for row in session.exec(select(Notification))}
    assert links == {f"/jobs?status=active&service={ref}"}


def test_a_slow_service_is_no_news_for_owners_but_its_outage_is(databases):
    ref = add_service()
    job_of("Ada", ref)
    change(ref, DEGRADED)
    deliver()
    assert told("ada") == []
    change(ref, DOWN)
    deliver()
    assert len(told("ada")) == 1


def test_of_a_flapping_service_people_hear_once_and_once_more_when_it_is_stable(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = add_service()
    job_of("Ada", ref)
    begin = now() - 110 * MINUTE
    for turn in range(6):
        change(ref, DOWN, begin + 4 * turn * MINUTE)
        change(ref, UP, begin + (4 * turn + 2) * MINUTE)
        if turn < 5:
            assert_flapping(ref, turn >= 2)
    deliver()
    assert told(rosa) == ["ILIFU is down", "ILIFU is stable again"]
    assert len(told("ada")) == 2
    assert ("flapping", True) in kept()
    assert len(incidents_of(ref)) == 1
    assert_flapping(ref, False)


def test_a_slowly_flapping_service_falls_silent_after_its_third_failure(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = add_service()
    begin = now() - 55 * MINUTE
    for turn in range(4):
        change(ref, DOWN, begin + 12 * turn * MINUTE)
        change(ref, UP, begin + (12 * turn + 2) * MINUTE)
        deliver()
    assert told(rosa) == [
        "ILIFU is down",
        "ILIFU is up again",
        "ILIFU is down",
        "ILIFU is up again",
        "ILIFU is unstable",
    ]
    an_hour_passes(ref)
    deliver()
    deliver()
    assert told(rosa)[5:] == ["ILIFU is stable again"]


def test_a_service_that_stops_flapping_by_staying_down_is_told_of(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = add_service()
    begin = now() - 100 * MINUTE
    for turn in range(3):
        change(ref, UP, begin + (4 * turn + 2) * MINUTE) if turn else None
        change(ref, DOWN, begin + 4 * (turn + 1) * MINUTE)
    assert_flapping(ref, True)
    deliver()
    assert told(rosa) == ["ILIFU is down", "ILIFU is down for good"]


def test_a_silenced_service_keeps_its_alerts_to_itself_until_the_silence_ends(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = add_service()
    job_of("Ada", ref)
    with db.session(db.REGISTRY) as session:
        silence.silence(session, actor=admin(), service_ref=ref, hours=8, reason="Known")
    change(ref, DOWN)
    deliver()
    assert (kept(), told(rosa), told("ada")) == ([("down", True)], [], [])
    with db.session(db.REGISTRY) as session:
        silence.unsilence(session, actor=admin(), service_ref=ref)
    deliver()
    assert told(rosa) == ["ILIFU is down still"]
    assert len(told("ada")) == 1
    deliver()
    assert len(told(rosa)) == 1


def test_nobody_hears_of_the_end_of_what_they_did_not_hear_of(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = add_service()
    declare(ref, now() - MINUTE, now() + 60 * MINUTE)
    change(ref, DOWN, now() - 20 * MINUTE)
    change(ref, UP, now() - 10 * MINUTE)
    end_windows(ref)
    deliver()
    assert told(rosa) == []
    assert kept() == [("down", True), ("recovered", True)]


def test_the_lab_s_own_network_is_one_alert_and_no_incident(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    refs = [add_service(f"Node {number}") for number in range(3)]
    for ref in refs:
        job_of("Ada", ref)
        change(ref, Health.UNKNOWN, reason="The gateway does not answer.")
    deliver()
    assert told(rosa) == ["This lab's own network is away"]
    assert (told("ada"), kept()) == ([], [("network", False)])
    assert all(incidents_of(ref) == [] for ref in refs)


def test_an_expiring_certificate_is_told_once_per_key_and_a_person_hears_of_her_own(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    add_service()
    for once in ("abc:14", "abc:14", "abc:7"):
        with db.session(db.REGISTRY) as session:
            service = session.exec(select(ImputationService)).one()
            alerts.raise_alert(
                session,
                kind=alerts.AlertKind.CERTIFICATE,
                service=service,
                title="The certificate expires",
                body="",
                once=once,
            )
            alerts.raise_alert(
                session,
                kind=alerts.AlertKind.TOKEN,
                service=service,
                title="Your token expires",
                body="",
                once=once,
                audience=f"{alerts.PERSON}ada",
            )
    deliver()
    assert told(rosa) == ["The certificate expires"] * 2
    assert told("ada") == ["Your token expires"] * 2


def test_an_administrator_acknowledges_and_notes_and_the_audit_log_knows(databases):
    ref = add_service()
    change(ref, DOWN, now() - 30 * MINUTE)
    (incident,) = incidents_of(ref)
    with db.session(db.REGISTRY) as session:
        incident_notes.acknowledge(
            session, actor=admin("r1"), incident_ref=incident.ref, note="Disk full"
        )
    (row,) = incidents_of(ref)
    assert (row.acknowledged_by_name, row.note) == ("Rosa", "Disk full")
    change(ref, UP)
    with db.session(db.REGISTRY) as session:
        incident_notes.write_note(
            session, actor=admin("r1"), incident_ref=incident.ref, note="New disks"
        )
        with pytest.raises(Conflict, match="ended"):
            incident_notes.acknowledge(session, actor=admin(), incident_ref=incident.ref)
    deliver()
    with db.session(db.PLATFORM) as session:
        entries = session.exec(select(AuditEntry).order_by("id")).all()
    assert [entry.action for entry in entries] == ["incident.acknowledge", "incident.note"]
    assert entries[0].target_ref == ref


def test_who_may_only_read_changes_nothing(databases):
    ref = add_service()
    change(ref, DOWN)
    (incident,) = incidents_of(ref)
    window = declare(ref, now(), now() + MINUTE)
    ada = actor()
    attempts: list[Any] = [
        lambda s: silence.silence(s, actor=ada, service_ref=ref, hours=1, reason="x"),
        lambda s: silence.unsilence(s, actor=ada, service_ref=ref),
        lambda s: maintenance.declare(
            s, actor=ada, service_ref=ref, starts_at=now(), ends_at=now() + MINUTE, reason="x"
        ),
        lambda s: maintenance.end(s, actor=ada, window_ref=window),
        lambda s: maintenance.withdraw(s, actor=ada, window_ref=window),
        lambda s: incident_notes.acknowledge(s, actor=ada, incident_ref=incident.ref),
        lambda s: incident_notes.write_note(s, actor=ada, incident_ref=incident.ref, note="x"),
    ]
    for attempt in attempts:
        with db.session(db.REGISTRY) as session, pytest.raises(NotAllowed):
            attempt(session)
    with db.session(db.MONITORING) as session, pytest.raises(NotAllowed):
        alerts.list_alerts(session, actor=ada)


def test_a_window_is_declared_for_any_time_ended_early_or_taken_back(databases):
    ref = add_service()
    past = declare(ref, now() - 90 * MINUTE, now() - 60 * MINUTE)
    current = declare(ref, now() - MINUTE, now() + 60 * MINUTE)
    coming = declare(ref, now() + 60 * MINUTE, now() + 90 * MINUTE)
    with db.session(db.REGISTRY) as session:
        assert maintenance.open_windows(session, actor=admin())[ref].ref == current
        with pytest.raises(Conflict, match="not open"):
            maintenance.end(session, actor=admin(), window_ref=coming)
        maintenance.end(session, actor=admin(), window_ref=current)
        maintenance.withdraw(session, actor=admin(), window_ref=coming)
    with db.session(db.REGISTRY) as session:
        assert maintenance.open_windows(session, actor=admin()) == {}
        rows = maintenance.list_windows(session, actor=actor(), service_ref=ref)
    assert [row.ref for row in rows] == [current, past]
    with pytest.raises(Invalid, match="after the start"):
        declare(ref, now(), now() - MINUTE)
    with pytest.raises(Invalid, match="Say why"):
        declare(ref, now(), now() + MINUTE, reason=" ")


def declare(ref: str, starts_at: datetime, ends_at: datetime, reason: str = "Move") -> str:
    with db.session(db.REGISTRY) as session:
        return maintenance.declare(
            session,
            actor=admin(),
            service_ref=ref,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        ).ref


def end_windows(ref: str) -> None:
    with db.session(db.REGISTRY) as session:
        for row in maintenance.list_windows(session, actor=admin(), service_ref=ref):
            maintenance.end(session, actor=admin(), window_ref=row.ref)


def assert_flapping(ref: str, expected: bool) -> None:
    with db.session(db.REGISTRY) as session:
        service = session.exec(select(ImputationService).where(ImputationService.ref == ref))
        assert service.one().is_flapping is expected


def the_recovery_lasts() -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text(
                "UPDATE service_incidents SET recovery_due_at = now() WHERE recovery_due_at > now()"
            )
        )


def an_hour_passes(ref: str) -> None:
    with db.session(db.REGISTRY) as session:
        session.connection().execute(
            text("UPDATE service_states SET since = since - interval '1 hour' WHERE until IS NULL")
        )


def probe(ref: str, *found: Health, begin: datetime | None = None) -> None:
    """Let one probe after the other be recorded, 10 s apart, from `begin` or until now."""
    begin = begin or now() - timedelta(seconds=10 * len(found))
    for number, health in enumerate(found):
        at = begin + timedelta(seconds=10 * number)
        with db.session(db.REGISTRY) as session:
            session.connection().execute(text("UPDATE service_checks SET lease_until = now()"))
            probe_records.record(session, [Finding(ref, health, at, message="Refused")], at=at)


def probed_service() -> str:
    ref = add_service()
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=admin(), service_ref=ref, active=True)
        session.connection().execute(text("DELETE FROM registry_outbox"))
    probe(ref, UP, begin=now() - 60 * MINUTE)
    return ref


def test_single_failures_between_good_probes_are_told_to_nobody(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = probed_service()
    probe(ref, *[UP, DOWN] * 10, *[DOWN, UP] * 10)
    deliver()
    assert (incidents_of(ref), kept(), told(rosa)) == ([], [], [])


def test_states_that_are_confirmed_again_and_again_are_one_alert_and_one_recovery(databases):
    rosa, _ = sign_in("Rosa", "administrator")
    ref = probed_service()
    for turn in range(4):
        probe(ref, DOWN, DOWN, DOWN, UP, UP, UP, begin=now() - (4 - turn) * MINUTE)
        deliver()
    assert told(rosa) == ["ILIFU is down"]
    an_hour_passes(ref)
    deliver()
    deliver()
    assert told(rosa) == ["ILIFU is down", "ILIFU is stable again"]
    assert len(incidents_of(ref)) == 1


def test_the_incident_of_a_service_that_is_paused_ends_without_a_word(databases):
    ref = probed_service()
    probe(ref, DOWN, DOWN, DOWN)
    with db.session(db.REGISTRY) as session:
        services.set_active(session, actor=admin(), service_ref=ref, active=False)
    (incident,) = incidents_of(ref)
    assert incident.ended_at is not None
    deliver()
    assert kept() == [("down", False)]


def test_a_window_after_the_fact_excuses_an_outage_and_changes_nothing_that_was_found(databases):
    ref = probed_service()
    begin = now() - 30 * MINUTE
    probe(ref, *[UP] * 6, *[DOWN] * 6, *[UP] * 6, begin=begin)
    with db.session(db.REGISTRY) as session:
        while roll_up_due(session, limit=100):
            pass
    before = uptime_between(ref, begin, begin + 3 * MINUTE)
    assert before.without_maintenance == before.with_maintenance == pytest.approx(2 / 3, abs=1e-3)
    declare(ref, begin + MINUTE / 2, begin + 5 * MINUTE / 2)
    after = uptime_between(ref, begin, begin + 3 * MINUTE)
    assert after.with_maintenance == pytest.approx(1, abs=1e-3)
    assert (after.without_maintenance, after.seconds) == (
        before.without_maintenance,
        before.seconds,
    )
    (incident,) = incidents_of(ref)
    assert incident.duration == MINUTE


def uptime_between(ref: str, since: datetime, until: datetime) -> Uptime:
    with db.session(db.REGISTRY) as session:
        return uptime_of(session, actor=admin(), service_ref=ref, since=since, until=until)


def test_nothing_is_owed_to_anybody_when_all_is_well(databases):
    change(add_service(), UP)
    deliver()
    with db.session(db.REGISTRY) as session:
        assert session.exec(select(RegistryOutbox)).all() == []
