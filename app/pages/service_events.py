"""What happened to a service: incidents, maintenance, changes; marked in charts and listed."""

from datetime import datetime

import reflex as rx

from app.components.health_state import WORDS
from app.domain.service_history import Happening
from app.pages.service_charts import Mark, chart_section, numbers
from app.states.amounts import NOTHING, stretch, utc
from app.states.table_page import NumbersRow

COLUMNS = ("At (UTC)", "Kind", "What", "Lasted")
KINDS = {"incident": "Incident", "maintenance": "Maintenance", "change": "Change"}


def mark_of(one: Happening) -> Mark:
    """What happened, as charts mark it."""
    text = f"{WORDS[one.state]}: {one.text}" if one.state else one.text
    return Mark(one.kind, one.at, one.until, text or KINDS[one.kind])


def event_row(mark: Mark, now: datetime) -> NumbersRow:
    """Something that happened, as a row of the table."""
    lasted = NOTHING
    if mark.kind != "change":
        seconds = ((mark.until or now) - mark.at).total_seconds()
        lasted = stretch(seconds) + ("" if mark.until else " so far")
    return NumbersRow(head=utc(mark.at), cells=[KINDS[mark.kind], mark.title, lasted])


def events_section(shown: rx.Var, *, go: object, csv: rx.Var, problem: rx.Var) -> rx.Component:
    """The list of what the charts mark."""
    marked = rx.text(
        "Marked in the charts: incidents ▼ and maintenance ■ as shaded time, changes ◆ as lines.",
        size="2",
        class_name="muted",
    )
    return chart_section(
        "Incidents, maintenance and changes",
        marked,
        numbers("What happened, newest first", COLUMNS, shown, go=go, csv=csv, align="left"),
        problem=problem,
    )
