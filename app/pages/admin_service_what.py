"""What a service is: its name, what people are told of it, and where it stands."""

from collections.abc import Callable

import reflex as rx

from app.components.controls import tick
from app.components.frame import section


def what_section(
    line: Callable[..., rx.Component], form: rx.Var, suggested_name: rx.Var[str]
) -> rx.Component:
    """The fields of the form; `line` makes one from its name and label."""
    return section(
        "What it is",
        rx.el.div(
            line(
                "name",
                "Name",
                default_value=rx.cond(form["name"], form["name"], suggested_name),
                # A test of a new service's address fills in what the service calls itself.
                key=suggested_name,
                required=True,
                max_length=120,
                placeholder="ILIFU",
            ),
            line("description", "Description", max_length=2000),
            rx.el.div(
                line("location", "Location", max_length=120, placeholder="Cape Town"),
                line(
                    "country",
                    "Country",
                    max_length=2,
                    placeholder="ZA",
                    hint="Two letters. People see where their data goes.",
                ),
                class_name="grid-2",
            ),
            tick(
                "is_active",
                "In use: people can submit to it, and it is checked",
                checked=form["is_active"].to(bool),
            ),
            tick(
                "is_simulation",
                "A simulation: results are for demonstration only",
                checked=form["is_simulation"].to(bool),
            ),
            class_name="stack",
        ),
    )
