"""The stages of a WES run come from its tasks, or from what cwltool says of its steps."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.connectors.base import Endpoint, RunState
from app.connectors.errors import Unsupported
from app.connectors.run_stages import RunStage, StageState
from app.connectors.wes import WesConnector
from app.connectors.wes_tasks import stages_of_tasks

BASE = "https://wes.test/ga4gh/wes/v1"
CWLTOOL = (
    "\x1b[1;30mINFO\x1b[0m [workflow ] start\n"
    "\x1b[1;30mINFO\x1b[0m [step compress] start\n"
    "\x1b[1;30mINFO\x1b[0m [step compress] completed success\n"
    "\x1b[1;30mINFO\x1b[0m [step impute] start\n"
    "\x1b[1;30mWARNING\x1b[0m \x1b[33m[step impute] completed permanentFail\x1b[0m\n"
)
TOIL_ID = "a1cd2e92-2040-438d-b273-945e4d5fc6d6"


def shown(stages: Any) -> list[tuple[str, str]]:
    return [(stage.name, stage.state.value) for stage in stages]


def wes(answers: dict[str, Any], asked: list[str], **known: bool) -> Callable[[], WesConnector]:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/ga4gh/wes/v1")
        asked.append(path)
        return httpx.Response(200, json=answers[path]) if path in answers else httpx.Response(404)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return lambda: WesConnector(client, Endpoint(BASE, known=known))


def test_tasks_of_toil_bear_the_names_of_steps_and_only_the_last_failure_is_one() -> None:
    tasks = [
        {"exit_code": 1, "name": "impute.cwl"},
        {"exit_code": 1, "name": f"impute.cwl.compress._:{TOIL_ID}"},
        {"exit_code": 1, "name": f"impute.cwl.impute._:{TOIL_ID}"},
        {"exit_code": 0, "name": "impute.cwl._resolve"},
    ]
    found = stages_of_tasks(tasks, RunState.FAILED)
    assert shown(found) == [("compress", "done"), ("impute", "failed")]
    assert found[1].messages[0].text == "Ended with exit code 1."


def test_a_name_made_to_take_for_ever_does_not() -> None:
    (found,) = stages_of_tasks([{"name": ".cwl.a" * 50_000 + "\n"}], RunState.RUNNING)
    assert len(found.name) == 100


def test_tasks_with_times_are_at_work_until_they_end_and_parts_are_counted() -> None:
    begun = {"start_time": "2026-11-23T07:00:00Z"}
    tasks = [
        {"id": "1", "name": "check", **begun, "end_time": "2026-11-23T07:01:00Z", "exit_code": 0},
        {"id": "2", "name": "impute", **begun, "exit_code": 0},
        {"id": "3", "name": "impute", **begun},
        {"id": "4", "name": "report"},
        "no task",
        {},
    ]
    assert stages_of_tasks(tasks, RunState.RUNNING) == [
        RunStage("check", StageState.DONE, messages=[]),
        RunStage("impute", StageState.RUNNING, 1, 2, messages=[]),
        RunStage("report", StageState.AHEAD, messages=[]),
    ]
    assert shown(stages_of_tasks(tasks, RunState.COMPLETE))[1:] == [
        ("impute", "done"),
        ("report", "done"),
    ]


def test_a_run_of_cwltool_tells_its_steps_in_its_log_without_another_request() -> None:
    asked: list[str] = []
    run = {"run_id": "1", "state": "EXECUTOR_ERROR", "run_log": {"stderr": CWLTOOL}}
    connector = wes({"/runs/1": run}, asked, tasks=True)()
    details = asyncio.run(connector.details("1"))
    assert shown(details.status.stages) == [("compress", "done"), ("impute", "failed")]
    assert asked == ["/runs/1"]


def test_tasks_that_stand_elsewhere_are_asked_for_once_where_the_service_is_known_to_list() -> None:
    run = {"run_id": "1", "state": "COMPLETE", "task_logs_url": f"{BASE}/runs/1/tasks"}
    tasks = {"task_logs": [{"id": "1", "name": "impute", "exit_code": 0}]}
    for known, expected in (({"tasks": True}, 2), ({}, 1)):
        asked: list[str] = []
        connector = wes({"/runs/1": run, "/runs/1/tasks": tasks}, asked, **known)()
        details = asyncio.run(connector.details("1"))
        assert len(asked) == expected
        assert shown(details.status.stages) == [("impute", "done")][: expected - 1]


def test_a_service_without_tasks_is_told_from_one_that_has_none_yet() -> None:
    asked: list[str] = []
    with pytest.raises(Unsupported):
        asyncio.run(wes({}, asked)().stages("1"))
    assert asked == []
    with pytest.raises(Unsupported):
        asyncio.run(wes({}, asked, tasks=True)().stages("1"))
    empty = wes({"/runs/1/tasks": {"task_logs": []}}, asked, tasks=True)()
    assert asyncio.run(empty.stages("1")) == []
