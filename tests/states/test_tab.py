"""A shared computer: the next person is not sent what the last one saw."""

import asyncio
from collections.abc import Iterator

import pytest

from app.domain import sessions
from models import db
from tests.support.people import sign_in
from tests.support.platform import start_web
from tests.support.servers import Server
from tests.support.socket import Tab

HYDRATE = "reflex___state____state.hydrate_and_load"
LOAD_SESSION = "reflex___state____state.app___states___session____session_state.load"


@pytest.fixture(scope="module")
def web(postgres: str) -> Iterator[Server]:
    server = start_web()
    yield server
    server.stop()


@pytest.mark.parametrize("how", ["signed out", "revoked", "somebody else"])
def test_a_tab_forgets_what_it_held_with_its_session(
    databases: None, web: Server, how: str
) -> None:
    _, rosa = sign_in("rosa")
    _, eve = sign_in("eve")

    async def visit() -> str:
        async with Tab(web.url, cookies=rosa) as tab:
            await tab.send(HYDRATE, path="/sign-in")
            await tab.send(LOAD_SESSION)
            await tab.until_received("rosa@lab.example")
        if how == "revoked":
            with db.session(db.USERS) as session:
                sessions.close_session(session, token=next(iter(rosa.values())))
        cookies = {"signed out": {}, "revoked": rosa, "somebody else": eve}[how]
        async with Tab(web.url, cookies=cookies, token=tab.token) as again:
            await again.send(HYDRATE)
            await again.until_received("session_state")
            return str(again.received)

    assert "rosa" not in asyncio.run(visit())


def test_a_tab_that_reconnects_with_the_same_session_keeps_what_it_held(
    databases: None, web: Server
) -> None:
    _, rosa = sign_in("rosa")

    async def visit() -> None:
        async with Tab(web.url, cookies=rosa) as tab:
            await tab.send(HYDRATE)
            await tab.send(LOAD_SESSION)
            await tab.until_received("rosa@lab.example")
        async with Tab(web.url, cookies=rosa, token=tab.token) as again:
            await again.send(HYDRATE)
            await again.until_received("rosa@lab.example")

    asyncio.run(visit())


def test_an_event_that_an_earlier_session_left_over_is_dropped(
    databases: None, web: Server
) -> None:
    _, rosa = sign_in("rosa")
    _, eve = sign_in("eve")

    async def visit() -> str:
        async with Tab(web.url, cookies=rosa) as tab:
            await tab.send(HYDRATE, path="/sign-in")
            await tab.until_received("session_state")
        async with Tab(web.url, cookies=eve, token=tab.token) as again:
            await again.send(HYDRATE, path="/sign-in")
            await again.until_received("session_state")
        async with Tab(web.url, cookies=rosa, token=tab.token) as left_over:
            await left_over.send(LOAD_SESSION, path="/sign-in")
            await left_over.send(HYDRATE, path="/sign-in")
            await left_over.until_received("session_state")
            return str(left_over.received)

    assert "rosa" not in asyncio.run(visit())
