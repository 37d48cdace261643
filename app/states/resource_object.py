"""The object that a page of administration is about, with what belongs to it."""

from typing import TypedDict

import reflex as rx

from app.domain.access import Actor
from app.domain.errors import NotFound
from app.resources.base import Column, Inline
from app.resources.listing import get_row, list_rows
from app.resources.wish import Wish
from app.states.calls import call
from app.states.guard import guarded
from app.states.object_here import object_here
from app.states.outages import Parts
from app.states.resource_cells import ResourceRow, resource_rows

NO_ROW = ResourceRow(ref="", label="", href="", cells=[], actions=[])


class InlineVar(TypedDict):
    """One page of the related objects, and whether the person may see them."""

    may_see: bool
    rows: list[ResourceRow]
    number: int
    pages: int
    total: int


NO_INLINE = InlineVar(may_see=False, rows=[], number=1, pages=1, total=0)


class ResourceObjectState(rx.State):
    """The object of the address. `shown` is the path it was read for."""

    row: ResourceRow = NO_ROW
    inlines: list[InlineVar] = []
    shown: str = ""
    is_missing: bool = False
    _numbers: dict[int, int] = {}

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read the object and its related objects."""
        path = self.router.url.path.rstrip("/")
        resource, ref = object_here(path)
        if self.shown != path:
            self.row, self.inlines, self._numbers = NO_ROW, [], {}
        self.shown, self.is_missing = path, False
        try:
            found = await call(resource.database, get_row, actor=actor, resource=resource, ref=ref)
        except NotFound:
            self.row, self.is_missing = NO_ROW, True
            return
        self.row = (await resource_rows(resource, actor, [found], resource.columns))[0]
        await self._read_inlines(actor, resource.inlines, ref)

    @guarded("")
    async def go(self, actor: Actor, place: int, number: int) -> None:
        """Show another page of one of the related lists."""
        resource, ref = object_here(self.router.url.path)
        if isinstance(place, int) and isinstance(number, int):
            self._numbers = {**self._numbers, place: number}
        await self._read_inlines(actor, resource.inlines, ref)

    async def _read_inlines(
        self, actor: Actor, inlines: "list[Inline] | tuple[Inline, ...]", ref: str
    ) -> None:
        parts, read = Parts(), [NO_INLINE for _ in inlines]
        for place, inline in enumerate(inlines):
            with parts:
                read[place] = await _inline(actor, inline, ref, self._numbers.get(place, 1))
        self.inlines = read
        parts.settle()


def columns_of(inline: Inline) -> list[Column]:
    """The columns that an inline shows."""
    child = inline.resource()
    if inline.columns:
        return [child.column(name) for name in inline.columns]
    return [one for one in child.columns if one.in_list]


async def _inline(actor: Actor, inline: Inline, ref: str, number: int) -> InlineVar:
    child, columns = inline.resource(), columns_of(inline)
    if not actor.may(child.permission):
        return NO_INLINE
    found = await call(
        child.database,
        list_rows,
        actor=actor,
        resource=child,
        wish=Wish(sort=child.sort, number=number),
        among=inline.parent == ref,
        columns=columns,
    )
    rows = await resource_rows(child, actor, found.rows, columns)
    return InlineVar(
        may_see=True, rows=rows, number=found.number, pages=found.last_number, total=found.total
    )
