"""Small controls that tables and forms of administration share."""

from typing import Any

import reflex as rx


def quiet_button(label: Any, **props: Any) -> rx.Component:
    """A small button for one of several actions on a row."""
    return rx.button(
        label, size="1", variant="surface", color_scheme="gray", high_contrast=True, **props
    )


def labelled_switch(label: str, *, checked: rx.Var[bool], on_change: Any) -> rx.Component:
    """A switch with its label beside it."""
    return rx.el.label(
        rx.switch(checked=checked, on_change=on_change, size="1", aria_label=label),
        rx.text(label, size="2"),
        class_name="row",
    )


def tick(name: str, label: str, *, checked: rx.Var[bool]) -> rx.Component:
    """A checkbox of a form, `on` in the form's data when it is ticked."""
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, default_checked=checked),
        rx.text(label, size="2"),
        class_name="tick",
    )
