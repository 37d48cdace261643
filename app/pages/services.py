"""All services at a glance: state, the last ninety days, speed, queue, and the next check."""

from collections.abc import Sequence

import reflex as rx

from app.components.countdown import countdown
from app.components.frame import empty_state, link_button, page_header, pager, skeleton
from app.components.service_cells import days_cell, name_cell, queue_cell, state_cell
from app.components.status import HEALTH_STATES
from app.components.table import WIDE, column, table
from app.domain import probe_schedule
from app.domain.access import Actor
from app.domain.day_bars import view_box
from app.pages.service_days import ServiceDaysState, days_dialog
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_glance import DAYS, Listed, ServiceGlance, all_services
from app.states.session import SessionState
from models import db

ANY = "any"
BY_NAME = "name"
BY_ATTENTION = "attention"
HEALTH_FILTER = (
    "up",
    "degraded",
    "stalled",
    "authorisation_needed",
    "maintenance",
    "down",
    "unknown",
)
PAGE_SIZE = 50
# With more rows than this that changed since the page was sent, it is sent anew.
MOST_NEWS = 10


class ServicesState(rx.State):
    """The rows of the page and what is looked for.

    `services` is sent once, `news` are those of its rows that have changed since: a change of one
    service sends one row to each tab.
    """

    services: list[ServiceGlance] = []
    news: dict[str, ServiceGlance] = {}
    total: int = 0
    number: int = 1
    search: str = ""
    wanted_health: str = ANY
    order: str = BY_NAME
    is_loaded: bool = False
    # The rows as the tab shows them.
    _shown: tuple[ServiceGlance, ...] = ()

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Show the services that match the filter."""
        self._show(await all_services(actor))
        self.is_loaded = True

    @guarded("service:read")
    async def find(self, actor: Actor, search: str) -> rx.event.EventSpec:
        """Look for services by name, location or country."""
        self.search, self.number = str(search)[:100], 1
        return ServicesState.load

    @guarded("service:read")
    async def choose_health(self, actor: Actor, state: str) -> rx.event.EventSpec:
        """Show the services in one state."""
        self.wanted_health, self.number = state if state in HEALTH_FILTER else ANY, 1
        return ServicesState.load

    @guarded("service:read")
    async def choose_order(self, actor: Actor, order: str) -> rx.event.EventSpec:
        """Sort by name, or by what needs attention."""
        self.order = BY_ATTENTION if order == BY_ATTENTION else BY_NAME
        return ServicesState.load

    @guarded("service:read")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        self.number = number if isinstance(number, int) and 0 < number < 10_000 else 1
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

    @rx.var
    def pages(self) -> int:
        """How many pages the list has."""
        return max(1, -(-self.total // PAGE_SIZE))

    def _show(self, listed: Sequence[Listed]) -> None:
        found = [one for one in listed if self._is_wanted(one)]
        if self.order == BY_ATTENTION:
            found.sort(key=lambda one: one.row.attention)
        self.total = len(found)
        self.number = min(self.number, self.pages)
        first = (self.number - 1) * PAGE_SIZE
        shown = tuple(one.item for one in found[first : first + PAGE_SIZE])
        before, self._shown = self._shown, shown
        if [one["ref"] for one in before] != [one["ref"] for one in shown]:
            self.services, self.news = list(shown), {}
            return
        changed = {
            new["ref"]: new
            for old, new in zip(before, shown, strict=True)
            if old is not new and old != new
        }
        if not changed:
            return
        if len(self.news.keys() | changed.keys()) > MOST_NEWS:
            self.services, self.news = list(shown), {}
        else:
            self.news = {**self.news, **changed}

    def _is_wanted(self, one: Listed) -> bool:
        row = one.row
        if self.wanted_health not in (ANY, one.item["health"]):
            return False
        text = f"{row.name} {row.location} {row.country}".casefold()
        return self.search.strip().casefold() in text


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
        rx.select.root(
            rx.select.trigger(aria_label="Order"),
            rx.select.content(
                rx.select.item("By name", value=BY_NAME),
                rx.select.item("What needs attention first", value=BY_ATTENTION),
            ),
            value=ServicesState.order,
            on_change=ServicesState.choose_order,
        ),
        class_name="row",
    )


def _row(sent: rx.Var) -> rx.Component:
    news = ServicesState.news
    item = rx.cond(news.contains(sent.ref), news[sent.ref], sent).to(ServiceGlance)
    box = view_box(DAYS)
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
        name_cell(item, box=box),
        state_cell(item),
        days_cell(item, box=box, on_show=ServiceDaysState.show(item.ref)),
        rx.table.cell(item.p50, align="right", display=WIDE, white_space="nowrap"),
        rx.table.cell(item.p95, align="right", display=WIDE, white_space="nowrap"),
        queue_cell(item),
        rx.table.cell(
            countdown(item.next_probe_at, item.interval),
            align="right",
            display=WIDE,
            white_space="nowrap",
        ),
        rx.table.cell(check),
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
        "State",
        column(f"Last {DAYS} days and uptime", is_wide=True),
        column("Median, 24 h", align="right", is_wide=True),
        column("p95, 24 h", align="right", is_wide=True),
        column("Queue", align="right", is_wide=True),
        column("Next check", align="right", is_wide=True),
        column(rx.el.span("Check now", class_name="visually-hidden")),
    )
    listed = table("Services", columns, rx.foreach(ServicesState.services, _row))
    pages = pager(
        ServicesState.number, ServicesState.pages, ServicesState.total, go=ServicesState.go
    )
    return rx.fragment(
        page_header("Services", subtitle="Where imputations run, and how each place is right now."),
        _filters(),
        rx.cond(
            ServicesState.is_loaded,
            rx.cond(ServicesState.services, listed, _nothing()),
            skeleton(),
        ),
        rx.cond(ServicesState.pages > 1, pages),
        days_dialog(),
    )
