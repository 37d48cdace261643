"""What narrows a list, each with a way to drop it."""

from typing import Any

import reflex as rx


def chips(shown: rx.Var[list[dict[str, str]]], *, on_drop: Any) -> rx.Component:
    """A list of what narrows; `on_drop` gets the name of what is dropped."""
    return rx.cond(
        shown,
        rx.el.ul(
            rx.foreach(shown, lambda one: rx.el.li(_chip(one, on_drop))),
            class_name="row chips",
            aria_label="What the list is narrowed by",
        ),
    )


def _chip(one: rx.Var[dict[str, str]], on_drop: Any) -> rx.Component:
    said = one["title"].to(str) + ": " + one["value"].to(str)
    return rx.button(
        said,
        rx.icon("x", size=12, aria_hidden="true"),
        on_click=on_drop(one["name"]),
        size="1",
        variant="soft",
        color_scheme="gray",
        high_contrast=True,
        aria_label="Drop " + said,
    )
