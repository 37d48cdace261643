"""How many runs wait and run at a service, and how many end, as it counts them itself."""

from typing import Any

import reflex as rx

from app.domain.series import Point
from app.pages.service_charts import (
    Frame,
    chart,
    chart_section,
    figure,
    line,
    line_legend,
    numbers,
    plotly_time,
    widths,
)
from app.states.amounts import count, utc
from app.states.table_page import NumbersRow

COLUMNS = (
    "From (UTC)",
    "Waiting, mean",
    "Waiting, most",
    "Running, mean",
    "Ended",
    "EXECUTOR_ERROR",
    "SYSTEM_ERROR",
)
# key of a point: (name, how its line is drawn)
LINES = {
    "queued_average": ("Waiting, mean", {"width": 2, "shape": "hv"}),
    "queued_most": ("Waiting, most", {"width": 1, "dash": "dot", "shape": "hv"}),
    "running_average": ("Running, mean", {"width": 2, "dash": "dash", "shape": "hv"}),
}
ERRORS = {
    "executor_errors": ("Failed by the run (EXECUTOR_ERROR)", "dot"),
    "system_errors": ("Failed by the service (SYSTEM_ERROR)", "solid"),
}
LIGHT = ("#3451b2", "#5a72cc", "#a35200", "#7d8bb8", "#8e4ec6", "#b3152b")
DARK = ("#b1c0ff", "#8da4ff", "#ffb15c", "#7d8bb8", "#bf7af0", "#ff6369")
HEIGHT = "340px"
LEGEND = (
    ("Waiting, mean", "solid"),
    ("Waiting, most", "dot"),
    ("Running, mean", "dash"),
    ("Ended", "bar"),
    ("Failed by the run (EXECUTOR_ERROR)", "dot"),
    ("Failed by the service (SYSTEM_ERROR)", "solid"),
)


def is_told(points: list[Point]) -> bool:
    """Tell whether the service said anything of its queue in this time."""
    return any(getattr(point, key) is not None for point in points for key in (*LINES, "finished"))


def queue_figure(points: list[Point], frame: Frame) -> dict[str, Any]:
    """Above what waits and runs, below what ended in each step and how much of it failed."""
    times = [plotly_time(point.starts_at) for point in points]
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            **line(points, key),
            "line": style,
            "hovertemplate": "%{y:,.1f}",
        }
        for key, (name, style) in LINES.items()
    ]
    ended = {
        "type": "bar",
        "name": "Ended",
        "x": times,
        "y": [point.finished for point in points],
        "offset": 0,
        "width": widths(points),
        "marker": {"line": {"width": 0}},
        "yaxis": "y3",
        "hovertemplate": "%{y:,}",
    }
    return figure(
        frame,
        [*lines, ended, *[_errors(points, key) for key in ERRORS]],
        {"title": {"text": "Runs"}, "domain": [0.42, 1]},
        yaxis3={
            "title": {"text": "Ended"},
            "domain": [0, 0.32],
            "rangemode": "tozero",
            "fixedrange": True,
            "automargin": True,
        },
        xaxis_anchor="y3",
        bargap=0,
    )


def _errors(points: list[Point], key: str) -> dict[str, Any]:
    name, dash = ERRORS[key]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        **line(points, key),
        "line": {"width": 1.5, "dash": dash, "shape": "hv"},
        "yaxis": "y3",
        "hovertemplate": "%{y:,}",
    }


def queue_row(point: Point, step: str) -> NumbersRow:
    """A point as a row of the table."""
    values = (
        point.queued_average,
        point.queued_most,
        point.running_average,
        point.finished,
        point.executor_errors,
        point.system_errors,
    )
    return NumbersRow(
        head=utc(point.starts_at, step=step), cells=[count(value) for value in values]
    )


def queue_section(
    drawn: rx.Var, shown: rx.Var, *, go: Any, csv: rx.Var, problem: rx.Var
) -> rx.Component:
    """The chart and its table."""
    return chart_section(
        "Queue",
        line_legend(
            *[(*entry, *colors) for entry, *colors in zip(LEGEND, LIGHT, DARK, strict=True)]
        ),
        chart(drawn, "Chart of the service's queue", light=LIGHT, dark=DARK, height=HEIGHT),
        numbers("Queue, newest first", COLUMNS, shown, go=go, csv=csv),
        problem=problem,
    )
