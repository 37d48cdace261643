"""The history of a service: how it was, how fast, how long in which state, how long its queue."""

from datetime import datetime
from typing import Any

import reflex as rx

from app.components.frame import empty_state, skeleton
from app.domain.access import Actor
from app.domain.service_history import ServiceHistory, history_of
from app.pages.service_availability import (
    availability_figure,
    availability_row,
    availability_section,
)
from app.pages.service_charts import Frame
from app.pages.service_events import event_row, events_section, mark_of
from app.pages.service_latency import latency_figure, latency_row, latency_section
from app.pages.service_queue import is_told, queue_figure, queue_row, queue_section
from app.pages.service_timeline import (
    Piece,
    Total,
    gaps,
    pieces,
    state_legend,
    stretch_row,
    timeline_section,
    totals,
)
from app.pages.service_view_links import span_links
from app.states.calls import call
from app.states.guard import guarded
from app.states.service_headline import Headline, headlines
from app.states.service_view import file_of, view_of
from app.states.table_page import TablePage, table_page
from models import db
from models.base import now

NO_EVENTS = "No incident, maintenance or change in this stretch of time."


def table_of(history: ServiceHistory, name: str, number: Any = 1) -> TablePage:
    """A page of one of the tables, newest first."""
    step, points = history.series.step, history.series.points[::-1]
    if name == "states":
        stretches = history.states[::-1]
        return table_page(stretches, lambda one: stretch_row(one, history.series.until), number)
    if name == "events":
        marks = [mark_of(one) for one in reversed(history.happenings)]
        return table_page(marks, lambda mark: event_row(mark, history.series.until), number)
    row = {"latency": latency_row, "availability": availability_row, "queue": queue_row}[name]
    return table_page(points, lambda point: row(point, step), number)


def why_empty(history: ServiceHistory) -> str:
    """Say why there is nothing to show, if so."""
    if history.series.probes:
        return ""
    if history.service.last_health_check is None:
        return (
            "This service has not been checked yet. The first check comes by itself, and the "
            "charts begin with it."
            if history.service.is_active
            else "Checks of this service are paused, and there has been none yet."
        )
    return "No check was made in this stretch of time. Choose a longer one above."


def why_no_queue(history: ServiceHistory) -> str:
    """Say why there is no queue to show, if so."""
    if is_told(list(history.series.points)):
        return ""
    return why_empty(history) or (
        "The service did not say in this time how many runs wait there, or the numbers that it "
        "gave never changed."
    )


class ServiceHistoryState(rx.State):
    """The history of the service in the URL, in the stretch of time that the URL asks for."""

    path: str = ""
    span: str = ""
    problem: str = ""
    queue_problem: str = ""
    no_events: str = ""
    headlines: list[Headline] = []
    strip: list[Piece] = []
    totals: list[Total] = []
    latency: dict[str, Any] = {}
    availability: dict[str, Any] = {}
    queue: dict[str, Any] = {}
    tables: dict[str, TablePage] = {}
    files: dict[str, str] = {}
    is_loaded: bool = False
    _until: datetime | None = None

    @guarded("service:read")
    async def load(self, actor: Actor) -> None:
        """Read the stretch of time."""
        self._until = now()
        history = await self._read(actor)
        shown = history.series
        points, window = list(shown.points), (shown.since, shown.until)
        frame = Frame(*window, [mark_of(one) for one in history.happenings])
        self.problem, self.queue_problem = why_empty(history), why_no_queue(history)
        self.no_events = "" if history.happenings else NO_EVENTS
        self.headlines = headlines(history.uptime, shown)
        self.strip = pieces(history.states, *window) + gaps(points, *window)
        self.totals = totals(history.uptime)
        self.latency = latency_figure(points, frame)
        self.availability = availability_figure(points, frame)
        self.queue = queue_figure(points, frame)
        self.files = {table: file_of(view_of(self).path, FILES[table], *window) for table in TABLES}
        self.tables = {name: table_of(history, name) for name in TABLES}
        self.is_loaded = True

    @guarded("service:read")
    async def turn(self, actor: Actor, table: str, number: int) -> None:
        """Show another page of a table, of what was read last."""
        if table not in TABLES or self._until is None:
            return
        history = await self._read(actor)
        self.tables = self.tables | {table: table_of(history, table, number)}

    async def _read(self, actor: Actor) -> ServiceHistory:
        view = view_of(self, "history")
        self.path, self.span = view.path, view.span
        return await call(
            db.REGISTRY,
            history_of,
            actor=actor,
            service_ref=view.service_ref,
            until=self._until or now(),
            length=view.length,
        )


# table: the file that has its numbers
FILES = {
    "states": "states",
    "events": "events",
    "latency": "series",
    "availability": "series",
    "queue": "series",
}
TABLES = tuple(FILES)


def _headline(item: Headline) -> rx.Component:
    return rx.el.div(
        rx.el.dt(item.label, class_name="tile-title"),
        rx.el.dd(
            rx.el.span(item.value, class_name="tile-count"),
            rx.el.span(item.hint, class_name="tile-hint"),
        ),
        class_name="figure-tile",
    )


def history_tab() -> rx.Component:
    """The charts of the history, above them the choice of time and the figures of all of it."""
    state = ServiceHistoryState

    def table(name: str) -> dict[str, Any]:
        return {
            "shown": state.tables[name],
            "go": lambda number: state.turn(name, number),
            "csv": state.files[name].to(str),
        }

    charts = rx.fragment(
        rx.el.dl(rx.foreach(state.headlines, _headline), class_name="figure-tiles"),
        timeline_section(state.strip, state.totals, **table("states")),
        latency_section(state.latency, **table("latency")),
        availability_section(
            state.availability, state_legend(state.totals), **table("availability")
        ),
        queue_section(state.queue, problem=state.queue_problem, **table("queue")),
    )
    content = rx.fragment(
        span_links("history", state.path, state.span),
        rx.cond(state.problem, empty_state("chart-line", "No history yet", state.problem), charts),
        events_section(problem=state.no_events, **table("events")),
    )
    return rx.cond(state.is_loaded, content, skeleton())
