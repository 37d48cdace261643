"""Who may use and who may manage which service, and how much of it in a month."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from app.domain import service_access, sessions, submissions
from app.domain.access import SERVICE_MANAGE, WORKER, require_service
from app.domain.errors import Conflict, Invalid, NotAllowed, Outdated, Refused
from app.domain.job_quotas import used_this_month
from app.domain.panels import choice_of
from app.domain.service_access import Access
from models import db
from models.base import new_ref
from models.jobs import Job
from models.users import ServiceAccess, UsersOutbox
from tests.support.filling import add_service
from tests.support.people import sign_in
from tests.support.submitting import DATASET, actor, panel

pytestmark = pytest.mark.usefixtures("databases")

URL = "https://wes.example.org"
ADA = actor("ada", "administrator")


def say(**said: Any) -> str:
    """Say what may be done with a service; return the ref of that."""
    with db.session(db.USERS) as session:
        return service_access.add_access(session, actor=said.pop("by", ADA), **said)


def submit(access: dict[str, Access], panels: Sequence[Any] = ()) -> None:
    """Submit a job of Rosa's to each panel."""
    with db.session(db.JOBS) as session:
        submissions.submit(
            session,
            actor=actor("Rosa"),
            name="Run",
            dataset=DATASET,
            panels=panels or [panel()],
            parameters={},
            idempotency_key=new_ref(),
            access=access,
        )


def job_count() -> int:
    with db.session(db.JOBS) as session:
        return len(session.exec(select(Job)).all())


def test_who_was_given_a_service_to_manage_may_change_that_one_alone() -> None:
    ref, cookies = sign_in("mia")
    with db.session(db.USERS) as session:
        session.add(ServiceAccess(service_ref="s1", user_ref=ref, may_manage=True))
        session.add(ServiceAccess(service_ref="s2", user_ref=ref))
    with db.session(db.USERS) as session:
        mia = sessions.actor_of(session, token=next(iter(cookies.values())))
        assert sessions.actor_named(session, user_ref=ref).managed_services == {"s1"}
    assert mia.may(SERVICE_MANAGE)
    assert not mia.may("service:write")
    require_service(mia, "service:write", "s1")
    for permission, service_ref in (("service:write", "s2"), ("user:write", "s1")):
        with pytest.raises(NotAllowed):
            require_service(mia, permission, service_ref)


def test_what_is_said_of_a_person_comes_before_what_is_said_of_everybody() -> None:
    node, (rosa, _), (noa, _) = add_service(ADA, "Node", URL), sign_in("rosa"), sign_in("noa")
    say(values={"may_use": ""}, parent=node)
    say(values={"service": node, "may_use": "yes", "jobs_per_month": "5"}, parent=rosa)
    with db.session(db.USERS) as session:
        of_rosa = service_access.access_of(session, actor=WORKER, user_ref=rosa)
        of_noa = service_access.access_of(session, actor=WORKER, user_ref=noa)
    assert of_rosa == {node: Access(jobs_per_month=5)}
    assert of_noa == {node: Access(may_use=False)}
    with pytest.raises(Conflict, match="said already"):
        say(values={"person": "rosa@lab.example"}, parent=node)
    with pytest.raises(Invalid, match="not everybody"):
        say(values={"may_manage": "yes"}, parent=add_service(ADA, "Other", URL))


def test_a_change_is_checked_against_its_version_and_audited_with_before_and_after() -> None:
    node, (rosa, _) = add_service(ADA, "Node", URL), sign_in("rosa")
    ref = say(values={"service": node, "may_use": "yes"}, parent=rosa)
    with db.session(db.USERS) as session:
        form = service_access.access_form(session, actor=ADA, ref=ref)
    version = form.pop("version")
    change = {"actor": ADA, "ref": ref, "version": version}
    with db.session(db.USERS) as session:
        service_access.change_access(session, values={**form, "jobs_per_month": "3"}, **change)
    with pytest.raises(Outdated), db.session(db.USERS) as session:
        service_access.change_access(session, values=form, **change)
    with db.session(db.USERS) as session:
        last = session.exec(select(UsersOutbox).order_by(col(UsersOutbox.id).desc())).first()
    assert last is not None
    told = last.payload
    assert (told["before"]["jobs_per_month"], told["after"]["jobs_per_month"]) == (None, 3)
    assert told["after"]["person"] == "rosa@lab.example"


def test_who_manages_one_service_says_who_uses_it_and_appoints_nobody() -> None:
    node, other = add_service(ADA, "Node", URL), add_service(ADA, "Other", URL)
    sign_in("rosa")
    mia = replace(actor("Mia"), managed_services=frozenset({node}))
    rosa = {"person": "rosa@lab.example"}
    say(by=mia, values=rosa, parent=node)
    for values, parent in ((rosa, other), ({**rosa, "may_manage": "yes"}, node)):
        with pytest.raises(NotAllowed):
            say(by=mia, values=values, parent=parent)


def test_a_service_that_one_may_not_use_takes_no_job_and_says_so_before() -> None:
    kept_out = {"s1": Access(may_use=False)}
    with pytest.raises(Refused, match="may not use ILIFU"):
        submit(kept_out)
    choice = choice_of(panel().row, token=None, access=kept_out["s1"])
    assert (choice.can_choose, "may not use" in choice.reason) == (False, True)
    assert job_count() == 0


def test_a_month_has_as_many_jobs_as_is_said_however_they_come() -> None:
    five = {"s1": Access(jobs_per_month=5)}
    two_panels = [panel("A"), panel("B")]

    def attempt(_: int) -> bool:
        try:
            submit(five, two_panels)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, True, True]
    submit(five)
    with pytest.raises(Refused, match="have submitted 5: 1 more"):
        submit(five)
    with db.session(db.JOBS) as session:
        used = used_this_month(session, actor=actor("Rosa"))
        for job in session.exec(select(Job).limit(2)):
            job.status = "cancelled"
    assert used == {"s1": 5}
    submit(five, two_panels)
    choice = choice_of(panel().row, token=None, access=Access(jobs_per_month=5, used=5))
    assert not choice.can_choose
    assert "next month begins on" in choice.reason
