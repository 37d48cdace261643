"""All reference panels of all services."""

from typing import TypedDict

import reflex as rx

from app.components.frame import empty_state, link_button, page_header, skeleton
from app.components.status import badge, health_status
from app.components.table import WIDE, column, table
from app.domain.access import Actor
from app.domain.panels import PanelRow, list_panels, panel_filters
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.session import SessionState
from models import db

ANY = "any"


class PanelItem(TypedDict):
    """One panel in the table."""

    ref: str
    name: str
    panel_id: str
    description: str
    build: str
    population: str
    samples: str
    variants: str
    service_ref: str
    service: str
    country: str
    health: str
    is_simulation: bool


class PanelsState(rx.State):
    """The panels that match the filters, and the values to filter by."""

    panels: list[PanelItem] = []
    builds: list[str] = []
    populations: list[str] = []
    services: list[list[str]] = []
    search: str = ""
    build: str = ANY
    population: str = ANY
    service: str = ANY
    is_loaded: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the panels that match."""
        filters = await call(db.REGISTRY, panel_filters, actor=actor)
        rows = await call(
            db.REGISTRY,
            list_panels,
            actor=actor,
            search=self.search,
            build=_wanted(self.build),
            population=_wanted(self.population),
            service_ref=_wanted(self.service),
        )
        self.panels = [_item(row) for row in rows]
        self.builds, self.populations = filters.builds, filters.populations
        self.services = [[name, ref] for name, ref in filters.services]
        self.is_loaded = True

    @guarded("service:read")
    async def find(self, actor: Actor, search: str) -> rx.event.EventSpec:
        """Look for panels by name, id, population or service."""
        self.search = str(search)[:100]
        return PanelsState.load

    @guarded("service:read")
    async def choose_build(self, actor: Actor, build: str) -> rx.event.EventSpec:
        """Show the panels on one genome build."""
        self.build = str(build)[:40]
        return PanelsState.load

    @guarded("service:read")
    async def choose_population(self, actor: Actor, population: str) -> rx.event.EventSpec:
        """Show the panels of one population."""
        self.population = str(population)[:200]
        return PanelsState.load

    @guarded("service:read")
    async def choose_service(self, actor: Actor, service_ref: str) -> rx.event.EventSpec:
        """Show the panels of one service."""
        self.service = str(service_ref)[:40]
        return PanelsState.load

    @guarded("service:read")
    async def clear(self, actor: Actor) -> rx.event.EventSpec:
        """Show all panels again."""
        self.search, self.build, self.population, self.service = "", ANY, ANY, ANY
        return PanelsState.load

    @rx.var
    def is_filtered(self) -> bool:
        """Whether a filter may be the reason for an empty page."""
        return bool(self.search) or {self.build, self.population, self.service} != {ANY}


def _wanted(choice: str) -> str:
    return "" if choice == ANY else choice


def _item(row: PanelRow) -> PanelItem:
    return PanelItem(
        ref=row.ref,
        name=row.name,
        panel_id=row.panel_id,
        description=row.description,
        build=row.build or "–",
        population=row.population or "–",
        samples="–" if row.sample_count is None else f"{row.sample_count:,}",
        variants="–" if row.variant_count is None else f"{row.variant_count:,}",
        service_ref=row.service_ref,
        service=row.service_name,
        country=row.country,
        health=row.health_status if row.service_is_active else "paused",
        is_simulation=row.is_simulation,
    )


def _select(label: str, value: rx.Var, on_change: rx.EventHandler, items: rx.Component):
    return rx.select.root(
        rx.select.trigger(aria_label=label),
        rx.select.content(rx.select.item(f"Any {label.lower()}", value=ANY), items),
        value=value,
        on_change=on_change,
    )


def _same(values: rx.Var) -> rx.Component:
    return rx.foreach(values, lambda value: rx.select.item(value, value=value))


def _filters() -> rx.Component:
    services = rx.foreach(
        PanelsState.services, lambda entry: rx.select.item(entry[0], value=entry[1])
    )
    return rx.el.div(
        rx.input(
            rx.input.slot(rx.icon("search", size=14, aria_hidden="true")),
            placeholder="Name, population or service",
            value=PanelsState.search,
            on_change=PanelsState.find.debounce(300),
            aria_label="Search panels",
            width="280px",
        ),
        _select("Build", PanelsState.build, PanelsState.choose_build, _same(PanelsState.builds)),
        _select(
            "Population",
            PanelsState.population,
            PanelsState.choose_population,
            _same(PanelsState.populations),
        ),
        _select("Service", PanelsState.service, PanelsState.choose_service, services),
        rx.cond(
            PanelsState.is_filtered,
            rx.button(
                "Clear",
                on_click=PanelsState.clear,
                variant="ghost",
                color_scheme="gray",
                high_contrast=True,
            ),
        ),
        class_name="row",
    )


def _row(panel: PanelItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            panel.name,
            rx.text(panel.panel_id, size="1", class_name="mono muted"),
            rx.cond(panel.is_simulation, rx.box(badge("Simulation", "purple", "flask-conical"))),
        ),
        rx.table.cell(panel.build),
        rx.table.cell(panel.population, display=WIDE),
        rx.table.cell(panel.samples, align="right", display=WIDE),
        rx.table.cell(panel.variants, align="right", display=WIDE),
        rx.table.cell(
            rx.link(panel.service, href="/services/" + panel.service_ref, high_contrast=True)
        ),
        rx.table.cell(panel.country, display=WIDE),
        rx.table.cell(health_status(panel.health)),
        align="center",
    )


def _table() -> rx.Component:
    columns = (
        "Panel",
        "Build",
        column("Population", is_wide=True),
        column("Samples", align="right", is_wide=True),
        column("Variants", align="right", is_wide=True),
        "Service",
        column("Country", is_wide=True),
        "Health",
    )
    return table("Panels", columns, rx.foreach(PanelsState.panels, _row))


def _nothing() -> rx.Component:
    add = link_button("Add a panel", "/admin/panels")
    return rx.cond(
        PanelsState.is_filtered,
        empty_state("search-x", "No panel matches", "Clear a filter or change the search."),
        empty_state(
            "layers",
            "No panels yet",
            "A panel is a set of reference haplotypes at a service. An administrator adds it.",
            rx.cond(SessionState.permissions.contains("service:write"), add),
        ),
    )


@page("/panels", title="Panels", on_load=PanelsState.load, live="imputation_services")
def panels() -> rx.Component:
    """Show every panel that can be imputed against."""
    return rx.fragment(
        page_header(
            "Reference panels", subtitle="What genotypes can be imputed against, and where."
        ),
        _filters(),
        rx.cond(
            PanelsState.is_loaded, rx.cond(PanelsState.panels, _table(), _nothing()), skeleton()
        ),
    )
