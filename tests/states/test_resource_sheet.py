"""What is asked before something is done to an object, and what becomes of what was typed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from app.states.resource_sheet import ResourceSheetState
from models import db
from models.base import now
from models.users import User
from tests.support.described import FOLK, described
from tests.support.people import sign_in
from tests.support.tab import send, tab_at


@pytest.fixture(autouse=True)
def folk(databases: None) -> Iterator[None]:
    with described(FOLK):
        yield


@pytest.fixture
def ref() -> str:
    """Somebody who is administered."""
    return sign_in("rosa")[0]


@pytest.fixture
def tab() -> ResourceSheetState:
    """An administrator's tab."""
    _, cookies = sign_in("ada", "administrator")
    return tab_at(ResourceSheetState, "/admin/folk", cookies)


def person(ref: str) -> User:
    with db.session(db.USERS) as session:
        return session.exec(select(User).where(User.ref == ref)).one()


def elsewhere(ref: str, **values: Any) -> None:
    """What another administrator changes meanwhile."""
    with db.session(db.USERS) as session:
        user = session.exec(select(User).where(User.ref == ref)).one()
        for name, value in {**values, "created_at": now()}.items():
            setattr(user, name, value)
        session.add(user)


def run(tab: ResourceSheetState, name: str, *arguments: Any) -> str:
    return asyncio.run(send(tab, name, *arguments))


def values(tab: ResourceSheetState) -> dict[str, str]:
    return {
        field["name"]: field["value"]
        for group in tab.sheet["fieldsets"]
        for field in group["fields"]
    }


def test_an_action_that_needs_nothing_is_done_at_once(tab: ResourceSheetState, ref: str) -> None:
    assert "rosa was greeted." in run(tab, "ask", "folk", "wave", ref)
    assert not tab.is_open


def test_an_action_asks_what_it_needs_and_why(tab: ResourceSheetState, ref: str) -> None:
    run(tab, "ask", "folk", "rename", ref)
    assert tab.is_open
    assert tab.sheet["title"] == "Rename: rosa"
    assert list(values(tab)) == ["name", "reason"]
    run(tab, "submit", {"name": "Rosalind"})
    assert tab.is_open
    assert tab.problem_field == "reason"
    assert person(ref).name == "rosa"
    said = run(tab, "submit", {"name": "Rosalind", "reason": "asked for it"})
    assert "rosa is Rosalind now." in said
    assert not tab.is_open
    assert person(ref).name == "Rosalind"


def test_a_secret_is_shown_once(tab: ResourceSheetState, ref: str) -> None:
    run(tab, "ask", "folk", "key", ref)
    said = run(tab, "submit", {})
    assert tab.is_open
    assert tab.secret == "key-that-is-shown-once"
    assert "key-that" not in said
    run(tab, "finish")
    assert "key-that" not in str(tab.dict())


def test_a_field_that_is_not_accepted_is_named_and_nothing_is_lost(
    tab: ResourceSheetState, ref: str
) -> None:
    run(tab, "change", "folk", ref)
    assert values(tab) == {"name": "rosa", "email": "rosa@lab.example"}
    turn = tab.turn
    run(tab, "submit", {"name": "Nobody", "email": "rosa@lab.example"})
    assert (tab.problem_field, tab.problem) == ("name", "Nobody is called that.")
    assert tab.turn == turn, "the page keeps what was typed"
    run(tab, "submit", {"name": "Rosalind", "email": "rosa@lab.example"})
    assert person(ref).name == "Rosalind"
    assert not tab.is_open


@pytest.fixture
def conflict(tab: ResourceSheetState, ref: str) -> ResourceSheetState:
    """One changed the name, and another the address meanwhile."""
    run(tab, "change", "folk", ref)
    elsewhere(ref, email="new@lab.example")
    run(tab, "submit", {"name": "Rosalind", "email": "rosa@lab.example"})
    return tab


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    conflict: ResourceSheetState, ref: str
) -> None:
    assert "has been changed since" in conflict.problem
    assert [one["title"] for one in conflict.differences] == ["E-mail address"]
    assert conflict.differences[0]["now"] == "new@lab.example"
    assert person(ref).name == "rosa"
    assert conflict.is_open


def test_what_was_typed_can_be_kept_over_what_is_there_now(
    conflict: ResourceSheetState, ref: str
) -> None:
    run(conflict, "keep_mine")
    assert values(conflict) == {"name": "Rosalind", "email": "new@lab.example"}
    run(conflict, "submit", values(conflict))
    assert (person(ref).name, person(ref).email) == ("Rosalind", "new@lab.example")


def test_what_is_there_now_can_be_taken_instead(conflict: ResourceSheetState) -> None:
    run(conflict, "take_theirs")
    assert values(conflict) == {"name": "rosa", "email": "new@lab.example"}
    assert conflict.differences == []


def test_a_change_of_what_the_form_does_not_show_is_no_conflict(
    tab: ResourceSheetState, ref: str
) -> None:
    run(tab, "change", "folk", ref)
    elsewhere(ref)
    run(tab, "submit", {"name": "Rosalind", "email": "rosa@lab.example"})
    assert person(ref).name == "Rosalind"


def test_what_is_added_tells_its_secret_before_the_page_moves_on(tab: ResourceSheetState) -> None:
    _, cookies = sign_in("berta", "administrator")
    tab = tab_at(ResourceSheetState, "/admin/folk/new", cookies)
    run(tab, "load")
    assert not tab.is_open
    said = run(tab, "submit", {"name": "Cleo", "email": "cleo@lab.example"})
    assert "redirect" not in said
    assert tab.secret.endswith("once")
    with db.session(db.USERS) as session:
        made = session.exec(select(User).where(User.name == "Cleo")).one()
    assert f"/admin/folk/{made.ref}" in run(tab, "finish")


@pytest.mark.parametrize(("name", "arguments"), [("ask", ("wave",)), ("change", ()), ("add", ())])
def test_who_may_only_read_is_asked_nothing(ref: str, name: str, arguments: tuple[str]) -> None:
    _, cookies = sign_in("otto", "auditor")
    tab = tab_at(ResourceSheetState, "/admin/folk", cookies)
    assert "Your role does not include" in run(tab, name, "folk", *arguments, ref)
    assert not tab.is_open
