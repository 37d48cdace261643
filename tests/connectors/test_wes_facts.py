"""What a service says of itself is understood in every shape that servers use."""

from itertools import product
from typing import Any

import httpx
import pytest

from app.connectors.base import Capability, ServiceFacts
from app.connectors.errors import ConnectorError, InvalidAnswer, NotAuthorised, Unsupported
from tests.connectors import shapes
from tests.connectors.shapes import Service, recorded, replay

pytestmark = pytest.mark.anyio

INFOS = {
    "toil": recorded("toil", "service_info"),
    "sapporo": recorded("sapporo", "service_info"),
    "wes_service": recorded("wes_service", "service_info"),
    "starter_kit": shapes.STARTER_KIT,
    "weskit": shapes.WESKIT,
    "cromwell": shapes.CROMWELL,
}


async def facts_of(info: Any) -> ServiceFacts:
    return await Service({"GET /service-info": info}).connector.probe()


@pytest.mark.parametrize(
    ("server", "types"),
    [
        ("toil", {"cwl": ("v1.0", "v1.1", "v1.2"), "wdl": ("draft-2", "1.0")}),
        ("sapporo", {"CWL": ("v1.0", "v1.1", "v1.2"), "NFL": ("DSL2",)}),
        ("wes_service", {"CWL": ("v1.0", "v1.1", "v1.2")}),
        ("starter_kit", {"WDL": ("1.0",), "NEXTFLOW": ("21.04.0",)}),
        ("weskit", {"NFL": ("22.10.0",)}),
        ("cromwell", {"WDL": ("draft-2", "1.0")}),
    ],
)
async def test_workflow_types_are_read_from_every_shape(
    server: str, types: dict[str, tuple[str, ...]]
) -> None:
    found = (await facts_of(INFOS[server])).workflow_types
    assert {name: tuple(found[name]) for name in types} == types


@pytest.mark.parametrize(
    ("server", "engine", "versions"),
    [
        ("toil", "toil", ("9.6.0",)),
        ("sapporo", "cwltool", ("3.3.20260925135507",)),
        ("wes_service", "cwl-runner", ()),  # it says "b''"
        ("starter_kit", "NATIVE", ("1.0.0",)),
        ("weskit", "NFL", ("22.10.0",)),
        ("cromwell", "cromwell", ("92",)),
    ],
)
async def test_engines_are_read_from_every_shape(
    server: str, engine: str, versions: tuple[str, ...]
) -> None:
    assert (await facts_of(INFOS[server])).workflow_engines[engine] == versions


async def test_names_versions_contacts_and_counts_are_read_where_they_are() -> None:
    sapporo = await facts_of(INFOS["sapporo"])
    assert (sapporo.name, sapporo.version) == ("sapporo-service", "2.4.0")
    assert sapporo.organization == "Sapporo-WES Project Team"
    assert sapporo.protocol_versions == ("sapporo-wes-2.1.0",)
    assert sapporo.state_counts["INITIALIZING"] == 1
    weskit = await facts_of(INFOS["weskit"])
    assert (weskit.name, weskit.contact_url) == ("", "mailto:someone@example.org")
    assert weskit.auth_instructions_url == "https://example.org/sign-in"
    kit = await facts_of(INFOS["starter_kit"])
    assert kit.protocol_versions == ("1.0.1",)
    assert (await facts_of(INFOS["cromwell"])).state_counts == {"RUNNING": 1}


async def test_default_parameters_are_read_from_a_list_and_from_lists_by_engine() -> None:
    assert (await facts_of(INFOS["toil"])).default_parameters[0]["name"] == "--noStdOutErr"
    (cores,) = (await facts_of(INFOS["sapporo"])).default_parameters
    assert (cores["name"], cores["engine"]) == ("--cores", "snakemake")
    assert (await facts_of(INFOS["wes_service"])).default_parameters == ()


async def test_the_starter_kit_is_known_for_what_it_ignores_whatever_its_name() -> None:
    kit = await facts_of(INFOS["starter_kit"] | {"documentationUrl": "https://example.org"})
    lacks = {
        Capability.ATTACHMENTS,
        Capability.FIND_BY_TAG,
        Capability.CANCEL,
        Capability.LIST_RUNS,
    }
    assert not kit.capabilities & lacks
    for server in ("toil", "sapporo", "wes_service", "weskit"):
        assert lacks <= (await facts_of(INFOS[server])).capabilities


async def test_outputs_can_be_downloaded_from_sapporo_or_a_shared_folder() -> None:
    assert Capability.DOWNLOAD in (await facts_of(INFOS["sapporo"])).capabilities
    assert Capability.DOWNLOAD not in (await facts_of(INFOS["toil"])).capabilities
    shared = Service(
        {"GET /service-info": INFOS["toil"]}, shared_folder={"remote": "/r", "local": "/l"}
    )
    assert Capability.DOWNLOAD in (await shared.connector.probe()).capabilities


@pytest.mark.parametrize("key", sorted({key for info in INFOS.values() for key in info}))
async def test_any_field_may_be_missing_or_of_another_type(key: str) -> None:
    odd = [None, "text", 7, [], {}, [None], {"x": None}, {"x": [7, {}]}]
    for info, value in product(INFOS.values(), odd):
        try:
            facts = await facts_of(info | {key: value})
        except InvalidAnswer:
            continue  # too little of it was left to be a WES
        assert facts.raw[key] == value


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html><h1>Welcome</h1></html>"),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(200, json=["runs"]),
        replay("toil", "unknown_path"),
    ],
    ids=["web page", "other JSON", "a list", "nothing there"],
)
async def test_what_is_no_wes_is_told_apart_although_it_answers(answer: httpx.Response) -> None:
    with pytest.raises(InvalidAnswer, match=r"base URL|web page"):
        await facts_of(answer)


async def test_a_service_whose_info_is_open_may_still_want_a_credential() -> None:
    answers = {
        "GET /service-info": INFOS["sapporo"],
        "GET /runs": httpx.Response(401, json={"msg": "Invalid token", "status_code": 401}),
    }
    service = Service(answers, token="s3cret")
    await service.connector.probe()
    with pytest.raises(NotAuthorised, match="Invalid token"):
        await service.connector.check_authorised()
    assert service.requests[1].headers["authorization"] == "Bearer s3cret"


async def test_being_authorised_is_seen_on_the_list_of_runs() -> None:
    for server in ("toil", "sapporo", "wes_service"):
        await Service({"GET /runs": replay(server, "runs")}).connector.check_authorised()
    endless = {"workflows": [{"run_id": "x" * 100, "state": "COMPLETE"}] * 5000}
    await Service({"GET /runs": endless}).connector.check_authorised()


async def test_a_sign_in_page_is_not_taken_for_being_authorised() -> None:
    page = httpx.Response(200, html="<html>Sign in</html>")
    with pytest.raises(InvalidAnswer):
        await Service({"GET /runs": page}).connector.check_authorised()


async def test_a_service_without_a_list_cannot_tell_whether_we_are_authorised() -> None:
    with pytest.raises(Unsupported):
        await Service({}).connector.check_authorised()


async def test_a_token_that_was_copied_badly_is_told_without_being_shown() -> None:
    for token in ("s3cret\nX-Evil: 1", "s3cret s3cret", "s3crét"):
        with pytest.raises(NotAuthorised) as caught:
            await Service({"GET /service-info": INFOS["toil"]}, token=token).connector.probe()
        assert "s3cr" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_the_token_shows_in_no_error_and_no_repr() -> None:
    answers = {
        "GET /service-info": httpx.Response(500, json={"msg": "s3cret is wrong"}),
        "GET /runs": httpx.Response(403, text="Bearer s3cret expired"),
    }
    service = Service(answers, token="s3cret")
    for ask in (service.connector.probe, service.connector.check_authorised):
        with pytest.raises(ConnectorError) as caught:
            await ask()
        assert "s3cret" not in f"{caught.value} {caught.value!r}"
    assert "s3cret" not in repr(service.connector) + repr(vars(service.connector))


async def test_wes_has_no_panels() -> None:
    with pytest.raises(Unsupported):
        await Service({}).connector.panels()
