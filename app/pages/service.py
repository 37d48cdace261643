"""One service: how it is, how it was, what it offers, what it says of itself."""

from typing import Any

import reflex as rx

from app.components.frame import empty_state, notice, page_header, skeleton
from app.components.moment import moment
from app.components.status import badge, health_status
from app.domain import probe_schedule
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.services import get_service
from app.pages.service_about import ServiceAboutState, facts_section, panels_section
from app.pages.service_care import ServiceCareState, care_section
from app.pages.service_changes import ServiceChangesState, changes_section
from app.pages.service_checks import ServiceChecksState, checks_section
from app.pages.service_contact import ServiceContactState, contact_notice
from app.pages.service_heat import ServiceHeatState, hours_tab
from app.pages.service_history import ServiceHistoryState, history_tab
from app.pages.service_layers import ServiceLayersState, layers_section
from app.pages.service_limits import ServiceLimitsState, limits_section
from app.pages.service_outlook import ServiceOutlookState, outlook_section
from app.pages.service_terms import ServiceTermsState, terms_section
from app.pages.service_token import OwnTokenState, own_token_section
from app.pages.service_view_links import tab_links
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import ServiceItem, service_item
from app.states.service_view import view_of
from app.states.session import SessionState
from models import db

# What each tab reads when it is opened, and no other.
LOADS: dict[str, list[Any]] = {
    "overview": [
        ServiceContactState.load,
        ServiceLimitsState.load,
        ServiceCareState.load,
        ServiceOutlookState.load,
        ServiceAboutState.load,
        OwnTokenState.load,
        ServiceTermsState.load,
    ],
    "history": [ServiceHistoryState.load],
    "hours": [ServiceHeatState.load],
    "checks": [ServiceLayersState.load, ServiceChangesState.load, ServiceChecksState.load],
}


class ServiceState(rx.State):
    """The service in the URL, and which tab of its page."""

    service: ServiceItem | None = None
    path: str = ""
    tab: str = "overview"
    is_missing: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> list[Any] | None:
        """Read the service, and then what the tab shows."""
        view = view_of(self)
        try:
            row = await call(db.REGISTRY, get_service, actor=actor, service_ref=view.service_ref)
        except NotFound:
            self.service, self.is_missing = None, True
            return None
        self.service, self.is_missing = service_item(row), False
        self.path, self.tab = view.path, view.tab
        await call(
            db.REGISTRY, probe_schedule.refresh, service_refs=[view.service_ref], caller="user"
        )
        return LOADS[view.tab]

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


def _header(service: rx.Var) -> rx.Component:
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
    return page_header(
        service["name"],
        rx.cond(SessionState.permissions.contains("service:write"), edit),
        check,
        subtitle=service["description"],
    )


def _overview() -> rx.Component:
    return rx.fragment(
        contact_notice(),
        limits_section(),
        outlook_section(),
        care_section(),
        panels_section(),
        terms_section(),
        facts_section(),
        own_token_section(),
    )


def _checks() -> rx.Component:
    return rx.fragment(layers_section(), changes_section(), checks_section())


def _content() -> rx.Component:
    service = ServiceState.service
    return rx.fragment(
        _header(service),
        _at_a_glance(service),
        rx.cond(
            service["problem"],
            notice(service["problem"], color="red", icon="circle-alert", role="alert"),
        ),
        rx.cond(
            service["pause"],
            notice(
                "New jobs for this service are paused: they wait here until they are resumed. "
                + service["pause"].to(str),
                color="amber",
                icon="circle-pause",
            ),
        ),
        rx.cond(ServiceState.token_news, notice(ServiceState.token_news)),
        tab_links(ServiceState.path, ServiceState.tab),
        rx.match(
            ServiceState.tab,
            ("history", history_tab()),
            ("hours", hours_tab()),
            ("checks", _checks()),
            _overview(),
        ),
    )


@page(
    "/services/[service_ref]",
    title="Service",
    on_load=ServiceState.load,
    live=(["imputation_services", "service_contacts", "service_credentials"], "service_ref"),
    reload={
        "imputation_services": ServiceState.load,
        "service_contacts": ServiceState.load,
        "service_credentials": OwnTokenState.load,
    },
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
