"""A service's checks as a file, for spreadsheets and statistics."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.api.session import CurrentActor
from app.domain import probes
from models import db
from models.base import now
from models.threads import call

router = APIRouter(prefix="/api/services")

LONGEST_HOURS = 24 * 366
# A spreadsheet would compute a cell that begins so, and the text comes from a foreign service.
FORMULA = r"^([=+\-@\t\r])"

Hours = Annotated[int, Query(ge=1, le=LONGEST_HOURS)]


@router.get("/{service_ref}/checks.csv")
async def checks(service_ref: str, actor: CurrentActor, hours: Hours = 24) -> Response:
    """Send the checks of the last hours, oldest first: time (UTC), health, milliseconds, error."""
    since = now() - timedelta(hours=hours)
    rows = await call(
        db.REGISTRY, probes.history, actor=actor, service_ref=service_ref, since=since
    )
    content = await asyncio.to_thread(_csv, rows)
    headers = {
        "Content-Disposition": 'attachment; filename="checks.csv"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: list[probes.ProbeRow]) -> str:
    # Imported here, because most web processes never need it and it takes 50 MB.
    import pandas as pd

    columns = ["checked_at", "health_status", "response_time_ms", "error_message"]
    table = pd.DataFrame(rows, columns=columns)
    table["error_message"] = table["error_message"].str.replace(FORMULA, r"'\1", regex=True)
    return str(table.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ"))
