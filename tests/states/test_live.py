"""An open tab shows a change by itself, as long as its session lasts and no longer."""

import asyncio
from collections.abc import Iterator

import pytest

from app.domain import credentials, services, sessions, terms
from app.domain.service_fields import parse_service
from models import db
from tests.support.filling import add_panel, add_service
from tests.support.histories import set_now
from tests.support.people import sign_in
from tests.support.platform import start_web
from tests.support.servers import Server
from tests.support.socket import Tab
from tests.support.submitting import RECIPE, actor

HYDRATE = "reflex___state____state.hydrate_and_load"


@pytest.fixture(scope="module")
def web(postgres: str) -> Iterator[Server]:
    server = start_web()
    yield server
    server.stop()


def add_nodes(*names: str) -> list[str]:
    admin = actor("ada", "administrator")
    with db.session(db.REGISTRY) as session:
        return [
            services.add_service(
                session,
                actor=admin,
                fields=parse_service({"name": name, "base_url": "https://wes.example.org"}),
            ).ref
            for name in names
        ]


@pytest.mark.parametrize("path", ["/services", "/"])
def test_a_change_of_one_service_is_sent_to_each_open_tab_and_the_others_rows_are_not(
    databases: None, web: Server, path: str
) -> None:
    refs = add_nodes("Node A", "Node B")
    people = [sign_in(name)[1] for name in ("rosa", "noa", "eve")]

    async def visit() -> list[str]:
        tabs = [Tab(web.url, cookies=cookies) for cookies in people]
        for tab in tabs:
            await tab.__aenter__()
            await tab.send(HYDRATE, path=path)
        for tab in tabs:
            await tab.until_received("Node B")
            tab.received.clear()
        await asyncio.to_thread(set_now, refs[0], state="down", message="It said CHANGED.")
        for tab in tabs:
            await tab.until_received("CHANGED")
        for tab in tabs:
            await tab.__aexit__()
        return [str(tab.received) for tab in tabs]

    told = asyncio.run(visit())
    if path == "/services":
        assert not any("Node B" in one for one in told)


def test_a_tab_whose_session_has_ended_is_told_no_change_and_sent_to_sign_in_once(
    databases: None, web: Server
) -> None:
    (ref,) = add_nodes("Node A")
    ended, good = sign_in("rosa")[1], sign_in("noa")[1]

    async def visit() -> str:
        async with Tab(web.url, cookies=ended) as tab, Tab(web.url, cookies=good) as other:
            for one in (tab, other):
                await one.send(HYDRATE, path="/services")
                await one.until_received("Node A")
            with db.session(db.USERS) as session:
                sessions.close_session(session, token=next(iter(ended.values())))
            tab.received.clear()
            for word in ("CHANGED", "AGAIN"):
                await asyncio.to_thread(set_now, ref, state="down", message=f"It said {word}.")
                await other.until_received(word)
            await tab.until_received("/sign-in")
            return str(tab.received)

    told = asyncio.run(visit())
    assert told.count("/sign-in?next") == 1
    assert "CHANGED" not in told
    assert "AGAIN" not in told


def test_an_administrator_sees_terms_that_another_one_has_just_saved(
    databases: None, web: Server
) -> None:
    (ref,) = add_nodes("Node A")
    _, cookies = sign_in("ada", "administrator")

    def save(text: str) -> None:
        with db.session(db.REGISTRY) as session:
            terms.set_terms(
                session, actor=actor("bea", "administrator"), service_ref=ref, text=text
            )

    async def visit() -> None:
        async with Tab(web.url, cookies=cookies) as tab:
            await tab.send(HYDRATE, path=f"/admin/services/{ref}", query={"service_ref": ref})
            await tab.until_received("The whole service")
            await asyncio.to_thread(save, "Cite the panel.")
            await tab.until_received("Cite the panel.")

    asyncio.run(visit())


def test_a_panel_can_be_chosen_as_soon_as_a_token_for_its_service_is_there(
    databases: None, web: Server
) -> None:
    admin = actor("ada", "administrator")
    ref = add_service(admin, "Michigan", "http://127.0.0.1:9", api_type="cloudgene")
    add_panel(admin, ref, "HapMap", RECIPE)
    _, cookies = sign_in("rosa")

    def save() -> None:
        with db.session(db.USERS) as session:
            credentials.set_token(
                session, actor=admin, service_ref=ref, token="a-good-token-012345", shared=True
            )

    async def visit() -> None:
        async with Tab(web.url, cookies=cookies) as tab:
            await tab.send(HYDRATE, path="/submit")
            await tab.until_received("Michigan wants a token.")
            tab.received.clear()
            await asyncio.to_thread(save)
            await tab.until_received("'can_choose': True")

    asyncio.run(visit())
