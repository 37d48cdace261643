"""How a service is checked, where that differs from the installation's settings."""

from collections.abc import Callable

import reflex as rx

from app.components.controls import tick
from app.components.frame import section
from app.states.service_form import placeholders

LINES = (
    ("interval_seconds", "Seconds between checks", "While it is well."),
    ("retry_seconds", "Seconds between retries", "While it is down, or a change is confirmed."),
    ("confirmations", "Findings that confirm a change", "In a row."),
    ("timeout_seconds", "Seconds until a check fails", ""),
    ("slow_ms", "Milliseconds until it is slow", "Then it counts as degraded."),
    ("fresh_seconds", "Seconds that a good answer lasts", ""),
    ("user_fresh_seconds", "Any other, for a person", ""),
    ("system_fresh_seconds", "Any other, for sending a job", ""),
)


def checks_section(line: Callable[..., rx.Component], has_canary: rx.Var[bool]) -> rx.Component:
    """The fields of the form; `line` makes one from its name and label."""
    standard = placeholders()
    fields = [
        line(
            f"check_{name}",
            label,
            hint=hint,
            type="number",
            min="0",
            step="1" if name == "confirmations" else "any",
            placeholder=standard[f"check_{name}"],
        )
        for name, label, hint in LINES
    ]
    return section(
        "How it is checked",
        rx.el.div(
            rx.text(
                "What is left empty is as in the whole installation, whose value shows in grey.",
                size="2",
                class_name="muted",
            ),
            rx.el.div(*fields, class_name="grid-3"),
            tick(
                "check_canary",
                "Make a small run on toy data every day",
                checked=has_canary,
            ),
            class_name="stack",
        ),
    )
