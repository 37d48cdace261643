"""The services at a glance, as the first page shows them: those first that need attention."""

import reflex as rx

from app.components.countdown import countdown
from app.components.day_bar import day_bar
from app.components.frame import section
from app.components.status import health_status
from app.domain.access import Actor
from app.domain.day_bars import view_box
from app.states.guard import guarded
from app.states.service_glance import DAYS, ServiceGlance, all_services
from app.states.session import SessionState

MOST = 12


class OverviewServicesState(rx.State):
    """The services that the first page has room for."""

    services: list[ServiceGlance] = []
    total: int = 0
    has_read: bool = False
    _shown: tuple[ServiceGlance, ...] = ()

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read the services in use; whoever may not see them is shown none."""
        listed = [one for one in await all_services(actor) if one.row.is_active]
        listed.sort(key=lambda one: one.row.attention)
        shown = tuple(one.item for one in listed[:MOST])
        if shown != self._shown or not self.has_read:
            self.services, self._shown = list(shown), shown
        if self.total != len(listed):
            self.total = len(listed)
        self.has_read = True


def _service_row(item: rx.Var) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.link(item.name, href="/services/" + item.ref, weight="medium", size="2"),
            day_bar(item.bar, item.bar_words, view_box=view_box(DAYS)),
            rx.text(
                item.uptime,
                " up in ",
                DAYS,
                " days · next check ",
                countdown(item.next_probe_at, item.interval),
                size="1",
                color_scheme="gray",
            ),
            class_name="list-main",
        ),
        rx.el.div(
            health_status(item.health),
            rx.cond(item.pending, rx.text(item.pending, size="1", class_name="pending")),
            class_name="list-side",
        ),
    )


def services_part() -> rx.Component:
    """The list, or that there is none yet."""
    state = OverviewServicesState
    none = rx.text("No service is registered yet.", size="2", color_scheme="gray")
    more = rx.text("and ", state.total - MOST, " more", size="1", class_name="muted")
    listed = rx.fragment(
        rx.el.ul(rx.foreach(state.services, _service_row), class_name="list"),
        rx.cond(state.total > MOST, more),
    )
    return section(
        "Services",
        rx.cond(state.services.length() > 0, listed, none),
        action=rx.cond(
            (state.total == 0) & SessionState.permissions.contains("service:write"),
            rx.link("Add a service", href="/admin/services", size="2"),
            rx.link("All services", href="/services", size="2"),
        ),
    )
