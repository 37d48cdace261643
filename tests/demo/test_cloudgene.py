"""The simulated Cloudgene server keeps to what clients of real ones meet, oddities included."""

import gzip
import io
import json
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pysam
import pytest
import pyzipper

from demo import dataset, vcf
from demo.cloudgene import simulator_routes
from demo.cloudgene.application import PANELS
from demo.cloudgene.panels import panel_of
from tests.support import cloudgene
from tests.support.cloudgene import (
    PANEL,
    SMALL_PANEL,
    Cloudgene,
    chromosome_files,
    form,
    small_files,
)

ENDED = {-1, 4, 5, 6, 7, 8, 9, 10}
PASSWORD = "a long enough archive password"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    folder = tmp_path_factory.mktemp("cloudgene")
    with cloudgene.running(folder, slots=50) as running:
        yield running


@pytest.fixture(scope="module")
def ann(server: Cloudgene) -> httpx.Client:
    return server.client(server.token_for("ann"))


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    """A server that runs one job at a time, two of each user, and keeps results in storage."""
    folder = tmp_path_factory.mktemp("narrow")
    with cloudgene.running(folder, jobs_at_once=1, storage="s3") as running:
        yield running


def submit(
    client: httpx.Client,
    files: tuple[Path, ...] = (),
    app: str = "imputationserver2",
    **values: str,
) -> httpx.Response:
    return client.post(
        f"/api/v2/jobs/submit/{app}",
        data=values,
        files=[("files", (path.name, path.read_bytes())) for path in files]
        or {"mode": (None, "x")},
    )


def submitted(client: httpx.Client, files: tuple[Path, ...], **values: str) -> str:
    answer = submit(client, files, **values)
    assert answer.status_code == 200, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v2/jobs/{job_id}").raise_for_status().json()
    return found


def until(
    client: httpx.Client, job_id: str, condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    for _ in range(1200):
        now = job(client, job_id)
        if condition(now):
            return now
        time.sleep(0.05)
    pytest.fail(f"the job never came there: {now}", pytrace=False)


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    return until(client, job_id, lambda now: now["state"] in ENDED)


def messages(now: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [
        (step["name"], message["type"], message["message"])
        for step in now["steps"]
        for message in step["logMessages"]
    ]


def output(now: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (parameter,) = [one for one in now["outputParams"] if one["name"] == "output"]
    return {file["name"]: file for file in parameter["files"]}


def content(server: Cloudgene, now: dict[str, Any], name: str) -> bytes:
    file = output(now)[name]
    return httpx.get(
        f"{server.url}/share/results/{file['hash']}/{name}", follow_redirects=True
    ).content


@pytest.fixture(scope="module")
def done(server: Cloudgene) -> dict[str, Any]:
    """A job of two chromosomes that has succeeded."""
    client = server.client(server.token_for("dora"))
    values = form(PANEL, password=PASSWORD, meta="true") | {"job-name": "two <chromosomes>"}
    return ended(client, submitted(client, chromosome_files()[:2], **values))


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


def test_a_form_with_missing_fields_is_accepted_and_fails_later(ann: httpx.Client) -> None:
    now = ended(ann, submitted(ann, ()))
    assert now["state"] == 5
    assert messages(now) == [("Summary", 1, "Pipeline execution failed.")]
    now = ended(ann, submitted(ann, (), **form()))
    assert ("Summary", 1, "No vcf.gz input files detected.") in messages(now)


def test_fields_may_be_prefixed_and_unknown_ones_and_applications_are_refused(
    ann: httpx.Client,
) -> None:
    prefixed = {f"input-{name}": value for name, value in form().items()}
    path = small_files()[0]
    answer = ann.post(
        "/api/v2/jobs/submit/imputationserver2",
        data=prefixed | {"job-name": "prefixed"},
        files={"input-files": (path.name, path.read_bytes())},
    )
    now = ended(ann, answer.json()["id"])
    assert (now["state"], now["name"]) == (4, "prefixed")

    refused = submit(ann, small_files(), refpanels="x")
    assert refused.status_code == 400
    assert refused.json() == {"success": False, "message": "Parameter 'refpanels' not found."}
    assert submit(ann, app="nothing").status_code == 404


def test_a_check_box_counts_as_ticked_as_soon_as_it_is_sent(
    server: Cloudgene, ann: httpx.Client
) -> None:
    now = ended(ann, submitted(ann, small_files()[:1], **form(password=PASSWORD, meta="false")))
    with zipfile.ZipFile(io.BytesIO(content(server, now, "chr_20.zip"))) as archive:
        assert "chr20.empiricalDose.vcf.gz" in archive.namelist()


def test_a_job_tells_its_steps_with_severities_and_its_progress_as_html(
    server: Cloudgene, ann: httpx.Client
) -> None:
    server.fault("hold_at", "encryption")
    try:
        job_id = submitted(ann, small_files(), **form(password=PASSWORD))
        held = until(ann, job_id, lambda now: "Compression and Encryption (0/3)" in str(now))
    finally:
        server.heal("hold_at")
    assert held["state"] == 2
    step, severity, text = messages(held)[-1]
    assert (step, severity) == ("Summary", 3)
    assert text.startswith("<b>Compression and Encryption (0/3)</b><br><div")
    assert [file for one in held["outputParams"] for file in one["files"]] == []

    now = ended(ann, job_id)
    assert now["state"] == 4
    shown = [
        (step, severity, text.split("</b>")[0].split("\n")[0].split(" in total")[0])
        for step, severity, text in messages(now)
    ]
    assert shown == [
        ("Input Validation", 0, "3 valid VCF file(s) found."),
        ("Quality Control", 0, "Calculating QC Statistics"),
        ("Quality Control", 0, "<b>Statistics:"),
        ("Quality Control", 2, "Excluded sites"),
        ("Quality Control", 0, "Quality Control Report"),
        ("Phasing and Imputation", 0, "<b>Phasing with Eagle (4/4)"),
        ("Phasing and Imputation", 0, "<b>Imputation (4/4)"),
        ("Summary", 0, "<b>Compression and Encryption (3/3)"),
        ("Summary", 0, "Data have been exported successfully. We encrypted the results with the "
         f"following password: <b>{PASSWORD}"),
    ]  # fmt: skip


def test_quality_control_counts_what_becomes_of_each_variant(
    server: Cloudgene, ann: httpx.Client, tmp_path: Path
) -> None:
    lines = gzip.decompress(small_files()[0].read_bytes()).decode().splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    rows = [line.split("\t") for line in lines[first:] if "1" in line.split("GT\t")[1]]
    rows[0][3:5] = rows[0][4], rows[0][3]
    rows[1][6] = "DUP"
    rows[2][4] = "A,C"
    rows[3][4] = "<DEL>"
    rows[4][9:] = ["0|0"] * 20
    rows[5][9:] = [".|."] * 10 + rows[5][19:]
    rows[6][1] = str(int(rows[6][1]) + 1)
    now = _outcome(ann, _write(tmp_path, [*lines[:first], *map("\t".join, rows)]))
    (statistics,) = [text for _, _, text in messages(now) if text.startswith("<b>Statistics")]
    for line in (
        "Allele switch: 1",
        "Duplicated sites: 1",
        "Multiallelic sites: 1",
        "Invalid alleles: 1",
        "Monomorphic sites: 1",
        "SNPs call rate < 90%: 1",
        f"Reference Overlap: {(len(rows) - 5) / (len(rows) - 4) * 100:.2f} %",
    ):
        assert line in statistics.splitlines()
    conclusion = next(text for _, severity, text in messages(now) if severity == 2)
    assert "Excluded sites in total: 6" in conclusion
    assert "Typed only sites: 1" in conclusion
    excluded = content(server, now, "statistics/snps-excluded.txt").decode().splitlines()
    assert excluded[0] == "ID\tCHROM\tPOS\tREF\tALT\tINFO"
    assert [line.split("\t")[5].split(".")[0] for line in excluded[1:]] == [
        "Allele switch",
        "Filter Duplicate",
        "Multiallelic Site",
        "Invalid Alleles",
        "Monomorphic",
        "Low call rate",
    ]


def _write(folder: Path, lines: list[str], name: str = "changed.vcf.gz") -> Path:
    path = folder / name
    with pysam.BGZFile(str(path), "wb", None) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
    return path


def _outcome(client: httpx.Client, *files: Path, **values: str) -> dict[str, Any]:
    return ended(client, submitted(client, files, **(form() | values)))


def _changed(change: Callable[[list[str]], list[str]]) -> Callable[[Path], tuple[Path, ...]]:
    def make(folder: Path) -> tuple[Path, ...]:
        lines = gzip.decompress(small_files()[0].read_bytes()).decode().splitlines()
        return (_write(folder, change(lines)),)

    return make


def _plain_gzip(folder: Path) -> tuple[Path, ...]:
    path = folder / "plain.vcf.gz"
    path.write_bytes(gzip.compress(gzip.decompress(small_files()[0].read_bytes())))
    return (path,)


def _each(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line if line.startswith("#") else change(line) for line in lines]


REFUSED: dict[str, tuple[Callable[[Path], tuple[Path, ...]], dict[str, str], str]] = {
    "plain gzip": (
        _plain_gzip, {}, "The provided VCF file is malformed.\nError: [tabix] the compression"
    ),
    "unsorted": (
        _changed(lambda lines: [*lines[:5], *lines[-1:], *lines[5:]]), {},
        "The provided VCF file is malformed.\nError: [E::hts_idx_push] Unsorted positions",
    ),
    "spaces": (
        _changed(lambda lines: [line.replace("\t", " ") for line in lines]), {},
        "The provided VCF file is not tab-delimited",
    ),
    "two chromosomes": (
        _changed(lambda lines: [*lines, lines[-1].replace("chr20", "chr21")]), {},
        "The provided VCF file contains more than one chromosome. Please split your input VCF "
        "file by chromosome",
    ),
    "same sample twice": (
        _changed(lambda lines: [line.replace("DEMO002", "DEMO001") for line in lines]), {},
        "Two individuals or more have the following ID: DEMO001",
    ),
    "no such chromosome": (
        _changed(_each(lambda line: line.replace("chr20", "chr77"))), {},
        "Invalid chromosome found: 77",
    ),
    "few samples": (
        _changed(_each(lambda line: "\t".join(line.split("\t")[:14])) and (lambda lines: [
            line if line.startswith("##") else "\t".join(line.split("\t")[:14]) for line in lines
        ])), {},
        "At least 20 samples must be uploaded.",
    ),
    "other samples": (
        lambda _: (small_files()[0], chromosome_files()[1]), {},
        "Please double check, if all uploaded VCF files include the same amount of samples "
        "(30 vs 20)",
    ),
    "prefix with hg19": (
        lambda _: small_files()[:1], {"build": "hg19"},
        "Your upload data contains chromosome 'chr20'. This is not a valid hg19 encoding. Please "
        "ensure that your input data is build hg19 and chromosome is encoded as '20'.",
    ),
    "no prefix with hg38": (
        _changed(_each(lambda line: line.removeprefix("chr"))), {},
        "Your upload data contains chromosome '20'. This is not a valid hg38 encoding. Please "
        "ensure that your input data is build hg38 and chromosome is encoded as 'chr20'.",
    ),
    "unphased": (
        _changed(_each(lambda line: line.replace("|", "/"))), {"phasing": "no_phasing"},
        "Your input data is unphased. Please select an algorithm for phasing.",
    ),
    "population of another panel": (
        lambda _: small_files()[:1], {"population": "sim"},
        "Population 'sim' is not supported by reference panel 'demo-panel-small@1.0.0'.\n"
        "Available populations:\n - all\n - off",
    ),
    "same alleles": (
        _changed(_each(lambda line: "\t".join([*line.split("\t")[:4], line.split("\t")[3],
                                               *line.split("\t")[5:]]))), {},
        "The provided VCF file is malformed at variation .: reference allele (",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_validation_refuses_with_the_words_of_the_real_server(
    ann: httpx.Client, tmp_path: Path, why: str
) -> None:
    files, values, text = REFUSED[why]
    now = _outcome(ann, *files(tmp_path), **values)
    assert now["state"] == 5
    said = [
        (severity, said) for step, severity, said in messages(now) if step == "Input Validation"
    ]
    assert len(said) == 1
    assert said[0][0] == 1
    assert said[0][1].startswith(text)


def test_flipped_strands_end_a_job_after_quality_control_with_its_reports_kept(
    ann: httpx.Client, tmp_path: Path
) -> None:
    complement = str.maketrans("ACGT", "TGCA")

    def flip(line: str) -> str:
        columns = line.split("\t")
        columns[3:5] = columns[3].translate(complement), columns[4].translate(complement)
        return "\t".join(columns)

    lines = gzip.decompress(chromosome_files()[0].read_bytes()).decode().splitlines()
    now = _outcome(ann, _write(tmp_path, _each(flip)(lines)))
    assert now["state"] == 5
    step, _, text = next(one for one in messages(now) if one[1] == 1)
    assert step == "Quality Control"
    assert text.endswith(
        "<b>Error:</b> More than 100 obvious strand flips have been detected. Please check strand. "
        "Imputation cannot be started!"
    )
    assert "qc_report.txt" in output(now)


def test_unphased_genotypes_of_hg19_are_phased_and_lifted_and_imputed_well(
    server: Cloudgene, ann: httpx.Client, tmp_path: Path
) -> None:
    def unphase(line: str) -> str:
        columns = line.removeprefix("chr").split("\t")
        return "\t".join(
            "/".join(sorted(column.split("|"))) if "|" in column else column for column in columns
        )

    lines = gzip.decompress(chromosome_files()[0].read_bytes()).decode().splitlines()
    values = form(PANEL, password=PASSWORD, build="hg19")
    now = ended(ann, submitted(ann, (_write(tmp_path, _each(unphase)(lines)),), **values))
    assert ("Quality Control", 2, "Uploaded data is hg19 and reference is hg38.") in messages(now)
    demo = dataset.simulate()
    assert _accuracy(content(server, now, "chr_20.zip"), demo, tmp_path) > 0.7


def _accuracy(archive: bytes, demo: dataset.Demo, folder: Path) -> float:
    """Return the mean squared correlation of dosages and truth at common variants not typed."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        file.setpassword(PASSWORD.encode())
        path = Path(file.extract("chr20.dose.vcf.gz", folder))
    with pysam.VariantFile(str(path)) as imputed:
        dosages = np.array([[call["DS"] for call in record.samples.values()] for record in imputed])
    truth = (demo.truth.haplotypes[::2].astype(float) + demo.truth.haplotypes[1::2]).T
    frequency = demo.panel.haplotypes.mean(axis=0)
    chosen = (np.minimum(frequency, 1 - frequency) >= 0.05) & (truth.std(axis=1) > 0)
    chosen[demo.typed] = False
    chosen &= dosages.std(axis=1) > 0
    return float(
        np.mean([np.corrcoef(truth[v], dosages[v])[0, 1] ** 2 for v in np.flatnonzero(chosen)])
    )


def test_archives_hold_what_minimac_writes_and_open_only_with_the_password(
    server: Cloudgene, done: dict[str, Any], tmp_path: Path
) -> None:
    assert (done["state"], done["name"]) == (4, "two &lt;chromosomes&gt;")
    archive = content(server, done, "chr_21.zip")
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        names = ["chr21.dose.vcf.gz", "chr21.info.gz", "chr21.empiricalDose.vcf.gz"]
        assert file.namelist() == names
        with pytest.raises(RuntimeError, match=r"(?i)password"):
            file.testzip()
        file.setpassword(PASSWORD.encode())
        assert file.testzip() is None
        info = gzip.decompress(file.read("chr21.info.gz")).decode()
    assert "##mis_phasing=eagle" in info
    assert re.search(r"\tAF=[^;]+;MAF=[^;]+;R2=[^;]+;ER2=[^;]+;TYPED;IMPUTED\n", info)
    assert _accuracy(content(server, done, "chr_20.zip"), dataset.simulate(), tmp_path) > 0.8


def test_aes_is_used_when_asked_for(server: Cloudgene, ann: httpx.Client) -> None:
    values = form(password=PASSWORD, aesEncryption="true")
    now = ended(ann, submitted(ann, small_files()[:1], **values))
    with pyzipper.AESZipFile(io.BytesIO(content(server, now, "chr_20.zip"))) as archive:
        assert archive.infolist()[0].compress_type == 99 or archive.infolist()[0].wz_aes_version
        archive.setpassword(PASSWORD.encode())
        assert archive.testzip() is None


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


def test_every_request_for_a_file_counts_until_none_is_left(
    server: Cloudgene, ann: httpx.Client
) -> None:
    now = ended(ann, submitted(ann, small_files()[:1], **form(password=PASSWORD)))
    anonymous, file = server.client(), output(now)["chr_20.zip"]
    assert file["count"] == 10
    url = f"/share/results/{file['hash']}/chr_20.zip"
    assert anonymous.head(url).status_code == 200
    whole = anonymous.get(url, headers={"Range": "bytes=100-"})
    assert (whole.status_code, whole.content[:2]) == (200, b"PK")
    assert output(job(ann, now["id"]))["chr_20.zip"]["count"] == 8
    server.control(f"jobs/{now['id']}/downloads", left=1)
    assert anonymous.get(f"/downloads/{now['id']}/{file['hash']}/chr_20.zip").status_code == 200
    refused = anonymous.get(url)
    assert refused.status_code == 400
    assert refused.json() == {"success": False, "message": "number of max downloads exceeded."}
    admin = server.client(server.login("admin"))
    assert admin.get(f"/api/v2/admin/jobs/{now['id']}/reset?max=-1").json()["success"] is True
    assert anonymous.get(url).status_code == 200
    assert output(job(ann, now["id"]))["chr_20.zip"]["count"] == -1


def test_downloads_go_wrong_on_demand(server: Cloudgene, done: dict[str, Any]) -> None:
    file = output(done)["chr_20.zip"]
    url = f"{server.url}/share/results/{file['hash']}/chr_20.zip"
    server.fault("cut_after", 1000, times=1)
    received = b""
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("GET", url) as answer:
        for part in answer.iter_raw():
            received += part
    assert len(received) == 1000
    server.fault("error_as_file", times=1)
    assert httpx.get(url).json()["success"] is False
    server.fault("redirect_to", f"http://localhost:{server.url.rsplit(':', 1)[1]}", times=1)
    moved = httpx.get(url, headers={"Range": "bytes=-"})
    assert (moved.status_code, moved.headers["location"][:17]) == (301, "http://localhost:")
    server.fault("unavailable", 503, times=1)
    assert httpx.get(f"{server.url}/api/v2/server").status_code == 503
    assert httpx.get(f"{server.url}/api/v2/server").status_code == 200


def test_archives_go_wrong_on_demand(server: Cloudgene, ann: httpx.Client) -> None:
    def archive() -> zipfile.ZipFile:
        now = ended(ann, submitted(ann, small_files()[:1], **form(password=PASSWORD)))
        opened = zipfile.ZipFile(io.BytesIO(content(server, now, "chr_20.zip")))
        opened.setpassword(PASSWORD.encode())
        return opened

    server.fault("wrong_password", times=1)
    with pytest.raises(RuntimeError, match="Bad password"):
        archive().testzip()
    server.fault("corrupt_archive", times=1)
    with pytest.raises(Exception, match=r"CRC|decompress|inval"):
        archive().read("chr20.dose.vcf.gz")


def test_the_list_has_pages_of_fifteen_and_no_steps_of_jobs_that_have_ended(
    server: Cloudgene,
) -> None:
    client = server.client(server.token_for("fay"))
    ids = [submitted(client, (), **form()) for _ in range(17)]
    ended(client, ids[-1])
    first = client.get("/api/v2/jobs", params={"page": 1}).json()
    assert (first["count"], first["pageSize"], first["next"]) == (17, 15, 2)
    assert [one["id"] for one in first["data"]] == ids[:1:-1]
    assert all(one["steps"] == one["outputParams"] == [] for one in first["data"])
    second = client.get("/api/v2/jobs", params={"page": 2}).json()
    assert ([one["id"] for one in second["data"]], second["prev"]) == (ids[1::-1], 1)
    everything = client.get("/api/v2/jobs").json()
    assert (everything["pageSize"], len(everything["data"])) == (17, 17)


def test_jobs_wait_their_turn_up_to_the_slots_of_each_user(narrow: Cloudgene) -> None:
    server = narrow
    ann, bob = (server.client(server.token_for(name)) for name in ("ann", "bob"))
    server.control("queue/block")
    ids = [submitted(ann, small_files()[:1], **form()) for _ in range(2)]
    refused = submit(ann, small_files()[:1], **form())
    assert refused.status_code == 400
    assert refused.json() == {
        "success": False,
        "message": "Only 2 jobs per user can be executed simultaneously.",
    }
    theirs = submitted(bob, small_files()[:1], **form())
    assert [job(ann, one)["positionInQueue"] for one in ids] == [0, 1]
    waiting = job(bob, theirs)
    assert (waiting["state"], waiting["positionInQueue"]) == (1, 2)
    assert server.client().get("/api/v2/server/counters").json()["queue"] == {"size": 3}

    assert ann.get(f"/api/v2/jobs/{ids[0]}/cancel").json()["state"] == 6
    assert job(bob, theirs)["positionInQueue"] == 1
    not_dead = ann.get(f"/api/v2/jobs/{ids[1]}/restart")
    assert not_dead.status_code == 400
    assert not_dead.json()["message"] == f"Job {ids[1]} is not pending."
    server.control("queue/open")
    finished = ended(bob, theirs)
    assert (finished["state"], finished["positionInQueue"]) == (4, -1)
    assert finished["startTime"] >= job(ann, ids[1])["endTime"]


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


def test_a_restart_keeps_jobs_and_files_and_what_was_at_work_is_dead_until_restarted(
    tmp_path: Path,
) -> None:
    with cloudgene.running(tmp_path) as server:
        token = server.token_for("ann")
        ann = server.client(token)
        kept = submitted(ann, small_files()[:1], **form(password=PASSWORD))
        ended(ann, kept)
        server.fault("hold_at", "imputation")
        midway = submitted(ann, small_files(), **form(password=PASSWORD))
        until(ann, midway, lambda now: "Imputation (0/4)" in str(now))
    with cloudgene.running(tmp_path) as server:
        ann = server.client(token)
        assert job(ann, kept)["state"] == 4
        assert content(server, job(ann, kept), "chr_20.zip")[:2] == b"PK"
        dead = job(ann, midway)
        assert (dead["state"], dead["steps"]) == (-1, [])
        assert ann.get(f"/api/v2/jobs/{midway}/restart").json()["success"] is True
        assert ended(ann, midway)["state"] == 4

        server.fault("hold_at", "qc")
        again = submitted(ann, small_files(), **form())
        until(ann, again, lambda now: now["state"] == 2)
        server.control(f"jobs/{again}/dead")
        assert job(ann, again)["state"] == -1
        server.heal("hold_at")


def test_results_end_after_a_notice_and_the_job_stays(tmp_path: Path) -> None:
    with cloudgene.running(tmp_path, notify_after=0.5, retire_after=1.5) as server:
        ann = server.client(server.token_for("ann"))
        good, bad = submitted(ann, small_files()[:1], **form()), submitted(ann, (), **form())
        noticed = until(ann, good, lambda now: now["state"] == 8)
        assert noticed["deletedOn"] > noticed["endTime"]
        hash_ = output(noticed)["chr_20.zip"]["hash"]
        until(ann, bad, lambda now: now["state"] in (9, 7))
        retired = until(ann, good, lambda now: now["state"] == 7)
        assert messages(retired)
        gone = server.client().get(f"/share/results/{hash_}/chr_20.zip")
        assert (gone.status_code, gone.json()["message"]) == (404, "File not found in workspace.")


def test_storage_behind_a_redirect_sends_lengths_and_ranges(narrow: Cloudgene) -> None:
    server = narrow
    ann = server.client(server.token_for("ann"))
    now = ended(ann, submitted(ann, small_files()[:1], **form()))
    url = f"/share/results/{output(now)['chr_20.zip']['hash']}/chr_20.zip"
    with httpx.Client(base_url=server.url, follow_redirects=True) as client:
        whole = client.get(url)
        assert int(whole.headers["content-length"]) == len(whole.content)
        part = client.get(url, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        server.fault("ignore_range", times=1)
        assert client.get(url, headers={"Range": "bytes=100-"}).status_code == 200


def test_nothing_can_be_made_to_fail_without_the_control_token(server: Cloudgene) -> None:
    assert httpx.post(f"{server.url}/simulator/queue/block").status_code == 401
    assert simulator_routes.routes("") == []


def test_chromosome_20_is_the_same_in_both_demo_datasets(tmp_path: Path) -> None:
    dataset.write(tmp_path)
    assert chromosome_files()[0].read_bytes() == (tmp_path / "demo.vcf.gz").read_bytes()
    assert vcf.header("chr20")[2].startswith("##contig=<ID=chr20,length=64444167")
