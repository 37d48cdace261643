"""Results come as archives of which each download is counted: none is lost, none is doubled."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from app.domain import job_downloads, store
from app.domain.access import Actor
from app.domain.archive_passwords import HIDDEN, password_of
from app.domain.errors import Conflict, NotFound
from app.domain.files import job_files
from models import db
from models.base import now
from models.jobs import Job, JobLog, JobQueueEntry, JobResult
from tests.support.cloudgene import Cloudgene, running
from tests.support.cloudgene_jobs import submit_small
from tests.support.submitting import actor
from tests.support.working import job, turn, work_until
from workers import collect, jobs, submit

ARCHIVE = "chr_20.zip"


@pytest.fixture(scope="module")
def cloudgene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    folder = tmp_path_factory.mktemp("cloudgene")
    with running(folder, storage="s3", max_downloads=4, slots=50) as server:
        yield server


@pytest.fixture
def ref(databases: None, cloudgene: Cloudgene, tmp_path: Path) -> str:
    """Ada's job, which waits to be sent."""
    return submit_small(cloudgene, tmp_path)


@pytest.fixture(autouse=True)
def healed(cloudgene: Cloudgene) -> Iterator[None]:
    yield
    for fault in ("cut_after", "error_as_file", "wrong_password", "corrupt_archive"):
        cloudgene.heal(fault)


def until_collecting(ref: str) -> None:
    """Let the run end, and fetch nothing yet."""
    for _ in range(600):
        if job(ref).row.status == "collecting":
            return
        turn(submit.send, jobs.follow)
    raise AssertionError(job(ref))


def result(ref: str, name: str = ARCHIVE) -> JobResult:
    with db.session(db.JOBS) as session:
        return session.exec(select(JobResult).where(JobResult.name == name)).one()


def members(ref: str) -> dict[str, JobResult]:
    with db.session(db.JOBS) as session:
        found = session.exec(
            select(JobResult)
            .join(Job, col(Job.id) == JobResult.job_id)
            .where(Job.ref == ref, col(JobResult.archive_id).is_not(None))
        )
        return {row.name: row for row in found}


def test_a_cut_archive_is_resumed_within_its_downloads_and_each_member_is_kept(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    cloudgene.fault("cut_after", 700)
    turn(collect.collect)
    cloudgene.heal("cut_after")
    cut = job(ref)
    assert (cut.row.status, bool(cut.row.contact_error)) == ("collecting", True)
    assert result(ref).fetched_bytes == 700
    done = work_until(ref, "completed", "failed")
    assert done.row.status == "completed", done.row
    archive = result(ref)
    assert (archive.state, archive.file_ref, archive.role) == ("unpacked", "", "imputed")
    assert not store.path_of(archive.sha256).exists()
    kept = members(ref)
    assert {name: (row.role, row.state) for name, row in kept.items()} == {
        "chr20.dose.vcf.gz": ("imputed", "fetched"),
        "chr20.info.gz": ("quality", "fetched"),
    }
    for row in kept.values():
        content = store.path_of(row.sha256).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.sha256
    assert min(row.downloads_left or 4 for row in all_results()) == 2
    assert list(store.partial_dir().iterdir()) == []


def all_results() -> list[JobResult]:
    with db.session(db.JOBS) as session:
        return list(session.exec(select(JobResult)))


def test_the_password_that_the_server_prints_is_nowhere_in_what_is_kept(
    ref: str, cloudgene: Cloudgene
) -> None:
    work_until(ref, "completed")
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job)).one()
        logs = [log.text for log in session.exec(select(JobLog))]
    password = password_of(stored.archive_password)
    assert any(HIDDEN in text for text in logs)
    assert not any(password in text for text in (*logs, repr(stored), repr(job(ref))))


def test_an_error_that_comes_in_the_place_of_an_archive_is_not_kept_as_one(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    # In the place of the first result, and then of another.
    for _ in range(2):
        cloudgene.fault("error_as_file", times=1)
        turn(collect.collect)
    assert job(ref).row.status == "collecting"
    done = work_until(ref, "completed", "failed").row
    assert (done.status, result(ref).state) == ("completed", "unpacked")
    assert {row.state for row in all_results() if row.role} == {"fetched", "unpacked"}


def test_another_password_than_ours_is_said_in_words_and_the_archive_is_kept(
    ref: str, cloudgene: Cloudgene
) -> None:
    cloudgene.fault("wrong_password")
    done = work_until(ref, "completed", "failed")
    archive = result(ref)
    assert (done.row.status, archive.state) == ("completed", "damaged")
    assert "the password that the platform gave the service" in archive.error_message
    assert store.path_of(archive.sha256).read_bytes()[:2] == b"PK"
    assert (archive.downloads_left, members(ref)) == (3, {})


def test_an_archive_that_is_destroyed_at_the_server_is_fetched_twice_and_marked(
    ref: str, cloudgene: Cloudgene
) -> None:
    cloudgene.fault("corrupt_archive")
    done = work_until(ref, "completed", "failed")
    archive = result(ref)
    assert (done.row.status, archive.state, archive.downloads_left) == ("completed", "damaged", 2)
    assert "It does not open, as the service keeps it" in archive.error_message
    assert "1 came damaged" in done.row.status_reason


def test_the_last_download_is_kept_until_the_owner_has_the_platform_try_it(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    cloudgene.fault("cut_after", 300)
    for _ in range(60):
        turn(collect.collect)
        if job(ref).row.held_reason:
            break
    held = job(ref).row
    assert (held.status, held.held_reason) == ("collecting", "last_download")
    assert "once more only" in held.status_reason
    assert result(ref).downloads_left == 1
    ask(ref, actor("Bob"), NotFound)
    cloudgene.heal("cut_after")
    turn(collect.collect)
    assert result(ref).downloads_left == 1
    ask(ref, actor())
    assert work_until(ref, "completed", "failed").row.status == "completed"
    assert (result(ref).state, result(ref).downloads_left) == ("unpacked", 0)
    ask(ref, actor(), Conflict)


def ask(ref: str, person: Actor, refusal: type[Exception] | None = None) -> None:
    """Ask for the last download, and be refused so."""
    with db.session(db.JOBS) as session:
        if refusal is None:
            job_downloads.try_last_download(session, actor=person, job_ref=ref)
            return
        with pytest.raises(refusal):
            job_downloads.try_last_download(session, actor=person, job_ref=ref)


def test_a_result_whose_downloads_are_all_used_can_only_be_had_at_the_service(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    remote_id = job(ref).row.remote_id
    cloudgene.control(f"jobs/{remote_id}/downloads", name=ARCHIVE, left=0)
    done = work_until(ref, "completed", "failed").row
    assert (done.status, result(ref).state) == ("completed", "remote")
    assert "used up" in result(ref).error_message


def test_archives_whose_password_cannot_be_read_wait_for_the_key_and_cost_no_download(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    password = swap_password("unreadable")
    turn(collect.collect)
    turn(collect.collect)
    assert job(ref).row.held_reason == "key_lost"
    with db.session(db.JOBS) as session:
        # What the server says has the password in it, which could not be hidden.
        assert session.exec(select(JobLog)).first() is None
    swap_password(password)
    assert work_until(ref, "completed", "failed").row.status == "completed"
    assert (result(ref).state, result(ref).downloads_left) == ("unpacked", 3)


def swap_password(ciphertext: str) -> str:
    """Store another password of the job's archives; return the one before."""
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job)).one()
        before, stored.archive_password = stored.archive_password, ciphertext
        session.add(stored)
        return before


def test_an_archive_that_is_opened_again_after_a_crash_doubles_nothing(
    ref: str, cloudgene: Cloudgene
) -> None:
    work_until(ref, "completed")
    before = {name: row.file_ref for name, row in members(ref).items()}
    crash_after_the_first_member(ref)
    work_until(ref, "completed")
    assert {name: row.file_ref for name, row in members(ref).items()} == before
    with db.session(db.FILES) as session:
        names = [row.name for row in job_files(session, actor=actor(), job_ref=ref)]
    assert len(names) == len(set(names))


def crash_after_the_first_member(ref: str) -> None:
    """Leave the job as a worker leaves it that dies after the first member of an archive."""
    with db.session(db.JOBS) as session:
        stored = session.exec(select(Job)).one()
        stored.status, stored.finished_at = "collecting", None
        archive = session.exec(select(JobResult).where(JobResult.name == ARCHIVE)).one()
        archive.state, archive.sha256 = "listed", ""
        found = session.exec(select(JobResult).where(JobResult.archive_id == archive.id))
        for member in list(found)[1:]:
            session.delete(member)
        session.add(stored)
        session.add(archive)
        session.add(JobQueueEntry(job_id=stored.id or 0, next_action_at=now()))
    (store.partial_dir() / f"{ref}.{archive.id}.whole.0badc0de").write_bytes(b"half a member")


def whole_of(ref: str, content: bytes) -> None:
    """Leave an archive as a worker leaves it that dies when all of it has come."""
    partial(ref).with_name(f"{partial(ref).name}.whole").write_bytes(content)


def partial(ref: str) -> Path:
    return store.partial_dir() / f"{ref}.{result(ref).id}"


def test_a_damaged_archive_is_kept_where_the_service_has_deleted_its_own(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    list_only(cloudgene)
    whole_of(ref, b"PK half an archive")
    cloudgene.control(f"jobs/{job(ref).row.remote_id}/retire")
    done = work_until(ref, "completed", "failed")
    archive = result(ref)
    assert (done.row.status, archive.state) == ("completed", "damaged")
    assert store.path_of(archive.sha256).read_bytes() == b"PK half an archive"


def test_an_archive_that_came_with_its_last_download_before_a_crash_is_not_asked_for_again(
    ref: str, cloudgene: Cloudgene
) -> None:
    until_collecting(ref)
    list_only(cloudgene)
    partial(ref).unlink(missing_ok=True)
    remote_id = job(ref).row.remote_id
    link = result(ref).location
    content = httpx.get(link, follow_redirects=True).content
    with db.session(db.JOBS) as session:
        row = session.exec(select(JobResult).where(JobResult.name == ARCHIVE)).one()
        row.size = len(content)
    partial(ref).write_bytes(content)
    cloudgene.control(f"jobs/{remote_id}/downloads", name=ARCHIVE, left=0)
    assert work_until(ref, "completed", "failed").row.status == "completed"
    assert result(ref).state == "unpacked"


def list_only(cloudgene: Cloudgene) -> None:
    """Let the results be listed, and the first fetch break off."""
    cloudgene.fault("cut_after", 5)
    turn(collect.collect)
    cloudgene.heal("cut_after")
