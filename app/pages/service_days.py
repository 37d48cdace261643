"""The bar of a service's last days as a table, for whoever asks for it."""

import reflex as rx

from app.components.status import health_status
from app.components.table import column, table
from app.domain.access import Actor
from app.domain.day_bars import DayItem, day_items
from app.domain.errors import NotFound
from app.states.guard import guarded
from app.states.service_glance import all_services, glance_of


class ServiceDaysState(rx.State):
    """The service whose days are shown, if any."""

    name: str = ""
    days: list[DayItem] = []

    @guarded("service:read")
    async def show(self, actor: Actor, service_ref: str) -> None:
        """Show the days of a service."""
        found = [one.row for one in await all_services(actor) if one.row.ref == str(service_ref)]
        seen = await glance_of(actor, str(service_ref))
        if not found or seen is None:
            raise NotFound("service")
        self.name, self.days = found[0].name, day_items(seen)

    @guarded("service:read")
    async def hide(self, actor: Actor) -> None:
        """Put the table away."""
        self.name, self.days = "", []


def _day(item: rx.Var) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(item.day, white_space="nowrap"),
        rx.table.cell(
            rx.cond(
                item.state,
                health_status(item.state),
                rx.el.span("No data", class_name="muted"),
            )
        ),
        rx.table.cell(item.uptime, align="right", white_space="nowrap"),
        rx.table.cell(item.not_available, align="right", white_space="nowrap"),
        rx.table.cell(item.no_data, align="right", white_space="nowrap"),
    )


def days_dialog() -> rx.Component:
    """The table in a dialog, which is open while a service is chosen."""
    columns = (
        "Day (UTC)",
        "Worst state",
        column("Uptime", align="right"),
        column("Not available", align="right"),
        column("No data", align="right"),
    )
    listed = table(
        "Days, the latest first", columns, rx.foreach(ServiceDaysState.days, _day), in_card=True
    )
    close = rx.button("Close", variant="surface", color_scheme="gray", high_contrast=True)
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("The last days of ", ServiceDaysState.name),
            rx.dialog.description(
                "Uptime is the share of the time of which anything is known in which the service "
                "was available; declared maintenance is left out.",
                size="2",
                class_name="muted",
            ),
            rx.el.div(listed, class_name="history-table days-table"),
            rx.el.div(rx.dialog.close(close), class_name="step-buttons"),
            max_width="640px",
        ),
        open=ServiceDaysState.name != "",
        on_open_change=ServiceDaysState.hide(),
    )
