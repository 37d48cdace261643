"""Incidents: when services were not as they should be; and the alerts that they were worth."""

from typing import Any
from urllib.parse import urlencode

import reflex as rx

from app.components.controls import quiet_button
from app.components.frame import empty_state, page_header, pager, skeleton
from app.components.moment import moment
from app.components.status import HEALTH_STATES, badge, health_status
from app.components.table import WIDE, column, table
from app.domain import incident_notes
from app.domain.access import Actor
from app.domain.incident_jobs import jobs_touched
from app.domain.incident_queries import IncidentFilter, list_incidents, services_of_incidents
from app.domain.incidents import SEVERITY
from app.pages.incident_alerts import AlertListState, alerts_section
from app.pages.service_care import acknowledge_form, acknowledged, may_write
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.incident_item import IncidentItem, incident_item
from models import db

ANY = "any"
DEFAULTS = {"state": "", "service": "", "open": "", "page": "1"}
OPEN = {"yes": True, "no": False}


class IncidentsState(rx.State):
    """The page's incidents and what they were looked for with."""

    incidents: list[IncidentItem] = []
    services: list[tuple[str, str]] = []
    chosen: IncidentItem | None = None
    state: str = ""
    service: str = ""
    open: str = ""
    number: int = 1
    pages: int = 1
    total: int = 0
    is_loaded: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> rx.event.EventSpec:
        """Read the page of incidents that the address asks for."""
        wish = self._wish()
        self.state, self.service, self.open = wish["state"], wish["service"], wish["open"]
        wanted = IncidentFilter(
            state=self.state, service_ref=self.service, is_open=OPEN.get(self.open)
        )
        found = await call(
            db.REGISTRY, list_incidents, actor=actor, wanted=wanted, number=int(wish["page"])
        )
        self.incidents = [incident_item(row) for row in found.rows]
        self.number, self.pages, self.total = found.number, found.last_number, found.total
        self.services = await call(db.REGISTRY, services_of_incidents, actor=actor)
        self.is_loaded = True
        if actor.may("job:read"):
            counts = await call(db.JOBS, jobs_touched, actor=actor, incidents=found.rows)
            self.incidents = [incident_item(row, counts.get(row.ref, 0)) for row in found.rows]
        return AlertListState.load

    @guarded("service:read")
    async def choose_state(self, actor: Actor, state: str) -> rx.event.EventSpec:
        """Show the incidents whose worst state was this."""
        return self._go(state="" if state == ANY else str(state))

    @guarded("service:read")
    async def choose_service(self, actor: Actor, service: str) -> rx.event.EventSpec:
        """Show the incidents of one service."""
        return self._go(service="" if service == ANY else str(service)[:40])

    @guarded("service:read")
    async def choose_open(self, actor: Actor, wanted: str) -> rx.event.EventSpec:
        """Show the incidents that are open, or those that have ended."""
        return self._go(open="" if wanted == ANY else str(wanted))

    @guarded("service:read")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page."""
        return self._go(page=str(number))

    @guarded("service:write")
    async def choose(self, actor: Actor, incident_ref: str) -> None:
        """Open the form of an incident that the page shows."""
        shown = {item["ref"]: item for item in self.incidents}
        self.chosen = shown.get(str(incident_ref))

    @guarded("service:write")
    async def close(self, actor: Actor, is_open: bool) -> None:
        """Leave the form as it is."""
        if is_open is not True:
            self.chosen = None

    @guarded("service:write")
    async def acknowledge(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec:
        """Say that one looks after an incident, or change its note."""
        form = form if isinstance(form, dict) else {}
        done = incident_notes.write_note if form.get("is_known") else incident_notes.acknowledge
        await call(
            db.REGISTRY,
            done,
            actor=actor,
            incident_ref=str(form.get("incident_ref", "")),
            note=str(form.get("note", "")),
        )
        self.chosen = None
        return IncidentsState.load

    def _wish(self) -> dict[str, str]:
        """What the address asks for, each part made harmless."""
        query = self.router.url.query_parameters
        wish = {key: str(query.get(key, "") or default) for key, default in DEFAULTS.items()}
        if wish["state"] not in list(SEVERITY):
            wish["state"] = ""
        if wish["open"] not in OPEN:
            wish["open"] = ""
        if not wish["page"].isdecimal():
            wish["page"] = DEFAULTS["page"]
        wish["service"] = wish["service"][:40]
        return wish

    def _go(self, **changes: str) -> rx.event.EventSpec:
        """Go to the address of the same list with something changed, from its first page on."""
        wanted = self._wish() | {"page": "1"} | changes
        query = {key: value for key, value in wanted.items() if value != DEFAULTS[key]}
        return rx.redirect(f"/incidents?{urlencode(query)}" if query else "/incidents")

    @rx.var
    def is_filtered(self) -> bool:
        """Whether a filter may be the reason for an empty page."""
        return bool(self.state or self.service or self.open)

    @rx.var
    def csv(self) -> str:
        """The address of the same incidents, all of them, as a file."""
        query = {"state": self.state, "service": self.service, "open": self.open}
        return f"/api/incidents.csv?{urlencode({key: v for key, v in query.items() if v})}"


def _choice(label: str, chosen: rx.Var, on_change: Any, *items: rx.Component) -> rx.Component:
    return rx.select.root(
        rx.select.trigger(aria_label=label),
        rx.select.content(*items),
        value=rx.cond(chosen, chosen, ANY),
        on_change=on_change,
    )


def _filters() -> rx.Component:
    states = [rx.select.item(HEALTH_STATES.get(s, (s,))[0], value=s) for s in map(str, SEVERITY)]
    every = rx.foreach(IncidentsState.services, lambda one: rx.select.item(one[1], value=one[0]))
    return rx.el.div(
        _choice(
            "Open or ended",
            IncidentsState.open,
            IncidentsState.choose_open,
            rx.select.item("Open and ended", value=ANY),
            rx.select.item("Open", value="yes"),
            rx.select.item("Ended", value="no"),
        ),
        _choice(
            "Worst state",
            IncidentsState.state,
            IncidentsState.choose_state,
            rx.select.item("Any state", value=ANY),
            *states,
        ),
        _choice(
            "Service",
            IncidentsState.service,
            IncidentsState.choose_service,
            rx.select.item("Any service", value=ANY),
            every,
        ),
        class_name="row",
    )


def _form(chosen: rx.Var) -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(chosen["service"]),
            rx.dialog.description(
                rx.cond(chosen["cause"], chosen["cause"], "Nothing is known of the cause."),
                size="2",
            ),
            acknowledge_form(chosen, on_submit=IncidentsState.acknowledge),
            max_width="440px",
        ),
        open=True,
        on_open_change=IncidentsState.close,
    )


def _care(item: IncidentItem) -> rx.Component:
    label = rx.cond(item.is_acknowledged | ~item.is_open, "Note", "Acknowledge")
    return quiet_button(
        label,
        on_click=IncidentsState.choose(item.ref),
        aria_label=label + ": " + item.service,
        aria_haspopup="dialog",
    )


def _row(item: IncidentItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            rx.el.div(
                rx.link(item.service, href="/services/" + item.service_ref, high_contrast=True),
                rx.cond(item.is_open, badge("Open", "red", "circle-dot")),
                class_name="row",
            ),
        ),
        rx.table.cell(
            health_status(item.state),
            rx.cond(item.cause, rx.text(item.cause, size="1", class_name="row-problem")),
            acknowledged(item),
        ),
        rx.table.cell(rx.cond(item.layer, item.layer, "–"), display=WIDE),
        rx.table.cell(moment(item.started_at)),
        rx.table.cell(item.duration, class_name="figures", white_space="nowrap"),
        rx.table.cell(item.jobs, align="right", display=WIDE),
        rx.table.cell(rx.cond(may_write(), _care(item))),
        align="center",
    )


def _list() -> rx.Component:
    columns = (
        "Service",
        "Worst state",
        column("What failed", is_wide=True),
        "Began",
        "Lasted",
        column("Jobs touched", align="right", is_wide=True),
        column(rx.el.span("Actions", class_name="visually-hidden")),
    )
    return rx.fragment(
        table("Incidents", columns, rx.foreach(IncidentsState.incidents, _row)),
        pager(
            IncidentsState.number, IncidentsState.pages, IncidentsState.total, go=IncidentsState.go
        ),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        IncidentsState.is_filtered,
        empty_state(
            "search-x",
            "No incident matches",
            "Change the filters.",
            rx.link("Show all incidents", href="/incidents"),
        ),
        empty_state(
            "shield-check",
            "No incidents yet",
            "When a service fails, it is listed here with its cause, until it is up again.",
            rx.link("See the services", href="/services"),
        ),
    )


def _download() -> rx.Component:
    return rx.link(
        rx.icon("download", size=14, aria_hidden="true"),
        "These incidents as CSV",
        href=IncidentsState.csv,
        # The browser's own navigation: the page's router knows no such page.
        reload_document=True,
        size="2",
        class_name="action-link",
    )


@page(
    "/incidents",
    title="Incidents",
    on_load=IncidentsState.load,
    live=["service_incidents", "alerts"],
)
def incidents() -> rx.Component:
    """Show the incidents that the address asks for, and to administrators the alerts."""
    listed = rx.fragment(
        _filters(), rx.cond(IncidentsState.incidents, rx.fragment(_list(), _download()), _nothing())
    )
    return rx.fragment(
        page_header("Incidents"),
        rx.cond(IncidentsState.is_loaded, listed, skeleton()),
        rx.cond(IncidentsState.chosen, _form(IncidentsState.chosen)),
        rx.cond(may_write(), alerts_section()),
    )
