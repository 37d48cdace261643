"""A Cloudgene is known by what it says of itself, and shows its true panels and maintenance."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.connectors import CONNECTORS
from app.connectors.base import Capability
from app.connectors.errors import Busy, InvalidAnswer, NotAuthorised, Unsupported
from app.domain.queue_counts import counts_of
from tests.connectors.cloudgene_shapes import APP, COUNTERS, SERVER, Server, an_error

pytestmark = pytest.mark.anyio

PROBED = {"GET /api/v2/server": SERVER, "GET /api/v2/server/counters": COUNTERS}


def a_token(**claims: Any) -> str:
    parts = ({"alg": "HS256"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return ".".join((*(part.rstrip("=") for part in encoded), "signature"))


async def test_a_server_with_a_name_is_a_cloudgene_and_its_queue_is_counted() -> None:
    server = Server(PROBED, token="s3cret")
    facts = await server.connector.probe()
    assert facts.name == "A Server"
    assert not facts.maintenance
    assert {Capability.PANELS, Capability.RESTART, Capability.ATTACHMENTS} <= facts.capabilities
    counts = counts_of(facts.state_counts)
    assert counts is not None
    assert (counts.queued, counts.finished) == (7, 120)
    assert "footer" not in facts.raw
    assert not any("x-auth-token" in request.headers for request in server.requests)
    assert CONNECTORS["cloudgene"] is type(server.connector)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": "Unauthorized"}),
        httpx.Response(403, text="no"),
        httpx.Response(200, html="<html><body>Welcome</body></html>"),
        httpx.Response(200, json={"status": "ok"}),
        httpx.Response(200, json={"name": " "}),
        httpx.Response(200, json=["name"]),
        httpx.Response(404, json={"message": "Not Found"}),
        httpx.Response(200, content=b'{"name": "cut off'),
        httpx.Response(200, content=b'{"name":"' + b"x" * 3 * 1024**2 + b'"}'),
    ],
)
async def test_a_refusal_a_web_page_or_other_json_proves_no_cloudgene(
    answer: httpx.Response,
) -> None:
    with pytest.raises(InvalidAnswer):
        await Server({"GET /api/v2/server": answer}).connector.probe()


@pytest.mark.parametrize("counters", [an_error(500, "x"), {"complete": []}, [], "text", None])
async def test_a_server_without_counters_is_healthy_all_the_same(counters: Any) -> None:
    facts = await Server({**PROBED, "GET /api/v2/server/counters": counters}).connector.probe()
    assert facts.state_counts == {}


@pytest.mark.parametrize("spelling", ["maintenace", "maintenance"])
async def test_maintenance_is_told_with_its_message_in_either_spelling(spelling: str) -> None:
    message = {f"{spelling}Message": "Back <b>on Monday</b>.<script>alert(1)</script>"}
    server = Server({"GET /api/v2/server": {**SERVER, spelling: True, **message}})
    assert (await server.connector.probe()).maintenance == "Back on Monday."
    untold = Server({"GET /api/v2/server": {**SERVER, spelling: True}})
    assert (await untold.connector.probe()).maintenance == "The service is under maintenance."


@pytest.mark.parametrize("base", ["http://cloudgene.test/", "http://cloudgene.test/api/v2/"])
async def test_the_interface_is_found_below_the_servers_own_address(base: str) -> None:
    assert (await Server(PROBED, base=base).connector.probe()).name == "A Server"


APPS = {
    "GET /api/v2/server": {
        **SERVER,
        "apps": [{"id": "imputationserver2", "name": "x", "version": "2.0.12"}, {"id": "data"}],
        "deprecatedApps": [{"id": "imputationserver"}],
    },
    "GET /api/v2/server/apps/imputationserver2": APP,
    "GET /api/v2/server/apps/data": an_error(404, "Application data is a data package."),
    "GET /api/v2/server/apps/imputationserver": APP,
}


async def test_panels_are_those_of_the_form_each_with_its_own_populations() -> None:
    server = Server(APPS, token="s3cret")
    first, second = await server.connector.panels()
    assert (first.panel_id, first.name) == ("apps@hapmap-2@1.0", "HapMap 2 (GRCh37/hg19)")
    assert (first.application, first.application_version) == ("imputationserver2", "2.0.12")
    assert first.populations == {"eur": "EUR", "off": "Skip"}
    assert first.build == "hg19"
    assert second.name == "H3Africa & friends"
    assert second.populations == {"afr": "African"}
    assert first.terms == ["I will not attempt to re-identify participants."]
    parameters = {one.name: one for one in first.parameters}
    assert list(parameters) == ["files", "build", "population", "meta", "check1"]
    assert parameters["build"].choices == {"hg19": "GRCh37/hg19", "hg38": "GRCh38/hg38"}
    assert parameters["build"].default == "hg19"
    assert parameters["population"].choices == first.populations
    assert all(request.headers["x-auth-token"] == "s3cret" for request in server.requests)
    assert "GET /api/v2/server/apps/imputationserver" not in server.asked


async def test_only_chosen_applications_are_asked_for_panels() -> None:
    server = Server(APPS, applications=["imputationserver2"])
    assert len(await server.connector.panels()) == 2
    assert server.asked == ["GET /api/v2/server/apps/imputationserver2"]


async def test_a_panel_of_several_applications_is_that_of_the_first_one() -> None:
    apps = {f"GET /api/v2/server/apps/{name}": {**APP, "id": name} for name in ("new", "old")}
    offers = await Server(apps, applications=["new", "old"]).connector.panels()
    assert [offer.application for offer in offers] == ["new", "new"]


async def test_disabled_panels_are_left_out_and_mappings_of_values_are_read() -> None:
    panels = {
        "apps@one": {"name": "One", "enabled": True},
        "apps@two": {"name": "Two", "enabled": False},
    }
    params = [
        {"id": "refpanel", "type": "list", "values": panels},
        {"id": "phasing", "type": "list", "values": {"eagle": "Eagle", "off": "No phasing"}},
        {
            "id": "population",
            "type": "binded_list",
            "values": {"apps@one": {"name": "One", "values": {"afr": "African"}}},
        },
    ]
    app = {"GET /api/v2/server/apps/a": {"id": "a", "params": params}}
    (offer,) = await Server(app, applications=["a"]).connector.panels()
    assert (offer.panel_id, offer.name) == ("apps@one", "One")
    assert offer.parameters[0].choices == {"eagle": "Eagle", "off": "No phasing"}
    assert offer.populations == {"afr": "African"}


@pytest.mark.parametrize(
    "params", [None, "x", [1, None], [{"id": 3}], [{"id": "refpanel", "values": [None, {}, [1]]}]]
)
async def test_a_form_that_makes_no_sense_offers_nothing(params: Any) -> None:
    app = {"GET /api/v2/server/apps/a": {"id": "a", "params": params}}
    assert await Server(app, applications=["a"]).connector.panels() == []


async def test_without_a_token_the_applications_are_not_told() -> None:
    with pytest.raises(NotAuthorised):
        await Server({"GET /api/v2/server": SERVER}).connector.panels()


async def test_a_server_under_maintenance_says_so_instead_of_its_panels() -> None:
    answer = an_error(503, "This functionality is currently under maintenance.")
    server = Server({"GET /api/v2/server/apps/a": answer}, applications=["a"])
    with pytest.raises(Busy, match="under maintenance"):
        await server.connector.panels()


VERIFY = "POST /api/v2/tokens/verify"


async def test_a_valid_token_is_known_with_its_account_and_its_end() -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    token = a_token(username="ada", exp=ends.timestamp())
    said = {"valid": True, "message": f"Token {token} is valid.", "username": "ada"}
    # Cloudgene 3 says the time of asking.
    server = Server({VERIFY: {**said, "expire": datetime.now(UTC).timestamp() * 1000}}, token=token)
    facts = await server.connector.token_facts()
    assert (facts.is_accepted, facts.account, facts.expires_at) == (True, "ada", ends)
    assert token not in facts.message
    sent = server.requests[0]
    assert sent.content.decode().startswith("token=")
    assert "x-auth-token" not in sent.headers
    await server.connector.check_authorised()


async def test_the_end_that_the_server_tells_counts_before_the_tokens_own() -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    for told in (ends.timestamp() * 1000, ends.isoformat()):
        server = Server({VERIFY: {"valid": True, "expire": told}}, token="not.a.jwt")
        assert (await server.connector.token_facts()).expires_at == ends


async def test_a_token_that_is_not_valid_is_told_with_the_servers_words() -> None:
    server = Server({VERIFY: {"valid": False, "message": "Invalid API Token"}}, token="s3cret")
    facts = await server.connector.token_facts()
    assert (facts.is_accepted, facts.message) == (False, "Invalid API Token")
    with pytest.raises(NotAuthorised, match="Invalid API Token"):
        await server.connector.check_authorised()


async def test_where_tokens_cannot_be_verified_the_list_of_jobs_tells() -> None:
    jobs = "GET /api/v2/jobs"
    works = Server({jobs: {"count": 0, "page": 0}}, token="s3cret")
    assert (await works.connector.token_facts()).is_accepted is True
    refused = Server({jobs: an_error(401, "Access denied.")}, token="s3cret")
    assert (await refused.connector.token_facts()).is_accepted is False
    neither = Server({}, token="s3cret")
    assert (await neither.connector.token_facts()).is_accepted is None
    with pytest.raises(Unsupported):
        await neither.connector.check_authorised()


async def test_a_redirect_to_another_host_takes_no_token_along() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.host == "cloudgene.test":
            return httpx.Response(302, headers={"location": "http://elsewhere.test/jobs"})
        return httpx.Response(200, json={"count": 0})

    server = Server({"GET /api/v2/jobs": answer, "GET /jobs": answer}, token="s3cret")
    assert await server.connector.find("our-ref") is None
    assert ["x-auth-token" in request.headers for request in seen] == [True, False]
