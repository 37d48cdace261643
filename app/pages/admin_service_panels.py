"""Bringing a service's panels here: preview what it offers, choose, apply."""

import json
from collections.abc import Sequence
from typing import Any

import reflex as rx

from app.components.frame import notice, section
from app.connectors.offers import PanelOffer
from app.domain import panel_sync
from app.domain.access import SERVICE_MANAGE, Actor
from app.domain.errors import Conflict, PlatformError
from app.domain.panel_offers import offer_as_json, offer_of
from app.pages.admin_service_terms import AdminTermsState
from app.pages.offered_panels import offered_panels
from app.states.calls import call
from app.states.guard import guarded
from app.states.panel_sync_item import (
    GroupItem,
    PanelChangeItem,
    done_text,
    group_items,
    unchanged_text,
)
from app.states.route import route_argument
from models import db

# Before a panel's id in the name of its check box.
TICK = "panel-"


class PanelSyncState(rx.State):
    """What the service in the URL offered when it was asked, and what that would change here."""

    groups: list[GroupItem] = []
    unchanged: str = ""
    done: str = ""
    problem: str = ""
    is_asking: bool = False
    is_seen: bool = False
    is_there: bool = False
    _service_ref: str = ""
    # The offers that the person saw: what is applied is these, and not what is offered by then.
    _offers: str = "[]"
    _previewed: str = ""

    @guarded(SERVICE_MANAGE)
    async def load(self, actor: Actor) -> None:
        """Begin anew for another service."""
        service_ref = route_argument(self, "service_ref")
        self.is_there = service_ref != "new"
        if service_ref != self._service_ref:
            self._service_ref = service_ref
            self._forget()

    @guarded(SERVICE_MANAGE, background=True)
    async def preview(self, actor: Actor) -> None:
        """Ask the service for its panels and show what they would change."""
        async with self:
            if self.is_asking:
                return
            self._forget()
            service_ref, self.is_asking = self._service_ref, True
        try:
            offers = await offered_panels(actor, service_ref)
            wanted = {"actor": actor, "service_ref": service_ref, "offers": offers}
            diff = await call(db.REGISTRY, panel_sync.preview, **wanted)
        except PlatformError as error:
            async with self:
                self.problem = error.message
            return
        finally:
            async with self:
                self.is_asking = False
        async with self:
            if service_ref == self._service_ref:
                self._show(offers, diff)

    @guarded(SERVICE_MANAGE)
    async def apply(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Do what is ticked, exactly as it was previewed."""
        given = form if isinstance(form, dict) else {}
        known = [panel["panel_id"] for group in self.groups for panel in group["panels"]]
        try:
            diff = await call(
                db.REGISTRY,
                panel_sync.apply,
                actor=actor,
                service_ref=self._service_ref,
                offers=[offer for kept in json.loads(self._offers) if (offer := offer_of(kept))],
                panel_ids=[one for one in known if given.get(TICK + one) == "on"],
                previewed=self._previewed,
            )
        except Conflict as error:
            self._forget()
            self.problem = error.message
            return None
        self._forget()
        self.done = done_text(diff)
        # Panels come with their terms.
        return AdminTermsState.load

    def _show(self, offers: Sequence[PanelOffer], diff: panel_sync.PanelDiff) -> None:
        self._offers = json.dumps([offer_as_json(offer) for offer in offers])
        self._previewed, self.is_seen = diff.fingerprint, True
        self.groups, self.unchanged = group_items(diff), unchanged_text(diff.unchanged)

    def _forget(self) -> None:
        self.groups, self._offers, self._previewed = [], "[]", ""
        self.unchanged, self.done, self.problem, self.is_seen = "", "", "", False


def _panel(panel: PanelChangeItem) -> rx.Component:
    told = rx.el.details(
        rx.el.summary(panel.told, class_name="summary"),
        rx.el.ul(rx.foreach(panel.lines, lambda line: rx.el.li(rx.text(line, size="2")))),
        class_name="change-details",
    )
    return rx.el.li(
        rx.el.label(
            rx.el.input(type="checkbox", name=TICK + panel.panel_id, default_checked=True),
            rx.el.span(
                rx.text(panel.name, as_="span", size="2", weight="medium"),
                rx.text(panel.panel_id, as_="span", size="1", class_name="mono muted"),
                class_name="row",
            ),
            class_name="tick",
        ),
        rx.cond(panel.note, rx.text(panel.note, size="2", class_name="muted")),
        rx.cond(panel.told, told),
        key=panel.panel_id,
    )


def _group(group: GroupItem) -> rx.Component:
    return rx.el.div(
        rx.heading(group.title, " (", group.panels.length(), ")", as_="h3", size="2"),
        rx.el.ul(rx.foreach(group.panels, _panel), class_name="plain-list"),
        class_name="stack",
        key=group.kind,
    )


def _preview() -> rx.Component:
    state = PanelSyncState
    choose = rx.form(
        rx.foreach(state.groups, _group),
        rx.el.div(rx.button("Apply what is ticked", type="submit"), class_name="row"),
        on_submit=state.apply,
        class_name="stack",
    )
    nothing = notice(
        "The panels here are as the service offers them.", color="green", icon="circle-check"
    )
    return rx.el.div(
        rx.cond(state.groups, choose, nothing),
        rx.cond(state.unchanged, rx.text(state.unchanged, size="2", class_name="muted")),
        class_name="stack",
    )


def panel_sync_section() -> rx.Component:
    """The section of a service's administration with its panels as the service offers them."""
    state = PanelSyncState
    why = rx.text(
        "The service is asked for its panels, and you see what is new, changed and gone before "
        "anything changes here. What people decided of a panel stays; no panel is deleted.",
        size="2",
        class_name="muted",
    )
    ask = rx.button(
        rx.icon("refresh-cw", size=15, aria_hidden="true"),
        "Preview the panels",
        on_click=state.preview,
        loading=state.is_asking,
    )
    told = rx.el.div(
        rx.cond(
            state.problem,
            notice(state.problem, color="amber", icon="triangle-alert", role="alert"),
        ),
        rx.cond(state.done, notice(state.done, color="green", icon="circle-check")),
        rx.cond(state.is_seen, _preview()),
        aria_live="polite",
    )
    content = rx.el.div(why, rx.el.div(ask, class_name="row"), told, class_name="stack")
    return rx.cond(
        state.is_there, rx.el.div(section("Sync panels", content), id="panels", width="100%")
    )
