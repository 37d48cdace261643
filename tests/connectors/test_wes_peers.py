"""The connector against real servers: Sapporo 2.4.0 and Toil 9.6.0."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.connectors.base import CancelOutcome, Capability, Endpoint, RunState
from app.connectors.client import open_client
from app.connectors.errors import Rejected, UnknownRun
from app.connectors.run_request import Attachment, RunRequest
from app.connectors.stages import Outcome, examine
from app.connectors.wes import WesConnector
from tests.support.peers import Peer

pytestmark = pytest.mark.anyio

HELLO = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo "$0"; sleep "$1"']
inputs:
  message: {type: string, inputBinding: {position: 1}}
  seconds: {type: int, inputBinding: {position: 2}}
outputs:
  greeting: {type: stdout}
stdout: greeting.txt
"""
FAIL = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo "Error: the panel is too small" >&2; exit 3']
inputs: {}
outputs: {}
"""
ENDED = {RunState.COMPLETE, RunState.FAILED, RunState.CANCELLED}


@pytest.fixture(params=["sapporo", "toil"])
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.getfixturevalue(request.param)
    return found


def request_of(folder: Path, job_ref: str, workflow: str, **parameters: object) -> RunRequest:
    path = folder / f"{job_ref}.cwl"
    path.write_text(workflow)
    return RunRequest(
        job_ref=job_ref,
        workflow_url=path.name,
        workflow_type="CWL",
        workflow_type_version="v1.2",
        workflow_params=parameters,
        attachments=[Attachment(path.name, path)],
    )


async def wait(connector: WesConnector, remote_ids: list[str], wanted: set[RunState]) -> None:
    async with asyncio.timeout(120):
        while True:
            found = await connector.status(remote_ids)
            if {remote_id for remote_id in found if found[remote_id].state in wanted} == set(
                remote_ids
            ):
                return
            await asyncio.sleep(0.5)


async def test_runs_are_submitted_found_followed_read_and_cancelled(
    peer: Peer, tmp_path: Path
) -> None:
    folder = {"remote": str(peer.folder), "local": str(peer.folder)}
    async with open_client(request_timeout=30) as client:
        connector = WesConnector(client, Endpoint(peer.base_url, "", {"shared_folder": folder}))
        assert Capability.FIND_BY_TAG in (await connector.probe()).capabilities
        await connector.check_authorised()
        assert await connector.find("hello") is None

        hello = await connector.submit(
            request_of(tmp_path, "hello", HELLO, message="hi", seconds=0)
        )
        fail = await connector.submit(request_of(tmp_path, "fail", FAIL))
        long = await connector.submit(request_of(tmp_path, "long", HELLO, message="x", seconds=300))
        assert await connector.find("fail") == fail
        assert await connector.find("nobody") is None

        await wait(connector, [long], {RunState.RUNNING})
        assert await connector.cancel(long) is CancelOutcome.ACCEPTED
        await wait(connector, [hello, fail, long], ENDED)
        many = await connector.status([hello, fail, long, "made-up", "another"])
        assert {remote_id: status.state for remote_id, status in many.items()} == {
            hello: RunState.COMPLETE,
            fail: RunState.FAILED,
            long: RunState.CANCELLED,
        }
        assert await connector.cancel(hello) is CancelOutcome.ALREADY_FINISHED
        assert await connector.cancel(fail) is CancelOutcome.ALREADY_FINISHED

        details = await connector.details(hello)
        assert details.exit_code == 0
        assert details.started_at and details.ended_at
        assert any("greeting.txt" in log.text for log in details.logs)
        (greeting,) = [file for file in details.outputs if file.name == "greeting.txt"]
        async with connector.open(greeting) as download:
            begun = replace(greeting, version=download.version)
        async with connector.open(begun, offset=1) as download:
            assert download.offset == 1
            assert b"".join([chunk async for chunk in download.chunks]) == b"i\n"

        failure = (await connector.details(fail)).failure
        assert "Error: the panel is too small" in failure


async def test_what_a_server_does_not_know_or_accept_is_told_apart(
    peer: Peer, tmp_path: Path
) -> None:
    async with open_client(request_timeout=30) as client:
        connector = WesConnector(client, Endpoint(peer.base_url))
        assert await connector.status(["made-up"]) == {}
        with pytest.raises(UnknownRun):
            await connector.details("made-up")
        with pytest.raises(UnknownRun):
            await connector.cancel("made-up")
        odd = request_of(tmp_path, "odd", HELLO)
        with pytest.raises(Rejected, match=r"(?i)nosuch"):
            await connector.submit(RunRequest(**(vars(odd) | {"workflow_type": "NOSUCH"})))


async def test_the_connection_test_passes(peer: Peer) -> None:
    found = await examine(Endpoint(peer.base_url), WesConnector)
    assert {stage.outcome for stage in found.stages} == {Outcome.OK, Outcome.SKIPPED}
    assert found.facts
