"""A trial at stand-ins for odd services: each way is told, and nothing stays behind."""

import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.connectors import wes_trial, wes_trial_watch
from app.connectors.conformance import Feature, Observation, Verdict
from tests.connectors import shapes
from tests.connectors.shapes import Service
from tests.support.processes import ROOT

pytestmark = pytest.mark.anyio

WORKFLOW = ROOT / "workflows/trial.cwl"
INFO = {
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0", "v1.1"]}},
    "workflow_engine_versions": {"cwltool": {"workflow_engine_version": ["3"]}},
    "supported_wes_versions": ["1.1.0"],
}


class StandIn:
    """A service whose runs go through given states, one a look, and that takes note of cancels."""

    def __init__(
        self, short: list[Any], long: list[Any], answers: dict[str, Any] | None = None
    ) -> None:
        self.states = {
            name: itertools.chain(states, itertools.repeat(states[-1]))
            for name, states in (("run-1", short), ("run-2", long))
        }
        self.now: dict[str, Any] = {}
        self.cancelled: list[str] = []
        self.posts: list[str] = []
        runs: dict[str, Any] = {}
        for name in self.states:
            runs[f"GET /runs/{name}"] = self._log(name)
            runs[f"GET /runs/{name}/status"] = self._status(name)
            runs[f"POST /runs/{name}/cancel"] = self._cancel(name)
        listed = {"GET /runs": lambda _: {"runs": [{"run_id": name} for name in self.now]}}
        posted = {"GET /service-info": INFO, "POST /runs": self.post}
        self.service = Service({**posted, **listed, **runs, **(answers or {})})

    async def tried(self) -> tuple[dict[Feature, Observation], list[str]]:
        steps: list[str] = []

        async def tell(text: str) -> None:
            steps.append(text)

        found = await self.service.connector.trial(WORKFLOW, tell)
        return {one.feature: one for one in found}, steps

    def post(self, request: httpx.Request) -> Any:
        self.posts.append(request.content.decode())
        name = f"run-{len(self.now) + 1}"
        self.now[name] = "QUEUED"
        return httpx.Response(201, json={"run_id": name})

    def _status(self, name: str) -> Callable[[httpx.Request], httpx.Response]:
        def answer(_: httpx.Request) -> httpx.Response:
            self.now[name] = state = next(self.states[name])
            if isinstance(state, int):
                return httpx.Response(state, json={"msg": "not now"})
            return httpx.Response(200, json={"run_id": name, "state": state})

        return answer

    def _log(self, name: str) -> Callable[[httpx.Request], dict[str, Any]]:
        """A run log that repeats the request without its tags."""
        return lambda _: {"run_id": name, "state": self.now[name], "request": {"a": 1}}

    def _cancel(self, name: str) -> Callable[[httpx.Request], httpx.Response]:
        def answer(_: httpx.Request) -> httpx.Response:
            self.cancelled.append(name)
            return httpx.Response(200, content=b"")

        return answer


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow at once, and patience is short."""
    monkeypatch.setattr(wes_trial_watch, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(wes_trial_watch, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(wes_trial_watch, "STOPPING_SECONDS", 0.3)


async def test_a_service_that_drops_tags_and_ignores_cancels_is_told() -> None:
    stand_in = StandIn(["RUNNING", "COMPLETE"], ["RUNNING"])
    found, steps = await stand_in.tried()
    assert found[Feature.TAGS].verdict is Verdict.DEVIATES
    assert found[Feature.CANCEL].verdict is Verdict.DEVIATES
    assert "the run is RUNNING" in found[Feature.CANCEL].evidence
    assert found[Feature.SUBMIT_CODE].verdict is Verdict.DEVIATES
    assert found[Feature.LISTS_RUNNING].verdict is Verdict.CONFORMS
    assert "may still be at work" in steps[-1]
    assert stand_in.cancelled == ["run-2", "run-2"]


async def test_a_run_that_completes_after_its_cancel_has_ignored_it() -> None:
    found, steps = await StandIn(["COMPLETE"], ["RUNNING"] * 3 + ["COMPLETE"]).tried()
    assert found[Feature.CANCEL].verdict is Verdict.DEVIATES
    assert "the run is COMPLETE" in found[Feature.CANCEL].evidence
    assert steps[-1] == "The trial is over."


async def test_a_cancel_that_is_refused_is_a_deviation() -> None:
    refuses = {"POST /runs/run-2/cancel": httpx.Response(403, json={"msg": "never"})}
    found, _ = await StandIn(["COMPLETE"], ["RUNNING"], refuses).tried()
    assert "403, never" in found[Feature.CANCEL].evidence
    assert found[Feature.CANCEL].verdict is Verdict.DEVIATES


async def test_a_run_may_be_unknown_at_first_and_in_between() -> None:
    short = [404, 400, "QUEUED", "UNKNOWN", "RUNNING", "COMPLETE"]
    found, _ = await StandIn(short, ["RUNNING", "CANCELED"]).tried()
    assert found[Feature.EARLY_STATUS].verdict is Verdict.DEVIATES
    assert found[Feature.STEADY_STATES].verdict is Verdict.DEVIATES
    assert "“UNKNOWN”" in found[Feature.STEADY_STATES].evidence


async def test_a_list_of_finished_runs_alone_is_told() -> None:
    finished = {"GET /runs": {"runs": [{"run_id": "run-1", "state": "COMPLETE"}]}}
    found, _ = await StandIn(["COMPLETE"], ["RUNNING"] * 3 + ["CANCELED"], finished).tried()
    assert found[Feature.LISTS_RUNNING].verdict is Verdict.DEVIATES
    assert found[Feature.CANCEL].verdict is Verdict.CONFORMS


async def test_the_workflow_s_version_is_one_that_the_service_has() -> None:
    stand_in = StandIn(["COMPLETE"], ["CANCELED"])
    await stand_in.tried()
    assert "v1.1" in stand_in.posts[0]


async def test_an_engine_is_named_only_where_it_is_wanted() -> None:
    stand_in = StandIn(["COMPLETE"], ["CANCELED"])

    def post(request: httpx.Request) -> Any:
        if b'name="workflow_engine"' in request.content:
            return stand_in.post(request)
        return httpx.Response(400, json={"msg": "Invalid workflow_engine"})

    stand_in.service.answers = {**stand_in.service.answers, "POST /runs": post}
    found, _ = await stand_in.tried()
    assert found[Feature.ENGINE].verdict is Verdict.DEVIATES
    assert len(stand_in.posts) == 2


async def test_a_stand_in_for_the_starter_kit_is_not_tried_and_told_why() -> None:
    service = Service({"GET /service-info": shapes.STARTER_KIT})
    steps: list[str] = []

    async def tell(text: str) -> None:
        steps.append(text)

    found = await service.connector.trial(WORKFLOW, tell)
    assert {one.verdict for one in found} == {Verdict.UNTOLD}
    assert steps == [
        "It cannot be tried: the trial is a CWL workflow, and this service offers WDL, NEXTFLOW."
    ]
    assert service.asked == ["GET /service-info"]


async def test_a_service_that_breaks_down_in_the_middle_is_left_with_what_was_learned() -> None:
    def breaks(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("gone")

    stand_in = StandIn(["COMPLETE"], ["RUNNING"], {"GET /runs": breaks})
    found, steps = await stand_in.tried()
    assert Feature.TAGS in found
    assert Feature.CANCEL not in found
    assert any(step.startswith("The trial stopped:") for step in steps)
    assert stand_in.cancelled == ["run-2"]


async def test_a_trial_ends_however_long_the_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wes_trial, "LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(wes_trial_watch, "LOOK_SECONDS", 0.05)
    stand_in = StandIn(["QUEUED"], ["QUEUED"])
    _, steps = await stand_in.tried()
    assert any("took longer" in step for step in steps)
    assert stand_in.cancelled == ["run-1"]
