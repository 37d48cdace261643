"""A described list is searched, filtered, sorted and paged as its address says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from app.domain.access import WORKER, Actor
from app.domain.errors import Invalid, NotAllowed, Refused
from app.resources.acting import act, action_of, values_of
from app.resources.listing import every_row, list_rows, refs_matching
from app.resources.register import resource_named
from app.resources.wish import Wish, wish_of
from models import db
from models.base import now
from models.users import UserSession
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")

SESSIONS = resource_named("sessions")
NOBODY = Actor("u", "Noa", "noa@lab.example", frozenset({"job:read"}))


def names(**query: str) -> list[str]:
    """Whose sessions a list shows with such an address."""
    with db.session(db.USERS) as session:
        wish = wish_of(SESSIONS, query)
        page = list_rows(session, actor=WORKER, resource=SESSIONS, wish=wish, size=2)
        return [str(row.values["person"]) for row in page.rows]


@pytest.fixture
def three_people(databases: None) -> None:
    for name in ("ada", "berta", "cleo"):
        sign_in(name)


@pytest.mark.usefixtures("three_people")
def test_every_word_of_a_search_must_occur() -> None:
    assert names(q="berta lab.example") == ["berta"]
    assert names(q="berta nowhere") == []


@pytest.mark.usefixtures("three_people")
def test_a_list_is_sorted_and_paged_in_the_address() -> None:
    assert names(sort="person") == ["ada", "berta"]
    assert names(sort="-person") == ["cleo", "berta"]
    assert names(sort="person", page="2") == ["cleo"]
    assert names(sort="person", page="99") == ["cleo"], "the last page is the nearest there is"


@pytest.mark.usefixtures("three_people")
def test_filters_narrow_the_list() -> None:
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    assert len(names(live="yes")) == 2
    assert names(live="no") == []
    assert names(since_from=tomorrow) == []
    assert len(names(since_to=tomorrow)) == 2


def test_what_an_address_says_amiss_counts_as_not_said() -> None:
    amiss = {"sort": "token_hash", "page": "-3", "live": "maybe", "since_from": "x", "drop": "1"}
    assert wish_of(SESSIONS, amiss) == wish_of(SESSIONS, {})


def test_a_wish_goes_into_an_address_and_back() -> None:
    wish = Wish(text="a b", filters={"live": "yes"}, sort="person", number=3)
    assert wish_of(SESSIONS, wish.query(SESSIONS)) == wish


def test_a_list_refuses_who_lacks_its_permission() -> None:
    with db.session(db.USERS) as session, pytest.raises(NotAllowed):
        list_rows(session, actor=NOBODY, resource=SESSIONS, wish=Wish())
    with db.session(db.USERS) as session, pytest.raises(NotAllowed):
        refs_matching(session, actor=NOBODY, resource=SESSIONS, wish=Wish(), limit=1)
    with db.session(db.USERS) as session, pytest.raises(NotAllowed):
        next(every_row(session, actor=NOBODY, resource=SESSIONS, wish=Wish()))


@pytest.mark.usefixtures("three_people")
def test_an_action_is_offered_where_it_can_be_done_and_refused_elsewhere() -> None:
    with db.session(db.USERS) as session:
        action = action_of(SESSIONS, "end", actor=WORKER)
        row = list_rows(session, actor=WORKER, resource=SESSIONS, wish=Wish()).rows[0]
        assert list(row.actions) == ["end"]
        said = act(session, actor=WORKER, resource=SESSIONS, action=action, ref=row.ref, values={})
        assert said.endswith("must sign in again there.")
        with pytest.raises(Refused, match="cannot be done"):
            act(session, actor=WORKER, resource=SESSIONS, action=action, ref=row.ref, values={})


def test_who_may_only_read_is_offered_no_action() -> None:
    auditor = replace(NOBODY, permissions=frozenset({"user:read"}))
    sign_in("ada")
    with db.session(db.USERS) as session:
        row = list_rows(session, actor=auditor, resource=SESSIONS, wish=Wish()).rows[0]
        assert list(row.actions) == []
    with pytest.raises(NotAllowed):
        action_of(SESSIONS, "end", actor=auditor)


def test_an_action_that_asks_why_takes_no_empty_answer() -> None:
    action = replace(SESSIONS.actions[0], asks_reason=True)
    with pytest.raises(Invalid, match="Say why"):
        values_of(action, {"reason": "  "})
    assert values_of(action, {"reason": "lost laptop"}) == {"reason": "lost laptop"}


def test_a_session_that_idled_out_is_not_live() -> None:
    sign_in("ada")
    with db.session(db.USERS) as session:
        row = session.exec(select(UserSession)).one()
        row.last_seen_at = now() - timedelta(days=2)
    assert names(live="yes") == []
