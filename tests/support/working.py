"""Jobs for worker tests: a service, a panel and a dataset that exist, and the worker's turns."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from app.domain import files, panels, store, submissions
from app.domain.access import Actor
from app.domain.job_details import JobDetail, job_detail, job_log
from app.domain.service_fields import SERVICE_TYPES
from app.domain.submission_checks import ChosenDataset
from models import db
from models.base import new_ref, now
from models.files import Dataset, FileMetadata
from models.health import ServiceCheck
from models.jobs import Job, JobQueueEntry, JobStatusChange, ServiceContact
from models.registry import ImputationService, ReferencePanel, ServiceFeature
from tests.support.submitting import actor
from workers import collect, jobs, submit

TARGET = b"##fileformat=VCFv4.2\n"
IMPUTED = gzip.compress(b"##fileformat=VCFv4.2\n##source=imputation\n", mtime=0)

RECIPE: dict[str, Any] = {
    "workflow_url": "https://workflows.example/impute.cwl",
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
    "workflow_params": {"target": {"class": "File", "location": "${input}"}},
    "results": [
        {"pattern": "*.vcf.gz", "role": "imputed", "required": True},
        {"pattern": "*.tsv", "role": "quality"},
    ],
}


def add_panel(
    base_url: str,
    *,
    recipe: dict[str, Any] | None = None,
    api_config: dict[str, Any] | None = None,
    verified: Sequence[str] = ("tags", "lists_running"),
    api_type: str = "wes",
) -> str:
    """Add a service whose features were tried, and a panel of it; return the panel's ref."""
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name=f"Service {new_ref()[:4]}",
            service_type=SERVICE_TYPES[api_type],
            api_type=api_type,
            base_url=base_url,
            api_config=api_config or {},
            health_status="up",
        )
        session.add(service)
        session.flush()
        session.add(ServiceCheck(service_id=service.id or 0, state_since=now()))
        for feature in verified:
            session.add(
                ServiceFeature(
                    service_id=service.id or 0, feature=feature, verdict="conforms", how="trial"
                )
            )
        panel = ReferencePanel(
            service_id=service.id or 0, panel_id="p", name="Panel", recipe=recipe or RECIPE
        )
        session.add(panel)
        return panel.ref


def add_dataset(
    tmp_path: Path, owner: Actor, *, name: str = "target.vcf", content: bytes = TARGET
) -> str:
    """Add a dataset with one file; return its ref."""
    path = tmp_path / new_ref()
    path.write_bytes(content)
    stored = store.ingest_path(path)
    with db.session(db.FILES) as session:
        dataset = Dataset(owner_ref=owner.user_ref, name="Cohort")
        session.add(dataset)
        session.flush()
        file = files.add_file(
            session,
            kind=files.INPUT,
            owner_ref=owner.user_ref,
            name=name,
            content=stored,
            dataset_id=dataset.id,
        )
        session.add(FileMetadata(file_id=file.id or 0, state="read"))
        return dataset.ref


def submit_to(
    panel_ref: str,
    dataset_ref: str,
    *,
    parameters: dict[str, Any] | None = None,
    owner: Actor | None = None,
    name: str = "Run",
) -> str:
    """Submit as Ada, unless somebody else is given; return the job's ref."""
    owner = owner or actor()
    with db.session(db.REGISTRY) as registry:
        panel = panels.get_panel(registry, actor=owner, panel_ref=panel_ref)
    with db.session(db.JOBS) as session:
        row = submissions.submit(
            session,
            actor=owner,
            name=name,
            dataset=ChosenDataset(dataset_ref, "Cohort", 1),
            panels=[panel],
            parameters=parameters or {},
            idempotency_key=new_ref(),
            access={},
        )
        detail = submissions.submission_detail(session, actor=owner, submission_ref=row.ref)
    return detail.jobs[0].ref


def job(ref: str) -> JobDetail:
    """Ada's job as it is now."""
    with db.session(db.JOBS) as session:
        return job_detail(session, actor=actor(), job_ref=ref)


def log_text(ref: str, name: str = "stderr") -> str:
    """One of the texts that the service kept about Ada's job."""
    with db.session(db.JOBS) as session:
        return job_log(session, actor=actor(), job_ref=ref, name=name).text


def make_due() -> None:
    """Let the time until every job's next turn pass, and until lost services are tried."""
    with db.session(db.JOBS) as session:
        for entry in session.exec(select(JobQueueEntry)):
            entry.next_action_at = now() - timedelta(seconds=1)
            session.add(entry)
        for contact in session.exec(select(ServiceContact)):
            contact.retry_at = contact.retry_at and now() - timedelta(seconds=1)
            session.add(contact)


def expire_leases() -> None:
    """Let every claim of a worker end, as it does a while after the worker died."""
    with db.session(db.JOBS) as session:
        for entry in session.exec(select(JobQueueEntry)):
            entry.lease_until = now() - timedelta(seconds=1)
            session.add(entry)


def age_history(seconds: float) -> None:
    """Let the history, and what was looked for in vain, be so much older."""
    past = timedelta(seconds=seconds)
    with db.session(db.JOBS) as session:
        for change in session.exec(select(JobStatusChange)):
            change.at -= past
            session.add(change)
        for stored in session.exec(select(Job).where(col(Job.looked_in_vain_at).is_not(None))):
            stored.looked_in_vain_at = (stored.looked_in_vain_at or now()) - past
            session.add(stored)


def turn(*duties: Callable[[], Awaitable[object]]) -> None:
    """One turn of the worker: everything is due, and each duty runs once."""

    async def run() -> None:
        for duty in duties or (submit.send, jobs.follow, collect.collect):
            await duty()

    make_due()
    asyncio.run(run())


def until(ref: str, *statuses: str, turns: int = 10) -> JobDetail:
    """Turn until the job has one of the statuses."""
    for _ in range(turns):
        if job(ref).row.status in statuses:
            return job(ref)
        turn()
    raise AssertionError(f"{job(ref).row}, not {statuses}")


def work_until(ref: str, *statuses: str, seconds: float = 180) -> JobDetail:
    """Turn while a real server computes, until the job has one of the statuses."""
    deadline = time.monotonic() + seconds
    while job(ref).row.status not in statuses:
        assert time.monotonic() < deadline, job(ref)
        turn()
        time.sleep(0.2)
    return job(ref)


def count_jobs_in_queue() -> int:
    """How many jobs the worker still has to do with."""
    with db.session(db.JOBS) as session:
        return session.exec(select(func.count()).select_from(JobQueueEntry)).one()
