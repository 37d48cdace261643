"""The cells of a service's row: how it is and was, at a glance (`app.states.service_glance`)."""

from typing import Any

import reflex as rx

from app.components.countdown import countdown
from app.components.day_bar import day_bar
from app.components.status import badge, health_status
from app.components.table import WIDE


def _marks(item: rx.Var) -> rx.Component:
    return rx.fragment(
        rx.cond(item.is_simulation, badge("Simulation", "purple", "flask-conical")),
        rx.cond(item.is_flapping, badge("Flapping", "amber", "activity")),
        rx.cond(item.is_silenced, badge("Silenced", "gray", "bell-off")),
    )


def queue(item: rx.Var) -> rx.Component:
    """How many runs wait at the service, and where that is going."""
    arrow = rx.match(
        item.trend,
        ("rising", rx.icon("trending-up", size=14, role="img", aria_label="rising")),
        ("falling", rx.icon("trending-down", size=14, role="img", aria_label="falling")),
        ("steady", rx.icon("move-right", size=14, role="img", aria_label="steady")),
        rx.fragment(),
    )
    return rx.el.span(item.queue, arrow, class_name="queue figures")


def queue_cell(item: rx.Var) -> rx.Component:
    """The queue, and how long one more run would wait."""
    return rx.table.cell(
        queue(item),
        rx.cond(item.wait, rx.text("wait ", item.wait, size="1", class_name="muted")),
        align="right",
        display=WIDE,
        white_space="nowrap",
    )


def _on_a_phone(item: rx.Var, box: str) -> rx.Component:
    """What the columns say that a narrow screen has no room for."""
    return rx.el.div(
        day_bar(item.bar, item.bar_words, view_box=box),
        rx.el.span(item.uptime, " up · median ", item.p50, " · p95 ", item.p95),
        rx.el.span(
            queue(item),
            " waiting",
            rx.cond(item.wait, rx.fragment(" (one more: ", item.wait, ")")),
            " · next check ",
            countdown(item.next_probe_at, item.interval),
        ),
        class_name="phone-only muted",
    )


def name_cell(item: rx.Var, *, box: str) -> rx.Component:
    """The service's name, what is particular about it, and on a phone all the rest."""
    return rx.table.row_header_cell(
        rx.link(item.name, href="/services/" + item.ref, weight="medium", high_contrast=True),
        rx.cond(item.place, rx.text(item.place, size="1", class_name="muted")),
        rx.el.div(_marks(item), class_name="marks"),
        rx.cond(item.problem, rx.text(item.problem, size="1", class_name="muted row-problem")),
        _on_a_phone(item, box),
    )


def state_cell(item: rx.Var) -> rx.Component:
    """The confirmed state, and another one that waits to be confirmed."""
    return rx.table.cell(
        health_status(item.health),
        rx.cond(item.pending, rx.text(item.pending, size="1", class_name="pending")),
    )


def days_cell(item: rx.Var, *, box: str, on_show: Any) -> rx.Component:
    """The bar of days, the uptime, and the way to the same as a table."""
    as_table = rx.icon_button(
        rx.icon("table-2", size=14),
        on_click=on_show,
        variant="ghost",
        color_scheme="gray",
        high_contrast=True,
        aria_label="The days of " + item.name + " as a table",
    )
    return rx.table.cell(
        rx.el.div(
            day_bar(item.bar, item.bar_words, view_box=box),
            rx.el.span(item.uptime, class_name="figures"),
            as_table,
            class_name="days",
        ),
        display=WIDE,
    )
