"""Results are kept until their owner deletes them, or for a time that the owner is told of."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.config import settings
from app.domain import deleted_results, download_keys, files, retention, store
from app.domain.errors import Conflict, NotAllowed, NotFound
from app.domain.job_details import JobDetail, job_detail
from models import db
from models.base import now
from models.files import StoredFile
from models.jobs import Job, JobResult
from models.notifications import Notification
from models.platform import AuditEntry
from tests.support.submitting import actor, submit_one
from workers import outbox
from workers import retention as worker
from workers.files import sweep_uploads

ADA, BEN = actor("Ada"), actor("Ben")
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("databases")


@pytest.fixture
def kept_days(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FGIP_RESULTS_KEPT_DAYS", "90")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def job_with_results(folder: Path, *, status: str = "completed") -> str:
    """A job with two results that are stored, and one that the service deleted before."""
    ref = submit_one("Cohort")
    for name in ("chr20.dose.vcf.gz", "chr21.dose.vcf.gz"):
        (folder / name).write_bytes(name.encode())
        content = store.ingest_path(folder / name)
        with db.session(db.FILES) as session:
            file = files.add_result(
                session, owner_ref="ada", job_ref=ref, name=name, content=content
            )
        add_row(ref, name=name, state="fetched", file_ref=file.ref)
    add_row(ref, name="log.txt", state="gone")
    with db.session(db.JOBS) as session:
        session.exec(select(Job).where(Job.ref == ref)).one().status = status
    return ref


def add_row(job_ref: str, **fields: str) -> None:
    with db.session(db.JOBS) as session:
        job_id = session.exec(select(Job.id).where(Job.ref == job_ref)).one()
        session.add(JobResult(job_id=job_id, **fields))


def kept(ref: str) -> retention.KeptResults:
    with db.session(db.FILES) as session:
        return retention.kept_results(session, actor=ADA, job_ref=ref)


def delete(ref: str) -> int:
    with db.session(db.FILES) as session:
        return retention.delete_results(session, actor=ADA, job_ref=ref, job_name="Cohort")


def detail(ref: str) -> JobDetail:
    with db.session(db.JOBS) as session:
        return job_detail(session, actor=ADA, job_ref=ref)


def end_at(until: datetime, file_ref: str = "") -> None:
    with db.session(db.FILES) as session:
        for file in session.exec(select(StoredFile)):
            if file_ref in ("", file.ref):
                file.kept_until = until


@pytest.fixture
def pass_days(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    return lambda days: monkeypatch.setattr(retention, "now", lambda: now() + days * DAY)


def warnings() -> list[str]:
    asyncio.run(worker.warn())
    for _ in range(2):
        asyncio.run(outbox.relay())
    with db.session(db.NOTIFICATIONS) as session:
        told = select(Notification.title).where(Notification.topic == "job.results")
        return list(session.exec(told.order_by(Notification.id)))


def test_without_a_setting_results_are_kept_for_good(tmp_path: Path) -> None:
    ref = job_with_results(tmp_path)
    assert kept(ref) == retention.KeptResults(count=2, size=34, until=None)
    asyncio.run(sweep_uploads())
    assert (kept(ref).count, warnings()) == (2, [])


def test_deleting_results_leaves_the_job_its_history_and_says_what_was_deleted_when(
    tmp_path: Path,
) -> None:
    ref = job_with_results(tmp_path)
    with db.session(db.FILES) as session:
        download_keys.make_key(session, actor=ADA, job_ref=ref)
    before = now()
    assert delete(ref) == 2
    for _ in range(2):
        asyncio.run(outbox.relay())
    assert kept(ref).count == 0
    job = detail(ref)
    assert [row.state for row in job.results] == ["deleted", "deleted", "gone"]
    assert all(row.deleted_at and row.deleted_at >= before for row in job.results[:2])
    assert [row.file_ref for row in job.results] == ["", "", ""]
    assert (job.row.status, job.history[-1].actor) == ("completed", "Ada")
    told = [one.reason for one in job.history if "deleted here" in one.reason]
    assert told == ["2 results deleted here. Deleted by Ada."]
    with db.session(db.FILES) as session:
        assert download_keys.keys_of(session, actor=ADA, job_ref=ref) == []
    with db.session(db.PLATFORM) as session:
        (entry,) = session.exec(
            select(AuditEntry).where(AuditEntry.action == "results.delete")
        ).all()
    assert (entry.target_name, entry.before) == ("Cohort", {"files": 2, "bytes": 34})


def test_what_a_relay_brings_twice_is_told_once(tmp_path: Path) -> None:
    ref = job_with_results(tmp_path)
    file_refs = [row.file_ref for row in detail(ref).results if row.file_ref]
    payload = {
        "job_ref": ref,
        "file_refs": file_refs,
        "at": now().isoformat(),
        "by": "Ada",
        "reason": "Deleted by Ada",
    }
    for _ in range(2):
        with db.session(db.JOBS) as session:
            deleted_results.receive(session, event_ref="e", payload=payload)
    assert len([one for one in detail(ref).history if "deleted here" in one.reason]) == 1


def test_only_their_owner_deletes_or_keeps_results(tmp_path: Path) -> None:
    ref = job_with_results(tmp_path)
    for act in (retention.delete_results, retention.keep_longer):
        with pytest.raises(NotFound), db.session(db.FILES) as session:
            act(session, actor=BEN, job_ref=ref)
        with pytest.raises(NotAllowed), db.session(db.FILES) as session:
            act(session, actor=actor("Ada", "viewer"), job_ref=ref)
    with db.session(db.FILES) as session:
        assert retention.kept_results(session, actor=BEN, job_ref=ref).count == 0
    assert kept(ref).count == 2


def test_a_job_that_may_still_get_results_is_not_cleared(tmp_path: Path) -> None:
    ref = job_with_results(tmp_path, status="collecting")
    with pytest.raises(Conflict, match="results may still come"), db.session(db.JOBS) as session:
        deleted_results.job_to_clear(session, actor=ADA, job_ref=ref)
    with pytest.raises(NotFound), db.session(db.JOBS) as session:
        deleted_results.job_to_clear(session, actor=BEN, job_ref=ref)


@pytest.mark.usefixtures("kept_days")
def test_a_result_is_kept_for_the_days_that_are_set_and_longer_if_its_owner_wishes(
    tmp_path: Path,
) -> None:
    ref = job_with_results(tmp_path)
    until = kept(ref).until
    assert until and 89 * DAY < until - now() <= 90 * DAY
    end_at(now() + 3 * DAY)
    with db.session(db.FILES) as session:
        retention.keep_longer(session, actor=ADA, job_ref=ref)
    later = kept(ref).until
    assert later and later >= until


@pytest.mark.usefixtures("kept_days")
def test_the_owner_is_warned_fourteen_and_two_days_before_each_once(tmp_path: Path) -> None:
    job_with_results(tmp_path)
    counts = []
    for left in (15, 13.5, None, 1.5, None, 80):
        if left is not None:
            end_at(now() + left * DAY)
        counts.append(len(warnings()))
    assert counts == [0, 1, 1, 2, 2, 2]
    assert warnings()[1].startswith("The results of Cohort are deleted on 20")


@pytest.mark.usefixtures("kept_days")
def test_what_is_over_is_deleted_once_its_owner_was_warned_and_had_two_days(
    tmp_path: Path, pass_days: Callable[[float], None]
) -> None:
    ref = job_with_results(tmp_path)
    # The platform was off through both warnings, and one result came half an hour after the other.
    first, second = (row.file_ref for row in detail(ref).results if row.file_ref)
    end_at(now() - DAY, first)
    end_at(now() - DAY + timedelta(minutes=30), second)
    asyncio.run(sweep_uploads())
    assert (kept(ref).count, len(warnings())) == (2, 1)
    until = kept(ref).until
    assert until and 1.99 * DAY < until - now() <= 2 * DAY
    assert f"{until:%Y-%m-%d}" in warnings()[0]
    pass_days(2.1)
    asyncio.run(sweep_uploads())
    for _ in range(2):
        asyncio.run(outbox.relay())
    assert kept(ref).count == 0
    job = detail(ref)
    assert [row.state for row in job.results] == ["deleted", "deleted", "gone"]
    assert "The time for which they were kept is over" in job.history[-1].reason


@pytest.mark.usefixtures("kept_days")
def test_a_result_that_ends_later_has_a_warning_of_its_own(
    tmp_path: Path, pass_days: Callable[[float], None]
) -> None:
    ref = job_with_results(tmp_path)
    first, second = (row.file_ref for row in detail(ref).results if row.file_ref)
    end_at(now() + DAY, first)
    end_at(now() + 20 * DAY, second)
    assert len(warnings()) == 1
    pass_days(30)
    asyncio.run(sweep_uploads())
    assert (kept(ref).count, len(warnings())) == (1, 2)
    asyncio.run(sweep_uploads())
    assert kept(ref).count == 1
