"""The history of a service's layers and of its changes as files, for spreadsheets."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response

from app.api.session import CurrentActor
from app.domain.service_changes import changes_of
from app.domain.service_layers import layer_history
from models import db
from models.threads import call

router = APIRouter(prefix="/api/services")

LAYER_COLUMNS = ("layer", "verdict", "since", "until", "detail")
CHANGE_COLUMNS = ("at", "kind", "text", "name", "before", "after")
MOST_ROWS = 20_000
# A spreadsheet would compute a cell that begins so, and the text comes from a foreign service.
FORMULA = re.compile(r"^([=+\-@\t\r])")


@router.get("/{service_ref}/layers.csv")
async def layers(service_ref: str, actor: CurrentActor) -> Response:
    """Send the stretches of all layers, newest first; times in UTC, no end where it is still so."""
    wanted = {"actor": actor, "service_ref": service_ref, "limit": MOST_ROWS}
    rows = await call(db.REGISTRY, layer_history, **wanted)
    cells = (
        (row.layer, row.verdict, row.since.isoformat(), _iso(row.until), row.detail) for row in rows
    )
    return _file("layers.csv", LAYER_COLUMNS, cells)


@router.get("/{service_ref}/changes.csv")
async def changes(service_ref: str, actor: CurrentActor) -> Response:
    """Send the changes, newest first, a row for each part of each: before and after."""
    wanted = {"actor": actor, "service_ref": service_ref, "limit": MOST_ROWS}
    rows = await call(db.REGISTRY, changes_of, **wanted)
    cells = (
        (row.at.isoformat(), row.kind, row.text, name, _cell(before), _cell(after))
        for row in rows
        for name, (before, after) in (row.changes or {"": ("", "")}).items()
    )
    return _file("changes.csv", CHANGE_COLUMNS, cells)


def _file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([FORMULA.sub(r"'\1", str(cell)) for cell in row] for row in rows)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
