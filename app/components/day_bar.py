"""A bar of days: one stroke per day, how a service has been, at a glance."""

import reflex as rx


def day_bar(parts: rx.Var, words: rx.Var[str], *, view_box: str) -> rx.Component:
    """The bar (`app.domain.day_bars` makes its parts); `words` say the same."""
    return rx.el.svg(
        rx.foreach(parts, lambda part: rx.el.path(d=part.path, class_name="day day-" + part.kind)),
        view_box=view_box,
        custom_attrs={"preserveAspectRatio": "none", "role": "img", "aria-label": words},
        class_name="day-bar",
    )
