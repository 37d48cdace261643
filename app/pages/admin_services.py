"""Administration of services: add, change, pause, retire."""

from typing import Any

import reflex as rx

from app.components.controls import labelled_switch, quiet_button
from app.components.frame import empty_state, field, link_button, page_header, skeleton
from app.components.moment import moment
from app.components.status import badge, health_status
from app.components.table import WIDE, column, table
from app.domain import services as domain
from app.domain.access import Actor
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import ServiceItem, service_item
from models import db


class AdminServicesState(rx.State):
    """The services, with the retired ones if they are asked for."""

    services: list[ServiceItem] = []
    with_retired: bool = False
    is_loaded: bool = False

    @guarded("service:write")
    async def load(self, actor: Actor) -> None:
        """Read the services."""
        rows = await call(
            db.REGISTRY, domain.list_services, actor=actor, include_retired=self.with_retired
        )
        self.services = [service_item(row) for row in rows]
        self.is_loaded = True

    @guarded("service:write")
    async def show_retired(self, actor: Actor, wanted: bool) -> rx.event.EventSpec:
        """Show or hide the retired services."""
        self.with_retired = wanted is True
        return AdminServicesState.load

    @guarded("service:write")
    async def change_active(
        self, actor: Actor, service_ref: str, active: bool
    ) -> rx.event.EventSpec:
        """Pause a service, or let it be used again."""
        await call(
            db.REGISTRY,
            domain.set_active,
            actor=actor,
            service_ref=str(service_ref),
            active=active is True,
        )
        return AdminServicesState.load

    @guarded("service:write")
    async def retire(self, actor: Actor, form: dict[str, Any]) -> rx.event.EventSpec:
        """Take a service out of use."""
        form = form if isinstance(form, dict) else {}
        service_ref, reason = form.get("service_ref", ""), str(form.get("reason", ""))[:500]
        await call(
            db.REGISTRY,
            domain.retire_service,
            actor=actor,
            service_ref=str(service_ref),
            reason=reason,
        )
        return AdminServicesState.load

    @guarded("service:write")
    async def restore(self, actor: Actor, service_ref: str) -> rx.event.EventSpec:
        """Bring a retired service back."""
        await call(db.REGISTRY, domain.restore_service, actor=actor, service_ref=str(service_ref))
        return AdminServicesState.load


def _retire(item: ServiceItem) -> rx.Component:
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(quiet_button("Retire", aria_label="Retire " + item.name)),
        rx.alert_dialog.content(
            rx.alert_dialog.title("Retire ", item.name, "?"),
            rx.alert_dialog.description(
                "Nobody can submit to it any more and it is not checked. Its panels, jobs and "
                "health history stay, and you can restore it.",
                size="2",
            ),
            rx.form(
                # The form's hook knows nothing of the table's row, so the row's ref travels along.
                rx.el.input(type="hidden", name="service_ref", value=item.ref, read_only=True),
                field("Why (for the audit log)", rx.input(name="reason", max_length=500)),
                rx.el.div(
                    rx.alert_dialog.cancel(quiet_button("Keep it", type="button")),
                    rx.button(
                        "Retire", type="submit", size="1", color_scheme="red", high_contrast=True
                    ),
                    class_name="row dialog-actions",
                ),
                on_submit=AdminServicesState.retire,
                class_name="stack",
            ),
            max_width="440px",
        ),
    )


def _actions(item: ServiceItem) -> rx.Component:
    pause = rx.cond(
        item.is_active,
        quiet_button(
            "Pause",
            on_click=AdminServicesState.change_active(item.ref, False),
            aria_label="Pause " + item.name,
        ),
        quiet_button(
            "Resume",
            on_click=AdminServicesState.change_active(item.ref, True),
            aria_label="Resume " + item.name,
        ),
    )
    restore = quiet_button(
        "Restore",
        on_click=AdminServicesState.restore(item.ref),
        aria_label="Restore " + item.name,
    )
    return rx.el.div(
        rx.cond(item.is_retired, restore, rx.fragment(pause, _retire(item))), class_name="row"
    )


def _row(item: ServiceItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(
            rx.link(
                item.name, href="/admin/services/" + item.ref, weight="medium", high_contrast=True
            ),
            rx.cond(item.is_simulation, rx.box(badge("Simulation", "purple", "flask-conical"))),
            rx.text(item.base_url, size="1", class_name="mono muted"),
        ),
        rx.table.cell(health_status(item.health)),
        rx.table.cell(item.protocol, display=WIDE),
        rx.table.cell(item.place, display=WIDE),
        rx.table.cell(item.panels, align="right", display=WIDE),
        rx.table.cell(moment(item.checked_at), display=WIDE),
        rx.table.cell(_actions(item)),
        align="center",
    )


def _table() -> rx.Component:
    return table(
        "Services",
        (
            "Service",
            "Health",
            column("Protocol", is_wide=True),
            column("Location", is_wide=True),
            column("Panels", align="right", is_wide=True),
            column("Last check", is_wide=True),
            "Actions",
        ),
        rx.foreach(AdminServicesState.services, _row),
    )


@page(
    "/admin/services",
    title="Manage services",
    on_load=AdminServicesState.load,
    live="imputation_services",
)
def admin_services() -> rx.Component:
    """List the services with what can be done to them."""
    add = link_button("Add a service", "/admin/services/new")
    nothing = empty_state(
        "server-cog",
        "No services yet",
        "Add one by its address: it is tested before it is saved.",
        add,
    )
    return rx.fragment(
        page_header("Manage services", add),
        labelled_switch(
            "Show retired services",
            checked=AdminServicesState.with_retired,
            on_change=AdminServicesState.show_retired,
        ),
        rx.cond(
            AdminServicesState.is_loaded,
            rx.cond(AdminServicesState.services, _table(), nothing),
            skeleton(),
        ),
    )
