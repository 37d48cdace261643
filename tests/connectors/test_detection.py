"""From a pasted address to the protocol that is spoken there, and to where its API begins."""

import pytest

from app.connectors.detection import detect, places
from tests.connectors.cloudgene_shapes import SERVER
from tests.connectors.loopback import Request, reply, serving
from tests.connectors.shapes import recorded

pytestmark = pytest.mark.anyio


def wes(request: Request) -> bytes:
    if request.path == "/ga4gh/wes/v1/service-info":
        return reply(recorded("sapporo", "service_info"))
    return reply({"msg": "Not Found"}, 404)


def cloudgene(request: Request) -> bytes:
    if request.path == "/api/v2/server":
        return reply(SERVER)
    return reply({"message": "Not Found"}, 404)


@pytest.mark.parametrize("pasted", ["", "/", "/ga4gh/wes/v1", "/ga4gh/wes/v1/service-info"])
async def test_a_wes_is_found_from_its_host_or_from_one_of_its_requests(pasted: str) -> None:
    async with serving(wes) as server:
        found = (await detect(server.url + pasted)).found
    assert found
    assert (found.api_type, found.base_url) == ("wes", f"{server.url}/ga4gh/wes/v1")
    assert found.facts
    assert found.facts.name == "sapporo-service"


@pytest.mark.parametrize("pasted", ["", "/index.html", "/api/v2/server", "/pages/help"])
async def test_a_cloudgene_is_found_from_any_of_its_pages(pasted: str) -> None:
    async with serving(cloudgene) as server:
        found = (await detect(server.url + pasted)).found
    assert found
    assert (found.api_type, found.base_url) == ("cloudgene", server.url)


async def test_what_speaks_neither_protocol_is_told_with_each_place_that_was_asked() -> None:
    async with serving(lambda _: reply("<html>Welcome</html>", 200)) as server:
        seen = await detect(server.url)
    assert seen.found is None
    assert [one.asked.removeprefix(server.url) for one in seen.tried] == [
        "/service-info",
        "/ga4gh/wes/v1/service-info",
        "/api/v2/server",
    ]
    assert all(one.problem for one in seen.tried)


async def test_what_wants_a_token_before_it_tells_is_a_guess() -> None:
    def closed(request: Request) -> bytes:
        is_wes = request.path == "/ga4gh/wes/v1/service-info"
        return reply({"msg": "Who are you?"}, 401 if is_wes else 404)

    async with serving(closed) as server:
        found = (await detect(server.url)).found
    assert found
    assert (found.api_type, found.facts, found.wants_token) == ("wes", None, True)


def test_an_address_below_the_base_of_a_wes_is_shortened_to_it() -> None:
    first = places("https://wes.example.org/node1/ga4gh/wes/v1/runs/17/status")[0]
    assert first == ("wes", "https://wes.example.org/node1/ga4gh/wes/v1")
