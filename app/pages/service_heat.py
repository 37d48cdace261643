"""Hours of the week: when a service is fast, when its queue is short, when it is there at all."""

from collections.abc import Callable, Sequence
from typing import TypedDict

import reflex as rx

from app.components.frame import section, skeleton
from app.domain.access import Actor
from app.domain.series import HeatCell as Hour
from app.domain.series import heat_map
from app.domain.services import get_service
from app.pages.service_charts import download
from app.pages.service_view_links import measure_links, span_links
from app.states.amounts import NOTHING, count, share
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_item import milliseconds
from app.states.service_view import file_of, view_of
from models import db
from models.base import now

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Shades from the palest, for the better values, to the deepest.
SHADES = 6
SHADES_MEAN = "In UTC. A deeper shade is slower, longer or less available; a dash: no data."
# measure: (value of a cell, how it reads, whether more of it is better)
READ: dict[str, tuple[Callable[[Hour], float | None], Callable[[float | None], str], bool]] = {
    "latency": (lambda cell: cell.median_ms, milliseconds, False),
    "queue": (lambda cell: cell.queued_average, count, False),
    "availability": (lambda cell: cell.availability, share, True),
}


class HeatCell(TypedDict):
    """An hour of a weekday: its value to read, its shade, and both in a sentence."""

    text: str
    shade: str
    title: str


class HeatRow(TypedDict):
    """A weekday."""

    day: str
    cells: list[HeatCell]


def heat_rows(cells: Sequence[Hour], measure: str) -> list[HeatRow]:
    """Seven rows of 24 cells; the shade tells a cell's place among all others."""
    value_of, reads, more_is_better = READ[measure]
    by_hour = {(cell.weekday, cell.hour): cell for cell in cells}
    values = sorted(
        {value for cell in cells if (value := value_of(cell)) is not None}, reverse=more_is_better
    )
    place = {value: index * SHADES // len(values) for index, value in enumerate(values)}

    def shown(day: int, hour: int) -> HeatCell:
        cell = by_hour.get((day, hour))
        value = None if cell is None else value_of(cell)
        shade = "none" if value is None else str(place[value])
        hours = cell.hours if cell else 0
        when = f"{DAYS[day]} {hour:02}:00–{hour + 1:02}:00 UTC"
        text = reads(value)
        return HeatCell(text=text, shade=shade, title=f"{when}: {text}, from {hours} hours")

    return [
        HeatRow(day=DAYS[day], cells=[shown(day, hour) for hour in range(24)]) for day in range(7)
    ]


class ServiceHeatState(rx.State):
    """The hours of the week of the service in the URL."""

    path: str = ""
    span: str = ""
    measure: str = "latency"
    rows: list[HeatRow] = []
    file: str = ""
    problem: str = ""
    is_loaded: bool = False

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the hours of the stretch of time that the address asks for."""
        view = view_of(self, "hours")
        service = await call(db.REGISTRY, get_service, actor=actor, service_ref=view.service_ref)
        since = now() - view.length if view.length else service.created_at
        cells = await call(
            db.REGISTRY, heat_map, actor=actor, service_ref=view.service_ref, since=since
        )
        self.path, self.span, self.measure = view.path, view.span, view.measure
        self.rows = heat_rows(cells, view.measure)
        self.file = file_of(view.path, "week", since)
        self.problem = why_pale(self.rows, view.measure)
        self.is_loaded = True


def why_pale(rows: Sequence[HeatRow], measure: str) -> str:
    """Say why there is nothing to show, if so."""
    if any(cell["text"] != NOTHING for row in rows for cell in row["cells"]):
        return ""
    if measure == "queue":
        return "The service does not say how many runs wait there."
    return (
        "No full hour of checks lies in this stretch of time yet. Hours appear here shortly after "
        "they have passed."
    )


def _cell(cell: HeatCell) -> rx.Component:
    return rx.el.td(cell.text, title=cell.title, class_name="heat heat-" + cell.shade)


def _table() -> rx.Component:
    hours = [rx.el.th(f"{hour:02}", scope="col") for hour in range(24)]
    row = rx.foreach(
        ServiceHeatState.rows,
        lambda row: rx.el.tr(rx.el.th(row.day, scope="row"), rx.foreach(row.cells, _cell)),
    )
    return rx.el.div(
        rx.el.table(
            rx.el.caption("Hours of the week (UTC)", class_name="visually-hidden"),
            rx.el.thead(rx.el.tr(rx.el.th("Day", scope="col"), *hours)),
            rx.el.tbody(row),
            class_name="heat-map",
        ),
        class_name="scroll-x",
        tab_index=0,
        role="region",
        aria_label="Hours of the week",
    )


def hours_tab() -> rx.Component:
    """When to submit: the map of the week, with the choice of time and measure."""
    state = ServiceHeatState
    told = rx.text(state.problem, size="2", class_name="muted")
    content = rx.fragment(
        span_links("hours", state.path, state.span, state.measure),
        section(
            "Hours of the week",
            rx.cond(
                state.problem,
                told,
                rx.el.div(
                    rx.text(SHADES_MEAN, size="2", class_name="muted"),
                    _table(),
                    download(state.file, "CSV: hours of the week"),
                    class_name="stack",
                ),
            ),
            action=measure_links(state.path, state.span, state.measure),
        ),
    )
    return rx.cond(state.is_loaded, content, skeleton())
