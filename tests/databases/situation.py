"""A running platform whose seven databases can be taken away, and the people who use it."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from app.domain.access import Actor
from app.domain.job_details import JobDetail, job_detail
from models import db
from models.files import StoredFile
from models.jobs import Job
from tests.support.proxy import Proxy
from tests.support.small_wes import Run, SmallWes

PATIENCE_SECONDS = 60.0
PASSWORD = "a good long password"
RESULT = gzip.compress(b"##fileformat=VCFv4.2\n#imputed\n")


@dataclass
class Situation:
    """The platform and what is in it before a database is taken away."""

    url: str
    proxies: dict[str, Proxy]
    wes: SmallWes
    folder: Path
    rosa: Actor
    cookies: dict[str, str]
    ada_cookies: dict[str, str]
    service_ref: str
    panel_ref: str
    dataset_ref: str
    file_ref: str

    def job(self, ref: str) -> JobDetail:
        """A job as it is, whatever the platform's own processes can see."""
        with db.session(db.JOBS) as session:
            return job_detail(session, actor=self.rosa, job_ref=ref)

    def run_of(self, ref: str) -> Run:
        """The run at the service that was made for a job; fails unless there is exactly one."""
        with db.session(db.JOBS) as session:
            remote_id = session.exec(select(Job.remote_id).where(Job.ref == ref)).one()
        runs = [run for run in self.wes.runs.values() if ref in run.tags.values()]
        assert [run.run_id for run in runs] == [remote_id]
        return runs[0]

    def results_of(self, ref: str) -> list[str]:
        """The files that are kept of a job, by name."""
        with db.session(db.FILES) as session:
            return list(session.exec(select(StoredFile.name).where(StoredFile.job_ref == ref)))


async def until(is_so: Callable[[], Any], what: str) -> None:
    """Wait until something is so; fail with `what` was waited for."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await asyncio.to_thread(is_so):  # noqa: ASYNC110 (no process tells us)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_SECONDS:g} s in vain until {what}") from None
