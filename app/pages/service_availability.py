"""How long a service was in which state: per step of time, stacked, with "no data" apart."""

from typing import Any

import reflex as rx

from app.components.health_state import DARK, LIGHT, NO_DATA, PATTERNS, STACKED, WORDS
from app.domain.health import Health
from app.domain.series import Point
from app.pages.service_charts import (
    Frame,
    chart,
    chart_section,
    figure,
    numbers,
    plotly_time,
    widths,
)
from app.states.amounts import stretch, utc
from app.states.table_page import NumbersRow

ORDER = (*STACKED, NO_DATA)
COLUMNS = ("From (UTC)", *[WORDS[state] for state in ORDER])


def seconds_of(point: Point, state: str) -> float:
    """How long a point's time was in a state, or without data."""
    return point.no_data if state == NO_DATA else point.seconds.get(Health(state), 0.0)


def lasting(point: Point) -> float:
    """How many seconds a point is long."""
    return (point.ends_at - point.starts_at).total_seconds()


def availability_figure(points: list[Point], frame: Frame) -> dict[str, Any]:
    """Stacked bars, each as wide as its time, in percent of it; in words on hovering.

    A state has bars only where it was.
    """
    traces = []
    for state, pattern in zip(ORDER, PATTERNS, strict=True):
        # Without any it still takes its colour, so that the others keep theirs.
        found = [point for point in points if seconds_of(point, state)]
        traces.append(
            {
                "type": "bar",
                "name": WORDS[state],
                "x": [plotly_time(point.starts_at) for point in found],
                "y": [round(100 * seconds_of(point, state) / lasting(point), 3) for point in found],
                "customdata": [stretch(seconds_of(point, state)) for point in found],
                "hovertemplate": "%{customdata}",
                "offset": 0,
                "width": widths(found) if found else 0,
                "marker": {
                    "line": {"width": 0},
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgopacity": 0.8,
                        "size": 6,
                        "solidity": 0.25,
                    },
                },
            }
        )
    yaxis = {"range": [0, 100], "ticksuffix": " %", "dtick": 25}
    return figure(frame, traces, yaxis, barmode="stack", bargap=0)


def availability_row(point: Point, step: str) -> NumbersRow:
    """A point as a row of the table."""
    return NumbersRow(
        head=utc(point.starts_at, step=step),
        cells=[stretch(seconds_of(point, state)) for state in ORDER],
    )


def availability_section(
    drawn: rx.Var, legend: rx.Component, shown: rx.Var, *, go: Any, csv: rx.Var
) -> rx.Component:
    """The chart and its table."""
    return chart_section(
        "Availability",
        legend,
        chart(drawn, "Chart of the time in each state", light=LIGHT, dark=DARK),
        numbers("Time in each state, newest first", COLUMNS, shown, go=go, csv=csv),
    )
