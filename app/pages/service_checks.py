"""What the last checks of a service found, one by one, with what it answered wrongly."""

from datetime import timedelta
from typing import TypedDict

import reflex as rx

from app.components.frame import section
from app.components.moment import exact_moment
from app.components.status import health_status
from app.components.table import column, table
from app.domain import probes
from app.domain.access import Actor
from app.domain.probes import ProbeRow
from app.pages.service_charts import download
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import milliseconds
from models import db
from models.base import now

LISTED = 50
LISTED_OF = timedelta(days=2)
FILE_HOURS = 24 * 7


class ProbeItem(TypedDict):
    """One check in the table."""

    checked_at: str
    health: str
    response: str
    problem: str


class ServiceChecksState(rx.State):
    """The last checks of the service in the URL."""

    probes: list[ProbeItem] = []
    file: str = ""
    is_loaded: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the last checks."""
        service_ref = route_argument(self, "service_ref")
        rows = await call(
            db.REGISTRY,
            probes.history,
            actor=actor,
            service_ref=service_ref,
            since=now() - LISTED_OF,
        )
        self.probes = [_item(row) for row in reversed(rows[-LISTED:])]
        self.file = f"/api/services/{service_ref}/checks.csv?hours={FILE_HOURS}"
        self.is_loaded = True


def _item(row: ProbeRow) -> ProbeItem:
    return ProbeItem(
        checked_at=row.checked_at.isoformat(),
        health=row.health_status,
        response=milliseconds(row.response_time_ms),
        problem=row.error_message,
    )


def _row(probe: ProbeItem) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(exact_moment(probe.checked_at)),
        rx.table.cell(
            health_status(probe.health),
            rx.cond(probe.problem, rx.text(probe.problem, size="1", class_name="row-problem")),
        ),
        rx.table.cell(probe.response, align="right", white_space="nowrap"),
    )


def checks_section() -> rx.Component:
    """The section of the last checks."""
    listed = table(
        "Checks, newest first",
        ("Checked at", "Health", column("Response", align="right")),
        rx.foreach(ServiceChecksState.probes, _row),
        in_card=True,
    )
    none = rx.text("No check was made in the last two days.", size="2", class_name="muted")
    return section(
        "Last checks",
        rx.cond(ServiceChecksState.probes, rx.el.div(listed, class_name="history-table"), none),
        action=download(ServiceChecksState.file, "CSV: checks of the last 7 days"),
    )
