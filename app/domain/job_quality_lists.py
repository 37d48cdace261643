"""Counting the lists of a job's quality control that are here, once all results are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlmodel import Session, col, select

from app.domain import store
from app.domain.job_queue import Claim, claimed_job
from app.domain.qc_files import is_list, read_list
from models import db
from models.jobs import JobResult

# Only so much of a list is read; one of a whole genome has some hundred megabytes.
LONGEST_LIST = 512 * 1024**2


@dataclass(frozen=True)
class QualityList:
    """A list, by its name and where it is."""

    name: str
    path: Path


def quality_lists(session: Session, claim: Claim) -> list[QualityList]:
    """The lists among a job's results that are here."""
    claimed_job(session, claim)
    found = session.exec(
        select(JobResult.name, JobResult.sha256)
        .where(
            JobResult.job_id == claim.job_id,
            JobResult.state == "fetched",
            col(JobResult.file_ref) != "",
        )
        .order_by(col(JobResult.id))
    )
    return [QualityList(name, store.path_of(sha256)) for name, sha256 in found if is_list(name)]


def count_lists(lists: Sequence[QualityList]) -> dict[str, Any]:
    """What lists tell together, by the names of `QcStatistics`; for a thread of its own."""
    found: dict[str, Any] = {}
    for one in lists:
        with one.path.open("rb") as file:
            lines = (line.decode(errors="replace") for line in _bounded(file))
            told = read_list(one.name, lines)
        if by_chromosome := told.get("by_chromosome"):
            told["by_chromosome"] = found.get("by_chromosome", {}) | by_chromosome
        found |= told
    return found


def record_counts(session: Session, claim: Claim, *, counts: dict[str, Any]) -> None:
    """Keep what lists told with the job."""
    job = claimed_job(session, claim)
    job.qc_statistics = {**job.qc_statistics, **counts}
    session.add(job)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def _bounded(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, no longer than can be of use, and of no more than `LONGEST_LIST`."""
    read = 0
    while read < LONGEST_LIST and (line := file.readline(65_536)):
        read += len(line)
        yield line
