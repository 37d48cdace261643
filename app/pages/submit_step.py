"""What every step of a submission has: a head, and the buttons to the next and the last one."""

from typing import Any

import reflex as rx

from app.states.submitting import SubmitState


def step_head(title: str, text: Any) -> rx.Component:
    """The question of a step, and what to know about it."""
    return rx.el.div(
        rx.heading(title, as_="h2", size="4"),
        rx.text(text, size="2", color_scheme="gray"),
        class_name="step-head",
    )


def back_button(step: int) -> rx.Component:
    """The way back to an earlier step."""
    return rx.button(
        "Back",
        on_click=SubmitState.go(step),
        type="button",
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
        size="3",
    )


def step_buttons(
    *, next_step: int, can_go_on: rx.Var[bool], back_step: int | None = None
) -> rx.Component:
    """The buttons at a step's end."""
    return rx.el.div(
        rx.fragment() if back_step is None else back_button(back_step),
        rx.button(
            "Continue",
            on_click=SubmitState.go(next_step),
            disabled=~can_go_on,
            size="3",
            type="button",
        ),
        class_name="step-buttons",
    )
