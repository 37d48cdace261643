"""Jobs beyond a service's slots wait here, and go out in a fair order as slots free up."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from app.config import settings
from app.connectors import CONNECTORS
from app.domain import credentials, job_queue, services
from app.domain import jobs as domain_jobs
from app.domain.service_fields import parse_service
from models import db
from models.base import now
from models.jobs import ServiceContact
from models.registry import ImputationService
from tests.support.slot_lab import Lab
from tests.support.slot_service import (
    API_TYPE,
    give_token,
    look_at_runs,
    service_ref,
    stored,
)
from tests.support.submitting import actor
from tests.support.working import age_history, expire_leases, make_due
from workers import jobs, outbox, submit

ADA, BEN, CY = actor("Ada"), actor("Ben"), actor("Cy")


@pytest.fixture
def lab(databases: None, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    CONNECTORS[API_TYPE] = made.service.connector  # type: ignore[assignment]
    yield made
    del CONNECTORS[API_TYPE]


def test_jobs_beyond_the_slots_wait_asleep_and_go_in_their_order_as_slots_free_up(
    lab: Lab,
) -> None:
    refs = lab.submit(ADA, 5)
    lab.work()
    # The first two are on their way at the same time.
    assert set(lab.service.taken) == set(refs[:2])
    assert [stored(ref).waits_for for ref in refs] == ["", "", "slot", "slot", "slot"]
    for place in range(3):
        lab.end(refs[place])
        assert lab.service.taken[2:] == refs[2 : place + 3]
    assert lab.service.refusals == 0


def test_each_own_token_has_slots_of_its_own(lab: Lab) -> None:
    for owner in (ADA, BEN):
        give_token(owner, f"token-of-{owner.user_ref}")
    both = lab.submit(ADA, 3) + lab.submit(BEN, 3)
    lab.work()
    assert set(lab.service.taken) == {*both[:2], *both[3:5]}
    assert stored(both[0]).slot_key == f"{service_ref()}:ada"
    lab.end(both[3])
    assert lab.service.taken[-1] == both[5]


def test_with_the_lab_s_token_people_take_turns_whoever_submitted_first_and_most(lab: Lab) -> None:
    give_token(ADA, "token-of-the-lab", shared=True)
    ada, ben, cy = lab.submit(ADA, 4), lab.submit(BEN, 3), lab.submit(CY, 1)
    lab.work()
    while len(lab.service.taken) < 8:
        # The one that was sent first ends first.
        lab.end(next(iter(lab.service.runs)))
    assert set(lab.service.taken[:2]) == {ada[0], ben[0]}
    assert lab.service.taken[2] == cy[0]
    # Whoever's first run was the first to end is served first again.
    assert {*lab.service.taken[3:5]} == {ada[1], ben[1]}
    assert {*lab.service.taken[5:7]} == {ada[2], ben[2]}
    assert lab.service.taken[7] == ada[3]


def test_a_run_is_followed_with_the_token_with_which_it_was_sent(lab: Lab) -> None:
    give_token(ADA, "token-of-the-lab", shared=True)
    (ref,) = lab.submit(ADA, 1)
    lab.work()
    give_token(ADA, "token-of-ada")
    look_at_runs()
    asyncio.run(jobs.follow())
    assert (stored(ref).status, stored(ref).held_reason) == ("running", "")
    # Should that token be of no use any more, the other one is tried.
    with db.session(db.USERS) as session:
        credentials.forget_token(
            session, actor=actor("Grace", "administrator"), service_ref=service_ref(), shared=True
        )
    look_at_runs()
    asyncio.run(jobs.follow())
    assert stored(ref).held_reason == "not_authorised"
    assert "ask an administrator to renew the lab's" in stored(ref).status_reason


def test_a_submission_whose_answer_is_lost_is_looked_for_with_the_token_it_had(lab: Lab) -> None:
    give_token(ADA, "token-of-the-lab", shared=True)
    lab.service.loses_answers = True
    (ref,) = lab.submit(ADA, 1)
    lab.work()
    assert stored(ref).status == "submitting"
    give_token(ADA, "token-of-ada")
    make_due()
    lab.work()
    assert stored(ref).status == "submitted"


def test_a_run_whose_token_is_gone_is_not_looked_for_in_another_account(lab: Lab) -> None:
    give_token(ADA, "token-of-the-lab", shared=True)
    give_token(ADA, "token-of-ada")
    lab.service.loses_answers = True
    (ref,) = lab.submit(ADA, 1)
    lab.work()
    with db.session(db.USERS) as session:
        credentials.forget_token(session, actor=ADA, service_ref=service_ref())
    make_due()
    lab.work()
    assert (stored(ref).status, stored(ref).held_reason) == ("submitting", "answer_lost")
    assert lab.service.taken == [ref]
    give_token(ADA, "token-of-ada")
    make_due()
    lab.work()
    assert stored(ref).status == "submitted"


def test_a_job_that_is_held_or_ends_while_it_waits_holds_up_nobody(lab: Lab) -> None:
    refs = lab.submit(ADA, 5)
    lab.work()
    with db.session(db.JOBS) as session:
        held = session.merge(stored(refs[2]))
        held.held_reason = "credential"
        session.add(held)
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=ADA, job_ref=refs[3])
    lab.end(refs[0])
    assert lab.service.taken[-1] == refs[4]


def test_a_woken_job_that_is_cancelled_before_it_comes_gives_its_turn_away(lab: Lab) -> None:
    refs = lab.submit(ADA, 4)
    lab.work()
    del lab.service.runs[refs[0]]
    look_at_runs()
    asyncio.run(jobs.follow())
    with db.session(db.JOBS) as session:
        domain_jobs.cancel(session, actor=ADA, job_ref=refs[2])
    lab.work()
    assert lab.service.taken[-1] == refs[3]


def test_a_full_service_is_an_answer_and_the_job_goes_when_one_of_ours_ends(lab: Lab) -> None:
    lab.service.by_hand[""] = 1
    refs = lab.submit(ADA, 3)
    lab.work()
    assert len(lab.service.taken) == 1
    refused = [stored(ref) for ref in refs if stored(ref).waits_for == "slot_there"]
    assert len(refused) == lab.service.refusals == 1
    assert "perhaps by jobs started elsewhere" in refused[0].status_reason
    with db.session(db.JOBS) as session:
        assert session.exec(select(ServiceContact)).all() == []
    # Nobody else tries in vain until something has changed.
    make_due_but(refused[0].ref)
    lab.work()
    assert lab.service.refusals == 1
    lab.end(lab.service.taken[0])
    assert len(lab.service.taken) == 2
    assert stored(refused[0].ref).status == "submitted"
    # The one started by hand ends without a word; it is found out after a while.
    lab.service.by_hand.clear()
    make_due()
    lab.work()
    assert set(lab.service.taken) == set(refs)


def test_a_job_that_waits_for_a_slot_is_never_the_one_that_tries_a_lost_service(lab: Lab) -> None:
    refs = lab.submit(ADA, 3)
    lab.work()
    with db.session(db.JOBS) as session:
        session.add(ServiceContact(service_ref=service_ref(), failures=9, retry_at=now()))
    make_due()
    lab.work()
    asyncio.run(jobs.follow())
    with db.session(db.JOBS) as session:
        assert session.exec(select(ServiceContact)).all() == []
    assert stored(refs[2]).waits_for == "slot"


def test_a_raised_limit_lets_the_waiting_go_at_once(lab: Lab) -> None:
    refs = lab.submit(ADA, 5)
    lab.work()
    lab.service.slots = 4
    with db.session(db.REGISTRY) as session:
        admin = actor("Grace", "administrator")
        row = services.get_service(session, actor=admin, service_ref=service_ref())
        fields = {"name": row.name, "base_url": row.base_url, "limits": {"max_concurrent_jobs": 4}}
        services.change_service(
            session, actor=admin, service_ref=row.ref, fields=parse_service(fields)
        )
        # A form knows no stand-in.
        session.exec(select(ImputationService)).one().api_type = API_TYPE
    asyncio.run(outbox.relay())
    lab.work()
    assert set(lab.service.taken) == set(refs[:4])


def make_due_but(ref: str) -> None:
    """Let every job look by itself, but for one."""
    entry = stored(ref)
    make_due()
    with db.session(db.JOBS) as session:
        job_queue.postpone(session, entry.id or 0, seconds=600)


KILLED = """
import os, signal, sys
from app.config import settings
from app.domain import job_queue, job_sending
from app.domain.job_slots import Slot
from models import db
db.configure(settings().database_urls)
with db.session(db.JOBS) as session:
    claims = job_queue.claim_due(session, worker="dead", statuses=["queued"], limit=3)
for claim in claims:
    with db.session(db.JOBS) as session:
        job_sending.sending(session, claim, slot=Slot(sys.argv[1], 2))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_killed_while_it_sends_leaves_no_slot_taken_for_ever(lab: Lab) -> None:
    refs = lab.submit(ADA, 3)
    asyncio.run(submit.send())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, service_ref()], check=False, env=os.environ
    )
    assert killed.returncode == -signal.SIGKILL
    assert [stored(ref).status for ref in refs] == ["submitting", "submitting", "queued"]
    make_due()
    lab.work()
    assert lab.service.taken == []
    expire_leases()
    lab.work()
    # The service has no such runs, and says so again when it has settled: others may go.
    age_history(settings().settling_seconds)
    look_at_runs()
    for _ in range(3):
        make_due()
        lab.work()
    assert len(lab.service.taken) == 2
    lab.end(lab.service.taken[0])
    assert set(lab.service.taken) == set(refs)
    assert lab.service.refusals == 0
