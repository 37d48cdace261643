"""A submission reaches the server as the standard wants it, and no more than it knows."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartParser

from app.connectors.base import Endpoint
from app.connectors.client import open_client
from app.connectors.errors import InvalidAnswer, Rejected, ServiceFault, Unreachable, Unsupported
from app.connectors.run_request import Attachment, RunRequest
from app.connectors.wes import WesConnector
from tests.connectors import shapes
from tests.connectors.loopback import Request, reply, serving
from tests.connectors.shapes import Service, recorded, replay

pytestmark = pytest.mark.anyio

TOIL = recorded("toil", "service_info")
SAPPORO = recorded("sapporo", "service_info")


def a_run(**changes: Any) -> RunRequest:
    fields = {
        "job_ref": "job-1",
        "workflow_url": "impute.cwl",
        "workflow_type": "CWL",
        "workflow_type_version": "v1.2",
        "workflow_params": {"target": {"class": "File", "location": "in.vcf.gz"}},
        "tags": {"project": "é"},
    }
    return RunRequest(**(fields | changes))


async def submitted(info: Any, run: RunRequest, **api_config: Any) -> FormData:
    """The form as a real server's parser reads it off a real connection."""

    def answer(request: Request) -> bytes:
        return reply(info if request.method == "GET" else {"run_id": "run-1"})

    async with serving(answer) as server, open_client(request_timeout=10) as client:
        connector = WesConnector(client, Endpoint(server.url, "s3cret", api_config))
        assert await connector.submit(run) == "run-1"
        sent = server.requests[-1]
    assert (sent.method, sent.path) == ("POST", "/runs")
    assert sent.headers["authorization"] == "Bearer s3cret"

    async def body() -> AsyncIterator[bytes]:
        yield sent.body

    return await MultiPartParser(Headers(sent.headers), body()).parse()


async def test_fields_are_texts_in_a_multipart_form_with_our_id_among_the_tags() -> None:
    form = await submitted(TOIL, a_run(workflow_engine_parameters={"--retryCount": "1"}))
    assert {name: form[name] for name in form} == {
        "workflow_url": "impute.cwl",
        "workflow_type": "cwl",  # as this service spells it
        "workflow_type_version": "v1.2",
        "workflow_params": form["workflow_params"],
        "tags": form["tags"],
        "workflow_engine_parameters": '{"--retryCount": "1"}',
    }
    assert json.loads(str(form["workflow_params"])) == dict(a_run().workflow_params)
    assert json.loads(str(form["tags"])) == {"project": "é", "job_ref": "job-1"}


async def test_attachments_are_parts_with_file_names_and_all_their_bytes(tmp_path: Path) -> None:
    genotypes = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(genotypes)
    (tmp_path / "b").write_text("cwlVersion: v1.2")
    files = [
        Attachment("inputs/génotypes.vcf.gz", tmp_path / "a"),
        Attachment("impute.cwl", tmp_path / "b"),
    ]
    form = await submitted(TOIL, a_run(attachments=files))
    parts = form.getlist("workflow_attachment")
    assert all(isinstance(part, UploadFile) for part in parts)
    found = {part.filename: await part.read() for part in parts if isinstance(part, UploadFile)}
    await form.close()
    assert found == {"inputs/génotypes.vcf.gz": genotypes, "impute.cwl": b"cwlVersion: v1.2"}


@pytest.mark.parametrize(
    ("info", "run", "api_config", "engine"),
    [
        (TOIL, a_run(), {}, None),
        (shapes.STARTER_KIT, a_run(), {}, None),
        (shapes.WESKIT, a_run(), {}, None),
        (SAPPORO, a_run(), {}, "cwltool"),
        (SAPPORO, a_run(workflow_type="NFL"), {}, "nextflow"),
        (SAPPORO, a_run(workflow_engine="toil"), {}, "toil"),
        (SAPPORO, a_run(), {"workflow_engine": "streamflow"}, "streamflow"),
        (TOIL, a_run(), {"workflow_engine": "toil"}, "toil"),
    ],
)
async def test_an_engine_is_named_only_where_the_service_knows_the_field_or_somebody_chose(
    info: Any, run: RunRequest, api_config: dict[str, str], engine: str | None
) -> None:
    assert (await submitted(info, run, **api_config)).get("workflow_engine") == engine


async def test_an_engine_version_goes_only_to_a_service_of_1_1() -> None:
    run = a_run(workflow_engine="toil", workflow_engine_version="9.6.0")
    assert "workflow_engine_version" not in await submitted(TOIL, run)
    assert "workflow_engine_version" in await submitted(SAPPORO, run)
    assert "workflow_engine_version" in await submitted(
        TOIL | {"supported_wes_versions": ["1.0.1", "1.1.0"]}, run
    )


@pytest.mark.parametrize(
    ("info", "asked", "sent"),
    [
        (TOIL, "CWL", "cwl"),
        (SAPPORO, "cwl", "CWL"),
        (SAPPORO, "NEXTFLOW", "NFL"),
        (shapes.STARTER_KIT, "NFL", "NEXTFLOW"),
        (TOIL, "GALAXY", "GALAXY"),
    ],
)
async def test_the_workflow_type_is_spelled_as_the_service_spells_it(
    info: Any, asked: str, sent: str
) -> None:
    assert (await submitted(info, a_run(workflow_type=asked)))["workflow_type"] == sent


async def test_attachments_are_not_sent_to_a_service_that_ignores_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    service = Service({"GET /service-info": shapes.STARTER_KIT})
    with pytest.raises(Unsupported, match="URLs"):
        await service.connector.submit(a_run(attachments=[Attachment("a", tmp_path / "a")]))
    assert service.asked == ["GET /service-info"]


@pytest.mark.parametrize("name", ["../impute.cwl", "/etc/passwd", "a/../../b", ""])
async def test_attachment_names_that_the_standard_forbids_are_refused(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("x")
    service = Service({"GET /service-info": TOIL})
    with pytest.raises(Rejected):
        await service.connector.submit(a_run(attachments=[Attachment(name, tmp_path / "a")]))
    assert service.asked == ["GET /service-info"]


async def test_an_attachment_that_is_gone_is_told_and_nothing_is_sent(tmp_path: Path) -> None:
    service = Service({"GET /service-info": TOIL})
    with pytest.raises(Rejected, match=r"in\.vcf\.gz cannot be read"):
        await service.connector.submit(
            a_run(attachments=[Attachment("in.vcf.gz", tmp_path / "gone")])
        )
    assert service.asked == ["GET /service-info"]


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_success_is_a_submission(status: int) -> None:
    answer = httpx.Response(status, json={"run_id": "r"})
    service = Service({"GET /service-info": TOIL, "POST /runs": answer})
    assert await service.connector.submit(a_run()) == "r"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (replay("toil", "bad_type"), "not supported"),
        (replay("toil", "urlencoded"), "Unsupported Media Type"),
        (replay("sapporo", "no_engine"), "Invalid workflow_engine"),
        (httpx.Response(409, json={"msg": "Could not register new WorkflowRun"}), "register"),
        (httpx.Response(413, html="<html>"), "413"),
    ],
)
async def test_a_refused_submission_tells_the_service_s_reason_and_is_not_tried_again(
    answer: httpx.Response, words: str
) -> None:
    service = Service({"GET /service-info": TOIL, "POST /runs": answer})
    with pytest.raises(Rejected, match=words) as caught:
        await service.connector.submit(a_run())
    assert not caught.value.can_retry


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (replay("toil", "bad_params"), ServiceFault),
        (replay("wes_service", "missing_url"), ServiceFault),
        (httpx.Response(200, json={}), InvalidAnswer),
        (httpx.Response(302, headers={"location": "/runs/1"}), InvalidAnswer),
        (httpx.Response(200), InvalidAnswer),
        (httpx.Response(200, html="<html>"), InvalidAnswer),
    ],
)
async def test_a_submission_that_may_have_made_a_run_says_so(
    answer: httpx.Response, kind: type[Exception]
) -> None:
    service = Service({"GET /service-info": TOIL, "POST /runs": answer})
    with pytest.raises(kind) as caught:
        await service.connector.submit(a_run())
    assert caught.value.may_have_arrived  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"msg": "no such path"}),
        httpx.Response(404, text="default backend - 404"),
        httpx.Response(400, html="<html>Bad request</html>"),
        httpx.Response(400, text="Bad Request"),
        httpx.Response(405, json={"msg": "Method not allowed"}),
        httpx.Response(418, json={"msg": "a teapot"}),
        httpx.Response(301, headers={"location": "https://elsewhere.example/runs"}),
    ],
)
async def test_what_no_wes_says_to_a_submission_is_no_refusal_and_made_no_run(
    answer: httpx.Response,
) -> None:
    service = Service({"GET /service-info": TOIL, "POST /runs": answer})
    with pytest.raises(InvalidAnswer) as caught:
        await service.connector.submit(a_run())
    assert not caught.value.may_have_arrived


def _lost(error: type[httpx.TransportError]) -> Callable[[httpx.Request], Any]:
    def lose(request: httpx.Request) -> Any:
        raise error("lost", request=request)

    return lose


@pytest.mark.parametrize(
    ("answers", "may_have_arrived"),
    [
        ({"GET /service-info": _lost(httpx.ReadTimeout)}, False),
        ({"GET /service-info": httpx.Response(500)}, False),
        ({"GET /service-info": TOIL, "POST /runs": _lost(httpx.ConnectError)}, False),
        ({"GET /service-info": TOIL, "POST /runs": _lost(httpx.ReadTimeout)}, True),
        ({"GET /service-info": TOIL, "POST /runs": _lost(httpx.RemoteProtocolError)}, True),
        ({"GET /service-info": TOIL, "POST /runs": _lost(httpx.WriteError)}, True),
    ],
)
async def test_a_lost_submission_tells_whether_it_may_have_arrived(
    answers: dict[str, Any], may_have_arrived: bool
) -> None:
    with pytest.raises((Unreachable, ServiceFault, InvalidAnswer)) as caught:
        await Service(answers).connector.submit(a_run())
    assert caught.value.may_have_arrived is may_have_arrived
