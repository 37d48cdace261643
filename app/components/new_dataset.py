"""The form that makes a dataset."""

from typing import Any

import reflex as rx

from app.components.frame import field


def new_dataset(label: str, *, on_submit: Any) -> rx.Component:
    """A button that opens the form; `on_submit` gets `name` and `description`."""
    form = rx.form(
        rx.el.div(
            field("Name", rx.input(name="name", required=True, max_length=200), required=True),
            field(
                "Description",
                rx.text_area(name="description", max_length=2000),
                hint="For yourself: the array, the cohort, what was filtered.",
            ),
            rx.el.div(
                rx.dialog.close(
                    rx.button(
                        "Cancel",
                        type="button",
                        variant="surface",
                        color_scheme="gray",
                        high_contrast=True,
                    )
                ),
                rx.button("Create and add files", type="submit"),
                class_name="row",
                justify_content="flex-end",
            ),
            class_name="stack",
        ),
        on_submit=on_submit,
    )
    return rx.dialog.root(
        rx.dialog.trigger(rx.button(rx.icon("plus", size=16, aria_hidden="true"), label)),
        rx.dialog.content(
            rx.dialog.title("New dataset"),
            rx.dialog.description(
                "A set of files that are imputed together, such as one per chromosome.",
                size="2",
                margin_bottom="14px",
            ),
            form,
            max_width="480px",
        ),
    )
