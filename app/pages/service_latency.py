"""How fast a service answers: the median, and how much slower one answer in 20 and in 100 is."""

from typing import Any

import reflex as rx

from app.domain.series import Point
from app.pages.service_charts import (
    Frame,
    chart,
    chart_section,
    figure,
    is_broken_off,
    line,
    line_legend,
    numbers,
    plotly_time,
    rounded,
)
from app.states.amounts import count, utc
from app.states.service_item import milliseconds
from app.states.table_page import NumbersRow

COLUMNS = ("From (UTC)", "Median", "p95", "p99", "Fastest", "Slowest", "Checks")
# key of a point: (name, how its line is drawn)
LINES = {
    "p50_ms": ("Median (p50)", "solid"),
    "p95_ms": ("p95", "dash"),
    "p99_ms": ("p99", "dot"),
}
# The band, then the lines.
LIGHT = ("#8494d8", "#3451b2", "#5a72cc", "#8494d8")
DARK = ("#6f83d8", "#b1c0ff", "#8da4ff", "#6f83d8")
BAND = "rgba(92, 115, 214, 0.16)"
# So few points are told better with a dot for each.
FEW = 80


def latency_figure(points: list[Point], frame: Frame) -> dict[str, Any]:
    """Lines of the percentiles with a band between them; they break where nothing answered."""
    traces = [_band(points, "p50_ms", "p99_ms")]
    for key, (name, dash) in LINES.items():
        is_median = key == "p50_ms"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(points) <= FEW else "lines",
                "name": name,
                **line(points, key),
                "line": {"width": 2 if is_median else 1, "dash": dash},
                "marker": {"size": 4},
                "hovertemplate": "%{y:,.1f} ms",
            }
        )
    return figure(frame, traces, {"title": {"text": "ms"}})


def _band(points: list[Point], low: str, high: str) -> dict[str, Any]:
    """The ground between two percentiles, in pieces: there is none where nothing answered."""
    times: list[str | None] = []
    edges: list[float | None] = []
    piece: list[Point] = []
    for point in [*points, None]:
        if point is not None and getattr(point, low) is not None:
            piece.append(point)
            if not is_broken_off(point):
                continue
        times += [plotly_time(each.starts_at) for each in (*piece, *reversed(piece))]
        edges += [rounded(getattr(each, high)) for each in piece]
        edges += [rounded(getattr(each, low)) for each in reversed(piece)]
        times.append(None)
        edges.append(None)
        piece = []
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Band",
        "x": times,
        "y": edges,
        "fill": "toself",
        "fillcolor": BAND,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def latency_row(point: Point, step: str) -> NumbersRow:
    """A point as a row of the table."""
    times = (point.p50_ms, point.p95_ms, point.p99_ms, point.least_ms, point.most_ms)
    return NumbersRow(
        head=utc(point.starts_at, step=step),
        cells=[*[milliseconds(value) for value in times], count(point.probes)],
    )


def latency_section(drawn: rx.Var, shown: rx.Var, *, go: Any, csv: rx.Var) -> rx.Component:
    """The chart and its table."""
    return chart_section(
        "Response times",
        line_legend(
            *[
                (name, dash, light, dark)
                for (name, dash), light, dark in zip(
                    LINES.values(), LIGHT[1:], DARK[1:], strict=True
                )
            ]
        ),
        chart(drawn, "Chart of response times", light=LIGHT, dark=DARK),
        numbers("Response times, newest first", COLUMNS, shown, go=go, csv=csv),
    )
