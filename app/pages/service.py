"""One service: how it is, what it offers, what it says of itself."""

from typing import TypedDict

import reflex as rx

from app.components.fact_list import fact_list
from app.components.frame import empty_state, notice, page_header, section, skeleton
from app.components.moment import moment
from app.components.status import badge, health_status
from app.components.table import column, table
from app.components.token_form import token_form
from app.domain import probe_schedule
from app.domain.access import Actor
from app.domain.credentials import stored_token
from app.domain.errors import NotFound
from app.domain.panels import PanelRow, list_panels
from app.domain.services import ServiceRow, get_service
from app.pages.service_care import ServiceCareState, care_section
from app.pages.service_changes import ServiceChangesState, changes_section
from app.pages.service_contact import ServiceContactState, contact_notice
from app.pages.service_history import ServiceHistoryState, history_section
from app.pages.service_layers import ServiceLayersState, layers_section
from app.pages.service_limits import ServiceLimitsState, limits_section
from app.pages.service_outlook import ServiceOutlookState, outlook_section
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_facts import FactItem, fact_item, facts_of, limits_text
from app.states.service_item import ServiceItem, iso, service_item
from app.states.session import SessionState
from models import db


class OfferedPanel(TypedDict):
    """A panel of the service in the table."""

    name: str
    panel_id: str
    population: str
    build: str
    samples: str
    variants: str


class ServiceState(rx.State):
    """The service in the URL."""

    service: ServiceItem | None = None
    facts: list[FactItem] = []
    panels: list[OfferedPanel] = []
    own_token_since: str = ""
    own_token_end: str = ""
    is_missing: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> list[rx.event.EventSpec] | None:
        """Read the service, its panels and the reader's own token's end."""
        service_ref = route_argument(self, "service_ref")
        try:
            row = await call(db.REGISTRY, get_service, actor=actor, service_ref=service_ref)
        except NotFound:
            self.service, self.is_missing = None, True
            return None
        self.service, self.is_missing = service_item(row), False
        self.facts = _facts(row)
        panels = await call(db.REGISTRY, list_panels, actor=actor, service_ref=service_ref)
        self.panels = [_offered(panel) for panel in panels]
        own = await call(db.USERS, stored_token, actor=actor, service_ref=service_ref)
        self.own_token_since = iso(own.updated_at) if own else ""
        self.own_token_end = own.last_four if own else ""
        return [
            ServiceHistoryState.load,
            ServiceContactState.load,
            ServiceLimitsState.load,
            ServiceOutlookState.load,
            ServiceLayersState.load,
            ServiceChangesState.load,
            ServiceCareState.load,
        ]

    @guarded("service:read")
    async def check(self, actor: Actor) -> rx.event.EventSpec:
        """Ask the worker to check the service now."""
        service_ref = route_argument(self, "service_ref")
        await call(db.REGISTRY, probe_schedule.ask, actor=actor, service_ref=service_ref)
        return rx.toast.info("The check is on its way; the page changes when the answer is there.")

    @rx.var
    def token_news(self) -> str:
        """What became of a token that was just sent, as the address says."""
        query = self.router.url.query_parameters
        news = {"saved": "The token is stored.", "forgotten": "The token is forgotten."}
        return news.get(query.get("token", ""), "") or str(query.get("problem", ""))[:300]


def _facts(row: ServiceRow) -> list[FactItem]:
    ours = [
        FactItem(label="Address", value=row.base_url, link=""),
        fact_item("Protocol", row.api_type.upper()),
        fact_item("Location", service_item(row)["place"]),
        fact_item("Limits", limits_text(row.limits)),
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


def _panels() -> rx.Component:
    columns = (
        "Panel",
        "Build",
        "Population",
        column("Samples", align="right"),
        column("Variants", align="right"),
    )
    listed = table("Panels", columns, rx.foreach(ServiceState.panels, _panel_row), in_card=True)
    none = rx.text("This service has no panels here yet.", size="2", class_name="muted")
    return section("Panels", rx.cond(ServiceState.panels, listed, none))


def _token() -> rx.Component:
    form = token_form(
        ServiceState.service["ref"],
        ServiceState.own_token_end,
        ServiceState.own_token_since,
        shared=False,
    )
    why = rx.text(
        "Runs that you start there use your own token if you store one, and the lab's otherwise.",
        size="2",
        class_name="muted",
    )
    return rx.cond(
        SessionState.permissions.contains("job:submit"),
        section("Your token", rx.el.div(why, form, class_name="stack")),
    )


def _at_a_glance(service: rx.Var) -> rx.Component:
    return rx.el.div(
        health_status(service["health"]),
        rx.cond(service["is_simulation"], badge("Simulation", "purple", "flask-conical")),
        rx.text("checked ", moment(service["checked_at"]), size="2", class_name="muted"),
        rx.cond(
            service["response"] != "–",
            rx.text("answered in ", service["response"], size="2", class_name="muted figures"),
        ),
        class_name="row",
    )


def _content() -> rx.Component:
    service = ServiceState.service
    check = rx.button(
        rx.icon("refresh-cw", size=15, aria_hidden="true"),
        "Check now",
        on_click=ServiceState.check,
        disabled=~service["is_active"],
    )
    edit = rx.link(
        rx.button("Edit", variant="surface", color_scheme="gray", high_contrast=True),
        href="/admin/services/" + service["ref"],
    )
    return rx.fragment(
        page_header(
            service["name"],
            rx.cond(SessionState.permissions.contains("service:write"), edit),
            check,
            subtitle=service["description"],
        ),
        _at_a_glance(service),
        rx.cond(
            service["problem"],
            notice(service["problem"], color="red", icon="circle-alert", role="alert"),
        ),
        contact_notice(),
        rx.cond(ServiceState.token_news, notice(ServiceState.token_news)),
        limits_section(),
        outlook_section(),
        care_section(),
        section("Facts", fact_list(ServiceState.facts)),
        _panels(),
        layers_section(),
        history_section(),
        changes_section(),
        _token(),
    )


@page(
    "/services/[service_ref]",
    title="Service",
    on_load=ServiceState.load,
    live=(["imputation_services", "service_contacts"], "service_ref"),
)
def service() -> rx.Component:
    """Show everything that is known of a service."""
    missing = empty_state(
        "search-x",
        "There is no such service",
        "It may have had another address.",
        rx.link("See all services", href="/services"),
        level=1,
    )
    return rx.cond(
        ServiceState.is_missing, missing, rx.cond(ServiceState.service, _content(), skeleton())
    )
