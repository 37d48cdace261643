"""The simulated Cloudgene server keeps to what clients of real ones meet, oddities included."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pysam
import pytest

from demo.cloudgene import simulator_routes
from demo.cloudgene.application import PANELS
from demo.cloudgene.panels import panel_of
from tests.support import cloudgene
from tests.support.cloudgene import PANEL, SMALL_PANEL, Cloudgene, form, small_files
from tests.support.cloudgene_client import ENDED, PASSWORD, ended, output, submit, submitted


def test_curl_alone_gets_from_a_login_to_decrypted_results_as_the_public_documents_say(
    server: Cloudgene, tmp_path: Path
) -> None:
    if not shutil.which("curl") or not shutil.which("unzip"):
        pytest.skip("curl and unzip are not installed")

    def curl(*options: str) -> Any:
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--fail-with-body", *options],
            check=True,
            capture_output=True,
            cwd=tmp_path,
        )
        return json.loads(done.stdout) if done.stdout else None

    server.login("carl")  # registers
    login = curl("-d", f"username=carl&password={cloudgene.PASSWORD}", f"{server.url}/login")
    header = f"X-Auth-Token: {login['access_token']}"
    made = curl("-X", "POST", "-H", header, f"{server.url}/api/v2/users/carl/api-token")
    header = f"X-Auth-Token: {made['token']}"
    fields = form(password=PASSWORD) | {"job-name": "curl"}
    options = [part for name, value in fields.items() for part in ("-F", f"{name}={value}")]
    options += [part for path in small_files() for part in ("-F", f"files=@{path}")]
    sent = curl("-H", header, *options, f"{server.url}/api/v2/jobs/submit/imputationserver2")
    assert sent["success"] is True

    state = 0
    while state not in ENDED:
        time.sleep(0.1)
        now = curl("-H", header, f"{server.url}/api/v2/jobs/{sent['id']}/status")
        state = now["state"]
    assert (state, now["name"]) == (4, "curl")
    files = output(now)
    for chromosome in ("20", "21", "22"):
        name = f"chr_{chromosome}.zip"
        curl("-L", "-o", name, f"{server.url}/share/results/{files[name]['hash']}/{name}")
        subprocess.run(
            ["unzip", "-q", "-P", PASSWORD, name], check=True, cwd=tmp_path, capture_output=True
        )
        with pysam.VariantFile(str(tmp_path / f"chr{chromosome}.dose.vcf.gz")) as imputed:
            assert len(imputed.header.samples) == 20
            panel = panel_of(PANELS[SMALL_PANEL])[chromosome]
            assert sum(1 for _ in imputed) == panel.positions.size
    script = httpx.get(f"{server.url}/get/{now['outputParams'][0]['hash']}").text
    subprocess.run(["bash", "-c", script], check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "qc_report.txt").stat().st_size > 100


def test_anybody_sees_the_server_and_its_queue_and_only_members_its_applications(
    server: Cloudgene, ann: httpx.Client
) -> None:
    anonymous = server.client()
    seen = anonymous.get("/api/v2/server").json()
    assert seen["name"]
    assert (seen["loggedIn"], seen["apps"], seen["maintenace"]) == (False, [], False)
    assert anonymous.get("/api/v2/server/counters").json()["queue"]["size"] >= 0
    assert anonymous.get("/api/v2/server/apps/imputationserver2").status_code == 401
    seen = ann.get("/api/v2/server").json()
    assert seen["user"]["username"] == "ann"
    assert [app["id"] for app in seen["apps"]] == ["imputationserver2"]


def test_the_application_tells_panels_and_their_populations_but_not_hidden_fields(
    ann: httpx.Client,
) -> None:
    app = ann.get("/api/v2/server/apps/imputationserver2").json()
    fields = {field["id"]: field for field in app["params"]}
    assert {option["key"]: option["value"] for option in fields["refpanel"]["values"]} == {
        PANEL: "Three chromosomes (hg38)",
        SMALL_PANEL: "Three chromosomes, small (hg38)",
    }
    population = fields["population"]
    assert (population["type"], population["bind"]) == ("binded_list", "refpanel")
    bound = {one["key"]: [value["key"] for value in one["values"]] for one in population["values"]}
    assert bound == {PANEL: ["sim", "mixed", "off"], SMALL_PANEL: ["all", "off"]}
    assert [fields[name]["type"] for name in ("meta", "check1")] == ["checkbox", "terms_checkbox"]
    assert "password" not in fields


def test_only_the_owner_and_administrators_see_a_job(
    server: Cloudgene, ann: httpx.Client, done: dict[str, Any]
) -> None:
    path = f"/api/v2/jobs/{done['id']}"
    denied = ann.get(path)
    assert (denied.status_code, denied.json()["message"]) == (403, "Access denied.")
    assert server.client(server.login("admin")).get(path).json()["username"] == "dora"
    assert server.client().get(path).status_code == 401
    missing = ann.get("/api/v2/jobs/job-1/cancel")
    assert (missing.status_code, missing.json()["message"]) == (404, "Job job-1 not found.")


def test_an_api_token_cannot_delete_jobs_or_make_tokens_and_ends_with_the_next(
    server: Cloudgene,
) -> None:
    login = server.client(server.login("ed"))
    token = server.token_for("ed")
    client = server.client(token)
    job_id = submitted(client, (), **form())
    ended(client, job_id)
    assert client.delete(f"/api/v2/jobs/{job_id}").status_code == 403
    assert client.post("/api/v2/users/ed/api-token").status_code == 403
    assert client.get("/api/v2/users/ed/profile").json()["hasApiToken"] is True

    def verify(token: str) -> dict[str, Any]:
        answer = server.client().post("/api/v2/tokens/verify", data={"token": token})
        return dict(answer.json())

    checked = verify(token)
    assert (checked["valid"], checked["username"]) == (True, "ed")
    assert login.delete(f"/api/v2/jobs/{job_id}").json()["state"] == 10
    assert client.get(f"/api/v2/jobs/{job_id}").status_code == 404
    server.token_for("ed")
    assert client.get("/api/v2/jobs").status_code == 403
    assert verify(token)["valid"] is False
    server.control("users/ed/expire")
    assert login.get("/api/v2/jobs").status_code == 401


def test_in_maintenance_only_administrators_get_anywhere(narrow: Cloudgene) -> None:
    server = narrow
    ann, admin = server.client(server.token_for("ann")), server.client(server.login("admin"))
    assert admin.get("/api/v2/admin/server/maintenance/enter").status_code == 200
    seen = ann.get("/api/v2/server").json()
    assert seen["maintenace"] is True
    assert seen["maintenaceMessage"]
    for refused in (ann.get("/api/v2/jobs"), submit(ann, **form())):
        assert refused.status_code == 503
        assert refused.json()["message"] == ("This functionality is currently under maintenance.")
    assert admin.get("/api/v2/jobs").status_code == 200
    assert ann.get("/api/v2/admin/server/maintenance/exit").status_code == 403
    server.control("maintenance/exit")
    assert ann.get("/api/v2/jobs").status_code == 200


def test_nothing_can_be_made_to_fail_without_the_control_token(server: Cloudgene) -> None:
    assert httpx.post(f"{server.url}/simulator/queue/block").status_code == 401
    assert simulator_routes.routes("") == []
