"""The first administrator, signing in, and who is kept out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from app.domain import people, sessions, sign_in_delay
from app.domain.access import ROLES, Actor
from app.domain.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, Refused
from models import db
from models.base import now
from models.users import SignInFailure, User, UserSession

pytestmark = pytest.mark.usefixtures("databases")

PASSWORD = "maize river lantern"


def setup_token() -> str:
    with db.session(db.USERS) as session:
        token = people.create_setup_token(session)
    assert token is not None
    return token


def first_administrator(email: str = "ada@example.org") -> str:
    with db.session(db.USERS) as session:
        token = people.create_setup_token(session)
        assert token is not None
        user = people.set_up(session, token=token, name="Ada", email=email, password=PASSWORD)
        return user.ref


def signed_in(email: str = "ada@example.org", password: str = PASSWORD) -> str | None:
    with db.session(db.USERS) as session:
        return people.sign_in(
            session, email=email, password=password, client_address="10.0.0.1", user_agent="test"
        )


def actor(token: str | None) -> Actor:
    assert token is not None
    with db.session(db.USERS) as session:
        return sessions.actor_of(session, token=token)


def test_the_first_administrator_is_made_with_the_link_and_the_link_works_once() -> None:
    token = setup_token()
    with db.session(db.USERS) as session:
        people.set_up(session, token=token, name="Ada", email="Ada@Example.org ", password=PASSWORD)
    assert actor(signed_in()).permissions == ROLES["administrator"]
    with pytest.raises(NotFound), db.session(db.USERS) as session:
        people.set_up(session, token=token, name="Eve", email="eve@example.org", password=PASSWORD)
    with db.session(db.USERS) as session:
        assert people.create_setup_token(session) is None


def test_a_new_first_link_ends_the_older_ones() -> None:
    older, newer = setup_token(), setup_token()
    with pytest.raises(NotFound), db.session(db.USERS) as session:
        people.email_of_setup_token(session, token=older)
    with db.session(db.USERS) as session:
        assert people.email_of_setup_token(session, token=newer) is None


def test_two_people_with_the_same_first_link_make_one_administrator() -> None:
    token = setup_token()

    def try_it(name: str) -> bool:
        try:
            with db.session(db.USERS) as session:
                people.set_up(
                    session,
                    token=token,
                    name=name,
                    email=f"{name}@example.org",
                    password=PASSWORD,
                )
        except (NotFound, Conflict):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_it, ["ada", "eve"])) == [False, True]
    with db.session(db.USERS) as session:
        assert len(session.exec(select(User)).all()) == 1


@pytest.mark.parametrize(
    ("password", "what"),
    [("short", "12 characters"), ("a" * 20, "different"), ("ada's long password", "e-mail")],
)
def test_a_weak_password_is_refused_with_the_cure(password: str, what: str) -> None:
    token = setup_token()
    with pytest.raises(Invalid, match=what), db.session(db.USERS) as session:
        people.set_up(session, token=token, name="Ada", email="ada@example.org", password=password)


def test_a_wrong_password_and_an_unknown_account_answer_alike() -> None:
    first_administrator()
    assert signed_in(password="wrong wrong wrong") is None
    assert signed_in(email="nobody@example.org") is None


def test_failures_in_a_row_make_the_next_try_wait_longer_and_longer() -> None:
    first_administrator()
    for _ in range(sign_in_delay.FREE_TRIES):
        assert signed_in(password="wrong wrong wrong") is None
    with pytest.raises(Refused, match="Try again in"):
        signed_in()
    waits = [sign_in_delay.wait_after(n) for n in range(4, 20)]
    assert waits == sorted(waits)
    assert waits[-1] == sign_in_delay.LONGEST_WAIT


def test_after_the_wait_the_right_password_works_and_clears_the_count() -> None:
    first_administrator()
    for _ in range(sign_in_delay.FREE_TRIES):
        signed_in(password="wrong wrong wrong")
    with db.session(db.USERS) as session:
        for row in session.exec(select(SignInFailure)):
            row.blocked_until = now() - timedelta(seconds=1)
            session.add(row)
    assert signed_in() is not None
    with db.session(db.USERS) as session:
        assert session.exec(select(SignInFailure)).all() == []


def test_the_database_holds_neither_the_token_nor_the_password() -> None:
    first_administrator()
    token = signed_in()
    with db.session(db.USERS) as session:
        stored = session.exec(select(UserSession)).one()
        user = session.exec(select(User)).one()
    assert token not in stored.model_dump_json()
    assert PASSWORD not in user.model_dump_json()
    assert user.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize("ended", ["revoked", "expired", "idle", "deactivated"])
def test_a_session_that_ended_lets_nobody_in(ended: str) -> None:
    first_administrator()
    token = signed_in()
    assert token is not None
    with db.session(db.USERS) as session:
        row = session.exec(select(UserSession)).one()
        user = session.exec(select(User)).one()
        long_ago = now() - timedelta(days=30)
        if ended == "revoked":
            row.revoked_at = now()
        elif ended == "expired":
            row.expires_at = long_ago
        elif ended == "idle":
            row.last_seen_at = long_ago
        else:
            user.is_active = False
        session.add_all([row, user])
    with pytest.raises(NotSignedIn):
        actor(token)


def test_an_added_person_chooses_a_password_with_their_link() -> None:
    first_administrator()
    ada = actor(signed_in())
    with db.session(db.USERS) as session:
        token = people.add_person(
            session, actor=ada, name="Rosa", email="rosa@example.org", role_name="researcher"
        )
    assert signed_in("rosa@example.org", "") is None
    with db.session(db.USERS) as session:
        people.set_up(session, token=token, name="", email="", password="four plain short words")
    rosa = actor(signed_in("rosa@example.org", "four plain short words"))
    assert rosa.permissions == ROLES["researcher"]
    assert rosa.name == "Rosa"


def test_deactivating_a_person_ends_their_sessions_at_once() -> None:
    first_administrator()
    ada = actor(signed_in())
    with db.session(db.USERS) as session:
        link = people.add_person(
            session, actor=ada, name="Rosa", email="rosa@example.org", role_name="researcher"
        )
        rosa = people.set_up(session, token=link, name="", email="", password=PASSWORD)
        rosa_ref = rosa.ref
    token = signed_in("rosa@example.org")
    with db.session(db.USERS) as session:
        people.set_active(session, actor=ada, user_ref=rosa_ref, is_active=False)
    with pytest.raises(NotSignedIn):
        actor(token)


def test_only_those_who_may_see_and_add_people() -> None:
    first_administrator()
    auditor = Actor("x", "Aud", "a@example.org", ROLES["auditor"])
    researcher = Actor("y", "Res", "r@example.org", ROLES["researcher"])
    with db.session(db.USERS) as session:
        assert [p.email for p in people.list_people(session, actor=auditor)] == ["ada@example.org"]
        with pytest.raises(NotAllowed):
            people.list_people(session, actor=researcher)
        for someone in (auditor, researcher):
            with pytest.raises(NotAllowed):
                people.add_person(
                    session, actor=someone, name="E", email="e@example.org", role_name="viewer"
                )


def test_changing_the_password_signs_the_other_browsers_out() -> None:
    first_administrator()
    here, elsewhere = signed_in(), signed_in()
    with db.session(db.USERS) as session:
        people.change_password(
            session, actor=actor(here), current=PASSWORD, new="an entirely new phrase"
        )
    assert actor(here).name == "Ada"
    with pytest.raises(NotSignedIn):
        actor(elsewhere)
    assert signed_in(password="an entirely new phrase") is not None


def test_a_person_ends_only_their_own_sessions() -> None:
    first_administrator()
    ada = actor(signed_in())
    eve = Actor("someone-else", "Eve", "e@example.org", ROLES["administrator"])
    with db.session(db.USERS) as session:
        assert len(sessions.my_sessions(session, actor=ada)) == 1
        with pytest.raises(NotFound):
            sessions.revoke_my_session(session, actor=eve, session_ref=ada.session_ref)
        sessions.revoke_my_session(session, actor=ada, session_ref=ada.session_ref)
        assert sessions.my_sessions(session, actor=ada) == []
