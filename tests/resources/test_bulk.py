"""An action on many objects does what it can to each, and says what it did."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, select

from app.domain import bulk_runs
from app.domain.access import Actor
from app.domain.bulk_runs import CANCELLED, FINISHED, STOPPED, Outcome, RunRow
from app.domain.errors import NotAllowed, NotFound, NotSignedIn, Refused
from app.resources import bulk
from app.resources.base import Action
from app.resources.listing import list_rows
from app.resources.register import resource_named
from app.resources.wish import Wish
from models import db
from models.platform import AuditEntry
from models.users import User, UserSession, UsersOutbox
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")

SESSIONS = resource_named("sessions")
END = SESSIONS.actions[0]
ADA = Actor("ada", "Ada", "ada@lab.example", frozenset({"user:read", "user:write"}))


@pytest.fixture(autouse=True)
def three_people(databases: None) -> None:
    for name in ("berta", "berthold", "dora"):
        sign_in(name)


async def still_ada() -> Actor:
    return ADA


def carry_out(action: Action = END, *, wish: Wish | None = None, refs: Sequence[str] = ()) -> str:
    async def both() -> str:
        begun = await bulk.begin(
            actor=ADA, resource=SESSIONS, action=action, values={}, refs=refs, wish=wish
        )
        await bulk.carry_out(begun, still=still_ada)
        return begun.ref

    return asyncio.run(both())


def run_of(ref: str) -> RunRow:
    with db.session(db.PLATFORM) as session:
        return bulk_runs.run_of(session, actor=ADA, ref=ref)


def report(ref: str) -> list[Outcome]:
    with db.session(db.PLATFORM) as session:
        return list(bulk_runs.list_outcomes(session, actor=ADA, ref=ref).rows)


def sessions() -> dict[str, str]:
    """The refs of the live sessions by the names of their people."""
    with db.session(db.USERS) as session:
        wish = Wish(filters={"live": "yes"})
        page = list_rows(session, actor=ADA, resource=SESSIONS, wish=wish)
        return {row.label: row.ref for row in page.rows}


def failing_for(*names: str) -> Action:
    """The action that ends a session, but for some people's."""

    def end(session: Session, *, actor: Actor, ref: str) -> str:
        said = END.run(session, actor=actor, ref=ref) if END.run else ""
        person = session.exec(
            select(User.name).join(UserSession).where(UserSession.ref == ref)
        ).one()
        if person in names:
            raise ValueError("nobody foresaw this")
        return said or ""

    return replace(END, run=end)


def test_all_that_match_are_done_wherever_they_are_listed() -> None:
    ref = carry_out(wish=Wish(text="bert"))
    assert set(sessions()) == {"dora"}
    assert (run_of(ref).status, run_of(ref).done, run_of(ref).failed) == (FINISHED, 2, 0)
    assert {(one.label, one.is_done) for one in report(ref)} == {
        ("berta", True),
        ("berthold", True),
    }


def test_what_cannot_be_done_to_one_keeps_nothing_from_the_others() -> None:
    refs = list(sessions().values())
    with db.session(db.USERS) as session:
        gone = session.exec(select(UserSession).where(UserSession.ref == refs[0])).one()
        gone.revoked_at = gone.created_at
    ref = carry_out(refs=refs)
    assert sessions() == {}
    assert (run_of(ref).done, run_of(ref).failed) == (2, 1)
    first = report(ref)[0]
    assert not first.is_done, "what was not done is told first"
    assert "cannot be done" in first.said


def test_an_object_at_which_an_action_fails_is_left_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ref = carry_out(failing_for("berthold"), refs=list(sessions().values()))
    assert set(sessions()) == {"berthold"}
    assert [one.label for one in report(ref) if not one.is_done] == ["berthold"]
    assert "nobody foresaw" not in report(ref)[0].said


def test_a_run_ends_after_the_object_it_is_at_when_it_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk, "NOTED_ROWS", 1)

    async def cancelled_after_one() -> str:
        begun = await bulk.begin(
            actor=ADA, resource=SESSIONS, action=END, values={}, wish=Wish(sort="person")
        )
        with db.session(db.PLATFORM) as session:
            bulk_runs.cancel_run(session, actor=ADA, ref=begun.ref)
        await bulk.carry_out(begun, still=still_ada)
        return begun.ref

    ref = asyncio.run(cancelled_after_one())
    assert (run_of(ref).status, run_of(ref).done) == (CANCELLED, 1)
    assert set(sessions()) == {"berthold", "dora"}


def test_a_run_stops_when_its_owner_is_signed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "NOTED_ROWS", 1)

    async def signed_out() -> Actor:
        raise NotSignedIn

    async def stopped() -> str:
        begun = await bulk.begin(actor=ADA, resource=SESSIONS, action=END, values={}, wish=Wish())
        with pytest.raises(NotSignedIn):
            await bulk.carry_out(begun, still=signed_out)
        return begun.ref

    run = run_of(asyncio.run(stopped()))
    assert (run.status, run.done) == (STOPPED, 1)
    assert "session has ended" in run.problem


def test_what_one_run_does_is_one_act_in_the_audit_log() -> None:
    carry_out(wish=Wish(text="berta"))
    with db.session(db.PLATFORM) as session:
        begun = session.exec(select(AuditEntry)).one()
    assert (begun.action, begun.target_ref, begun.after) == (
        "bulk:begin",
        "sessions",
        {"action": "end", "objects": 1, "matching": {"q": "berta"}},
    )
    with db.session(db.USERS) as session:
        ended = session.exec(select(UsersOutbox)).one().payload
    assert ended["action"] == "session:end"


@pytest.mark.parametrize("changes", [{"is_bulk": False}, {"reveals": True}, {"run": None}])
def test_some_actions_are_for_one_object_at_a_time(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="one session at a time"):
        carry_out(replace(END, **changes), wish=Wish())


def test_too_many_are_refused_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    with pytest.raises(Refused, match="Narrow the list"):
        carry_out(wish=Wish())
    monkeypatch.setattr(bulk, "MOST_TICKED", 2)
    with pytest.raises(Refused, match="all that match"):
        carry_out(refs=list(sessions().values()))
    assert len(sessions()) == 3


def test_a_run_is_its_owners_alone() -> None:
    ref = carry_out(wish=Wish(text="berta"))
    eve = replace(ADA, user_ref="eve")
    with db.session(db.PLATFORM) as session:
        assert bulk_runs.runs_of(session, actor=eve, resource="sessions") == []
        for function in (bulk_runs.run_of, bulk_runs.cancel_run, bulk_runs.list_outcomes):
            with pytest.raises(NotFound):
                function(session, actor=eve, ref=ref)


def test_nobody_begins_on_what_they_may_not_see() -> None:
    stranger = replace(ADA, permissions=frozenset({"job:read"}))
    with pytest.raises(NotAllowed):
        asyncio.run(
            bulk.begin(actor=stranger, resource=SESSIONS, action=END, values={}, wish=Wish())
        )
