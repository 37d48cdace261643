"""The time to something that comes round, counted by the browser alone (`assets/countdown.js`)."""

import reflex as rx


def countdown(due: rx.Var[str], every: rx.Var[float] | float = 0) -> rx.Component:
    """How long until an ISO 8601 time, and then until each further `every` seconds, if any."""
    return rx.cond(
        due,
        rx.el.span(
            class_name="countdown figures",
            custom_attrs={"data-due": due, "data-every": every},
        ),
        rx.el.span("–", class_name="muted"),
    )
