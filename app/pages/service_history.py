"""A service's response times: a chart, and the same as a table."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

import reflex as rx

from app.components.frame import section
from app.components.moment import exact_moment
from app.components.status import HEALTH_STATES, health_status
from app.components.table import column, table
from app.domain import health, probes
from app.domain.access import Actor
from app.domain.probes import ProbeRow
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from app.states.service_item import milliseconds
from models import db
from models.base import now

RANGES = {"6h": timedelta(hours=6), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
RANGE_NAMES = {"6h": "6 hours", "24h": "24 hours", "7d": "7 days"}
TABLE_ROWS = 50


class ProbeItem(TypedDict):
    """One probe in the table."""

    checked_at: str
    health: str
    response: str
    problem: str


class ServiceHistoryState(rx.State):
    """The probes of the service in the URL."""

    figure: dict[str, Any] = {}
    probes: list[ProbeItem] = []
    probe_count: int = 0
    availability: str = ""
    span: str = "24h"

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the probes of the chosen stretch of time."""
        service_ref = route_argument(self, "service_ref")
        since = now() - RANGES[self.span]
        rows = await call(
            db.REGISTRY, probes.history, actor=actor, service_ref=service_ref, since=since
        )
        self.figure = figure_of(rows, since, now())
        self.probes = [_item(row) for row in reversed(rows[-TABLE_ROWS:])]
        self.probe_count = len(rows)
        good = sum(row.health_status in health.AVAILABLE for row in rows)
        self.availability = (
            f"{good} of {len(rows)} checks found it available ({good / len(rows):.1%})."
            if rows
            else ""
        )

    @guarded("service:read")
    async def choose(self, actor: Actor, span: str | list[str]) -> rx.event.EventSpec:
        """Show another stretch of time."""
        self.span = str(span) if str(span) in RANGES else "24h"
        return ServiceHistoryState.load


def _item(row: ProbeRow) -> ProbeItem:
    return ProbeItem(
        checked_at=row.checked_at.isoformat(),
        health=row.health_status,
        response=milliseconds(row.response_time_ms),
        problem=row.error_message,
    )


def figure_of(rows: Sequence[ProbeRow], since: datetime, until: datetime) -> dict[str, Any]:
    """A Plotly figure (its JSON): response times as a line that breaks where there was none.

    Made without plotly.py, which would cost the web process 40 MB to import for these few keys.
    """
    bad = [row for row in rows if row.health_status != health.Health.UP]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers" if len(rows) < 60 else "lines",
                "name": "Response time",
                "x": [_utc(row.checked_at) for row in rows],
                "y": [row.response_time_ms for row in rows],
                "hovertemplate": "%{x}<br>%{y:.1f} ms<extra></extra>",
                "line": {"width": 1.5},
            },
            {
                "type": "scatter",
                "mode": "markers",
                "name": "Not up",
                "x": [_utc(row.checked_at) for row in bad],
                "y": [row.response_time_ms or 0 for row in bad],
                "text": [HEALTH_STATES[row.health_status][0] for row in bad],
                "hovertemplate": "%{x}<br>%{text}<extra></extra>",
                "marker": {"symbol": "x", "size": 8},
            },
        ],
        "layout": {
            "margin": {"l": 56, "r": 12, "t": 8, "b": 44},
            "xaxis": {
                "type": "date",
                "range": [_utc(since), _utc(until)],
                "title": {"text": "Time (UTC)"},
            },
            "yaxis": {"rangemode": "tozero", "title": {"text": "Response time (ms)"}},
            "legend": {"orientation": "h", "y": 1.12},
            "hovermode": "closest",
        },
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _themed(text: str, grid: str, line: str, bad: str) -> dict[str, Any]:
    axis = {"gridcolor": grid, "zerolinecolor": grid, "linecolor": grid}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": text, "size": 12, "family": "inherit"},
        "colorway": [line, bad],
        "xaxis": axis,
        "yaxis": axis,
    }


def _chart() -> rx.Component:
    from plotly.graph_objs import Figure
    from plotly.graph_objs.layout import Template

    chart = rx.plotly.basic(
        data=ServiceHistoryState.figure.to(Figure),
        layout=rx.color_mode_cond(
            light=rx.Var.create(_themed("#60646c", "#e0e1e6", "#3e63dd", "#ce2c31")),
            dark=rx.Var.create(_themed("#b0b4ba", "#2e3135", "#9eb1ff", "#ff9592")),
        ).to(dict),
        template=rx.Var.create({}).to(Template),
        config={"displayModeBar": False, "responsive": True},
        width="100%",
        height="280px",
    )
    return rx.el.div(
        chart,
        role="img",
        aria_label="Chart of response times; the table below has the same figures",
        style={"height": "280px"},
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


def _table() -> rx.Component:
    return rx.el.div(
        table(
            "Checks, newest first",
            ("Checked at", "Health", column("Response", align="right")),
            rx.foreach(ServiceHistoryState.probes, _row),
            in_card=True,
        ),
        rx.cond(
            ServiceHistoryState.probe_count > TABLE_ROWS,
            rx.text(f"The newest {TABLE_ROWS} are listed.", size="1", class_name="muted"),
        ),
        class_name="history-table",
    )


def _download() -> rx.Component:
    hours = rx.match(
        ServiceHistoryState.span,
        *[(key, str(round(span.total_seconds() / 3600))) for key, span in RANGES.items()],
        "24",
    )
    return rx.link(
        rx.icon("download", size=14, aria_hidden="true"),
        "These checks as CSV",
        href=f"/api/services/{ServiceHistoryState.service_ref}/checks.csv?hours={hours}",
        # The browser's own navigation: the page's router knows no such page.
        reload_document=True,
        size="2",
        class_name="action-link",
    )


def history_section() -> rx.Component:
    """The section of a service's page that shows its checks."""
    choose = rx.segmented_control.root(
        *[rx.segmented_control.item(name, value=key) for key, name in RANGE_NAMES.items()],
        value=ServiceHistoryState.span,
        on_change=ServiceHistoryState.choose,
        size="1",
    )
    return section(
        "Response times",
        rx.cond(
            ServiceHistoryState.probe_count > 0,
            rx.el.div(
                rx.text(ServiceHistoryState.availability, size="2", class_name="muted"),
                _chart(),
                _table(),
                _download(),
                class_name="stack",
            ),
            rx.text("No checks in this time.", size="2", class_name="muted"),
        ),
        action=choose,
    )
