"""On a service's page: its maintenance windows, declared before, meanwhile or afterwards."""

from datetime import UTC, datetime
from typing import Any, TypedDict

import reflex as rx

from app.components.confirm import confirm
from app.components.controls import quiet_button
from app.components.frame import field, section
from app.components.status import badge
from app.components.table import WIDE, column, table
from app.domain import maintenance as domain
from app.domain.access import Actor
from app.domain.errors import Invalid
from app.domain.maintenance import WindowRow
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.session import SessionState
from models import db
from models.base import now


class WindowItem(TypedDict):
    """One window in the table; `turn` is `coming`, `open` or `past`."""

    ref: str
    starts_at: str
    ends_at: str
    reason: str
    by: str
    turn: str


class ServiceMaintenanceState(rx.State):
    """What is done about the maintenance windows of the service in the URL."""

    @guarded("service:write")
    async def declare(self, actor: Actor, form: dict[str, Any]) -> None:
        """Declare a window; the page then reads itself again."""
        form = form if isinstance(form, dict) else {}
        await call(
            db.REGISTRY,
            domain.declare,
            actor=actor,
            service_ref=route_argument(self, "service_ref"),
            starts_at=_moment(form, "starts_at"),
            ends_at=_moment(form, "ends_at"),
            reason=str(form.get("reason", "")),
        )

    @guarded("service:write")
    async def end(self, actor: Actor, window_ref: str) -> None:
        """End the window that is open."""
        await call(db.REGISTRY, domain.end, actor=actor, window_ref=str(window_ref))

    @guarded("service:write")
    async def withdraw(self, actor: Actor, window_ref: str) -> None:
        """Take a window back."""
        await call(db.REGISTRY, domain.withdraw, actor=actor, window_ref=str(window_ref))


def window_item(row: WindowRow) -> WindowItem:
    """Make a table's row of a window."""
    turn = "open" if row.is_open(now()) else "coming" if row.starts_at > now() else "past"
    return WindowItem(
        ref=row.ref,
        starts_at=_utc(row.starts_at),
        ends_at=_utc(row.ends_at),
        reason=row.reason,
        by=row.created_by_name,
        turn=turn,
    )


def _moment(form: dict[str, Any], name: str) -> datetime:
    try:
        return datetime.fromisoformat(str(form.get(name, ""))).replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("Give the start and the end, each with date and time.", field=name) from None


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _turn(window: WindowItem) -> rx.Component:
    return rx.match(
        window.turn,
        ("open", badge("Open", "blue", "wrench")),
        ("coming", badge("To come", "gray", "calendar-clock")),
        badge("Past", "gray", "history"),
    )


def _row(window: WindowItem, on_change: Any) -> rx.Component:
    end = quiet_button(
        "End now",
        on_click=[ServiceMaintenanceState.end(window.ref), on_change],
        aria_label="End the window that began " + window.starts_at,
    )
    withdraw = confirm(
        quiet_button("Withdraw", aria_label="Withdraw the window of " + window.starts_at),
        title="Withdraw this window?",
        text="Failures in its time count in full again. The audit log keeps it.",
        action="Withdraw",
        on_confirm=[ServiceMaintenanceState.withdraw(window.ref), on_change],
    )
    actions = rx.el.div(rx.cond(window.turn == "open", end), withdraw, class_name="row")
    return rx.table.row(
        rx.table.row_header_cell(window.starts_at, class_name="figures"),
        rx.table.cell(window.ends_at, class_name="figures"),
        rx.table.cell(_turn(window)),
        rx.table.cell(rx.text(window.reason, size="1", class_name="row-problem")),
        rx.table.cell(window.by, display=WIDE),
        rx.table.cell(rx.cond(SessionState.permissions.contains("service:write"), actions)),
        align="center",
    )


def _declare(on_change: Any) -> rx.Component:
    times = [
        field(label, rx.input(type="datetime-local", name=name, required=True, size="1"))
        for label, name in (("From (UTC)", "starts_at"), ("To (UTC)", "ends_at"))
    ]
    return rx.form(
        rx.el.div(
            *times,
            field("Why", rx.input(name="reason", required=True, max_length=500, size="1")),
            class_name="row",
        ),
        rx.el.div(quiet_button("Declare maintenance", type="submit"), class_name="row"),
        rx.text(
            "It may lie ahead, be now, or be over: what failed in it is excused, and nobody is "
            "told. What was found stays as it is.",
            size="1",
            class_name="muted",
        ),
        on_submit=[ServiceMaintenanceState.declare, on_change],
        class_name="stack",
    )


def maintenance(windows: rx.Var, *, on_change: Any) -> rx.Component:
    """The section with a service's windows; `on_change` reads them again."""
    listed = table(
        "Maintenance windows",
        (
            "From (UTC)",
            "To (UTC)",
            "When",
            "Why",
            column("Declared by", is_wide=True),
            column(rx.el.span("Actions", class_name="visually-hidden")),
        ),
        rx.foreach(windows, lambda window: _row(window, on_change)),
        in_card=True,
    )
    none = rx.text("None was declared.", size="2", class_name="muted")
    return section(
        "Maintenance",
        rx.el.div(
            rx.cond(windows, listed, none),
            rx.cond(SessionState.permissions.contains("service:write"), _declare(on_change)),
            class_name="stack",
        ),
    )
