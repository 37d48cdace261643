"""What must be true in the end, counted on the service, in the databases and in the store."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session, col, func, select

from app.domain import store
from app.domain.job_states import TRANSITIONS, JobStatus
from models import db
from models.files import StoredFile
from models.jobs import Job, JobQueueEntry, JobResult, JobStatusChange, Submission
from models.notifications import Notification
from tests.chaos.ledger import undelivered


class Verdict:
    """Figures to print, and what was missed; `jobs` are those whose history tells more."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.misses: list[str] = []
        self.jobs: list[str] = []

    def expect(self, name: str, figure: object, wanted: object) -> None:
        """Note a figure, and a miss where it is another than it must be."""
        self.figures[name] = figure
        if figure != wanted:
            self.misses.append(f"{name}: {figure}, must be {wanted}")

    def expect_none(self, name: str, wrong: Iterable[str], *, jobs: bool = True) -> None:
        """Note how many are wrong, and each as a miss."""
        found = list(wrong)
        self.figures[name] = len(found)
        self.misses += [f"{name}: {one}" for one in found]
        self.jobs += found if jobs else []


def judge(base_url: str, expected: Mapping[str, bytes], count: int, logs: Path) -> Verdict:
    """Compare everything with the submissions: `expected` has each job's one result."""
    verdict = Verdict()
    _judge_runs(verdict, all_runs(base_url), expected, count)
    with db.session(db.JOBS) as session:
        _judge_jobs(verdict, session, count)
        results = dict(_results(session))
        _judge_history(verdict, session)
    _judge_results(verdict, results, expected, count)
    _judge_notifications(verdict, expected, count)
    verdict.expect_none("errors in the workers' logs", _errors(logs), jobs=False)
    return verdict


def all_runs(base_url: str) -> list[dict[str, Any]]:
    """Every run on the service, page by page."""
    runs: list[dict[str, Any]] = []
    token = ""
    while True:
        asked = {"page_size": "100", "page_token": token} if token else {"page_size": "100"}
        page = httpx.get(f"{base_url}/runs", params=asked, timeout=60).raise_for_status().json()
        runs += page["runs"]
        token = page.get("next_page_token") or ""
        if not token:
            return runs


def history(job_ref: str) -> list[str]:
    """Everything that happened to a job, one line each."""
    with db.session(db.JOBS) as session:
        changes = session.exec(
            select(JobStatusChange)
            .join(Job, col(Job.id) == JobStatusChange.job_id)
            .where(Job.ref == job_ref)
            .order_by(col(JobStatusChange.id))
        )
        return [
            f"{one.at:%H:%M:%S.%f} {one.from_status or '-'} -> {one.to_status} {one.reason}"
            for one in changes
        ]


def _judge_runs(
    verdict: Verdict, runs: Sequence[dict[str, Any]], expected: Mapping[str, bytes], count: int
) -> None:
    verdict.expect("runs on Sapporo", len(runs), count)
    tags = Counter((run.get("tags") or {}).get("job_ref", "") for run in runs)
    verdict.expect_none("jobs with two runs", [ref for ref, times in tags.items() if times > 1])
    verdict.expect_none("jobs without a run", sorted(set(expected) - set(tags)))
    verdict.expect_none("runs of no job", sorted(set(tags) - set(expected)))


def _judge_jobs(verdict: Verdict, session: Session, count: int) -> None:
    verdict.expect("submissions", session.exec(select(func.count(col(Submission.id)))).one(), count)
    jobs = session.exec(select(Job)).all()
    verdict.expect("jobs", len(jobs), count)
    complete = [job for job in jobs if job.status == JobStatus.COMPLETED]
    verdict.expect("jobs completed", len(complete), count)
    verdict.jobs += [job.ref for job in jobs if job.status != JobStatus.COMPLETED]
    left = session.exec(select(func.count(col(JobQueueEntry.job_id)))).one()
    verdict.expect("queue entries left", left, 0)


def _results(session: Session) -> Iterable[tuple[str, JobResult]]:
    """The fetched results, each with its job's ref."""
    return session.exec(
        select(Job.ref, JobResult)
        .join(Job, col(Job.id) == JobResult.job_id)
        .where(JobResult.state == "fetched")
    ).all()


def _judge_history(verdict: Verdict, session: Session) -> None:
    changes: dict[str, list[JobStatusChange]] = {}
    for ref, change in session.exec(
        select(Job.ref, JobStatusChange)
        .join(Job, col(Job.id) == JobStatusChange.job_id)
        .order_by(col(JobStatusChange.id))
    ):
        changes.setdefault(ref, []).append(change)
    verdict.expect_none(
        "jobs with an illegal history", [ref for ref, own in changes.items() if not _is_legal(own)]
    )
    said = [change.reason for own in changes.values() for change in own]
    verdict.figures["runs adopted after a lost answer"] = _count(said, "Found at the service")
    verdict.figures["submissions sent again"] = _count(said, "The service has no such run")


def _is_legal(changes: Sequence[JobStatusChange]) -> bool:
    first, last = changes[0], changes[-1]
    steps = [(JobStatus(one.from_status), JobStatus(one.to_status)) for one in changes[1:]]
    return (
        (first.from_status, first.to_status) == ("", JobStatus.WAITING)
        and last.to_status == JobStatus.COMPLETED
        and all(was == became or became in TRANSITIONS[was] for was, became in steps)
        and all(one.to_status == other.from_status for one, other in pairwise(changes))
    )


def _count(said: Iterable[str], beginning: str) -> int:
    return sum(reason.startswith(beginning) for reason in said)


def _judge_results(
    verdict: Verdict, results: Mapping[str, JobResult], expected: Mapping[str, bytes], count: int
) -> None:
    right = [ref for ref, result in results.items() if _is_right(result, expected.get(ref, b""))]
    verdict.expect("results of the right content and SHA-256", len(right), count)
    verdict.jobs += sorted(set(expected) - set(right))
    with db.session(db.FILES) as session:
        rows = session.exec(select(StoredFile).where(StoredFile.kind == "result")).all()
    verdict.expect("files of results", len(rows), count)
    per_job = Counter(row.job_ref for row in rows)
    verdict.expect_none("jobs with two files", [ref for ref, times in per_job.items() if times > 1])
    refs = {row.ref for row in rows}
    verdict.expect_none(
        "results without a file",
        [ref for ref, result in results.items() if result.file_ref not in refs],
    )


def _is_right(result: JobResult, content: bytes) -> bool:
    path = store.path_of(result.sha256)
    return (
        result.sha256 == hashlib.sha256(content).hexdigest()
        and path.exists()
        and path.read_bytes() == content
    )


def _judge_notifications(verdict: Verdict, expected: Mapping[str, bytes], count: int) -> None:
    with db.session(db.NOTIFICATIONS) as session:
        messages = session.exec(select(Notification)).all()
    verdict.expect("notifications", len(messages), count)
    told = Counter(message.link.removeprefix("/jobs/") for message in messages)
    verdict.expect_none("jobs told of twice", [ref for ref, times in told.items() if times > 1])
    verdict.expect_none("jobs not told of", sorted(set(expected) - set(told)))
    verdict.expect("outbox rows undelivered", undelivered(), 0)


def _errors(logs: Path) -> list[str]:
    """What the workers logged as an error, each kind once, with a log in which it is."""
    kinds: dict[str, str] = {}
    for log in sorted(logs.iterdir()):
        for line in log.read_text(errors="replace").splitlines():
            if re.search(r"\[(error|critical) *\]|^(ERROR|CRITICAL) |^[\w.]+Error\b", line):
                kind = re.sub(r"[\d:.\-]{8,}Z?|job_ref=\w+", "", line)
                kinds.setdefault(kind, f"{log.name}: {line.strip()[:300]}")
    return list(kinds.values())
