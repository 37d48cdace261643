"""On the page of incidents, for administrators: the alerts that were raised, told or not."""

from typing import TypedDict

import reflex as rx

from app.components.frame import pager, section
from app.components.moment import moment
from app.components.status import badge
from app.components.table import WIDE, column, table
from app.domain.access import Actor
from app.domain.alerts import ADMINISTRATORS, AlertRow, list_alerts
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import iso
from models import db

# kind: (word, Radix colour, icon)
KINDS = {
    "down": ("Down", "red", "circle-x"),
    "recovered": ("Recovered", "green", "circle-check"),
    "degraded": ("Degraded", "amber", "triangle-alert"),
    "stalled": ("Stalled", "amber", "hourglass"),
    "authorisation": ("Authorisation", "orange", "key-round"),
    "flapping": ("Unstable", "amber", "activity"),
    "network": ("Own network", "purple", "unplug"),
    "certificate": ("Certificate", "orange", "file-lock"),
    "token": ("Token", "orange", "key-round"),
    "canary": ("Canary", "amber", "flask-conical"),
    "results": ("Results", "orange", "package-x"),
}


class AlertItem(TypedDict):
    """One alert in the table."""

    kind: str
    service_ref: str
    title: str
    body: str
    raised_at: str
    is_silenced: bool


class AlertListState(rx.State):
    """One page of alerts."""

    alerts: list[AlertItem] = []
    number: int = 1
    pages: int = 1
    total: int = 0

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the page of alerts; for others than administrators there are none."""
        if not actor.may(ADMINISTRATORS):
            self.alerts = []
            return
        found = await call(db.MONITORING, list_alerts, actor=actor, number=self.number, size=10)
        self.alerts = [_item(row) for row in found.rows]
        self.number, self.pages, self.total = found.number, found.last_number, found.total

    @guarded("service:write")
    async def go(self, actor: Actor, number: int) -> rx.event.EventSpec:
        """Show another page."""
        self.number = number if isinstance(number, int) else 1
        return AlertListState.load


def _item(row: AlertRow) -> AlertItem:
    return AlertItem(
        kind=row.kind,
        service_ref=row.service_ref,
        title=row.title,
        body=row.body,
        raised_at=iso(row.raised_at),
        is_silenced=row.is_silenced,
    )


def _row(alert: AlertItem) -> rx.Component:
    cases = [(key, badge(*facts)) for key, facts in KINDS.items()]
    title = rx.cond(
        alert.service_ref,
        rx.link(alert.title, href="/services/" + alert.service_ref, high_contrast=True),
        rx.text(alert.title),
    )
    return rx.table.row(
        rx.table.row_header_cell(
            title, rx.text(alert.body, size="1", class_name="muted row-problem")
        ),
        rx.table.cell(rx.match(alert.kind, *cases, badge(alert.kind, "gray", "bell"))),
        rx.table.cell(
            rx.cond(
                alert.is_silenced,
                badge("Nobody was told", "gray", "bell-off"),
                badge("Told", "blue", "bell"),
            ),
            display=WIDE,
        ),
        rx.table.cell(moment(alert.raised_at)),
        align="center",
    )


def alerts_section() -> rx.Component:
    """The latest alerts, each with whether people were told."""
    listed = table(
        "Alerts",
        ("Alert", "Kind", column("Told", is_wide=True), "Raised"),
        rx.foreach(AlertListState.alerts, _row),
        in_card=True,
    )
    none = rx.text("No alert was raised yet.", size="2", class_name="muted")
    pages = pager(
        AlertListState.number,
        AlertListState.pages,
        AlertListState.total,
        go=AlertListState.go,
        label="Pages of alerts",
    )
    return section("Alerts", rx.cond(AlertListState.alerts, rx.fragment(listed, pages), none))
