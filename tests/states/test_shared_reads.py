"""What many tabs show alike is read once; what differs between people is never shared."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from app.domain.access import ROLES, Actor
from app.states.hub import Subscription, hub, listening
from app.states.shared_reads import shared
from models import db
from tests.support.submitting import actor

pytestmark = pytest.mark.usefixtures("databases")

TABLES = frozenset({"imputation_services"})


@pytest.fixture
def reads() -> Iterator[list[Actor]]:
    """The actors on whose behalf `look` was called."""
    reads: list[Actor] = []
    LOOKS.append(reads)
    yield reads
    LOOKS.remove(reads)


LOOKS: list[list[Actor]] = []


def look(session: db.Session, *, actor: Actor, what: str = "") -> int:
    LOOKS[-1].append(actor)
    return len(LOOKS[-1])


def heard(work: Callable[[], Awaitable[None]]) -> None:
    """Run something while this process hears the databases' changes."""

    async def listen() -> None:
        async with listening():
            async with asyncio.timeout(10):
                while hub.version(db.REGISTRY, TABLES) is None:  # noqa: ASYNC110 (no event tells)
                    await asyncio.sleep(0.01)
            await work()

    asyncio.run(listen())


async def ask(who: Actor, what: str = "") -> int:
    return await shared(db.REGISTRY, look, actor=who, tables=TABLES, what=what)


def test_two_hundred_tabs_cost_one_read_until_something_changes(reads: list[Actor]) -> None:
    async def work() -> None:
        people = [actor(f"person {number}") for number in range(200)]
        assert set(await asyncio.gather(*[ask(person) for person in people])) == {1}
        subscription = Subscription(TABLES, ref="", owner_ref="")
        with hub.subscribed("tab", subscription):
            with db.session(db.REGISTRY) as session:
                db.announce(session, "imputation_services", "a")
            async with asyncio.timeout(10):
                await subscription.changes()
        assert set(await asyncio.gather(*[ask(person) for person in people])) == {2}

    heard(work)


def test_a_read_is_shared_by_those_alone_who_may_see_the_same_and_ask_for_the_same(
    reads: list[Actor],
) -> None:
    async def work() -> None:
        rosa, nobody = actor("rosa"), Actor("n", "noa", "noa@lab.example", frozenset())
        answers = [await ask(rosa), await ask(nobody), await ask(rosa, "else"), await ask(rosa)]
        assert answers == [1, 2, 3, 1]

    heard(work)
    assert [one.permissions for one in reads[:2]] == [frozenset({"service:read"}), frozenset()]
    assert all((one.user_ref, one.name, one.email) == ("", "", "") for one in reads)


def test_nothing_is_shared_where_changes_are_not_heard(reads: list[Actor]) -> None:
    who = Actor("r", "rosa", "", ROLES["researcher"])

    async def work() -> list[int]:
        return [await ask(who), await ask(who)]

    assert asyncio.run(work()) == [1, 2]
