"""A run is found again by our tag; that there is none is said only when it is sure."""

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import httpx
import pytest

from app.connectors.errors import Busy, Unsupported
from tests.connectors import shapes
from tests.connectors.shapes import Service, recorded, replay

pytestmark = pytest.mark.anyio

TOIL = {"GET /service-info": recorded("toil", "service_info")}
SAPPORO = {"GET /service-info": recorded("sapporo", "service_info")}


def run_log(run_id: str, tags: Any) -> dict[str, Any]:
    return {"run_id": run_id, "state": "RUNNING", "request": {"tags": tags}}


def toil_with(*runs: dict[str, Any]) -> Service:
    listed = {"workflows": [{"run_id": run["run_id"], "state": "RUNNING"} for run in runs]}
    logs = {f"GET /runs/{run['run_id']}": run for run in runs}
    return Service({**TOIL, "GET /runs": listed, **logs})


async def test_sapporo_filters_its_newest_list_by_the_tag() -> None:
    def filtered(request: httpx.Request) -> Any:
        assert request.url.params["latest"] == "true"
        wanted = request.url.params["tags"]
        runs = [{"run_id": "r", "state": "QUEUED", "tags": {"job_ref": "job-1"}}]
        return {"runs": runs if wanted == "job_ref:job-1" else [], "next_page_token": None}

    connector = Service({**SAPPORO, "GET /runs": filtered}).connector
    assert await connector.find("job-1") == "r"
    assert await connector.find("job-2") is None


async def test_a_filter_that_is_ignored_finds_no_stranger() -> None:
    service = Service({**SAPPORO, "GET /runs": replay("sapporo", "runs")})
    assert await service.connector.find("job-1") is None


async def test_elsewhere_the_run_logs_tell_the_tags() -> None:
    service = toil_with(
        run_log("a", {"job_ref": "job-1"}), run_log("b", {"job_ref": "job-2"}), run_log("c", {})
    )
    assert await service.connector.find("job-2") == "b"
    assert await service.connector.find("job-3") is None


async def test_a_service_without_any_run_surely_has_not_ours() -> None:
    assert await toil_with().connector.find("job-1") is None


async def test_a_run_that_is_gone_meanwhile_is_not_ours() -> None:
    service = toil_with(run_log("a", {"job_ref": "other"}), run_log("b", {}))
    service.answers = {key: value for key, value in service.answers.items() if key != "GET /runs/b"}
    assert await service.connector.find("job-1") is None


@pytest.mark.parametrize(
    "answers",
    [
        {"GET /service-info": shapes.STARTER_KIT, "GET /runs": {"runs": []}},
        {  # no run shows tags, so that ours may have lost its own
            "GET /service-info": shapes.WESKIT,
            "GET /runs": {"runs": [{"run_id": "kit-2", "state": "COMPLETE"}]},
            "GET /runs/kit-2": shapes.WESKIT_RUN,
        },
        {  # wes-service lists ids that somebody made up
            **TOIL,
            "GET /runs": {"workflows": [{"run_id": "no-such-run"}, {"run_id": "a"}]},
            "GET /runs/no-such-run": replay("wes_service", "unknown_run"),
            "GET /runs/a": run_log("a", {"job_ref": "other"}),
        },
    ],
    ids=["tags are dropped", "no tags are shown", "a run cannot be shown"],
)
async def test_where_the_service_cannot_tell_it_is_not_said_that_there_is_none(
    answers: dict[str, Any],
) -> None:
    with pytest.raises(Unsupported):
        await Service(answers).connector.find("job-1")


async def test_a_service_that_is_busy_is_asked_again_later() -> None:
    with pytest.raises(Busy):
        await Service({**TOIL, "GET /runs": httpx.Response(503)}).connector.find("job-1")


@pytest.mark.parametrize("tokens", [map(str, range(1000)), repeat("same")], ids=["new", "same"])
async def test_a_list_without_end_is_given_up_without_saying_that_there_is_none(
    tokens: Iterator[str],
) -> None:
    def page(request: httpx.Request) -> Any:
        return {"runs": [{"run_id": "a", "tags": {}}], "next_page_token": next(tokens)}

    with pytest.raises(Unsupported):
        await Service({**TOIL, "GET /runs": page}).connector.find("job-1")
