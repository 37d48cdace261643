"""Runs are followed, found again and cancelled, whatever a server makes of the standard."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.connectors.base import CancelOutcome, RunState
from app.connectors.errors import (
    Busy,
    InvalidAnswer,
    NotAuthorised,
    ServiceFault,
    UnknownRun,
    Unreachable,
    Unsupported,
)
from tests.connectors import shapes
from tests.connectors.shapes import Service, recorded, replay

pytestmark = pytest.mark.anyio

TOIL_RUN = recorded("toil", "run_complete")["run_id"]
SAPPORO_RUN = recorded("sapporo", "run_complete")["run_id"]
WES_SERVICE_RUN = recorded("wes_service", "run_complete")["run_id"]


def state(word: Any, run_id: str = "1") -> dict[str, Any]:
    return {"run_id": run_id, "state": word}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("QUEUED", RunState.QUEUED),
        ("INITIALIZING", RunState.QUEUED),
        ("RUNNING", RunState.RUNNING),
        ("PAUSED", RunState.RUNNING),
        ("COMPLETE", RunState.COMPLETE),
        ("EXECUTOR_ERROR", RunState.FAILED),
        ("SYSTEM_ERROR", RunState.FAILED),
        ("PREEMPTED", RunState.FAILED),
        ("CANCELING", RunState.CANCELLING),
        ("CANCELED", RunState.CANCELLED),
        ("DELETED", RunState.FAILED),
        ("UNKNOWN", RunState.UNKNOWN),
        ("Simmering", RunState.UNKNOWN),
    ],
)
async def test_each_state_has_our_word_and_keeps_the_service_s_own(
    word: Any, expected: RunState
) -> None:
    service = Service({"GET /runs/1/status": state(word)})
    found = (await service.connector.status(["1"]))["1"]
    assert (found.state, found.raw_state) == (expected, word)


@pytest.mark.parametrize("word", ["", None, 7, ["RUNNING"]])
async def test_an_answer_without_a_state_is_no_answer(word: Any) -> None:
    with pytest.raises(InvalidAnswer):
        await Service({"GET /runs/1/status": state(word)}).connector.status(["1"])


async def test_few_runs_are_asked_about_one_by_one_and_many_with_one_list() -> None:
    listed = {"runs": [state("RUNNING", run_id) for run_id in "abcdef"], "next_page_token": ""}
    one_by_one = {f"GET /runs/{run_id}/status": state("RUNNING", run_id) for run_id in "abcdef"}
    service = Service({"GET /runs": listed} | one_by_one)
    assert len(await service.connector.status(list("ab"))) == 2
    assert service.asked == ["GET /runs/a/status", "GET /runs/b/status"]
    service.requests.clear()
    assert len(await service.connector.status(list("abcdef"))) == 6
    assert service.asked == ["GET /runs"]


@pytest.mark.parametrize("server", ["toil", "sapporo", "wes_service"])
async def test_lists_are_read_whether_they_hold_runs_or_workflows(server: str) -> None:
    body = recorded(server, "runs")
    runs = body.get("runs") or body["workflows"]
    wanted = [run["run_id"] for run in runs] + ["x", "y"]
    found = await Service({"GET /runs": body}).connector.status(wanted)
    assert {remote_id: one.raw_state for remote_id, one in found.items()} == {
        run["run_id"]: run["state"] for run in runs
    }


async def test_pages_are_followed_to_the_run_that_is_wanted() -> None:
    def page(request: httpx.Request) -> Any:
        token = request.url.params.get("page_token", "0")
        following = {"0": "1", "1": "2"}.get(token)
        return {"runs": [state("RUNNING", f"run-{token}")], "next_page_token": following}

    service = Service({"GET /runs": page})
    found = await service.connector.status(["run-0", "run-1", "run-2", "gone"])
    assert set(found) == {"run-0", "run-1", "run-2"}


@pytest.mark.parametrize(
    "broken",
    [httpx.Response(500), httpx.Response(404), httpx.Response(200, html="<html>"), {"runs": None}],
)
async def test_a_service_without_a_usable_list_is_asked_about_each_run(broken: Any) -> None:
    answers = {"GET /runs": broken}
    for run_id in "abcd":
        answers[f"GET /runs/{run_id}/status"] = state("RUNNING", run_id)
        answers[f"GET /runs/{run_id}"] = state("RUNNING", run_id)
    assert len(await Service(answers).connector.status(list("abcd"))) == 4


async def test_the_starter_kit_lists_only_complete_runs_so_that_others_are_asked_for() -> None:
    answers = {"GET /runs": {"runs": [state("COMPLETE", "a")]}}
    answers |= {f"GET /runs/{run_id}": state("RUNNING", run_id) for run_id in "bcd"}
    found = await Service(answers).connector.status(list("abcd"))
    assert [found[run_id].raw_state for run_id in "abcd"] == ["COMPLETE"] + ["RUNNING"] * 3


async def test_a_run_that_wes_service_makes_up_is_not_believed() -> None:
    """It answers 200 and RUNNING for any id, and 500 for the run log of one it does not have."""
    answers = {
        "GET /runs": {"workflows": [state("RUNNING", run_id) for run_id in "abc"]},
        "GET /runs/lost/status": replay("wes_service", "unknown_status"),
        "GET /runs/lost": replay("wes_service", "unknown_run"),
    }
    found = await Service(answers).connector.status(["a", "b", "c", "lost"])
    assert found["lost"].state is RunState.UNKNOWN
    assert found["a"].state is RunState.RUNNING


async def test_unknown_runs_are_left_out() -> None:
    answers = {
        "GET /runs/a/status": state("RUNNING", "a"),
        "GET /runs/b/status": replay("toil", "unknown_status"),  # 404
        "GET /runs/c/status": replay("sapporo", "unknown_run"),  # 400, no UUID
    }
    assert set(await Service(answers).connector.status(list("abc"))) == {"a"}


async def test_a_run_log_that_the_starter_kit_cannot_load_yet_is_no_failure() -> None:
    not_yet = httpx.Response(400, json={"status_code": 400, "msg": "Could not load WES run log"})
    service = Service({"GET /runs/1/status": not_yet, "GET /runs/1": not_yet})
    found = (await service.connector.status(["1"]))["1"]
    assert found.state is RunState.UNKNOWN
    assert "Could not load" in found.message
    with pytest.raises(ServiceFault) as caught:
        await service.connector.details("1")
    assert caught.value.can_retry


async def test_one_broken_run_does_not_hide_the_others() -> None:
    answers = {
        "GET /runs/a/status": state("RUNNING", "a"),
        "GET /runs/b/status": httpx.Response(500, json={"msg": "oh"}),
    }
    found = await Service(answers).connector.status(["a", "b"])
    assert found["a"].state is RunState.RUNNING
    assert (found["b"].state, found["b"].raw_state) == (RunState.UNKNOWN, "")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(500), ServiceFault),
        (httpx.Response(503, headers={"retry-after": "9"}), Busy),
        (httpx.Response(401), NotAuthorised),
    ],
)
async def test_a_service_that_tells_nothing_at_all_raises(
    answer: httpx.Response, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await Service({"GET /runs/1/status": answer}).connector.status(["1"])


async def test_when_contact_is_lost_the_rest_is_not_tried() -> None:
    def refuse(request: httpx.Request) -> Any:
        raise httpx.ConnectError("refused", request=request)

    answers = {"GET /runs": refuse} | {f"GET /runs/{number}/status": refuse for number in range(50)}
    service = Service(answers)
    with pytest.raises(Unreachable):
        await service.connector.status([str(number) for number in range(50)])
    assert len(service.requests) == 1
    service = Service(answers | {"GET /runs": httpx.Response(404)})
    with pytest.raises(Unreachable):
        await service.connector.status([str(number) for number in range(50)])
    assert len(service.requests) < 20


async def test_run_ids_cannot_escape_into_the_path() -> None:
    service = Service({})
    assert await service.connector.status(["../service-info", "a?b#c/d"]) == {}
    assert [request.url.raw_path for request in service.requests] == [
        b"/ga4gh/wes/v1/runs/..%2Fservice-info/status",
        b"/ga4gh/wes/v1/runs/a%3Fb%23c%2Fd/status",
    ]


@pytest.mark.parametrize(
    ("server", "run_id"),
    [("toil", TOIL_RUN), ("sapporo", SAPPORO_RUN), ("wes_service", WES_SERVICE_RUN)],
)
async def test_a_complete_run_tells_its_end_and_outputs(server: str, run_id: str) -> None:
    service = Service({f"GET /runs/{run_id}": replay(server, "run_complete")})
    details = await service.connector.details(run_id)
    assert details.status.state is RunState.COMPLETE
    assert details.exit_code == 0
    assert [file.name for file in details.outputs] == ["output.txt"]
    assert details.failure == ""


@pytest.mark.parametrize("server", ["sapporo", "wes_service"])
async def test_a_failed_run_tells_what_its_tool_said(server: str) -> None:
    body = recorded(server, "run_failed")
    details = await Service({f"GET /runs/{body['run_id']}": body}).connector.details(body["run_id"])
    assert details.status.state is RunState.FAILED
    assert details.exit_code == 1
    assert details.failure == "The workflow failed.\nboom"


async def test_an_early_run_has_no_exit_code_times_or_outputs_yet() -> None:
    for server in ("toil", "sapporo", "wes_service"):  # wes-service says -1 and ""
        body = recorded(server, "run_early")
        details = await Service({"GET /runs/1": body | {"run_id": "1"}}).connector.details("1")
        assert (details.exit_code, details.ended_at, list(details.outputs)) == (None, None, [])


@pytest.mark.parametrize(
    "run", [shapes.CROMWELL_RUN, state("QUEUED"), state("RUNNING") | {"outputs": 7}]
)
async def test_a_run_log_may_lack_anything_but_its_state(run: dict[str, Any]) -> None:
    details = await Service({"GET /runs/1": run | {"run_id": "1"}}).connector.details("1")
    assert details.status.raw_state == run["state"]
    assert list(details.logs) == []


async def test_times_are_read_with_and_without_zone_and_may_run_backwards() -> None:
    details = await Service({"GET /runs/1": shapes.WESKIT_RUN | {"run_id": "1"}}).connector.details(
        "1"
    )
    assert details.started_at == datetime(2024, 3, 27, 11, 31, 57, 262480, UTC)
    assert details.ended_at == datetime(2024, 3, 27, 9, 32, 8, 365000, UTC)
    sapporo = recorded("sapporo", "run_complete")
    details = await Service({"GET /runs/1": sapporo | {"run_id": "1"}}).connector.details("1")
    assert details.started_at and details.ended_at and details.started_at < details.ended_at


async def logs_of(answers: dict[str, Any], run: Any) -> dict[str, str]:
    service = Service({"GET /runs/1": run | {"run_id": "1"}} | answers, token="s3cret")
    return {log.name: log.text for log in (await service.connector.details("1")).logs}


async def test_inline_logs_lose_their_terminal_codes() -> None:
    logs = await logs_of({}, recorded("sapporo", "run_failed"))
    assert "\x1b" not in logs["stderr"]
    assert "WARNING [job fail.cwl] exited with status: 3" in logs["stderr"]
    assert logs["stdout"] == "{}"


async def test_relative_log_urls_are_resolved_against_the_run() -> None:
    run = recorded("toil", "run_complete")
    text = recorded("toil", "log_stderr")
    service = Service({f"GET /runs/{TOIL_RUN}": run})
    service.answers[f"GET /toil/wes/v1/logs/{TOIL_RUN}/stderr"] = httpx.Response(200, text=text)  # type: ignore[index]
    logs = {log.name: log for log in (await service.connector.details(TOIL_RUN)).logs}
    assert logs["stderr"].text == text
    assert "404" in logs["stdout"].text


async def test_absolute_log_urls_are_read_with_the_token_on_the_service_s_own_host_only() -> None:
    run = shapes.STARTER_KIT_RUN | {"run_id": "1"}
    run["run_log"] = run["run_log"] | {"stdout": "http://logs.invalid/stdout"}
    own = "GET /logs/nextflow/stderr/kit-1"
    service = Service(
        {"GET /runs/1": run, own: httpx.Response(200, text="all well")}, token="s3cret"
    )
    logs = {log.name: log.text for log in (await service.connector.details("1")).logs}
    assert logs["stderr"] == "all well"
    tokens = {
        request.url.host: request.headers.get("authorization") for request in service.requests
    }
    assert tokens == {"wes.test": "Bearer s3cret", "logs.invalid": None}


async def test_a_log_that_is_a_path_at_the_service_is_told_and_not_fetched() -> None:
    logs = await logs_of({}, shapes.WESKIT_RUN)
    assert ".weskit/2024-03-27T11:31:57.262480/stderr" in logs["stderr"]


async def test_a_web_page_instead_of_a_log_is_not_shown_as_one() -> None:
    run = state("FAILED") | {"run_log": {"stderr": "/logs/1"}}
    service = Service({"GET /runs/1": run, "GET /logs/1": httpx.Response(200, html="<html>")})
    ((log,),) = [(await service.connector.details("1")).logs]
    assert "<html>" not in log.text


async def test_a_long_log_keeps_its_end() -> None:
    run = state("EXECUTOR_ERROR") | {"run_log": {"stderr": "x" * 2 * 1024**2 + "\nError: the end"}}
    details = await Service({"GET /runs/1": run}).connector.details("1")
    (log,) = details.logs
    assert log.is_truncated
    assert len(log.text) < 1024**2
    assert log.text.startswith("(The beginning is left out.)")
    assert "Error: the end" in details.failure


async def test_logs_of_tasks_that_failed_and_of_the_system_are_shown() -> None:
    run = state("EXECUTOR_ERROR") | {
        "run_log": {"system_logs": ["disk full"]},
        "task_logs": [
            {"name": "good", "exit_code": 0, "stderr": "fine"},
            {"name": "bad", "exit_code": "2", "stderr": "Error: no space"},
            None,
        ],
    }
    logs = await logs_of({}, run)
    assert logs == {"system log": "disk full", "bad: stderr": "Error: no space"}


async def cancelled(answers: dict[str, Any]) -> CancelOutcome:
    return await Service(answers).connector.cancel("1")


@pytest.mark.parametrize(
    "answer",
    [
        replay("toil", "cancelled"),
        replay("sapporo", "cancelled"),
        replay("wes_service", "cancelled"),
        httpx.Response(200),  # Starter Kit: nothing at all
        httpx.Response(202),
        httpx.Response(204),
    ],
)
async def test_any_success_of_a_cancel_means_accepted_also_with_an_empty_body(
    answer: httpx.Response,
) -> None:
    answers = {"POST /runs/1/cancel": answer, "GET /runs/1/status": state("CANCELING")}
    assert await cancelled(answers) is CancelOutcome.ACCEPTED


@pytest.mark.parametrize("word", ["COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR"])
@pytest.mark.parametrize(
    "answer",
    [replay("toil", "cancelled"), replay("toil", "cancel_of_failed"), httpx.Response(409)],
    ids=["200", "403", "409"],
)
async def test_cancelling_an_ended_run_is_told_as_such(answer: httpx.Response, word: str) -> None:
    answers = {"POST /runs/1/cancel": answer, "GET /runs/1/status": state(word)}
    assert await cancelled(answers) is CancelOutcome.ALREADY_FINISHED


async def test_a_cancel_that_is_refused_while_the_run_goes_on_is_told_as_such() -> None:
    answers = {"POST /runs/1/cancel": httpx.Response(403), "GET /runs/1/status": state("RUNNING")}
    assert await cancelled(answers) is CancelOutcome.REFUSED


async def test_a_cancel_without_a_valid_credential_says_so() -> None:
    answers = {
        "POST /runs/1/cancel": httpx.Response(401),
        "GET /runs/1/status": httpx.Response(401),
    }
    with pytest.raises(NotAuthorised):
        await cancelled(answers)


async def test_cancelling_an_unknown_run_or_without_the_ability_says_so() -> None:
    with pytest.raises(UnknownRun):
        await cancelled({})
    with pytest.raises(UnknownRun):
        await cancelled({"POST /runs/1/cancel": replay("sapporo", "unknown_run")})
    with pytest.raises(Unsupported):
        await cancelled({"POST /runs/1/cancel": httpx.Response(405)})
