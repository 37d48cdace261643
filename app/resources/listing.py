"""Lists of any resource: searched, filtered, sorted and paged in one SQL statement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ClauseElement, Select, func, not_, or_, select
from sqlalchemy.orm import QueryableAttribute
from sqlmodel import Session

from app.domain.access import Actor, require
from app.domain.errors import NotFound
from app.domain.paging import PAGE_SIZE, Page, page_bounds
from app.resources.base import Action, Column, Filter, LookUp, Resource
from app.resources.people_names import people_called
from app.resources.wish import Wish
from models.base import now

# Rows that a CSV reads at once.
BATCH = 1000


@dataclass(frozen=True)
class Row:
    """An object: its values and places to go by the columns' names, and the actions offered."""

    ref: str
    label: str
    values: Mapping[str, Any]
    hrefs: Mapping[str, str]
    actions: Sequence[str]


def list_rows(
    session: Session,
    *,
    actor: Actor,
    resource: Resource,
    wish: Wish,
    among: Any = None,
    columns: Sequence[Column] | None = None,
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """One page of what the actor may see of a resource; the last one where there are fewer.

    `among` is a further condition, such as belonging to another object.
    """
    require(actor, resource.permission)
    wanted = _conditions(resource, actor, wish, among)
    number, size = page_bounds(wish.number, size)
    counted = select(func.count()).select_from(resource.source).where(*wanted)
    total = session.execute(counted).scalar_one()
    number = min(number, max(1, -(-total // size)))
    shown = [one for one in resource.columns if one.in_list] if columns is None else columns
    found = _select(resource, actor, shown).where(*wanted).order_by(*_order(resource, wish))
    rows = session.execute(found.offset((number - 1) * size).limit(size))
    return Page([_row(resource, actor, shown, one) for one in rows], total, number, size)


def get_row(
    session: Session, *, actor: Actor, resource: Resource, ref: str, among: Any = None
) -> Row:
    """One object with all its columns."""
    require(actor, resource.permission)
    wanted = [*_conditions(resource, actor, Wish(), among), resource.ref == ref]
    found = session.execute(_select(resource, actor, resource.columns).where(*wanted)).first()
    if found is None:
        raise NotFound(resource.one)
    return _row(resource, actor, resource.columns, found)


def refs_matching(
    session: Session,
    *,
    actor: Actor,
    resource: Resource,
    wish: Wish,
    limit: int,
    among: Any = None,
) -> list[tuple[str, str]]:
    """The (ref, label) of every object that matches, on whichever page, at most `limit`."""
    require(actor, resource.permission)
    found = (
        select(resource.ref, resource.label)
        .select_from(resource.source)
        .where(*_conditions(resource, actor, wish, among))
        .order_by(*_order(resource, wish))
        .limit(limit)
    )
    return [(ref, str(label)) for ref, label in session.execute(found)]


def every_row(
    session: Session, *, actor: Actor, resource: Resource, wish: Wish
) -> Iterator[Sequence[Row]]:
    """All matching objects with all their columns, some at a time, as they are at one moment."""
    require(actor, resource.permission)
    columns = resource.columns
    found = (
        _select(resource, actor, columns)
        .where(*_conditions(resource, actor, wish))
        .order_by(*_order(resource, wish))
    )
    streamed = session.execute(found.execution_options(yield_per=BATCH))
    for rows in streamed.partitions():
        yield [_row(resource, actor, columns, one) for one in rows]


def offered(resource: Resource, actor: Actor) -> list[Action]:
    """The actions that the actor has the permission for."""
    return [action for action in resource.actions if actor.may(action.permission)]


def sql(given: Any) -> Any:
    """An SQL expression, or what a function makes of the settings of now."""
    return given if isinstance(given, ClauseElement | QueryableAttribute) else given()


def _select(resource: Resource, actor: Actor, columns: Sequence[Column]) -> Select[Any]:
    chosen = [resource.ref.label("_ref"), resource.label.label("_label")]
    chosen += [one.value.label(one.name) for one in columns if not isinstance(one.value, LookUp)]
    chosen += [one.link.label(f"_link_{one.name}") for one in columns if one.link is not None]
    chosen += [
        sql(action.when).label(f"_may_{action.name}")
        for action in offered(resource, actor)
        if action.when is not None
    ]
    return select(*chosen).select_from(resource.source)


def _row(resource: Resource, actor: Actor, columns: Sequence[Column], found: Any) -> Row:
    values = found._mapping
    return Row(
        ref=values["_ref"],
        label=str(values["_label"]),
        values={one.name: values[one.name] for one in columns if one.name in values},
        hrefs={one.name: href for one in columns if (href := _href(one, values))},
        actions=[
            action.name
            for action in offered(resource, actor)
            if action.when is None or values[f"_may_{action.name}"]
        ],
    )


def _href(column: Column, values: Mapping[Any, Any]) -> str:
    """Where a cell leads; nowhere without a link to lead to."""
    link = values.get(f"_link_{column.name}", "")
    is_known = column.link is None or link
    return column.href.format(ref=values["_ref"], link=link) if column.href and is_known else ""


def _order(resource: Resource, wish: Wish) -> tuple[Any, ...]:
    sort = wish.sort or resource.sort
    value = resource.column(sort.removeprefix("-")).value
    if sort.startswith("-"):
        return value.desc().nulls_last(), resource.ref.desc()
    return value.asc().nulls_last(), resource.ref.asc()


def _conditions(resource: Resource, actor: Actor, wish: Wish, among: Any = None) -> list[Any]:
    conditions = list(resource.reach(actor)) if resource.reach else []
    for word in wish.text.split():
        conditions.append(or_(*(one.icontains(word, autoescape=True) for one in resource.search)))
    for one in resource.filters:
        conditions += _narrowed(one, wish.filters)
    return conditions if among is None else [*conditions, among]


def _narrowed(one: Filter, said: Mapping[str, str]) -> list[Any]:
    if one.kind == "days":
        return [
            *_since(one, said.get(f"{one.name}_from")),
            *_until(one, said.get(f"{one.name}_to")),
        ]
    value = said.get(one.name, "")
    if not value:
        return []
    if one.kind == "flag":
        return [sql(one.value) if value == "yes" else not_(sql(one.value))]
    if one.kind == "text":
        return [one.value.icontains(value, autoescape=True)]
    if one.kind == "person":
        return [one.value.in_(people_called(value))]
    return [one.value == value]


def _since(one: Filter, day: str | None) -> list[Any]:
    return [one.value >= _midnight(date.fromisoformat(day))] if day else []


def _until(one: Filter, day: str | None) -> list[Any]:
    return [one.value < _midnight(date.fromisoformat(day)) + timedelta(days=1)] if day else []


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=now().tzinfo)
