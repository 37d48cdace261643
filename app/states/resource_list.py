"""The list of any resource: what its address asks for is what the tab holds, and nothing else."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from app.domain.access import Actor
from app.resources.base import Resource
from app.resources.listing import list_rows, offered
from app.resources.register import resource_named
from app.resources.wish import Wish, wish_of
from app.states.calls import call
from app.states.guard import guarded
from app.states.resource_cells import ResourceRow, resource_rows
from models import db

ANY = "any"


class ResourceListState(rx.State):
    """One page of a list, and what it was looked for with."""

    rows: list[ResourceRow] = []
    choices: dict[str, list[tuple[str, str]]] = {}
    # The actions that the actor may do to some row.
    offered: list[str] = []
    text: str = ""
    said: dict[str, str] = {}
    sort: str = ""
    number: int = 1
    pages: int = 1
    total: int = 0
    # The list that the rows are of: another one's are not shown while it loads.
    shown: str = ""
    csv_href: str = ""

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read the page that the address asks for."""
        resource, wish = self._asked()
        found = await call(resource.database, list_rows, actor=actor, resource=resource, wish=wish)
        columns = [one for one in resource.columns if one.in_list]
        self.rows = await resource_rows(resource, actor, found.rows, columns)
        self.choices = await call(resource.database, _choices, actor, resource)
        self.offered = [one.name for one in offered(resource, actor)]
        self.text, self.said, self.sort = wish.text, dict(wish.filters), wish.sort
        self.number, self.pages, self.total = found.number, found.last_number, found.total
        self.csv_href = _address(f"/api/admin/{resource.name}.csv", wish.query(resource))
        self.shown = resource.name

    @guarded("")
    async def find(self, actor: Actor, text: str) -> rx.event.EventSpec:
        """Look for words."""
        return self._go(text=str(text)[:200], replace=True)

    @guarded("")
    async def narrow(self, actor: Actor, name: str, value: str) -> rx.event.EventSpec:
        """Narrow the list by a filter, or no more by it."""
        _, wish = self._asked()
        said = {**wish.filters, str(name): "" if value == ANY else str(value)}
        return self._go(filters=said)

    @guarded("")
    async def sort_by(self, actor: Actor, column: str) -> rx.event.EventSpec:
        """Sort by a column, the other way round if it is sorted by it already."""
        _, wish = self._asked()
        return self._go(sort=f"-{column}" if wish.sort == column else str(column))

    @guarded("")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page."""
        return self._go(number=number if isinstance(number, int) else 1)

    @guarded("")
    async def clear(self, actor: Actor) -> rx.event.EventSpec:
        """Show everything again, in the usual order."""
        return rx.redirect(self._asked()[0].path)

    def _asked(self) -> tuple[Resource, Wish]:
        """The list of the address, and what the address asks of it."""
        path = self.router.url.path.strip("/").split("/")
        resource = resource_named(path[1] if len(path) > 1 else "")
        return resource, wish_of(resource, self.router.url.query_parameters)

    def _go(self, *, replace: bool = False, **changes: Any) -> rx.event.EventSpec:
        """Go to the address of the same list with something changed, from its first page on."""
        resource, wish = self._asked()
        wanted = {**wish.__dict__, "number": 1, **changes}
        return rx.redirect(_address(resource.path, Wish(**wanted).query(resource)), replace=replace)

    @rx.var
    def is_descending(self) -> bool:
        """Whether the order goes down."""
        return self.sort.startswith("-")

    @rx.var
    def sorted_by(self) -> str:
        """The name of the column that the rows are sorted by."""
        return self.sort.removeprefix("-")

    @rx.var
    def is_narrowed(self) -> bool:
        """Whether a search or a filter may be the reason for an empty page."""
        return bool(self.text or self.said)


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _choices(
    session: db.Session, actor: Actor, resource: Resource
) -> dict[str, list[tuple[str, str]]]:
    """What each filter by choice offers now."""
    return {
        one.name: list(
            (one.choices(session, actor) if callable(one.choices) else one.choices).items()
        )
        for one in resource.filters
        if one.kind == "choice"
    }
