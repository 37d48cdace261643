"""Incidents as a file, for spreadsheets and statistics."""

import asyncio
import csv
import io
import re
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response

from app.api.session import CurrentActor
from app.domain.incident_queries import IncidentFilter, IncidentRow, every_incident
from models import db
from models.threads import call

router = APIRouter(tags=["incidents"])

COLUMNS = (
    "service",
    "service_ref",
    "state",
    "layer",
    "cause",
    "started_at",
    "ended_at",
    "seconds",
    "acknowledged_at",
    "acknowledged_by",
    "note",
)
# A spreadsheet would compute a cell that begins so, and some texts come from a foreign service.
FORMULA = re.compile(r"^([=+\-@\t\r])")


@router.get("/api/incidents.csv")
async def incidents(
    actor: CurrentActor,
    state: str = "",
    service: str = "",
    open: Literal["", "yes", "no"] = "",
) -> Response:
    """Send the incidents of a filter, the latest first; times in UTC, open ones without an end."""
    is_open = {"yes": True, "no": False}.get(open)
    wanted = IncidentFilter(state=state, service_ref=service, is_open=is_open)
    rows = await call(db.REGISTRY, every_incident, actor=actor, wanted=wanted)
    content = await asyncio.to_thread(_csv, rows)
    headers = {
        "Content-Disposition": 'attachment; filename="incidents.csv"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: Sequence[IncidentRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    return text.getvalue()


def _cells(row: IncidentRow) -> list[str]:
    cells = (
        row.service_name,
        row.service_ref,
        row.state,
        row.layer,
        row.cause,
        row.started_at.isoformat(),
        row.ended_at.isoformat() if row.ended_at else "",
        str(round(row.duration.total_seconds())),
        row.acknowledged_at.isoformat() if row.acknowledged_at else "",
        row.acknowledged_by_name,
        row.note,
    )
    return [FORMULA.sub(r"'\1", cell) for cell in cells]
