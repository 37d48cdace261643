"""The life of a job at the simulated Cloudgene server, from its form to its end."""

import io
import zipfile
from pathlib import Path

import httpx

from tests.support import cloudgene
from tests.support.cloudgene import Cloudgene, form, small_files
from tests.support.cloudgene_client import (
    PASSWORD,
    content,
    ended,
    job,
    messages,
    output,
    submit,
    submitted,
    until,
)


def test_a_form_with_missing_fields_is_accepted_and_fails_later(ann: httpx.Client) -> None:
    now = ended(ann, submitted(ann, ()))
    assert now["state"] == 5
    assert messages(now) == [("Summary", 1, "Pipeline execution failed.")]
    now = ended(ann, submitted(ann, (), **form()))
    assert ("Summary", 1, "No vcf.gz input files detected.") in messages(now)


def test_a_file_under_the_name_of_a_path_stays_in_its_job_s_folder(
    server: Cloudgene, ann: httpx.Client
) -> None:
    files = {"../../../out-pattern": ("../../x.txt", b"x")}
    answer = ann.post("/api/v2/jobs/submit/imputationserver2", data=form(), files=files)
    ended(ann, answer.raise_for_status().json()["id"])
    (written,) = server.folder.rglob("x.txt")
    assert written.parent.parent.name == "input"


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


def test_quality_control_alone_leaves_reports_and_no_archives(ann: httpx.Client) -> None:
    now = ended(ann, submitted(ann, small_files()[:1], **form(mode="qc_only")))
    assert now["state"] == 4
    assert {"qc_report.txt", "quality-control.html"} <= output(now).keys()
    assert not [name for name in output(now) if name.endswith(".zip")]


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
