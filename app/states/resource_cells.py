"""What a page shows of an object: each of its columns as a text, and the places to go."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from app.domain.access import Actor
from app.domain.uploads import words
from app.resources.base import Column, LookUp, Resource
from app.resources.listing import Row
from app.states.calls import call


class Cell(TypedDict):
    """A value of a column, ready to read; empty where nothing is known."""

    text: str
    href: str


class ResourceRow(TypedDict):
    """An object with its cells in the order of the columns, and the actions it is offered."""

    ref: str
    label: str
    href: str
    cells: list[Cell]
    actions: list[str]


async def resource_rows(
    resource: Resource, actor: Actor, rows: Sequence[Row], columns: Sequence[Column]
) -> list[ResourceRow]:
    """The rows as a page shows them, with what other databases know of them."""
    known = await _looked_up(actor, columns, [row.ref for row in rows])
    return [
        ResourceRow(
            ref=row.ref,
            label=row.label,
            href=resource.href_of(row.ref),
            cells=[
                Cell(
                    text=as_text(one, {**row.values, **known.get(row.ref, {})}.get(one.name)),
                    href=row.hrefs.get(one.name, ""),
                )
                for one in columns
            ],
            actions=list(row.actions),
        )
        for row in rows
    ]


async def _looked_up(
    actor: Actor, columns: Sequence[Column], refs: Sequence[str]
) -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in columns:
        if refs and isinstance(one.value, LookUp):
            read = await call(one.value.database, one.value.read, actor, refs)
            for ref, value in read.items():
                found.setdefault(ref, {})[one.name] = value
    return found


def as_text(column: Column, value: Any) -> str:
    """A value as its column's kind writes it."""
    if value is None:
        return ""
    write = WRITTEN.get(column.kind)
    if write:
        return write(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)


WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "bytes": lambda value: words(int(value)),
    "number": lambda value: f"{value:,}",
    "flag": lambda value: "yes" if value else "no",
    "names": lambda value: ", ".join(str(one) for one in value),
    "json": _json,
}
