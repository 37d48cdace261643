"""Jobs of a service whose submissions are paused wait here, and go out when they are resumed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.connectors import CONNECTORS
from app.domain import jobs as domain_jobs
from app.domain import service_pauses
from models import db
from tests.support.slot_lab import Lab
from tests.support.slot_service import API_TYPE, service_ref, stored
from tests.support.submitting import actor
from workers import outbox

ADA, ROOT = actor("Ada"), actor("Root", "administrator")


@pytest.fixture
def lab(databases: None, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    CONNECTORS[API_TYPE] = made.service.connector  # type: ignore[assignment]
    yield made
    del CONNECTORS[API_TYPE]


def test_while_submissions_are_paused_jobs_wait_and_go_in_their_order_when_resumed(
    lab: Lab,
) -> None:
    first = lab.submit(ADA, 3)
    lab.work()
    pause(lab, "Their storage is full.")
    late = lab.submit(ADA, 1)
    lab.work()
    assert [stored(ref).waits_for for ref in (*first, *late)] == ["", "", "paused", "paused"]
    # Runs that were sent before are followed to their end, and their slots stay free.
    lab.end(first[0])
    assert lab.service.taken == first[:2]
    resume(lab)
    lab.work()
    assert lab.service.taken == first
    assert stored(late[0]).waits_for == "slot"


def test_a_paused_job_can_be_cancelled_and_waits_for_nothing_then(lab: Lab) -> None:
    pause(lab, "Moving house.")
    (ref,) = lab.submit(ADA, 1)
    lab.work()
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=ADA, job_ref=ref)
    assert (stored(ref).status, stored(ref).waits_for) == ("cancelled", "")
    assert lab.service.taken == []


def pause(lab: Lab, reason: str) -> None:
    with db.session(db.REGISTRY) as session:
        service_pauses.pause_submissions(
            session, actor=ROOT, service_ref=service_ref(), reason=reason
        )
    asyncio.run(outbox.relay())


def resume(lab: Lab) -> None:
    with db.session(db.REGISTRY) as session:
        service_pauses.resume_submissions(session, actor=ROOT, service_ref=service_ref())
    asyncio.run(outbox.relay())
