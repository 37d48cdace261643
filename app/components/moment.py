"""Times, relative for people, exact on hover and for machines."""

import reflex as rx


def moment(value: rx.Var[str], *, never: str | rx.Var[str] = "never") -> rx.Component:
    """An ISO 8601 time as “3 minutes ago”, kept current; `never` where there is none."""
    return rx.cond(
        value,
        rx.moment(value, from_now=True, with_title=True, title_format="YYYY-MM-DD HH:mm:ss Z"),
        rx.el.span(never, class_name="muted"),
    )


def exact_moment(value: rx.Var[str]) -> rx.Component:
    """An ISO 8601 time as date and time in the reader's zone."""
    return rx.cond(
        value,
        rx.moment(value, format="YYYY-MM-DD HH:mm:ss", local=True, class_name="figures"),
        rx.el.span("–", class_name="muted"),
    )
