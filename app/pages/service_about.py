"""What a service offers and says of itself: its panels and facts."""

from typing import TypedDict

import reflex as rx

from app.components.fact_list import fact_list
from app.components.frame import section
from app.components.table import column, table
from app.domain.access import Actor
from app.domain.panels import PanelRow, list_panels
from app.domain.services import ServiceRow, get_service
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_facts import FactItem, fact_item, facts_of
from app.states.service_item import PROTOCOLS, service_item
from models import db


class OfferedPanel(TypedDict):
    """A panel of the service in the table."""

    name: str
    panel_id: str
    population: str
    build: str
    samples: str
    variants: str


class ServiceAboutState(rx.State):
    """What the service in the URL offers."""

    facts: list[FactItem] = []
    panels: list[OfferedPanel] = []

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the service's facts and panels."""
        service_ref = route_argument(self, "service_ref")
        row = await call(db.REGISTRY, get_service, actor=actor, service_ref=service_ref)
        panels = await call(db.REGISTRY, list_panels, actor=actor, service_ref=service_ref)
        self.facts = _facts(row)
        self.panels = [_offered(panel) for panel in panels]


def _facts(row: ServiceRow) -> list[FactItem]:
    ours = [
        FactItem(label="Address", value=row.base_url, link=""),
        fact_item("Protocol", PROTOCOLS.get(row.api_type, row.api_type)),
        fact_item("Location", service_item(row)["place"]),
    ]
    return ours + facts_of(row.service_info)


def _offered(row: PanelRow) -> OfferedPanel:
    return OfferedPanel(
        name=row.name,
        panel_id=row.panel_id,
        population=row.population or "–",
        build=row.build or "–",
        samples="–" if row.sample_count is None else f"{row.sample_count:,}",
        variants="–" if row.variant_count is None else f"{row.variant_count:,}",
    )


def _panel_row(panel: OfferedPanel) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            panel.name, rx.text(panel.panel_id, size="1", class_name="mono muted")
        ),
        rx.table.cell(panel.build),
        rx.table.cell(panel.population),
        rx.table.cell(panel.samples, align="right"),
        rx.table.cell(panel.variants, align="right"),
    )


def panels_section() -> rx.Component:
    """The panels that the service offers here."""
    columns = (
        "Panel",
        "Build",
        "Population",
        column("Samples", align="right"),
        column("Variants", align="right"),
    )
    listed = table(
        "Panels", columns, rx.foreach(ServiceAboutState.panels, _panel_row), in_card=True
    )
    none = rx.text("This service has no panels here yet.", size="2", class_name="muted")
    return section("Panels", rx.cond(ServiceAboutState.panels, listed, none))


def facts_section() -> rx.Component:
    """What the service says of itself."""
    return section("Facts", fact_list(ServiceAboutState.facts))
