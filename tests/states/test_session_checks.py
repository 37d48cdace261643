"""Sessions of many tabs are checked together, and an ended one is refused at once all the same."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from app.domain import sessions
from app.domain.errors import NotSignedIn
from app.states.session_checks import actor_of
from models import db
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that are sent to the database of people."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(db.engine(db.USERS), "before_cursor_execute", note)
    yield sent
    event.remove(db.engine(db.USERS), "before_cursor_execute", note)


def token_of(cookies: dict[str, str]) -> str:
    return next(iter(cookies.values()))


def test_the_sessions_of_many_tabs_are_checked_with_few_statements(statements: list[str]) -> None:
    people = [sign_in(f"person{number}", "viewer") for number in range(50)]
    statements.clear()

    async def work() -> list[str]:
        asked = [actor_of(token_of(cookies)) for _, cookies in people]
        return [one.user_ref for one in await asyncio.gather(*asked)]

    assert asyncio.run(work()) == [ref for ref, _ in people]
    assert len(statements) <= 4


def test_one_ended_session_among_many_is_refused_and_the_others_are_not() -> None:
    (ref, good), (_, ended) = sign_in("rosa"), sign_in("eve")
    with db.session(db.USERS) as session:
        sessions.close_session(session, token=token_of(ended))

    async def work() -> list[object]:
        asked = [actor_of(token_of(good)), actor_of(token_of(ended)), actor_of(""), actor_of("x")]
        return await asyncio.gather(*asked, return_exceptions=True)

    first, *others = asyncio.run(work())
    assert getattr(first, "user_ref", "") == ref
    assert [type(one) for one in others] == [NotSignedIn] * 3


def test_a_session_that_ends_while_others_are_checked_is_refused_to_whoever_asks_then() -> None:
    _, cookies = sign_in("rosa")
    token = token_of(cookies)

    async def work() -> None:
        before = asyncio.create_task(actor_of(token))
        await asyncio.sleep(0)
        with db.session(db.USERS) as session:
            sessions.close_session(session, token=token)
        with pytest.raises(NotSignedIn):
            await actor_of(token)
        await asyncio.gather(before, return_exceptions=True)

    asyncio.run(work())
