"""Lists of administration, and reports of what was done to many objects at once, as files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from app.api.csv_files import Cell
from app.api.csv_spool import sent, spool
from app.api.session import CurrentActor
from app.domain.access import Actor, require
from app.domain.bulk_runs import every_outcome, run_of
from app.domain.exports import note_export
from app.resources.base import Column, LookUp, Resource
from app.resources.listing import Row, every_row
from app.resources.register import resource_named
from app.resources.wish import Wish, wish_of
from models import db
from models.threads import call

router = APIRouter(prefix="/api/admin", tags=["administration"])

REPORT = ("number", "id", "name", "done", "what was done, or why it was not")


@router.get("/{name}.csv")
async def resource_csv(name: str, request: Request, actor: CurrentActor) -> StreamingResponse:
    """Send every row that the address of the same list shows, on whichever page.

    Times are in UTC and sizes in bytes; the columns are those of the list and of the object's page.
    That somebody took them away is in the audit log before the first byte is sent.
    """
    resource = resource_named(name)
    require(actor, resource.permission)
    wish = wish_of(resource, request.query_params)
    read = partial(_rows, actor=actor, resource=resource, wish=wish)
    file, count = await call(resource.database, spool, _head(resource), read)
    await call(
        db.USERS,
        note_export,
        actor=actor,
        list_name=resource.name,
        title=resource.title,
        rows=count,
        query=wish.query(resource),
    )
    return sent(file, f"{resource.name}.csv")


@router.get("/reports/{run_ref}.csv")
async def report_csv(run_ref: str, actor: CurrentActor) -> StreamingResponse:
    """Send the report of one of the actor's own runs: a row per object."""
    run = await call(db.PLATFORM, run_of, actor=actor, ref=run_ref)
    read = partial(_outcomes, actor=actor, ref=run_ref)
    file, _ = await call(db.PLATFORM, spool, REPORT, read)
    return sent(file, f"{run.resource}-{run.action}.csv")


def _head(resource: Resource) -> list[str]:
    units = {"bytes": " (bytes)"}
    return ["Id", *[one.title + units.get(one.kind, "") for one in resource.columns]]


def _rows(
    session: db.Session, *, actor: Actor, resource: Resource, wish: Wish
) -> Iterator[Sequence[Sequence[Cell]]]:
    for rows in every_row(session, actor=actor, resource=resource, wish=wish):
        known = _looked_up(actor, resource, [row.ref for row in rows])
        yield [_cells(resource, row, known) for row in rows]


def _looked_up(
    actor: Actor, resource: Resource, refs: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """What other databases know of some rows, by the columns' names."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in resource.columns:
        if isinstance(one.value, LookUp):
            with db.session(one.value.database) as session:
                found[one.name] = one.value.read(session, actor, refs)
    return found


def _cells(resource: Resource, row: Row, known: Mapping[str, Mapping[str, Any]]) -> list[Cell]:
    return [
        row.ref,
        *[
            _cell(one, row.values.get(one.name, known.get(one.name, {}).get(row.ref)))
            for one in resource.columns
        ],
    ]


def _cell(column: Column, value: Any) -> Cell:
    """A value as a spreadsheet reads it: numbers stay numbers, and words read as on the page."""
    if value is None or isinstance(value, datetime):
        return value
    if column.kind == "word":
        word = column.words.get(str(value))
        return word.title if word else str(value)
    if column.kind == "flag":
        return "yes" if value else "no"
    if column.kind == "names":
        return "; ".join(str(one) for one in value)
    if column.kind == "json":
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return value if isinstance(value, int | float) else str(value)


def _outcomes(session: db.Session, *, actor: Actor, ref: str) -> Iterator[Sequence[Sequence[Cell]]]:
    for outcomes in every_outcome(session, actor=actor, ref=ref):
        yield [
            (one.place, one.target_ref, one.label, "yes" if one.is_done else "no", one.said)
            for one in outcomes
        ]
