"""The connector against a server that behaves as Cloudgene's source says, over a real network."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.connectors.base import CancelOutcome, Endpoint, RunState, RunStatus
from app.connectors.client import open_client
from app.connectors.cloudgene import CloudgeneConnector
from app.connectors.errors import (
    Busy,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    SlotsFull,
    UnknownRun,
)
from app.connectors.run_request import Attachment, RunRequest
from app.connectors.run_stages import StageState
from app.domain.panel_recipes import recipe_of
from tests.support.cloudgene import SMALL_PANEL, Cloudgene, form, running, small_files

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def cloudgene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    with running(tmp_path_factory.mktemp("cloudgene"), slots=2, max_downloads=3) as server:
        yield server


@pytest.fixture
async def connect(cloudgene: Cloudgene) -> AsyncIterator[Callable[[str], CloudgeneConnector]]:
    async with open_client(request_timeout=30) as client:
        yield lambda token: CloudgeneConnector(client, Endpoint(cloudgene.url, token))


def a_run(job_ref: str, **values: Any) -> RunRequest:
    files = [Attachment(path.name, path) for path in small_files()]
    params = {**form(phasing="no_phasing"), "files": [file.name for file in files], **values}
    return RunRequest(job_ref, "imputationserver2", "CLOUDGENE", "2", params, attachments=files)


async def look_until(
    connector: CloudgeneConnector, remote_id: str, enough: Callable[[RunStatus], bool]
) -> RunStatus:
    async with asyncio.timeout(60):
        while not enough(  # noqa: ASYNC110 (only the server knows when)
            found := (await connector.status([remote_id]))[remote_id]
        ):
            await asyncio.sleep(0.1)
    return found


def has_ended(status: RunStatus) -> bool:
    return status.state not in (RunState.QUEUED, RunState.RUNNING)


Connect = Callable[[str], CloudgeneConnector]


async def test_a_job_goes_from_its_panel_to_its_files_and_keeps_its_outcome_when_it_retires(
    cloudgene: Cloudgene, connect: Connect
) -> None:
    connector = connect(cloudgene.token_for("ada"))
    assert (await connector.probe()).name
    facts = await connector.token_facts()
    assert facts.is_accepted
    assert facts.expires_at is not None
    await connector.check_authorised()
    offer = next(one for one in await connector.panels() if one.panel_id == SMALL_PANEL)
    assert recipe_of(offer)["workflow_params"]["files"] == "${inputs}"

    remote_id = await connector.submit(a_run("ref-1", password="Secret12345", meta=False))
    assert await connector.find("ref-1") == remote_id
    assert await connector.find("ref-2") is None
    assert (await look_until(connector, remote_id, has_ended)).state is RunState.COMPLETE
    details = await connector.details(remote_id)
    assert details.job_ref == "ref-1"
    assert all(stage.state is StageState.DONE for stage in details.status.stages)
    assert {stage.name: (stage.done, stage.total) for stage in details.status.stages}[
        "Compression and Encryption"
    ] == (3, 3)
    archive = next(file for file in details.outputs if file.name == "chr_20.zip")
    assert archive.downloads_left == 3
    async with connector.open(archive) as download:
        content = b"".join([chunk async for chunk in download.chunks])
    assert content.startswith(b"PK\x03\x04")
    again = await connector.details(remote_id)
    assert [file.downloads_left for file in again.outputs if file.name == archive.name] == [2]
    assert await connector.cancel(remote_id) is CancelOutcome.ALREADY_FINISHED

    cloudgene.control(f"jobs/{remote_id}/notify")
    noticed = (await connector.status([remote_id]))[remote_id]
    assert (noticed.state, noticed.results_gone) == (RunState.COMPLETE, False)
    assert noticed.expires_at is not None
    cloudgene.control(f"jobs/{remote_id}/retire")
    retired = await connector.details(remote_id)
    assert (retired.status.state, retired.status.results_gone) == (RunState.COMPLETE, True)
    assert retired.outputs == []


async def test_a_third_job_waits_for_a_slot_and_a_cancelled_one_frees_its_own(
    cloudgene: Cloudgene, connect: Connect
) -> None:
    connector = connect(cloudgene.token_for("grace"))
    cloudgene.control("queue/block")
    try:
        first, second = [await connector.submit(a_run(f"slot-{n}")) for n in (1, 2)]
        with pytest.raises(SlotsFull, match="2 jobs"):
            await connector.submit(a_run("slot-3"))
        found = await connector.status([first, second, "job-nobody"])
        assert [found[one].position for one in (first, second)] == [1, 2]
        assert "job-nobody" not in found
        for one in (first, second):
            assert await connector.cancel(one) is CancelOutcome.ACCEPTED
            status = await look_until(connector, one, has_ended)
            assert status.state is RunState.CANCELLED
    finally:
        cloudgene.control("queue/open")
    with pytest.raises(UnknownRun):
        await connector.details("job-nobody")


async def test_a_dead_job_is_interrupted_and_can_be_started_again(
    cloudgene: Cloudgene, connect: Connect
) -> None:
    connector = connect(cloudgene.token_for("edith"))
    cloudgene.fault("hold_at", "imputation")
    remote_id = await connector.submit(a_run("dead"))
    cloudgene.control(f"jobs/{remote_id}/dead")
    status = await look_until(connector, remote_id, has_ended)
    assert status.state is RunState.INTERRUPTED
    cloudgene.heal("hold_at")
    await connector.restart(remote_id)
    assert (await look_until(connector, remote_id, has_ended)).state is RunState.COMPLETE
    with pytest.raises(Rejected, match="not pending"):
        await connector.restart(remote_id)


async def test_maintenance_wrong_tokens_and_unknown_fields_are_told_as_what_they_are(
    cloudgene: Cloudgene, connect: Connect
) -> None:
    token = cloudgene.token_for("mary")
    connector, stranger = connect(token), connect("not.a.token")
    with pytest.raises(Rejected, match="Parameter 'nonsense' not found"):
        await connector.submit(a_run("bad", nonsense="x"))
    assert (await stranger.token_facts()).is_accepted is False
    with pytest.raises(NotAuthorised):
        await stranger.submit(a_run("bad"))
    cloudgene.control("maintenance/enter")
    try:
        assert (await connector.probe()).maintenance
        for ask in (connector.status(["job-1"]), connector.submit(a_run("later"))):
            with pytest.raises(Busy, match="maintenance"):
                await ask
    finally:
        cloudgene.control("maintenance/exit")
    assert not (await connector.probe()).maintenance


async def test_input_that_the_server_refuses_fails_later_with_its_own_words(
    cloudgene: Cloudgene, connect: Connect, tmp_path: Path
) -> None:
    connector = connect(cloudgene.token_for("lise"))
    broken = tmp_path / "chr20.vcf.gz"
    broken.write_bytes(b"no VCF at all")
    run = RunRequest(
        "broken",
        "imputationserver2",
        "CLOUDGENE",
        "2",
        {**form(), "files": [broken.name]},
        attachments=[Attachment(broken.name, broken)],
    )
    remote_id = await connector.submit(run)
    assert (await look_until(connector, remote_id, has_ended)).state is RunState.FAILED
    details = await connector.details(remote_id)
    assert details.failure
    assert StageState.FAILED in [stage.state for stage in details.status.stages]


async def test_errors_saved_as_files_and_used_up_counters_bring_no_result(
    cloudgene: Cloudgene, connect: Connect
) -> None:
    connector = connect(cloudgene.token_for("rosa"))
    remote_id = await connector.submit(a_run("counted"))
    await look_until(connector, remote_id, has_ended)
    archive = next(
        file for file in (await connector.details(remote_id)).outputs if file.name.endswith(".zip")
    )
    cloudgene.fault("error_as_file", times=1)
    with pytest.raises(InvalidAnswer):
        async with connector.open(archive):
            pass
    cloudgene.control(f"jobs/{remote_id}/downloads", left=0)
    with pytest.raises(Rejected, match="as often as it does"):
        async with connector.open(archive):
            pass
