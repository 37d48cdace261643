"""What the charts of a service's page have in common: frame, colours, table of the same numbers.

Figures are Plotly's JSON, made without plotly.py, which would cost the web process 40 MB. They
hold no colour but those that suit both themes: the theme gives the rest, in the order of traces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import reflex as rx

from app.components.frame import pager, section
from app.components.table import column, table
from app.domain.series import Point
from app.states.table_page import NumbersRow

MARGIN = {"l": 60, "r": 12, "t": 10, "b": 36}
HEIGHT = "270px"


@dataclass(frozen=True)
class Mark:
    """Something on the time axis: an incident with its length, or a change."""

    kind: str
    at: datetime
    until: datetime | None
    title: str


@dataclass(frozen=True)
class Frame:
    """The stretch of time that all charts of a tab show."""

    since: datetime
    until: datetime
    marks: Sequence[Mark] = ()


# kind: (symbol, colour of the mark and of what it covers; both suit a light and a dark ground)
MARKS = {
    "incident": ("triangle-down", "#e5484d", "rgba(229, 72, 77, 0.14)"),
    "maintenance": ("square", "#3e8fd0", "rgba(62, 143, 208, 0.14)"),
    "change": ("diamond", "#8e6fd6", ""),
}


def plotly_time(moment: datetime) -> str:
    """A point in time as Plotly takes it; it knows no time zones, so all of it is UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def figure(
    frame: Frame,
    traces: Sequence[dict[str, Any]],
    yaxis: dict[str, Any],
    *,
    xaxis_anchor: str = "y",
    **layout: Any,
) -> dict[str, Any]:
    """A figure whose time axis is that of all charts beside it, with what happened marked."""
    times = [plotly_time(frame.since), plotly_time(frame.until)]
    return {
        "data": [*traces, *_marks(frame)],
        "layout": {
            "margin": MARGIN,
            # What a person has zoomed into stays when new numbers come.
            "uirevision": times[0][:13],
            "hovermode": "x unified",
            # The page has its own, which takes no room from the plot on a narrow screen.
            "showlegend": False,
            "xaxis": {"type": "date", "range": times, "anchor": xaxis_anchor},
            "yaxis": {"rangemode": "tozero", "fixedrange": True, "automargin": True, **yaxis},
            "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
            "shapes": [_shape(mark, frame.until) for mark in frame.marks],
            **layout,
        },
    }


def line(points: Sequence[Point], key: str) -> dict[str, list[Any]]:
    """The values of points as a line's; it breaks where it is not known how things went on."""
    times: list[str] = []
    values: list[float | None] = []
    for point in points:
        times.append(plotly_time(point.starts_at))
        values.append(rounded(getattr(point, key)))
        if is_broken_off(point):
            times.append(plotly_time(point.ends_at - timedelta(seconds=point.no_data)))
            values.append(None)
    return {"x": times, "y": values}


def rounded(value: float | None) -> float | None:
    """A value as exact as a chart shows it: thousands of points are sent and kept for each tab."""
    return None if value is None else round(value, 2)


def widths(points: Sequence[Point]) -> float | list[float]:
    """How wide the bars of points are, in milliseconds: one number where all are alike."""
    lengths = [1000 * (point.ends_at - point.starts_at).total_seconds() for point in points]
    return lengths[0] if len(set(lengths)) == 1 else lengths


def is_broken_off(point: Point) -> bool:
    """Tell whether for most of a point's time nothing is known."""
    return point.no_data > (point.ends_at - point.starts_at).total_seconds() / 2


def _marks(frame: Frame) -> list[dict[str, Any]]:
    marks = frame.marks
    if not marks:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "Events",
            "yaxis": "y2",
            # One that began earlier is marked where its time is first seen.
            "x": [plotly_time(max(mark.at, frame.since)) for mark in marks],
            "y": [0.97] * len(marks),
            "text": [mark.title for mark in marks],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "size": 10,
                "symbol": [MARKS[mark.kind][0] for mark in marks],
                "color": [MARKS[mark.kind][1] for mark in marks],
            },
        }
    ]


def _shape(mark: Mark, until: datetime) -> dict[str, Any]:
    _symbol, color, covering = MARKS[mark.kind]
    across = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    begins = {"x0": plotly_time(mark.at)}
    if not covering:
        line = {"color": color, "width": 1, "dash": "dot"}
        return {"type": "line", **across, **begins, "x1": begins["x0"], "line": line}
    ends = {"x1": plotly_time(mark.until or until)}
    return {
        "type": "rect",
        **across,
        **begins,
        **ends,
        "fillcolor": covering,
        "line": {"color": color, "width": 1},
    }


def _themed(text: str, grid: str, ground: str, colors: Sequence[str]) -> dict[str, Any]:
    axis = {"gridcolor": grid, "zerolinecolor": grid, "linecolor": grid}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": text, "size": 12, "family": "inherit"},
        "hoverlabel": {"bgcolor": ground, "bordercolor": grid, "font": {"color": text}},
        "colorway": colors,
        "xaxis": axis,
        "yaxis": axis,
        "yaxis3": axis,
    }


def chart(
    figure: rx.Var, label: str, *, light: Sequence[str], dark: Sequence[str], height: str = HEIGHT
) -> rx.Component:
    """A chart with the colours of its traces in the light and in the dark theme.

    It is one image to a screen reader: the table beside it has its numbers.
    """
    from plotly.graph_objs import Figure
    from plotly.graph_objs.layout import Template

    drawn = rx.plotly.basic(
        data=figure.to(Figure),
        layout=rx.color_mode_cond(
            light=rx.Var.create(_themed("#60646c", "#e0e1e6", "#ffffff", light)),
            dark=rx.Var.create(_themed("#b0b4ba", "#363a3f", "#18191b", dark)),
        ).to(dict),
        template=rx.Var.create({}).to(Template),
        config={"displayModeBar": False, "responsive": True},
        width="100%",
        height=height,
    )
    return rx.el.div(
        drawn,
        role="img",
        aria_label=f"{label}; the table below has the same numbers",
        class_name="chart",
        style={"height": height},
    )


def line_legend(*entries: tuple[str, str, str, str]) -> rx.Component:
    """What the lines of a chart are: (name, how it is drawn, its colour in each theme)."""
    return rx.el.ul(*[_line_sample(*entry) for entry in entries], class_name="legend")


def _line_sample(name: str, dash: str, light: str, dark: str) -> rx.Component:
    color = rx.color_mode_cond(light=light, dark=dark)
    sample = rx.el.span(
        class_name=f"line-sample line-{dash}", style={"color": color}, aria_hidden="true"
    )
    return rx.el.li(sample, name)


def numbers(
    caption: str,
    columns: Sequence[str],
    shown: rx.Var,
    *,
    go: Any,
    csv: rx.Var[str],
    align: str = "right",
) -> rx.Component:
    """A table of a chart's numbers, folded until it is wanted, with a page's rows and a file.

    `shown` is a `TablePage`; `csv` is the address of the file, empty where there is none.
    """
    first, *others = columns
    listed = table(
        caption,
        (first, *[column(title, align=align) for title in others]),
        rx.foreach(shown["rows"].to(list[NumbersRow]), lambda row: _row(row, align)),
        in_card=True,
        caption=rx.el.span(caption, class_name="visually-hidden"),
    )
    pages = pager(
        shown["number"].to(int),
        shown["pages"].to(int),
        shown["total"].to(int),
        go=go,
        label=f"Pages: {caption}",
    )
    return rx.el.div(
        rx.el.details(
            rx.el.summary("The same as a table", class_name="summary"),
            listed,
            rx.cond(shown["pages"].to(int) > 1, pages),
            class_name="numbers",
        ),
        download(csv, f"CSV: {caption}"),
        class_name="chart-foot",
    )


def download(address: rx.Var[str], label: str) -> rx.Component:
    """A link to a file with the numbers."""
    link = rx.link(
        rx.icon("download", size=14, aria_hidden="true"),
        "CSV",
        href=address,
        # The browser's own navigation: the page's router knows no such page.
        reload_document=True,
        size="2",
        class_name="action-link",
        aria_label=label,
    )
    return rx.cond(address, link)


def _row(row: NumbersRow, align: str) -> rx.Component:
    wraps = {"white_space": "nowrap"} if align == "right" else {}
    cells = rx.foreach(row.cells, lambda cell: rx.table.cell(cell, align=align, **wraps))
    return rx.table.row(rx.table.row_header_cell(row.head, white_space="nowrap"), cells)


def chart_section(
    title: str, *content: rx.Component, problem: rx.Var[str] | None = None
) -> rx.Component:
    """A titled chart, or the reason why there is none."""
    drawn = rx.el.div(*content, class_name="stack")
    if problem is not None:
        drawn = rx.cond(problem, rx.text(problem, size="2", class_name="muted"), drawn)
    return section(title, drawn)
