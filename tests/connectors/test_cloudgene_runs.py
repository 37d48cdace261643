"""Jobs of a Cloudgene: every state, every kind of message, and what their end leaves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartParser

from app.connectors.base import CancelOutcome, Endpoint, RemoteFile, RunState
from app.connectors.client import open_client
from app.connectors.cloudgene import CloudgeneConnector
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    ServiceFault,
    SlotsFull,
    UnknownRun,
    Unreachable,
    Unsupported,
)
from app.connectors.run_request import Attachment, RunRequest
from app.connectors.run_stages import Severity, StageState
from tests.connectors.cloudgene_shapes import NOON, Server, a_job, a_step, an_error, progress
from tests.connectors.loopback import Request, reply, serving

pytestmark = pytest.mark.anyio

SUBMIT = "POST /api/v2/jobs/submit/imputationserver2"
STATUS = "GET /api/v2/jobs/job-1/status"
JOB = "GET /api/v2/jobs/job-1"
MAINTENANCE = an_error(503, "This functionality is currently under maintenance.")
TAKEN = {"success": True, "id": "job-1", "message": "Your job was successfully added."}


def a_run(**params: Any) -> RunRequest:
    return RunRequest(
        job_ref="our-ref",
        workflow_url="imputationserver2",
        workflow_type="CLOUDGENE",
        workflow_type_version="2.0.12",
        workflow_params={"refpanel": "apps@hapmap-2@1.0", **params},
    )


async def test_a_submission_is_a_form_with_several_files_and_our_id_as_name(tmp_path: Path) -> None:
    contents = {f"chr{n}.vcf.gz": bytes([n]) * 100_000 for n in (20, 21, 22)}
    attachments = []
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        attachments.append(Attachment(name, tmp_path / name))
    run = RunRequest(
        "our-ref",
        "imputationserver2",
        "CLOUDGENE",
        "2",
        {"files": list(contents), "r2Filter": 0.3, "meta": False, "aes": True, "none": None},
        attachments=attachments,
    )
    async with (
        serving(lambda _: reply(TAKEN)) as server,
        open_client(request_timeout=10) as client,
    ):
        connector = CloudgeneConnector(client, Endpoint(server.url, "s3cret"))
        assert await connector.submit(run) == "job-1"
        sent: Request = server.requests[-1]
    assert (sent.method, sent.path) == ("POST", "/api/v2/jobs/submit/imputationserver2")
    assert sent.headers["x-auth-token"] == "s3cret"
    assert "authorization" not in sent.headers

    async def body() -> AsyncIterator[bytes]:
        yield sent.body

    form: FormData = await MultiPartParser(Headers(sent.headers), body()).parse()
    files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
    assert {file.filename: await file.read() for file in files} == contents
    # A check box that is sent at all counts as ticked.
    fields = {name: value for name, value in form.items() if name != "files"}
    assert fields == {"job-name": "our-ref", "r2Filter": "0.3", "aes": "true"}
    await form.close()


@pytest.mark.parametrize(
    ("answer", "error", "may_have_arrived"),
    [
        (
            an_error(400, "Only 3 jobs per user can be executed simultaneously."),
            SlotsFull,
            False,
        ),
        (MAINTENANCE, Busy, False),
        (httpx.Response(503, html="<html>later</html>"), Busy, False),
        (httpx.Response(401, json={"message": "Unauthorized"}), NotAuthorised, False),
        (an_error(400, "Parameter 'x' not found."), Rejected, False),
        (an_error(404, "Application 'x' not found."), Rejected, False),
        (httpx.Response(413, html="<html>too large</html>"), Rejected, False),
        (httpx.Response(200, json={"success": False, "message": "No."}), Rejected, False),
        (httpx.Response(404, html="<html>a proxy</html>"), InvalidAnswer, False),
        (httpx.Response(400, text="java.io.IOException: No space left"), InvalidAnswer, False),
        (httpx.Response(500, text="oops"), ServiceFault, True),
        (httpx.Response(200, json={"success": True}), InvalidAnswer, True),
        (httpx.Response(200, json={"success": True, "id": 7}), InvalidAnswer, True),
        (httpx.Response(200, html="<html></html>"), InvalidAnswer, True),
        (httpx.ReadTimeout(""), Unreachable, True),
        (httpx.RemoteProtocolError("Server disconnected"), Unreachable, True),
        (httpx.ConnectError("refused"), Unreachable, False),
    ],
)
async def test_what_an_answer_to_a_submission_means(
    answer: Any, error: type[ConnectorError], may_have_arrived: bool
) -> None:
    with pytest.raises(error) as raised:
        await Server({SUBMIT: answer}, token="s3cret").connector.submit(a_run())
    assert type(raised.value) is error
    assert raised.value.may_have_arrived is may_have_arrived


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (MAINTENANCE, Busy),
        (an_error(401, "No."), NotAuthorised),
        (httpx.ReadTimeout(""), Unreachable),
    ],
)
async def test_nothing_is_sent_to_a_server_that_would_not_take_it(
    answer: Any, error: type[ConnectorError]
) -> None:
    server = Server({"GET /api/v2/jobs": answer, SUBMIT: TAKEN})
    with pytest.raises(error) as raised:
        await server.connector.submit(a_run())
    assert not raised.value.may_have_arrived
    assert SUBMIT not in server.asked


async def test_a_lost_answer_is_looked_up_by_name_on_every_page() -> None:
    others = [a_job(2, id=f"job-{n}", name=f"other-{n}") for n in range(16)]
    jobs = [*others, a_job(2, id="job-x"), a_job(4, id="job-y", name="job-y")]

    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        data = jobs[15 * (number - 1) : 15 * number]
        told = {"count": len(jobs), "page": number, "pageSize": 15, "data": data}
        return httpx.Response(200, json=told)

    server = Server({"GET /api/v2/jobs": page})
    assert await server.connector.find("our-ref") == "job-x"
    assert await server.connector.find("another") is None
    assert len(server.requests) == 4
    bare = Server({"GET /api/v2/jobs": jobs})
    assert await bare.connector.find("our-ref") == "job-x"
    assert await bare.connector.find("another") is None


async def test_a_list_without_end_tells_nothing_of_a_lost_job() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        number = request.url.params["page"]
        return httpx.Response(200, json={"data": [a_job(4, id=number, name="x")], "next": 1})

    with pytest.raises(Unsupported):
        await Server({"GET /api/v2/jobs": page}).connector.find("our-ref")
    for answer in ({"jobs": []}, "text", 3):
        with pytest.raises(InvalidAnswer):
            await Server({"GET /api/v2/jobs": answer}).connector.find("our-ref")


OK_STEP = a_step("Input Validation", (0, "1 valid VCF file found."))
BAD_STEP = a_step("Quality Control", (1, "More than 100 obvious strand flips"))


@pytest.mark.parametrize(
    ("number", "steps", "state", "raw", "is_gone"),
    [
        (1, [], RunState.QUEUED, "WAITING (1)", False),
        (2, [], RunState.RUNNING, "RUNNING (2)", False),
        (3, [OK_STEP], RunState.RUNNING, "EXPORTING (3)", False),
        (4, [OK_STEP], RunState.COMPLETE, "SUCCESS (4)", False),
        (5, [BAD_STEP], RunState.FAILED, "FAILED (5)", False),
        (6, [], RunState.CANCELLED, "CANCELED (6)", False),
        (7, [OK_STEP], RunState.COMPLETE, "RETIRED (7)", True),
        (7, [OK_STEP, BAD_STEP], RunState.FAILED, "RETIRED (7)", True),
        (8, [OK_STEP], RunState.COMPLETE, "SUCCESS_AND_NOTIFICATION_SEND (8)", False),
        (9, [BAD_STEP], RunState.FAILED, "FAILED_AND_NOTIFICATION_SEND (9)", False),
        (10, [OK_STEP], RunState.COMPLETE, "DELETED (10)", True),
        (10, [], RunState.FAILED, "DELETED (10)", True),
        (-1, [], RunState.INTERRUPTED, "DEAD (-1)", False),
        (42, [], RunState.UNKNOWN, "UNKNOWN (42)", False),
    ],
)
async def test_every_state_means_what_the_source_says(
    number: int, steps: list[Any], state: RunState, raw: str, is_gone: bool
) -> None:
    server = Server({STATUS: a_job(number, steps=steps, deletedOn=NOON)})
    status = (await server.connector.status(["job-1"]))["job-1"]
    assert (status.state, status.raw_state, status.results_gone) == (state, raw, is_gone)
    assert status.expires_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_a_waiting_job_has_a_place_in_the_queue_counted_from_one() -> None:
    async def position_of(job: dict[str, Any]) -> int | None:
        return (await Server({STATUS: job}).connector.status(["job-1"]))["job-1"].position

    assert await position_of(a_job(1, positionInQueue=0)) == 1
    assert await position_of(a_job(1, positionInQueue=11)) == 12
    assert await position_of(a_job(1, positionInQueue=-1)) is None
    assert await position_of(a_job(2, positionInQueue=0)) is None


AT_WORK = [
    a_step("Input Validation", (0, "3 valid VCF file(s) found.<br><br>Samples: <b>51</b>")),
    a_step("Quality Control", (2, "Warning: <i>few</i> sites"), (0, "Quality Control Report")),
    a_step(
        "Phasing and Imputation",
        (0, progress("Phasing with Eagle", 10, 10)),
        (3, progress("Imputation", 3, 10)),
    ),
    a_step("Summary"),
]


async def test_stages_show_true_progress_and_messages_with_their_true_severity() -> None:
    server = Server({STATUS: a_job(2, steps=AT_WORK)})
    stages = (await server.connector.status(["job-1"]))["job-1"].stages
    assert [(one.name, one.state, one.done, one.total) for one in stages] == [
        ("Input Validation", StageState.DONE, None, None),
        ("Quality Control", StageState.DONE, None, None),
        ("Phasing with Eagle", StageState.DONE, 10, 10),
        ("Imputation", StageState.RUNNING, 3, 10),
        ("Summary", StageState.AHEAD, None, None),
    ]
    (said,) = stages[0].messages
    assert said.text == "3 valid VCF file(s) found.\n\nSamples: 51"
    assert said.at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert [one.severity for one in stages[1].messages] == [Severity.WARNING, Severity.OK]


async def test_a_run_at_work_is_in_some_stage_though_that_one_says_nothing() -> None:
    async def states_of(*steps: Any) -> list[StageState]:
        job = a_job(2, steps=list(steps))
        found = (await Server({STATUS: job}).connector.status(["job-1"]))["job-1"].stages
        return [stage.state for stage in found]

    done, running, ahead = StageState.DONE, StageState.RUNNING, StageState.AHEAD
    silent = a_step("Quality Control")
    assert await states_of(silent, silent) == [running, ahead]
    assert await states_of(OK_STEP, silent, silent) == [done, running, ahead]
    assert await states_of(OK_STEP, silent, a_step("Imputation", (3, "x"))) == [done, done, running]
    assert await states_of(OK_STEP) == [done]


@pytest.mark.parametrize(
    ("kind", "severity"),
    [(0, Severity.OK), (1, Severity.ERROR), (2, Severity.WARNING), (3, Severity.RUNNING)],
)
async def test_each_type_of_message_keeps_its_severity(kind: int, severity: Severity) -> None:
    job = a_job(2, steps=[a_step("Quality Control", (kind, "Something"))])
    (stage,) = (await Server({STATUS: job}).connector.status(["job-1"]))["job-1"].stages
    assert [one.severity for one in stage.messages] == [severity]


async def test_a_failed_run_shows_where_it_stopped_and_what_was_not_reached() -> None:
    steps = [
        OK_STEP,
        a_step("Quality Control", (0, "Done"), (1, "<b>More than 100</b> obvious strand flips")),
        a_step("Phasing and Imputation"),
        a_step("Summary", (1, "Pipeline execution failed.")),
    ]
    server = Server({JOB: a_job(5, steps=steps)})
    details = await server.connector.details("job-1")
    assert [stage.state for stage in details.status.stages] == [
        StageState.DONE,
        StageState.FAILED,
        StageState.AHEAD,
        StageState.AHEAD,
    ]
    assert details.failure == "More than 100 obvious strand flips\nPipeline execution failed."
    assert "[error] More than 100 obvious strand flips" in details.logs[0].text


async def test_a_finished_run_has_no_stage_that_still_seems_to_come() -> None:
    job = a_job(4, steps=[*AT_WORK[:2], a_step("Phasing and Imputation"), a_step("Summary")])
    stages = (await Server({STATUS: job}).connector.status(["job-1"]))["job-1"].stages
    assert [stage.state for stage in stages] == [StageState.DONE, StageState.DONE]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<script>alert(1)</script>Fine", "Fine"),
        ('<img src=x onerror="alert(1)">Fine', "Fine"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Fine", "Fine"),
        ("5 &lt; 10 &amp; 7 > 3", "5 < 10 & 7 > 3"),
        ("call rate < 90%", "call rate < 90%"),
        ("allele &lt;DEL&gt; left out", "allele <DEL> left out"),
        ("one<br/>two<p>three</p>", "one\ntwo\nthree"),
        ("<div>one</div>two<!-- <b>three</b> -->", "one\ntwo"),
        ("one<!-- never ended", "one"),
        ("<style>b {}</STYLE>one<script", "one"),
        ("cut <a href='javascript:x", "cut"),
        ("\x1b[31mred\x00&nbsp;&#x41;", "red A"),
        (["no text"], ""),
    ],
)
async def test_no_markup_is_left_of_a_message(markup: Any, text: str) -> None:
    job = a_job(2, steps=[a_step("A step", (0, markup))])
    (stage,) = (await Server({STATUS: job}).connector.status(["job-1"]))["job-1"].stages
    assert "\n".join(message.text for message in stage.messages) == text


@pytest.mark.parametrize("part", ["<a ", "<!--", "<a b='", "<script>", "</", "<p><b>", "&lt;b&gt;"])
async def test_markup_made_to_keep_a_parser_busy_is_read_all_the_same(part: str) -> None:
    job = a_job(2, steps=[a_step("A step", *[(0, part * 2000)] * 20)])
    (stage,) = (await Server({STATUS: job}).connector.status(["job-1"]))["job-1"].stages
    assert all(len(message.text) <= 2000 for message in stage.messages)


@pytest.mark.parametrize(
    "steps",
    [
        "x",
        [None, 3, {"name": ["x"]}],
        [{"name": "x", "logMessages": [None, {}, {"type": "1", "message": 3}]}],
        [{"name": "x", "logMessages": [{"message": "A (9/3)", "type": 3, "time": 10**30}]}],
        [a_step("<b>" * 9000, *[(0, "x" * 100)] * 200)] * 10,
        [a_step("counts", *[(0, f"Sample {n} (1/{n})") for n in range(1, 200)])],
    ],
)
async def test_steps_that_make_no_sense_harm_nothing_and_stay_small(steps: Any) -> None:
    status = (await Server({STATUS: a_job(2, steps=steps)}).connector.status(["job-1"]))["job-1"]
    assert len(status.stages) <= 40
    assert all(len(stage.messages) <= 100 for stage in status.stages)
    assert all(stage.total is None or stage.done <= stage.total for stage in status.stages)  # type: ignore[operator]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html></html>"),
        httpx.Response(200, content=b'{"state": 4, "id": "jo'),
        httpx.Response(200, json={"id": "job-1"}),
        httpx.Response(200, json=[a_job(4)]),
        httpx.Response(200, json=a_job(4, id="job-2")),
        httpx.Response(200, json={"id": "job-1", "state": True}),
        httpx.Response(200, content=b'{"state":4,"name":"' + b"x" * 3 * 1024**2 + b'"}'),
    ],
)
async def test_an_answer_that_tells_no_state_of_this_job_is_none(answer: httpx.Response) -> None:
    with pytest.raises(InvalidAnswer):
        await Server({STATUS: answer}).connector.status(["job-1"])


async def test_unknown_jobs_are_left_out_and_one_failing_job_hides_no_other() -> None:
    server = Server(
        {STATUS: a_job(2), "GET /api/v2/jobs/job-3/status": httpx.Response(500, text="oops")}
    )
    found = await server.connector.status(["job-1", "job-2", "job-3"])
    assert {key: one.state for key, one in found.items()} == {
        "job-1": RunState.RUNNING,
        "job-3": RunState.UNKNOWN,
    }
    assert "500" in found["job-3"].message


async def test_when_contact_is_lost_the_rest_is_not_asked_about() -> None:
    ids = [f"job-{n}" for n in range(50)]
    server = Server({f"GET /api/v2/jobs/{n}/status": httpx.ConnectError("refused") for n in ids})
    with pytest.raises(Unreachable):
        await server.connector.status(ids)
    assert len(server.requests) <= 4


async def test_maintenance_is_told_as_such_and_never_as_an_end() -> None:
    with pytest.raises(Busy, match="under maintenance"):
        await Server({STATUS: MAINTENANCE}).connector.status(["job-1"])


async def test_the_end_of_a_job_brings_its_files_logs_and_times() -> None:
    files = [
        {"name": "chr_20.zip", "hash": "abc", "count": 9, "size": "314 MB", "path": "x"},
        {"name": "statistics/snps excluded.txt", "hash": "def", "count": -1, "size": "1 KB"},
        {"name": "../../etc/passwd", "hash": "a/b", "count": "x"},
        {"name": "chr_20.zip", "hash": "ghi"},
        {"name": "", "hash": "ghi"},
        "text",
    ]
    job = a_job(
        4,
        steps=[OK_STEP],
        outputParams=[{"name": "output", "files": files}, {"name": "none"}, None],
        startTime=NOON,
        endTime=NOON + 90_000,
    )
    server = Server({JOB: job, "GET /logs/job-1": httpx.Response(200, text="job.txt:\n\nlog")})
    details = await server.connector.details("job-1")
    assert details.job_ref == "our-ref"
    assert details.outputs == [
        RemoteFile(
            "chr_20.zip", "http://cloudgene.test/share/results/abc/chr_20.zip", downloads_left=9
        ),
        RemoteFile(
            "statistics/snps excluded.txt",
            "http://cloudgene.test/share/results/def/statistics/snps%20excluded.txt",
        ),
        RemoteFile("etc/passwd", "", can_download=False),
        RemoteFile("output/chr_20.zip", "http://cloudgene.test/share/results/ghi/chr_20.zip"),
    ]
    assert [log.name for log in details.logs] == ["messages", "job log"]
    assert details.started_at and details.ended_at
    assert (details.ended_at - details.started_at).total_seconds() == 90
    assert details.failure == ""


async def test_a_job_without_a_name_of_its_own_carries_no_id_of_ours() -> None:
    details = await Server({JOB: a_job(2, name="job-1")}).connector.details("job-1")
    assert details.job_ref == ""


ZIP = b"PK\x03\x04" + b"z" * 1000
FILE = RemoteFile("chr_20.zip", "http://cloudgene.test/share/results/abc/chr_20.zip")
SHARE = "GET /share/results/abc/chr_20.zip"


async def read(server: Server, file: RemoteFile = FILE) -> bytes:
    async with server.connector.open(file) as download:
        return b"".join([chunk async for chunk in download.chunks])


async def test_a_result_is_read_by_its_hash_and_never_with_the_token() -> None:
    server = Server({SHARE: httpx.Response(200, content=ZIP)}, token="s3cret")
    assert await read(server) == ZIP
    assert "x-auth-token" not in server.requests[0].headers
    assert len(server.requests) == 1


async def test_a_result_in_an_object_store_is_followed_there_without_the_token() -> None:
    moved = httpx.Response(307, headers={"location": "http://store.test/bucket/x?signature=1"})
    server = Server({SHARE: moved, "GET /bucket/x": httpx.Response(200, content=ZIP)}, token="s")
    assert await read(server) == ZIP
    assert not any("x-auth-token" in request.headers for request in server.requests)


async def test_a_used_up_counter_is_said_in_plain_words() -> None:
    server = Server({SHARE: an_error(400, "number of max downloads exceeded.")})
    with pytest.raises(Rejected, match="as often as it does"):
        await read(server)


@pytest.mark.parametrize("name", ["chr_20.zip", "chr20.info.gz"])
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(
            200, json={"success": False, "message": "number of max downloads exceeded."}
        ),
        httpx.Response(200, html="<html>sign in</html>"),
        httpx.Response(200, content=b"<html>sign in</html>"),
        httpx.Response(200, content=b"x"),
    ],
)
async def test_an_error_saved_as_a_file_is_noticed(name: str, answer: httpx.Response) -> None:
    file = RemoteFile(name, FILE.location)
    with pytest.raises(InvalidAnswer):
        await read(Server({SHARE: answer}), file)


async def test_an_error_saved_as_a_report_is_noticed_and_a_report_is_not_taken_for_one() -> None:
    file = RemoteFile("qc_report.txt", FILE.location)
    refusal = httpx.Response(200, json={"success": False, "message": "Counter is used up."})
    with pytest.raises(InvalidAnswer, match="Counter is used up"):
        await read(Server({SHARE: refusal}), file)
    for content in (b"", b"{", b"[1]", b'{"success": true}', b"Samples: 51\n"):
        assert await read(Server({SHARE: httpx.Response(200, content=content)}), file) == content


async def test_a_file_without_an_address_cannot_be_had() -> None:
    with pytest.raises(Unsupported):
        await read(Server({}), RemoteFile("x", "", can_download=False))


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (6, CancelOutcome.ACCEPTED),
        (2, CancelOutcome.ACCEPTED),
        (4, CancelOutcome.ALREADY_FINISHED),
        (9, CancelOutcome.ALREADY_FINISHED),
    ],
)
async def test_a_cancel_reaches_the_server(state: int, outcome: CancelOutcome) -> None:
    server = Server({"GET /api/v2/jobs/job-1/cancel": a_job(state)}, token="s3cret")
    assert await server.connector.cancel("job-1") is outcome
    assert server.requests[0].headers["x-auth-token"] == "s3cret"
    with pytest.raises(UnknownRun):
        await server.connector.cancel("job-2")


async def test_only_an_interrupted_job_is_started_again() -> None:
    restart = "GET /api/v2/jobs/job-1/restart"
    await Server({restart: {"success": True, "message": "Added."}}).connector.restart("job-1")
    for refusal in (
        an_error(400, "Job job-1 is not pending."),
        httpx.Response(200, json={"success": False, "message": "no"}),
    ):
        with pytest.raises(Rejected):
            await Server({restart: refusal}).connector.restart("job-1")


async def test_a_trial_is_declined_and_nothing_is_claimed_of_a_standard() -> None:
    async def tell(text: str) -> None: ...

    server = Server({})
    assert await server.connector.conformance() == ()
    with pytest.raises(Unsupported):
        await server.connector.trial(Path("trial.cwl"), tell)
    assert server.requests == []
