"""What asking and trying show of real servers: Sapporo 2.4.0, Toil 9.6.0 and wes-service 5.0."""

import pytest

from app.connectors.base import Endpoint, RunState
from app.connectors.client import open_client
from app.connectors.conformance import Feature, Observation, Verdict
from app.connectors.wes import WesConnector
from tests.support.peers import Peer
from tests.support.processes import ROOT

pytestmark = pytest.mark.anyio

F = Feature
ASKED = {
    "sapporo": {F.RELEASE, F.PAGE_TOKEN, F.UNKNOWN_RUN},
    "toil": {F.SERVICE_INFO, F.LIST_KEY},
    "wes_service": {F.SERVICE_INFO, F.LIST_KEY, F.UNKNOWN_RUN, F.HONEST_STATUS, F.ERRORS},
}
TRIED = {
    "sapporo": {F.ENGINE, F.LOGS},
    "toil": {F.LOGS, F.OUTPUTS, F.LIST_TAGS, F.TAG_FILTER, F.KEEP_ALIVE},
    "wes_service": {F.LOGS, F.OUTPUTS, F.LIST_TAGS, F.TAG_FILTER, F.CANCEL},
}
WORKS = {F.TAGS, F.ATTACHMENTS, F.LISTS_RUNNING, F.SUBMIT_CODE, F.EARLY_STATUS}


def deviating(observations: list[Observation]) -> set[Feature]:
    return {one.feature for one in observations if one.verdict is Verdict.DEVIATES}


@pytest.mark.parametrize("name", ["sapporo", "toil", "wes_service"])
async def test_a_real_server_shows_its_known_deviations(
    name: str, request: pytest.FixtureRequest
) -> None:
    peer: Peer = request.getfixturevalue(name)
    steps: list[str] = []

    async def tell(text: str) -> None:
        steps.append(text)

    async with open_client(request_timeout=30) as client:
        connector = WesConnector(client, Endpoint(peer.base_url))
        assert deviating(list(await connector.conformance())) >= ASKED[name]
        tried = list(await connector.trial(ROOT / "workflows/trial.cwl", tell))
        found = {one.feature: one for one in tried}
        # Times differ by the second that a run ends in, and UNKNOWN shows now and then.
        assert deviating(tried) - {F.DATES, F.STEADY_STATES} == TRIED[name], found
        assert {found[feature].verdict for feature in WORKS} == {Verdict.CONFORMS}, found
        assert steps[-1] == "The trial is over."
        again = {one.feature: one for one in await connector.conformance()}
        assert again[F.TAGS].verdict is Verdict.CONFORMS
        states = await connector.status(_runs_in(steps))
    assert RunState.RUNNING not in {status.state for status in states.values()}


def _runs_in(steps: list[str]) -> list[str]:
    taken = "The service took it as "
    return [text.removeprefix(taken).rstrip(".") for text in steps if text.startswith(taken)]


async def test_a_run_that_wes_service_never_had_is_not_believed_once_that_is_known(
    wes_service: Peer,
) -> None:
    async with open_client(request_timeout=30) as client:
        believing = WesConnector(client, Endpoint(wes_service.base_url))
        assert (await believing.status(["lost"]))["lost"].state is RunState.RUNNING
        knowing = WesConnector(
            client, Endpoint(wes_service.base_url, known={F.HONEST_STATUS: False})
        )
        assert await knowing.status(["lost"]) == {}
