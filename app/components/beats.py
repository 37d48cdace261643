"""A strip of small bars, one per probe: how a service has been lately, at a glance."""

import reflex as rx


def beats(items: rx.Var, summary: rx.Var[str]) -> rx.Component:
    """Bars of the latest probes, oldest first; `summary` says the same in words."""
    return rx.el.span(
        rx.foreach(items, lambda beat: rx.el.span(class_name="beat beat-" + beat.state)),
        role="img",
        aria_label=summary,
        title=summary,
        class_name="beats",
    )
