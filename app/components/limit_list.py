"""A service's limits, each with the day on which it was last confirmed."""

from typing import Any

import reflex as rx


def limit_list(items: rx.Var) -> rx.Component:
    """A list of `app.states.service_limit_item.LimitItem`."""
    return rx.el.ul(rx.foreach(items, _line), class_name="limits")


def _line(item: Any) -> rx.Component:
    old = rx.badge(item["doubt"], color_scheme="amber", high_contrast=True)
    return rx.el.li(
        rx.el.div(
            rx.text(item["text"], size="2"),
            rx.text(item["confirmed"], size="1", class_name="muted"),
            rx.cond(item["doubt"], old),
            class_name="row",
        )
    )
