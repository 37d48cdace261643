"""What asking a service shows of it, from recorded and hostile answers, and what follows."""

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.connectors.base import CancelOutcome, Capability, Endpoint, RunState
from app.connectors.conformance import (
    EVIDENCE_LENGTH,
    FEATURES,
    Feature,
    Observation,
    Verdict,
    software_of,
    software_text,
)
from app.connectors.errors import Unsupported
from app.connectors.run_request import Attachment, RunRequest
from app.connectors.wes import WesConnector
from app.connectors.wes_parse import MADE_UP_IDS, service_facts
from tests.connectors import shapes
from tests.connectors.shapes import BASE, Service, recorded

pytestmark = pytest.mark.anyio

TOIL = {"GET /service-info": recorded("toil", "service_info")}
PLAIN = {  # a service that nobody recognises
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}},
    "workflow_engine_versions": {"cwltool": "3"},
    "supported_wes_versions": ["1.0.1"],
}
SECRET = "canary-7c1e"


def found(observations: list[Observation]) -> dict[str, str]:
    return {one.feature.value: one.verdict.value for one in observations}


async def asked(answers: dict[str, Any], *, token: str = "") -> dict[Feature, Observation]:
    connector = Service(answers, token=token).connector
    return {one.feature: one for one in await connector.conformance()}


def knowing(service: Service, **known: bool) -> WesConnector:
    """The service's connector, knowing what was verified."""
    client = service.connector._http.client
    return WesConnector(client, Endpoint(BASE, known=known))


def invents(request: httpx.Request) -> dict[str, str]:
    """wes-service's answer about any run."""
    return {"run_id": request.url.path.split("/")[-2], "state": "RUNNING"}


WES_SERVICE = {
    "GET /service-info": recorded("wes_service", "service_info"),
    "GET /runs": {"workflows": [{"run_id": "a", "state": "COMPLETE"}], "next_page_token": ""},
    **{f"GET /runs/{name}/status": invents for name in MADE_UP_IDS},
    f"GET /runs/{MADE_UP_IDS[0]}": httpx.Response(500, json={"title": "Internal Server Error"}),
}


async def test_a_service_that_says_running_of_a_made_up_run_is_known_to_invent_states() -> None:
    seen = await asked(WES_SERVICE)
    assert seen[Feature.HONEST_STATUS].verdict is Verdict.DEVIATES
    assert seen[Feature.HONEST_STATUS].evidence == "200, RUNNING."
    assert seen[Feature.HONEST_LOG].verdict is Verdict.CONFORMS
    assert seen[Feature.LIST_KEY].evidence == "The runs are under “workflows”."


async def test_asking_changes_nothing_at_the_service() -> None:
    service = Service(WES_SERVICE)
    await service.connector.conformance()
    assert {request.method for request in service.requests} == {"GET"}


async def test_the_made_up_runs_are_always_the_same_and_count_as_none() -> None:
    listed = {"runs": [{"run_id": name, "state": "RUNNING"} for name in MADE_UP_IDS]}
    seen = await asked({**WES_SERVICE, "GET /runs": listed})
    assert seen[Feature.LISTS_RUNNING].verdict is Verdict.UNTOLD
    assert seen[Feature.LIST_STATES].evidence == "The list is empty."


async def test_sapporo_s_refusal_of_an_id_is_a_deviation_that_invents_nothing() -> None:
    refuses = httpx.Response(400, json={"msg": "Invalid run_id format", "status_code": 400})
    answers = {
        "GET /service-info": recorded("sapporo", "service_info"),
        "GET /runs": recorded("sapporo", "runs"),
        f"GET /runs/{MADE_UP_IDS[1]}/status": refuses,
    }
    seen = await asked(answers)
    assert seen[Feature.UNKNOWN_RUN].verdict is Verdict.DEVIATES
    assert "400, Invalid run_id format" in seen[Feature.UNKNOWN_RUN].evidence
    assert seen[Feature.HONEST_STATUS].verdict is Verdict.CONFORMS
    assert seen[Feature.PAGE_TOKEN].evidence == "It is “null” at the end."
    assert seen[Feature.LIST_TAGS].verdict is Verdict.CONFORMS
    assert seen[Feature.RELEASE].evidence == "It names “sapporo-wes-2.1.0”."


async def test_a_stand_in_for_the_starter_kit_shows_its_old_shapes() -> None:
    answers = {
        "GET /service-info": shapes.STARTER_KIT,
        "GET /runs": {"runs": [{"run_id": "kit-1", "state": "COMPLETE"}]},
        "GET /runs/kit-1": shapes.STARTER_KIT_RUN,
    }
    seen = await asked(answers)
    assert seen[Feature.VERSIONS].verdict is Verdict.DEVIATES
    assert seen[Feature.PAGE_TOKEN].evidence == "There is no next_page_token."
    assert seen[Feature.OUTPUTS].verdict is Verdict.DEVIATES
    assert seen[Feature.LOGS].verdict is Verdict.CONFORMS
    assert seen[Feature.TAGS].verdict is Verdict.UNTOLD


async def test_weskit_s_times_and_logs_are_told() -> None:
    answers = {
        "GET /service-info": shapes.WESKIT,
        "GET /runs": {"runs": [{"run_id": "kit-2", "state": "COMPLETE"}]},
        "GET /runs/kit-2": shapes.WESKIT_RUN,
    }
    seen = await asked(answers)
    assert seen[Feature.DATES].verdict is Verdict.DEVIATES
    assert seen[Feature.LOGS].evidence == "They are paths on its own disk."
    assert "It lacks id, name" in seen[Feature.SERVICE_INFO].evidence


async def test_a_service_info_that_is_open_while_the_runs_are_closed_is_told() -> None:
    closed = httpx.Response(401, json={"msg": f"Invalid token {SECRET}", "status_code": 401})
    answers = {**TOIL, "GET /runs": lambda _: closed}
    seen = await asked(answers, token=SECRET)
    assert seen[Feature.AUTHORISATION].verdict is Verdict.CONFORMS
    assert "401" in seen[Feature.LIST_KEY].evidence
    assert SECRET not in repr(seen)


async def test_a_list_that_anybody_can_read_beside_a_token_is_a_deviation() -> None:
    answers = {**TOIL, "GET /runs": {"workflows": [], "next_page_token": ""}}
    seen = await asked(answers, token=SECRET)
    assert seen[Feature.AUTHORISATION].verdict is Verdict.DEVIATES


@pytest.mark.parametrize(
    "nonsense",
    [
        [],
        {"runs": "many"},
        {"runs": [1, None, {"run_id": []}, {"run_id": "a", "state": {"a": 1}, "tags": 3}]},
        {"runs": [{"run_id": "x" * 10_000, "state": "Y" * 100_000}], "next_page_token": 7},
        {"run_log": "no", "request": 3, "outputs": {"a": [[[{"location": 5}]]]}, "state": 4},
    ],
)
async def test_nonsense_in_every_field_is_told_in_few_words(nonsense: Any) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=nonsense)

    paths = [
        "/runs",
        "/runs/a",
        *(f"/runs/{name}{end}" for name in MADE_UP_IDS for end in ("", "/status")),
    ]
    service = {**TOIL, **{f"GET {path}": answer for path in paths}}
    seen = await asked(service)
    assert all(len(one.evidence) <= EVIDENCE_LENGTH for one in seen.values())


async def test_every_feature_is_explained() -> None:
    assert set(FEATURES) == set(Feature)


async def test_signatures_tell_two_softwares_apart_also_without_names() -> None:
    kit, weskit = (software_of(service_facts(info)) for info in (shapes.STARTER_KIT, shapes.WESKIT))
    assert kit != weskit
    assert software_text(kit) == "Node WES 0.3.2"
    assert software_text(weskit) == "a service without a name (WES 1.0.0, with NFL, SMK)"


# What follows from it.


async def test_a_lost_run_is_not_believed_to_go_on_where_states_are_invented() -> None:
    service = Service({**WES_SERVICE, "GET /runs/lost/status": invents})
    assert (await service.connector.status(["lost"]))["lost"].state is RunState.RUNNING
    assert await knowing(service, honest_status=False).status(["lost"]) == {}


async def test_no_list_is_asked_for_that_lacks_runs_at_work() -> None:
    runs = [str(uuid.uuid4()) for _ in range(5)]
    states = {f"GET /runs/{run}/status": {"run_id": run, "state": "RUNNING"} for run in runs}
    service = Service({**TOIL, "GET /runs": {"workflows": []}, **states})
    seen = await knowing(service, lists_running=False).status(runs)
    assert {status.state for status in seen.values()} == {RunState.RUNNING}
    assert "GET /runs" not in service.asked


@pytest.mark.parametrize(
    ("known", "finds"),
    [
        ({}, False),
        ({"tags": True}, False),
        ({"tags": True, "lists_running": True}, True),
        ({"tags": False, "lists_running": True}, False),
        ({"tags": True, "lists_running": False}, False),
    ],
)
async def test_that_no_run_is_ours_is_only_said_where_it_was_verified(
    known: dict[str, bool], finds: bool
) -> None:
    service = Service({"GET /service-info": PLAIN, "GET /runs": {"runs": []}})
    connector = knowing(service, **known)
    if finds:
        assert await connector.find("job-1") is None
    else:
        with pytest.raises(Unsupported):
            await connector.find("job-1")


async def test_a_dropped_tag_overrides_what_the_name_promises() -> None:
    service = Service({**TOIL, "GET /runs": {"workflows": []}})
    assert await service.connector.find("job-1") is None
    with pytest.raises(Unsupported):
        await knowing(service, tags=False).find("job-1")


async def test_what_was_verified_of_other_software_is_not_relied_on() -> None:
    service = Service({"GET /service-info": PLAIN, "GET /runs": {"runs": []}})
    verified = {"tags": True, "lists_running": True}
    of_another = Endpoint(BASE, known=verified, software=software_of(service_facts(shapes.WESKIT)))
    with pytest.raises(Unsupported):
        await WesConnector(service.connector._http.client, of_another).find("job-1")


async def test_verified_capabilities_replace_guesses() -> None:
    service = Service({"GET /service-info": shapes.STARTER_KIT})
    guessed = (await service.connector.probe()).capabilities
    assert Capability.ATTACHMENTS not in guessed
    verified = (await knowing(service, attachments=True, tasks=False).probe()).capabilities
    assert Capability.ATTACHMENTS in verified
    assert Capability.TASKS not in verified


async def test_attachments_that_are_known_to_be_ignored_are_refused_before_sending(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.cwl").write_text("x")
    service = Service({"GET /service-info": PLAIN})
    request = RunRequest(
        "job-1", "a.cwl", "CWL", "v1.2", {}, attachments=[Attachment("a.cwl", tmp_path / "a.cwl")]
    )
    with pytest.raises(Unsupported):
        await knowing(service, attachments=False).submit(request)
    assert service.asked == ["GET /service-info"]


async def test_a_cancel_is_sent_and_said_to_be_ignored_where_that_is_known() -> None:
    service = Service(
        {
            "POST /runs/r/cancel": {"run_id": "r"},
            "GET /runs/r/status": {"run_id": "r", "state": "RUNNING"},
        }
    )
    assert await service.connector.cancel("r") is CancelOutcome.ACCEPTED
    assert await knowing(service, cancel=False).cancel("r") is CancelOutcome.IGNORED
    assert service.asked.count("POST /runs/r/cancel") == 2


async def test_a_cancel_that_works_after_all_is_seen() -> None:
    service = Service(
        {
            "POST /runs/r/cancel": {"run_id": "r"},
            "GET /runs/r/status": {"run_id": "r", "state": "CANCELING"},
        }
    )
    assert await knowing(service, cancel=False).cancel("r") is CancelOutcome.ACCEPTED
