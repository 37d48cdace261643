"""A person's saved views of the list that a tab shows."""

from dataclasses import replace
from typing import Any, TypedDict

import reflex as rx

from app.domain import saved_views
from app.domain.access import Actor, require
from app.resources.base import Resource
from app.resources.wish import wish_of
from app.states.calls import call
from app.states.guard import guarded
from app.states.resource_address import EVERYTHING, address, asked_here
from models import db


class ViewVar(TypedDict):
    """A saved view; `is_here` where the list shows it now."""

    ref: str
    name: str
    href: str
    is_default: bool
    is_here: bool


class ResourceViewsState(rx.State):
    """The views, and the dialog in which they are kept."""

    views: list[ViewVar] = []
    # Where the list is shown as a whole: an address that says nothing shows the default view.
    all_href: str = ""
    # Without them everything else goes on.
    is_away: bool = False
    is_open: bool = False
    _default: str = ""

    @guarded("")
    async def load(self, actor: Actor) -> rx.event.EventSpec | None:
        """Read the views; go to the default one where the address says nothing."""
        resource, _ = asked_here(self)
        require(actor, resource.permission)
        try:
            await self._read(actor, resource)
            self.is_away = False
        except db.UNAVAILABLE:
            self.views, self._default, self.is_away = [], "", True
        says_nothing = not self.router.url.query_parameters
        return rx.redirect(self._default, replace=True) if says_nothing and self._default else None

    @guarded("")
    async def open(self, actor: Actor, is_open: bool) -> None:
        """Open the dialog, or close it."""
        self.is_open = is_open is True

    @guarded("")
    async def save(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec:
        """Keep what the list shows under a name."""
        resource, wish = asked_here(self)
        require(actor, resource.permission)
        name = str(form.get("name", "")) if isinstance(form, dict) else ""
        await call(
            db.PLATFORM,
            saved_views.save_view,
            actor=actor,
            resource=resource.name,
            name=name,
            query=wish.query(resource),
        )
        await self._read(actor, resource)
        return rx.toast.success("The view is saved.")

    @guarded("")
    async def rename(self, actor: Actor, ref: str, name: str) -> None:
        """Call a view otherwise."""
        await self._change(actor, saved_views.rename_view, ref=str(ref), name=str(name))

    @guarded("")
    async def replace(self, actor: Actor, ref: str) -> rx.event.EventSpec:
        """Let a view hold what the list shows now."""
        resource, wish = asked_here(self)
        query = wish.query(resource)
        await self._change(actor, saved_views.replace_view, ref=str(ref), query=query)
        return rx.toast.success("The view is what the list shows now.")

    @guarded("")
    async def choose_default(self, actor: Actor, ref: str, yes: bool) -> None:
        """Begin with a view, or with everything again."""
        await self._change(actor, saved_views.choose_default, ref=str(ref), yes=yes is True)

    @guarded("")
    async def delete(self, actor: Actor, ref: str) -> None:
        """Delete a view."""
        await self._change(actor, saved_views.delete_view, ref=str(ref))

    async def _change(self, actor: Actor, change: Any, **named: Any) -> None:
        await call(db.PLATFORM, change, actor=actor, **named)
        await self._read(actor, asked_here(self)[0])

    async def _read(self, actor: Actor, resource: Resource) -> None:
        rows = await call(db.PLATFORM, saved_views.views_of, actor=actor, resource=resource.name)
        here = replace(asked_here(self)[1], number=1)
        wishes = {row.ref: wish_of(resource, row.query) for row in rows}
        hrefs = {
            ref: address(resource.path, wish.query(resource) or EVERYTHING)
            for ref, wish in wishes.items()
        }
        self.views = [
            ViewVar(
                ref=row.ref,
                name=row.name,
                href=hrefs[row.ref],
                is_default=row.is_default,
                is_here=wishes[row.ref] == here,
            )
            for row in rows
        ]
        self._default = next((hrefs[row.ref] for row in rows if row.is_default), "")
        self.all_href = address(resource.path, EVERYTHING)
