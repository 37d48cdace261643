"""Services, panels, datasets and jobs for tests of the whole platform, made without a page.

What takes time (reading a dataset, running a job) is left to the worker that runs.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlmodel import select

from app.domain import (
    datasets,
    files,
    job_details,
    panel_changes,
    services,
    store,
)
from app.domain.access import ROLES, Actor
from app.domain.panel_changes import PanelFields
from app.domain.service_fields import ServiceFields
from models import db
from models.files import Dataset, FileMetadata
from tests.support.people import sign_in

# A loaded machine with two cores is slow, but it gets there.
PATIENCE_S = 180


def somebody(name: str, role: str = "researcher") -> tuple[Actor, dict[str, str]]:
    """Add a person; return them as an actor, and the cookie of their session."""
    ref, cookies = sign_in(name, role)
    email = f"{name}@lab.example"
    return Actor(user_ref=ref, name=name, email=email, permissions=ROLES[role]), cookies


def add_service(actor: Actor, name: str, url: str, **fields: Any) -> str:
    """Add a WES service; return its ref."""
    with db.session(db.REGISTRY) as session:
        chosen = ServiceFields(name=name, base_url=url, **fields)
        return services.add_service(session, actor=actor, fields=chosen).ref


def add_panel(actor: Actor, service_ref: str, name: str, recipe: Mapping[str, Any]) -> str:
    """Add a panel with a recipe; return its ref."""
    fields = PanelFields(panel_id=name, name=name, recipe=dict(recipe))
    with db.session(db.REGISTRY) as session:
        row = panel_changes.upsert_panel(
            session, actor=actor, service_ref=service_ref, fields=fields
        )
        return row.ref


def add_dataset(actor: Actor, name: str, file: Path) -> str:
    """Add a dataset of one file, wait until the worker has read it, and return its ref."""
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=actor, name=name)
        stored = files.add_file(
            session,
            kind=files.INPUT,
            owner_ref=actor.user_ref,
            name=file.name,
            content=store.ingest_path(file),
            dataset_id=session.exec(select(Dataset.id).where(Dataset.ref == ref)).one(),
        )
        session.add(FileMetadata(file_id=stored.id or 0))
    _until(lambda: _dataset(actor, ref).row.state == "ready", f"{name} is read")
    return ref


def wait_for(actor: Actor, job_ref: str, status: str) -> job_details.JobDetail:
    """Wait until the worker has brought a job to a status."""
    _until(lambda: _job(actor, job_ref).row.status == status, f"job {job_ref} is {status}")
    return _job(actor, job_ref)


def _dataset(actor: Actor, ref: str) -> datasets.DatasetDetail:
    with db.session(db.FILES) as session:
        return datasets.dataset_detail(session, actor=actor, dataset_ref=ref)


def _job(actor: Actor, ref: str) -> job_details.JobDetail:
    with db.session(db.JOBS) as session:
        return job_details.job_detail(session, actor=actor, job_ref=ref)


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain until {what}"
        time.sleep(0.1)
