"""All services at a glance: health, speed, place, panels and queue."""

import reflex as rx

from app.components.beats import beats
from app.components.frame import empty_state, link_button, page_header, skeleton
from app.components.moment import moment
from app.components.status import HEALTH_STATES, badge, health_status
from app.components.table import WIDE, column, table
from app.domain import probe_schedule, probes
from app.domain.access import Actor
from app.domain.services import list_services
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import BEATS, ServiceItem, service_item
from app.states.session import SessionState
from models import db

ANY = "any"
HEALTH_FILTER = ("up", "degraded", "authorisation_needed", "down", "unknown")


class ServicesState(rx.State):
    """The rows of the page and what is looked for."""

    services: list[ServiceItem] = []
    search: str = ""
    wanted_health: str = ANY
    is_loaded: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the services that match the filter."""
        state = "" if self.wanted_health == ANY else self.wanted_health
        rows = await call(
            db.REGISTRY, list_services, actor=actor, search=self.search, health_status=state
        )
        strips = await call(db.REGISTRY, probes.recent_states, actor=actor, limit=BEATS)
        self.services = [service_item(row, strips.get(row.ref, ())) for row in rows]
        self.is_loaded = True

    @guarded("service:read")
    async def find(self, actor: Actor, search: str) -> rx.event.EventSpec:
        """Look for services by name, location or country."""
        self.search = str(search)[:100]
        return ServicesState.load

    @guarded("service:read")
    async def choose_health(self, actor: Actor, state: str) -> rx.event.EventSpec:
        """Show the services in one state."""
        self.wanted_health = state if state in HEALTH_FILTER else ANY
        return ServicesState.load

    @guarded("service:read")
    async def check(self, actor: Actor, service_ref: str) -> rx.event.EventSpec:
        """Ask the worker to check a service now."""
        await call(db.REGISTRY, probe_schedule.ask, actor=actor, service_ref=str(service_ref))
        return rx.toast.info("The check is on its way; the row changes when the answer is there.")

    @rx.var
    def is_filtered(self) -> bool:
        """Whether a filter may be the reason for an empty page."""
        return bool(self.search) or self.wanted_health != ANY


def _filters() -> rx.Component:
    options = [rx.select.item(HEALTH_STATES[state][0], value=state) for state in HEALTH_FILTER]
    return rx.el.div(
        rx.input(
            rx.input.slot(rx.icon("search", size=14, aria_hidden="true")),
            placeholder="Name, location or country",
            on_change=ServicesState.find.debounce(300),
            aria_label="Search services",
            width="280px",
        ),
        rx.select.root(
            rx.select.trigger(aria_label="Health"),
            rx.select.content(rx.select.item("Any health", value=ANY), *options),
            value=ServicesState.wanted_health,
            on_change=ServicesState.choose_health,
        ),
        class_name="row",
    )


def _name(item: ServiceItem) -> rx.Component:
    return rx.table.row_header_cell(
        rx.link(item.name, href="/services/" + item.ref, weight="medium", high_contrast=True),
        rx.cond(item.is_simulation, rx.box(badge("Simulation", "purple", "flask-conical"))),
        rx.cond(item.problem, rx.text(item.problem, size="1", class_name="muted row-problem")),
    )


def _row(item: ServiceItem) -> rx.Component:
    check = rx.icon_button(
        rx.icon("refresh-cw", size=14),
        on_click=ServicesState.check(item.ref),
        variant="ghost",
        color_scheme="gray",
        high_contrast=True,
        aria_label="Check " + item.name + " now",
        disabled=~item.is_active,
    )
    return rx.table.row(
        _name(item),
        rx.table.cell(health_status(item.health)),
        rx.table.cell(beats(item.beats, item.beats_summary), display=WIDE),
        rx.table.cell(item.response, align="right"),
        rx.table.cell(moment(item.checked_at), display=WIDE, white_space="nowrap"),
        rx.table.cell(item.place, display=WIDE, white_space="nowrap"),
        rx.table.cell(item.panels, align="right", display=WIDE),
        rx.table.cell(item.queue, display=WIDE, white_space="nowrap"),
        rx.table.cell(check, display=WIDE),
        align="center",
    )


def _nothing() -> rx.Component:
    add = link_button("Add a service", "/admin/services/new")
    may_add = SessionState.permissions.contains("service:write")
    return rx.cond(
        ServicesState.is_filtered,
        empty_state("search-x", "No service matches", "Change the search or the health filter."),
        empty_state(
            "server",
            "No services yet",
            "A service computes imputations for you. An administrator adds it by its address.",
            rx.cond(may_add, add),
        ),
    )


@page("/services", title="Services", on_load=ServicesState.load, live="imputation_services")
def services() -> rx.Component:
    """Show every service with its health."""
    columns = (
        "Service",
        "Health",
        column("Latest checks", is_wide=True),
        column("Response", align="right"),
        column("Last check", is_wide=True),
        column("Location", is_wide=True),
        column("Panels", align="right", is_wide=True),
        column("Its queue", is_wide=True),
        column(rx.el.span("Check now", class_name="visually-hidden"), is_wide=True),
    )
    listed = table("Services", columns, rx.foreach(ServicesState.services, _row))
    return rx.fragment(
        page_header("Services", subtitle="Where imputations run, and how each place is right now."),
        _filters(),
        rx.cond(
            ServicesState.is_loaded,
            rx.cond(ServicesState.services, listed, _nothing()),
            skeleton(),
        ),
    )
