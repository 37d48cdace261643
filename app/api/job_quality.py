"""What a job's quality control counted, as a file for spreadsheets and a paper's supplement."""

import asyncio
from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import Response

from app.api.csv_files import csv_file
from app.api.session import CurrentActor
from app.domain.job_quality import quality_rows
from models import db
from models.threads import call

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

COLUMNS = ("kind", "name", "where", "value")


@router.get("/{job_ref}/quality.csv")
async def quality(job_ref: str, actor: CurrentActor) -> Response:
    """Send every number of a job's quality control: totals, reasons, chromosomes, chunks."""
    rows = await call(db.JOBS, quality_rows, actor=actor, job_ref=job_ref)
    return await asyncio.to_thread(csv_file, "quality.csv", COLUMNS, map(asdict, rows))
