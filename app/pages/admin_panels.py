"""Administration of panels: add, change, retire."""

from typing import TypedDict

import reflex as rx

from app.components.confirm import confirm
from app.components.controls import labelled_switch, quiet_button
from app.components.frame import empty_state, link_button, page_header, skeleton
from app.components.moment import moment
from app.components.status import badge
from app.components.table import WIDE, column, table
from app.domain import panel_changes
from app.domain.access import Actor
from app.domain.panels import PanelRow, list_panels
from app.pages.template import page
from app.states.calls import call
from app.states.guard import guarded
from models import db


class AdminPanelItem(TypedDict):
    """One panel in the table. `use` is `in_use`, `paused`, `no_recipe` or `retired`."""

    ref: str
    name: str
    panel_id: str
    service: str
    build: str
    population: str
    use: str
    is_retired: bool
    updated_at: str


USES = {
    "in_use": ("In use", "green", "circle-check"),
    "paused": ("Paused", "gray", "circle-pause"),
    "no_recipe": ("No recipe", "amber", "triangle-alert"),
    "retired": ("Retired", "gray", "archive"),
}


class AdminPanelsState(rx.State):
    """The panels, with the retired ones if they are asked for."""

    panels: list[AdminPanelItem] = []
    with_retired: bool = False
    is_loaded: bool = False

    @guarded("service:write")
    async def load(self, actor: Actor) -> None:
        """Read the panels."""
        rows = await call(db.REGISTRY, list_panels, actor=actor, include_retired=self.with_retired)
        self.panels, self.is_loaded = [_item(row) for row in rows], True

    @guarded("service:write")
    async def show_retired(self, actor: Actor, wanted: bool) -> rx.event.EventSpec:
        """Show or hide the retired panels."""
        self.with_retired = wanted is True
        return AdminPanelsState.load

    @guarded("service:write")
    async def retire(self, actor: Actor, panel_ref: str) -> rx.event.EventSpec:
        """Take a panel out of use."""
        await call(db.REGISTRY, panel_changes.retire_panel, actor=actor, panel_ref=str(panel_ref))
        return AdminPanelsState.load

    @guarded("service:write")
    async def restore(self, actor: Actor, panel_ref: str) -> rx.event.EventSpec:
        """Bring a retired panel back."""
        await call(db.REGISTRY, panel_changes.restore_panel, actor=actor, panel_ref=str(panel_ref))
        return AdminPanelsState.load


def _item(row: PanelRow) -> AdminPanelItem:
    return AdminPanelItem(
        ref=row.ref,
        name=row.name,
        panel_id=row.panel_id,
        service=row.service_name,
        build=row.build or "–",
        population=row.population or "–",
        use=_use(row),
        is_retired=row.retired_at is not None,
        updated_at=row.updated_at.isoformat(),
    )


def _use(row: PanelRow) -> str:
    if row.retired_at is not None:
        return "retired"
    if not row.has_recipe:
        return "no_recipe"
    return "in_use" if row.is_active else "paused"


def _retire(item: AdminPanelItem) -> rx.Component:
    return confirm(
        quiet_button("Retire", aria_label="Retire " + item.name),
        title="Retire " + item.name + "?",
        text="Nobody can choose it any more. Jobs that used it keep what they know of it, and you "
        "can restore it.",
        action="Retire",
        on_confirm=AdminPanelsState.retire(item.ref),
    )


def _row(item: AdminPanelItem) -> rx.Component:
    restore = quiet_button(
        "Restore", on_click=AdminPanelsState.restore(item.ref), aria_label="Restore " + item.name
    )
    uses = [(use, badge(*look)) for use, look in USES.items()]
    return rx.table.row(
        rx.table.row_header_cell(
            rx.link(
                item.name, href="/admin/panels/" + item.ref, weight="medium", high_contrast=True
            ),
            rx.text(item.panel_id, size="1", class_name="mono muted"),
        ),
        rx.table.cell(item.service),
        rx.table.cell(item.build, display=WIDE),
        rx.table.cell(item.population, display=WIDE),
        rx.table.cell(rx.match(item.use, *uses, rx.fragment())),
        rx.table.cell(moment(item.updated_at), display=WIDE),
        rx.table.cell(rx.cond(item.is_retired, restore, _retire(item))),
        align="center",
    )


def _table() -> rx.Component:
    return table(
        "Panels",
        (
            "Panel",
            "Service",
            column("Build", is_wide=True),
            column("Population", is_wide=True),
            "Use",
            column("Changed", is_wide=True),
            "Actions",
        ),
        rx.foreach(AdminPanelsState.panels, _row),
    )


@page(
    "/admin/panels",
    title="Manage panels",
    on_load=AdminPanelsState.load,
    live="imputation_services",
)
def admin_panels() -> rx.Component:
    """List the panels with what can be done to them."""
    add = link_button("Add a panel", "/admin/panels/new")
    nothing = empty_state(
        "layers-2",
        "No panels yet",
        "A panel says what a service imputes against, and its recipe how a run is made.",
        add,
    )
    return rx.fragment(
        page_header("Manage panels", add),
        labelled_switch(
            "Show retired panels",
            checked=AdminPanelsState.with_retired,
            on_change=AdminPanelsState.show_retired,
        ),
        rx.cond(
            AdminPanelsState.is_loaded,
            rx.cond(AdminPanelsState.panels, _table(), nothing),
            skeleton(),
        ),
    )
