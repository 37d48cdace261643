"""A job's page shows what is here and what the service still has, and hands it out."""

import asyncio
import hashlib
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from app.domain import files, store
from models import db
from models.base import now
from models.files import StoredFile
from models.jobs import Job, JobResult
from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.submitting import actor, panel, submit_one
from tests.support.visitor import Meet
from workers import outbox

pytestmark = pytest.mark.usefixtures("databases")

DAY = timedelta(days=1)
PANEL = panel(limits={"max_downloads": 10})
MEMBERS = ("chr20.dose.vcf.gz", "chr20.info.gz")


def a_job(owner_ref: str, folder: Path) -> str:
    """A job whose archive was unpacked, with a second one that is not here."""
    ref = submit_one(
        "Cohort", owner=actor(ref=owner_ref), chosen=panel(limits={"max_downloads": 10})
    )
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        job.status = "completed"
        job.results_expire_at = now() + 5 * DAY
        archive = JobResult(
            job_id=job.id or 0,
            name="chr_20.zip",
            role="imputed",
            state="unpacked",
            downloads_left=9,
        )
        late = JobResult(
            job_id=job.id or 0, name="chr_21.zip", role="imputed", downloads_left=8, size=1000
        )
        session.add(archive)
        session.add(late)
        session.flush()
        for name in MEMBERS:
            session.add(
                JobResult(
                    job_id=job.id or 0,
                    name=f"chr_20/{name}",
                    role="imputed",
                    state="fetched",
                    size=len(name),
                    sha256=hashlib.sha256(name.encode()).hexdigest(),
                    file_ref=_stored(owner_ref, ref, name, folder),
                    archive_id=archive.id,
                )
            )
    return ref


def _stored(owner_ref: str, job_ref: str, name: str, folder: Path) -> str:
    (folder / name).write_bytes(name.encode())
    content = store.ingest_path(folder / name)
    with db.session(db.FILES) as session:
        file = files.add_result(
            session, owner_ref=owner_ref, job_ref=job_ref, name=name, content=content
        )
    return file.ref


def change(ref: str, **fields: Any) -> None:
    """Change the job, and let its page know."""
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == ref)).one()
        for name, value in fields.items():
            setattr(job, name, value)
        db.announce(session, "jobs", ref, owner_ref=job.owner_ref)


def relay() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, outbox.relay()).result()


def test_what_is_missing_is_said_in_red_and_what_is_here_is_handed_out(
    meet: Meet, tmp_path: Path
) -> None:
    owner_ref, cookies = sign_in("ada")
    ref = a_job(owner_ref, tmp_path)
    ada = meet(cookies)
    page = ada.page
    ada.open(f"/jobs/{ref}")
    main = page.get_by_role("main")
    notice = main.get_by_role("status").filter(has_text="deletes its copies in 5 days")
    expect(notice).to_contain_text("1 file is not here.")
    rows = page.get_by_role("region", name="Results").get_by_role("row")
    expect(rows).to_have_count(5)
    expect(rows.nth(1)).to_contain_text("Unpacked, see below")
    expect(rows.nth(2)).to_contain_text("chr_20/chr20.dose.vcf.gz")
    expect(rows.nth(4)).to_contain_text("8 of 10 downloads left at the service")
    expect(main.get_by_text("2 files, 30 bytes, kept here until their owner")).to_be_visible()
    assert faults(page) == ""
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == [*MEMBERS, "SHA256SUMS"]


def test_the_script_that_a_page_gives_works_until_its_key_is_revoked(
    meet: Meet, tmp_path: Path
) -> None:
    owner_ref, cookies = sign_in("ada")
    ref = a_job(owner_ref, tmp_path)
    ada = meet(cookies)
    page = ada.page
    ada.open(f"/jobs/{ref}")
    page.get_by_text("Fetch them in a terminal").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the script").click()
    script = tmp_path / "results.sh"
    download.value.save_as(script)
    # The address in it is the one that the lab has given the platform.
    text = script.read_text().replace("http://127.0.0.1:8000", ada.url)
    script.write_text(text)
    run = ["bash", str(script), str(tmp_path / "here")]
    assert subprocess.run(run, check=False).returncode == 0
    assert sorted(one.name for one in (tmp_path / "here").iterdir()) == sorted(MEMBERS)
    keys = page.get_by_role("region", name="Keys to these results")
    expect(keys.get_by_text("a few seconds ago")).to_have_count(2)
    assert faults(page) == ""
    key = text.split("key=")[1].split()[0]
    assert key not in page.content()
    keys.get_by_role("button", name="Revoke").click()
    expect(keys).to_have_count(0)
    (tmp_path / "here" / MEMBERS[0]).unlink()
    assert subprocess.run(run, check=False, stderr=subprocess.DEVNULL).returncode == 2


def test_results_are_deleted_after_a_question_and_the_page_says_when(
    meet: Meet, tmp_path: Path
) -> None:
    owner_ref, cookies = sign_in("ada")
    ref = a_job(owner_ref, tmp_path)
    ada = meet(cookies)
    page = ada.page
    ada.open(f"/jobs/{ref}")
    page.get_by_role("button", name="Delete results").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("2 files, 30 bytes are deleted here for good.")
    assert faults(page) == ""
    dialog.get_by_role("button", name="Delete results").click()
    expect(page.get_by_role("link", name="Download all")).to_have_count(0)
    relay()
    rows = page.get_by_role("region", name="Results").get_by_role("row")
    expect(rows.nth(2)).to_contain_text("Deleted here")
    expect(rows.nth(2)).to_contain_text("a few seconds ago")
    expect(page.get_by_text("2 results deleted here. Deleted by ada.")).to_be_visible()
    change(ref, results_gone_at=now())
    expect(page.get_by_text("deleted its copies").first).to_be_visible()
    assert faults(page) == ""


def test_results_that_end_are_kept_longer_with_one_button(meet: Meet, tmp_path: Path) -> None:
    owner_ref, cookies = sign_in("ada")
    ref = a_job(owner_ref, tmp_path)
    with db.session(db.FILES) as session:
        for file in session.exec(select(StoredFile)):
            file.kept_until = now() + 13 * DAY
    ada = meet(cookies)
    ada.open(f"/jobs/{ref}")
    main = ada.page.get_by_role("main")
    expect(main.get_by_text("for another 13 days")).to_be_visible()
    # No days are set for this web process any more: what is kept is kept for good.
    main.get_by_role("button", name="Keep for good").click()
    expect(main.get_by_text("kept here until their owner deletes them")).to_be_visible()
    stranger = meet(sign_in("ben")[1])
    stranger.open(f"/jobs/{ref}")
    expect(stranger.page.get_by_text("There is no such job")).to_be_visible()
