"""The list of any resource: what its address asks for is what the tab holds, and nothing else."""

from typing import Any

import reflex as rx

from app.domain.access import Actor
from app.resources.base import Resource
from app.resources.listing import list_rows, offered
from app.resources.wish import LONGEST, Wish
from app.states.calls import call
from app.states.guard import guarded
from app.states.resource_address import EVERYTHING, address, asked_here
from app.states.resource_cells import ResourceRow, resource_rows
from app.states.resource_chips import Chip, chips_of
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
    chips: list[Chip] = []
    # Counts how often the text was changed by something else than typing, such as a saved view.
    turn: int = 0
    sort: str = ""
    number: int = 1
    pages: int = 1
    total: int = 0
    # The list that the rows are of: another one's are not shown while it loads.
    shown: str = ""
    csv_href: str = ""
    # What is being typed, until it is in the address.
    _typed: str | None = None

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read the page that the address asks for."""
        resource, wish = asked_here(self)
        found = await call(resource.database, list_rows, actor=actor, resource=resource, wish=wish)
        columns = [one for one in resource.columns if one.in_list]
        self.rows = await resource_rows(resource, actor, found.rows, columns)
        self.choices = await call(resource.database, _choices, actor, resource)
        self.offered = [one.name for one in offered(resource, actor)]
        self._follow(wish.text)
        self.text, self.said, self.sort = wish.text, dict(wish.filters), wish.sort
        self.chips = chips_of(resource, wish, self.choices)
        self.number, self.pages, self.total = found.number, found.last_number, found.total
        self.csv_href = address(f"/api/admin/{resource.name}.csv", wish.query(resource))
        self.shown = resource.name

    @guarded("")
    async def find(self, actor: Actor, text: str) -> rx.event.EventSpec:
        """Look for words."""
        self._typed = str(text)[:LONGEST].strip()
        return self._go(text=self._typed, replace=True)

    @guarded("")
    async def narrow(self, actor: Actor, name: str, value: str) -> rx.event.EventSpec:
        """Narrow the list by a filter, or no more by it."""
        _, wish = asked_here(self)
        said = {**wish.filters, str(name): "" if value == ANY else str(value)}
        return self._go(filters=said)

    @guarded("")
    async def drop(self, actor: Actor, name: str) -> rx.event.EventSpec:
        """Narrow the list no more by something."""
        _, wish = asked_here(self)
        kept = {key: value for key, value in wish.filters.items() if key != name}
        return self._go(filters=kept, text="" if name == "q" else wish.text)

    @guarded("")
    async def sort_by(self, actor: Actor, column: str) -> rx.event.EventSpec:
        """Sort by a column, the other way round if it is sorted by it already."""
        _, wish = asked_here(self)
        return self._go(sort=f"-{column}" if wish.sort == column else str(column))

    @guarded("")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page."""
        return self._go(number=number if isinstance(number, int) else 1)

    @guarded("")
    async def clear(self, actor: Actor) -> rx.event.EventSpec:
        """Show everything again, in the usual order."""
        return rx.redirect(address(asked_here(self)[0].path, EVERYTHING))

    def _follow(self, text: str) -> None:
        """Let the search box show a text that was not typed there; a typist is left in peace."""
        if self._typed is None and text != self.text:
            self.turn += 1
        if self._typed == text:
            self._typed = None

    def _go(self, *, replace: bool = False, **changes: Any) -> rx.event.EventSpec:
        """Go to the address of the same list with something changed, from its first page on."""
        resource, wish = asked_here(self)
        wanted = {**wish.__dict__, "number": 1, **changes}
        return rx.redirect(
            address(resource.path, Wish(**wanted).query(resource) or EVERYTHING), replace=replace
        )

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
