"""The stages of runs at work cost a service one more request a minute each, and no more."""

import asyncio

import httpx
import pytest

from app.connectors.base import Endpoint, RunState, RunStatus
from app.connectors.wes import WesConnector
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus
from models.base import new_ref, now
from workers import stages
from workers.stages import with_stages

BASE = "https://wes.test/ga4gh/wes/v1"
TASKS = {"task_logs": [{"id": "1", "name": "impute", "start_time": "2026-11-23T07:00:00Z"}]}


def a_claim(service_ref: str, remote_id: str) -> Claim:
    return Claim(
        job_id=1,
        job_ref=new_ref(),
        owner_ref="ada",
        service_ref=service_ref,
        api_type="wes",
        lease="worker",
        due_at=now(),
        attempts=0,
        status=JobStatus.RUNNING,
        remote_id=remote_id,
        must_cancel=False,
    )


def test_stages_are_asked_for_once_a_minute_and_of_runs_at_work_only() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=TASKS)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    connector = WesConnector(client, Endpoint(BASE, known={"tasks": True}))
    service = new_ref()
    claims = [a_claim(service, "1"), a_claim(service, "2")]
    states = {
        "1": RunStatus("1", RunState.RUNNING, "RUNNING"),
        "2": RunStatus("2", RunState.QUEUED, "QUEUED"),
    }
    first = asyncio.run(with_stages(connector, claims, states))
    assert [stage.name for stage in first["1"].stages] == ["impute"]
    assert first["2"] == states["2"]
    assert asyncio.run(with_stages(connector, claims, states)) == states
    assert asked == ["/ga4gh/wes/v1/runs/1/tasks"]


def test_a_service_that_has_no_tasks_is_left_alone_and_the_state_stands() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(404)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    connector = WesConnector(client, Endpoint(BASE, known={"tasks": True}))
    service = new_ref()
    for remote_id in ("1", "2"):
        states = {remote_id: RunStatus(remote_id, RunState.RUNNING, "RUNNING")}
        claims = [a_claim(service, remote_id)]
        assert asyncio.run(with_stages(connector, claims, states)) == states
    assert len(asked) == 1


def test_a_service_that_hangs_over_stages_keeps_no_state_from_being_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stages, "PATIENCE", 0.05)
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/0/tasks"):
            return httpx.Response(200, json=TASKS)
        await asyncio.Event().wait()
        raise AssertionError("It never answers.")

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), timeout=1)
    connector = WesConnector(client, Endpoint(BASE, known={"tasks": True}))
    service = new_ref()
    claims = [a_claim(service, str(number)) for number in range(3 * stages.AT_ONCE)]
    states = {
        one.remote_id: RunStatus(one.remote_id, RunState.RUNNING, "RUNNING") for one in claims
    }
    found = asyncio.run(with_stages(connector, claims, states))
    assert [stage.name for stage in found.pop("0").stages] == ["impute"]
    assert found == {key: status for key, status in states.items() if key != "0"}
    # One place was free again after the first answer.
    assert len(asked) == stages.AT_ONCE + 1
    for remote_id in ("slow", "unasked"):
        status = {remote_id: RunStatus(remote_id, RunState.RUNNING, "RUNNING")}
        assert asyncio.run(with_stages(connector, [a_claim(service, remote_id)], status)) == status
    assert asked[-1].endswith("/slow/tasks")
