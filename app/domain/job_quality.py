"""A job's quality control as rows for a file."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, select

from app.domain.access import Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.qc_statistics import QcStatistics, kept_and_excluded, statistics_of
from models.jobs import Job


@dataclass(frozen=True)
class QualityRow:
    """A number of a quality control.

    `kind` is `total`, `sites` (by reason), `excluded` (by reason and chromosome) or `chunk` (sites
    of a region that was left out).
    """

    kind: str
    name: str
    where: str
    value: float


def quality_rows(session: Session, *, actor: Actor, job_ref: str) -> list[QualityRow]:
    """Every number of a job's quality control; empty where its service told none."""
    require(actor, "job:read")
    job = session.exec(select(Job).where(Job.ref == job_ref)).first()
    if job is None:
        raise NotFound("job")
    require_own(actor, "job:read", owner_ref=job.owner_ref, what="job")
    known = statistics_of(job.qc_statistics)
    return [*_rows(known)] if known else []


def _rows(known: QcStatistics) -> Iterator[QualityRow]:
    totals = ("samples", "variants", "chunks", "chunks_excluded", "overlap", "match", "ambiguous")
    for name in (*totals, "frequent_alternative", "excluded", "remaining", "typed_only"):
        if (value := getattr(known, name)) is not None:
            yield QualityRow("total", name, "", value)
    for title, count in kept_and_excluded(known):
        yield QualityRow("sites", title, "", count)
    for reason, places in known.by_chromosome.items():
        for place, count in places.items():
            yield QualityRow("excluded", reason, place, count)
    for chunk in known.excluded_chunks:
        yield QualityRow("chunk", "sites", chunk["region"], chunk["snps"])
