"""The jobs of a test in the real databases, and what must hold of them whatever happens."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from app.domain import store
from app.domain.job_results import REFUSALS
from app.domain.job_states import TERMINAL, TRANSITIONS, JobStatus
from models import db
from models.base import now
from models.files import StoredFile
from models.jobs import (
    Job,
    JobQueueEntry,
    JobResult,
    JobsBase,
    JobsOutbox,
    JobStatusChange,
    ServiceContact,
)
from models.notifications import Notification, NotificationsBase
from models.platform import AuditEntry
from models.registry import ImputationService, RegistryOutbox, ServiceEvent, ServiceFeature
from tests.machine.clock import Clock
from tests.machine.service import REQUIRED, Run, Service, StandIn
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel, submit_to

S = JobStatus
DUTY_OF = {S.WAITING: "send", S.QUEUED: "send", S.SUBMITTING: "send", S.COLLECTING: "collect"}
# Where a job's run is known to be at the service.
AT_SERVICE = (S.SUBMITTED, S.RUNNING, S.CANCELLING, S.COLLECTING)


@dataclass(frozen=True)
class Seen:
    """A job with everything that the databases say of it."""

    job: Job
    history: Sequence[JobStatusChange]
    results: Sequence[JobResult]
    files: Sequence[StoredFile]
    is_queued: bool


class World:
    """The platform's side, and how it fares: errors that ought not to be are `surprises`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.databases_away: set[str] = set()
        self.surprises: list[str] = []

    def set_up(self) -> None:
        """Add a service with a panel, and a dataset."""
        with tempfile.TemporaryDirectory() as folder:
            self._dataset = add_dataset(Path(folder), actor())
        self._panel = add_panel("http://stand-in.invalid")
        with db.session(db.REGISTRY) as session:
            service = session.exec(select(ImputationService)).one()
            service.api_type = StandIn.api_type
            session.add(service)
            self.service_ref = service.ref

    def set_slots(self, slots: int | None) -> None:
        """Say how many runs the service lets the lab have at a time."""
        with db.session(db.REGISTRY) as session:
            service = session.exec(select(ImputationService)).one()
            service.limits = {"max_concurrent_jobs": slots} if slots else {}
            session.add(service)

    def empty(self) -> None:
        """Forget every job and trouble; the service, its panel and the dataset stay."""
        self.databases_away.clear()
        self.surprises.clear()
        _delete(db.JOBS, *reversed(JobsBase.metadata.sorted_tables))
        _delete(db.NOTIFICATIONS, *reversed(NotificationsBase.metadata.sorted_tables))
        _delete(db.PLATFORM, *(table.__table__ for table in (AuditEntry,)))
        _delete(db.REGISTRY, *(t.__table__ for t in (ServiceFeature, ServiceEvent, RegistryOutbox)))
        with db.session(db.FILES) as session:
            session.connection().execute(delete(StoredFile).where(col(StoredFile.job_ref) != ""))

    def submit(self) -> str:
        """A person submits a job; return its ref."""
        return submit_to(self._panel, self._dataset)

    def next_due(self) -> tuple[float, str] | None:
        """Seconds until the next job is due and free, and whose duty it is; None without any."""
        with db.session(db.JOBS) as session:
            queue = session.exec(select(JobQueueEntry, Job.status).join(Job)).all()
            contact = session.exec(select(ServiceContact)).first()
        left_alone = (contact and contact.retry_at) or now()
        due = [
            (max(entry.next_action_at, entry.lease_until or now(), left_alone), status)
            for entry, status in queue
        ]
        if not due:
            return None
        at, status = min(due)
        return (at - now()).total_seconds(), DUTY_OF.get(S(status), "follow")

    def see(self) -> list[Seen]:
        """Every job as it is now."""
        with db.session(db.JOBS) as session:
            jobs = session.exec(select(Job).order_by(col(Job.id))).all()
            history = session.exec(select(JobStatusChange).order_by(col(JobStatusChange.id))).all()
            results = session.exec(select(JobResult)).all()
            queued = set(session.exec(select(JobQueueEntry.job_id)))
        with db.session(db.FILES) as session:
            files = session.exec(select(StoredFile).where(StoredFile.job_ref != "")).all()
        return [
            Seen(
                job,
                [change for change in history if change.job_id == job.id],
                [result for result in results if result.job_id == job.id],
                [file for file in files if file.job_ref == job.ref],
                job.id in queued,
            )
            for job in jobs
        ]


def check(seen: Seen, service: Service, *, denials: int) -> None:
    """What must hold of a job at any time.

    `denials`: how often its owner said that the service had not taken it, true or not.
    """
    job, status = seen.job, JobStatus(seen.job.status)
    _check_history(seen)
    # A run that was given up may still be looked at.
    if not (status is S.LOST and job.remote_id):
        assert seen.is_queued is (status not in TERMINAL), f"{status}, queued: {seen.is_queued}"
    runs = service.runs_of(job.ref)
    assert len(runs) <= 1 + denials, f"submitted {len(runs)} times: {runs}"
    mine = [run for run in service.runs if run.job_ref == job.ref]
    shown = {state for run in mine for state in run.shown}
    if status in AT_SERVICE:
        assert job.remote_id in [run.remote_id for run in mine], f"follows {job.remote_id}"
    if status is S.FAILED:
        is_told = "failed" in shown or any(run.lacks_result or run.is_retired for run in mine)
        assert is_told or (job.ref in service.refused and not runs), "failed without a reason"
    if status is S.CANCELLED and not denials:
        assert not service.flights_of(job.ref), "cancelled while it is being sent"
        assert all("cancelled" in run.shown for run in runs), f"cancelled, but it runs: {runs}"
        assert job.cancel_requested_at or "cancelled" in shown, "nobody asked for a cancel"
    if status is S.LOST:
        end = next(one for one in reversed(seen.history) if one.from_status != S.LOST)
        assert end.actor != "worker", "given up by nobody"
    if status is S.COMPLETED:
        _check_results(seen, mine)
    assert len(seen.files) <= 1, f"files are doubled: {seen.files}"


def check_told(seen: Sequence[Seen]) -> None:
    """What people are told came to them, each message once."""
    with db.session(db.JOBS) as session:
        events = session.exec(select(JobsOutbox)).all()
    with db.session(db.NOTIFICATIONS) as session:
        told = session.exec(select(Notification)).all()
    with db.session(db.PLATFORM) as session:
        audited = session.exec(select(AuditEntry)).all()
    assert all(event.delivered_at for event in events), "something was not delivered"
    topics = Counter(event.topic for event in events)
    assert (len(told), len(audited)) == (topics["notification"], topics["audit"])
    ends = {f"job.{status}" for status in (S.COMPLETED, S.FAILED)}
    of_ends = Counter((one.topic, one.link) for one in told if one.topic in ends)
    happened = Counter((f"job.{one.job.status}", f"/jobs/{one.job.ref}") for one in seen)
    assert of_ends == Counter({end: 1 for end in happened if end[0] in ends})


def _check_history(seen: Seen) -> None:
    status = ""
    for change in seen.history:
        assert change.from_status == status, f"{change.from_status} follows {status}"
        if change.to_status != status:
            allowed = TRANSITIONS[S(status)] if status else {S.WAITING}
            assert change.to_status in allowed, f"{status} -> {change.to_status}"
        status = change.to_status
    assert seen.job.status == status


def _check_results(seen: Seen, runs: Sequence[Run]) -> None:
    run = next(run for run in runs if run.remote_id == seen.job.remote_id)
    assert "complete" in run.shown, "completed without a complete run"
    (result,) = seen.results
    if result.state == "remote":
        # It was refused again and again, and is still to be had at the service.
        assert run.refusals > REFUSALS and result.location == run.remote_id, result
        return
    assert (result.name, result.state) == (REQUIRED, "fetched"), result
    (file,) = seen.files
    assert (file.ref, file.sha256, file.name) == (result.file_ref, result.sha256, REQUIRED)
    assert store.path_of(file.sha256).read_bytes() == run.content()


def _delete(name: str, *tables: Any) -> None:
    with db.engine(name).begin() as connection:
        for table in tables:
            connection.execute(table.delete())
