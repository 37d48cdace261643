"""A service's confirmed states one after the other: a strip, and each stretch with its reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

import reflex as rx

from app.components.health_state import NO_DATA, STACKED, WORDS
from app.domain.health import Health
from app.domain.series import Point, StateStretch
from app.domain.uptime import Uptime
from app.pages.service_charts import chart_section, is_broken_off, numbers
from app.states.amounts import share, stretch, utc
from app.states.table_page import NumbersRow

COLUMNS = ("From (UTC)", "To (UTC)", "State", "For", "Why")
# More pieces than a screen has room for are no picture; the table has them all.
MOST_PIECES = 400


class Piece(TypedDict):
    """A stretch in the strip: where it begins and how wide it is, in percent of the strip."""

    state: str
    left: str
    width: str
    title: str


class Total(TypedDict):
    """How long a state lasted in all."""

    state: str
    word: str
    lasted: str
    share: str


def pieces(stretches: Sequence[StateStretch], since: datetime, until: datetime) -> list[Piece]:
    """The strip of a stretch of time; of very many the longest."""
    longest = sorted(stretches, key=lambda one: _seconds(one, since, until), reverse=True)
    shown = sorted(longest[:MOST_PIECES], key=lambda one: one.since)
    whole = (until - since).total_seconds()
    return [
        Piece(
            state=one.state,
            left=f"{100 * max(0.0, (one.since - since).total_seconds()) / whole:.3f}%",
            width=f"{100 * _seconds(one, since, until) / whole:.3f}%",
            title=f"{WORDS[one.state]} from {utc(one.since)} UTC",
        )
        for one in shown
    ]


def gaps(points: Sequence[Point], since: datetime, until: datetime) -> list[Piece]:
    """Where nothing is known for most of a point's time, neighbours in one piece."""
    whole = (until - since).total_seconds()
    found: list[tuple[datetime, datetime]] = []
    for point in points:
        if not is_broken_off(point):
            continue
        begins = point.ends_at - timedelta(seconds=point.no_data)
        if found and begins <= found[-1][1]:
            begins = found.pop()[0]
        found.append((begins, point.ends_at))
    return [
        Piece(
            state=NO_DATA,
            left=f"{100 * (begins - since).total_seconds() / whole:.3f}%",
            width=f"{100 * (ends - begins).total_seconds() / whole:.3f}%",
            title=f"{WORDS[NO_DATA]} from {utc(begins)} UTC",
        )
        for begins, ends in found
    ]


def totals(uptime: Uptime) -> list[Total]:
    """How long each state lasted that there was."""
    lasted = {
        **{state: uptime.seconds[Health(state)] for state in STACKED},
        NO_DATA: uptime.no_data,
    }
    length = (uptime.until - uptime.since).total_seconds() or 1.0
    return [
        Total(
            state=state,
            word=WORDS[state],
            lasted=stretch(seconds),
            share=share(seconds / length),
        )
        for state, seconds in lasted.items()
        if seconds >= 1
    ]


def stretch_row(one: StateStretch, now: datetime) -> NumbersRow:
    """A stretch as a row of the table; the last one goes on."""
    return NumbersRow(
        head=utc(one.since),
        cells=[
            utc(one.until) if one.until else "now",
            WORDS[one.state],
            stretch(((one.until or now) - one.since).total_seconds()),
            one.reason or "–",
        ],
    )


def _seconds(one: StateStretch, since: datetime, until: datetime) -> float:
    ends = min(one.until or until, until)
    return max(0.0, (ends - max(one.since, since)).total_seconds())


def timeline_section(
    strip: rx.Var[list[Piece]],
    legend: rx.Var[list[Total]],
    shown: rx.Var,
    *,
    go: object,
    csv: rx.Var,
) -> rx.Component:
    """The strip, what its patterns mean with the time in each state, and the table."""
    drawn = rx.el.div(
        rx.foreach(strip, _piece),
        role="img",
        aria_label="The states one after the other; the table below says the same",
        class_name="strip",
    )
    told = rx.el.ul(
        rx.foreach(legend, _total), class_name="legend", aria_label="Time in each state"
    )
    return chart_section(
        "States",
        drawn,
        told,
        numbers("States, newest first", COLUMNS, shown, go=go, csv=csv, align="left"),
    )


def state_legend(legend: rx.Var[list[Total]]) -> rx.Component:
    """What the patterns of the states that there were mean."""
    return rx.el.ul(
        rx.foreach(legend, lambda total: rx.el.li(_swatch(total), total.word)), class_name="legend"
    )


def _swatch(total: Total) -> rx.Component:
    return rx.el.span(class_name="swatch state-" + total.state, aria_hidden="true")


def _piece(piece: Piece) -> rx.Component:
    return rx.el.span(
        class_name="piece state-" + piece.state,
        title=piece.title,
        style={"left": piece.left, "width": piece.width},
    )


def _total(total: Total) -> rx.Component:
    return rx.el.li(
        _swatch(total),
        rx.el.span(total.word, class_name="legend-word"),
        rx.el.span(total.lasted, " (", total.share, ")", class_name="muted figures"),
    )
