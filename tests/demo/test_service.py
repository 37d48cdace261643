"""The demo service over HTTP, started as a person would start it."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo import dataset
from tests.support import wes
from tests.support.demo_service import demo_service
from tests.support.peers import Peer


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    dataset.write(folder)
    return folder


@pytest.fixture
def client(demo: Peer) -> Iterator[httpx.Client]:
    with wes.client(demo.base_url) as client:
        yield client


def form(target: str, **parameters: object) -> dict[str, str]:
    return {
        "workflow_url": "simulated-imputation",
        "workflow_type": "SIMULATION",
        "workflow_type_version": "1.0",
        "workflow_params": json.dumps({"target": target, **parameters}),
        "tags": json.dumps({"job": "a-job"}),
    }


def run(client: httpx.Client, target: Path, **parameters: object) -> dict[str, Any]:
    return wes.wait(client, wes.submit(client, form(target.name, **parameters), [target]))


def wait_for(client: httpx.Client, run_id: str, state: str) -> None:
    for _ in range(600):
        now = client.get(f"runs/{run_id}/status").json()["state"]
        if now == state:
            return
        assert now not in wes.TERMINAL, f"{now} before {state}"
    raise AssertionError(f"never {state}")


def test_a_run_imputes_every_variant_of_the_panel(client: httpx.Client, simulated: Path) -> None:
    log = run(client, simulated / "demo.vcf.gz")
    assert log["state"] == "COMPLETE"
    assert log["run_log"]["exit_code"] == 0
    assert log["request"]["tags"] == {"job": "a-job"}

    files = wes.outputs(client, log)
    assert set(files) == {"imputed.vcf.gz", "imputed.vcf.gz.tbi", "info.tsv", "stats.json"}
    lines = gzip.decompress(files["imputed.vcf.gz"]).decode().splitlines()
    records = [line.split("\t") for line in lines if not line.startswith("#")]
    assert len(records) == 3000
    assert len(records[0]) == 9 + dataset.SAMPLES
    assert records[0][8] == "GT:DS"
    header, *rows = files["info.tsv"].decode().splitlines()
    assert header.replace("\t", " ") == "CHROM POS ID REF ALT AF MAF R2 ER2 TYPED"
    assert len(rows) == 3000
    assert json.loads(files["stats.json"])["typed"] == dataset.TYPED_VARIANTS


def test_only_well_imputed_variants_are_kept_where_that_is_asked_for(
    client: httpx.Client, simulated: Path
) -> None:
    files = wes.outputs(client, run(client, simulated / "demo.vcf.gz", min_r2=0.8))
    rows = [row.split("\t") for row in files["info.tsv"].decode().splitlines()[1:]]
    assert dataset.TYPED_VARIANTS < len(rows) < 3000
    assert all(float(row[7]) >= 0.8 or row[9] == "1" for row in rows)


def test_an_output_can_be_fetched_in_parts(client: httpx.Client, simulated: Path) -> None:
    log = run(client, simulated / "demo.vcf.gz")
    about = log["outputs"]["imputed.vcf.gz"]
    whole = client.get(about["location"]).content
    assert len(whole) == about["size"]
    half = len(whole) // 2
    rest = client.get(about["location"], headers={"Range": f"bytes={half}-"})
    assert rest.status_code == 206
    assert rest.content == whole[half:]


def test_each_state_is_seen_and_tasks_say_what_was_done(
    client: httpx.Client, simulated: Path
) -> None:
    target = simulated / "demo.vcf.gz"
    run_id = wes.submit(client, form(target.name, seconds_to_wait=1), [target])
    states = []
    while not states or states[-1] not in wes.TERMINAL:
        state = client.get(f"runs/{run_id}/status").json()["state"]
        if not states or states[-1] != state:
            states.append(state)
    assert states == ["QUEUED", "INITIALIZING", "RUNNING", "COMPLETE"]
    tasks = client.get(f"runs/{run_id}/tasks").json()["task_logs"]
    assert [task["name"] for task in tasks] == ["check", "impute", "report"]
    assert client.get(f"runs/{run_id}/tasks/impute").json() == tasks[1]
    assert client.get(f"runs/{run_id}/tasks/phase").status_code == 404


def test_a_running_run_is_cancelled(client: httpx.Client, simulated: Path) -> None:
    target = simulated / "demo.vcf.gz"
    run_id = wes.submit(client, form(target.name, seconds_to_wait=300), [target])
    wait_for(client, run_id, "RUNNING")
    assert client.post(f"runs/{run_id}/cancel").json() == {"run_id": run_id}
    log = wes.wait(client, run_id)
    assert log["state"] == "CANCELED"
    assert log["run_log"]["end_time"]
    assert log["outputs"] == {}


def test_a_run_that_waits_for_its_turn_is_cancelled(client: httpx.Client, simulated: Path) -> None:
    target = simulated / "demo.vcf.gz"
    run_ids = [
        wes.submit(client, form(target.name, seconds_to_wait=300), [target]) for _ in range(4)
    ]
    for run_id in reversed(run_ids):
        client.post(f"runs/{run_id}/cancel")
    assert {wes.wait(client, run_id)["state"] for run_id in run_ids} == {"CANCELED"}


def test_cancelling_a_run_that_has_ended_changes_nothing(
    client: httpx.Client, simulated: Path
) -> None:
    run_id = run(client, simulated / "demo.vcf.gz")["run_id"]
    assert client.post(f"runs/{run_id}/cancel").status_code == 200
    assert client.get(f"runs/{run_id}/status").json()["state"] == "COMPLETE"


def test_a_run_fails_on_purpose_and_says_so(client: httpx.Client, simulated: Path) -> None:
    log = run(client, simulated / "demo.vcf.gz", fail_on_purpose=True)
    assert log["state"] == "EXECUTOR_ERROR"
    assert log["run_log"]["exit_code"] == 1
    assert "asked to fail on purpose" in wes.stderr(client, log)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        pytest.param(lambda text: text.replace("|", "/"), "The target is not phased", id="phase"),
        pytest.param(
            lambda text: text.replace("chr20\t", "20\t"),
            "does not fit the target: they share 0 variants",
            id="overlap",
        ),
        pytest.param(lambda text: "no VCF at all", "no VCF", id="not a VCF"),
        pytest.param(lambda text: text[:-40], "is damaged", id="cut off"),
    ],
)
def test_a_target_that_cannot_be_imputed_fails_with_a_cause(
    client: httpx.Client, simulated: Path, tmp_path: Path, change: Any, cause: str
) -> None:
    target = tmp_path / "target.vcf"
    target.write_text(change(gzip.decompress((simulated / "demo.vcf.gz").read_bytes()).decode()))
    log = run(client, target)
    assert log["state"] == "EXECUTOR_ERROR"
    assert cause in wes.stderr(client, log)


def test_pages_of_runs_are_complete_and_new_runs_do_not_shift_them(
    client: httpx.Client, simulated: Path
) -> None:
    target = simulated / "demo.vcf.gz"
    ids = [wes.submit(client, form(target.name), [target]) for _ in range(5)]
    first = client.get("runs", params={"page_size": 2}).json()
    assert [each["run_id"] for each in first["runs"]] == [ids[4], ids[3]]
    assert first["runs"][0]["tags"] == {"job": "a-job"}
    wes.submit(client, form(target.name), [target])
    seen, token = list(first["runs"]), first["next_page_token"]
    while token:
        page = client.get("runs", params={"page_size": 2, "page_token": token}).json()
        seen, token = seen + page["runs"], page["next_page_token"]
    found = [each["run_id"] for each in seen]
    assert found[:5] == ids[::-1]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("path", ["", "/status", "/tasks", "/logs/stdout", "/outputs/info.tsv"])
def test_an_unknown_run_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(f"runs/no-such-run{path}")
    assert answer.status_code == 404
    assert answer.json() == {"msg": "There is no run with this id.", "status_code": 404}
    assert client.post("runs/no-such-run/cancel").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("workflow_url", None, "workflow_url is required"),
        ("workflow_type", "CWL", "knows only SIMULATION"),
        ("workflow_type_version", "9", "knows only 1.0"),
        ("workflow_params", "{", "workflow_params is not valid JSON"),
        ("workflow_params", '{"target": "another.vcf"}', "must name the VCF"),
        ("workflow_params", '{"target": "demo.vcf.gz", "speed": 1}', "speed is no parameter"),
        ("workflow_params", '{"target": "demo.vcf.gz", "min_r2": 7}', "from 0 to 1"),
        ("workflow_engine", "cwltool", "only demo-imputation"),
        ("tags", "[]", "tags must be a JSON object"),
    ],
)
def test_a_bad_form_is_refused_with_the_field_and_leaves_no_run(
    client: httpx.Client, simulated: Path, field: str, value: str | None, message: str
) -> None:
    before = client.get("runs").json()["runs"]
    fields = form("demo.vcf.gz") | {field: value}
    data = {name: text for name, text in fields.items() if text is not None}
    content = (simulated / "demo.vcf.gz").read_bytes()
    answer = client.post(
        "runs", data=data, files=[("workflow_attachment", ("demo.vcf.gz", content))]
    )
    assert answer.status_code == answer.json()["status_code"] == 400
    assert message in answer.json()["msg"]
    assert len(client.get("runs").json()["runs"]) == len(before)


@pytest.mark.parametrize("name", ["../target.vcf", "/tmp/target.vcf", "a/../../target.vcf"])
def test_an_attachment_cannot_leave_its_run(client: httpx.Client, name: str) -> None:
    files = [("workflow_attachment", (name, b"content"))]
    answer = client.post("runs", data=form(name), files=files)
    assert answer.status_code == 400
    assert "is not a file name below the run" in answer.json()["msg"]


def test_other_bodies_page_sizes_and_tokens_are_refused(client: httpx.Client) -> None:
    assert client.post("runs", json={}).status_code == 400
    assert client.get("runs", params={"page_size": "0"}).status_code == 400
    assert client.get("runs", params={"page_token": "strange"}).status_code == 400


def test_service_info_is_complete_and_calls_it_a_simulation(client: httpx.Client) -> None:
    info = client.get("service-info").json()
    assert info["name"] == "Demo imputation service (simulation)"
    assert info["type"] == {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}
    required = """id organization version workflow_type_versions supported_wes_versions
        supported_filesystem_protocols workflow_engine_versions
        default_workflow_engine_parameters system_state_counts auth_instructions_url tags"""
    assert set(required.split()) <= set(info)
    listed = client.get("runs", params={"page_size": 1000}).json()["runs"]
    assert sum(info["system_state_counts"].values()) == len(listed)
    front_page = client.get(info["organization"]["url"])
    assert "simulation" in front_page.text


def test_runs_outlive_the_server_and_what_it_did_not_finish_has_failed(
    tmp_path: Path, simulated: Path
) -> None:
    target = simulated / "demo.vcf.gz"
    with demo_service(tmp_path) as first, wes.client(first.base_url) as client:
        done = run(client, target)["run_id"]
        unfinished = wes.submit(client, form(target.name, seconds_to_wait=300), [target])
        wait_for(client, unfinished, "RUNNING")
    with demo_service(tmp_path) as second, wes.client(second.base_url) as client:
        assert "imputed.vcf.gz" in wes.outputs(client, client.get(f"runs/{done}").json())
        log = client.get(f"runs/{unfinished}").json()
        assert log["state"] == "SYSTEM_ERROR"
        assert [each["run_id"] for each in client.get("runs").json()["runs"]] == [unfinished, done]


def test_with_a_token_only_service_info_is_open(tmp_path: Path) -> None:
    with demo_service(tmp_path, token="a secret") as service, wes.client(service.base_url) as wes_:
        assert wes_.get("service-info").status_code == 200
        for wrong in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "a secret"}):
            answer = wes_.get("runs", headers=wrong)
            assert answer.status_code == answer.json()["status_code"] == 401
        right = {"Authorization": "Bearer a secret"}
        assert wes_.get("runs", headers=right).json() == {"runs": [], "next_page_token": ""}
